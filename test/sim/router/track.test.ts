import { describe, expect, it } from 'vitest';
import { error } from '../../../src/sim/packet/icmp-error.ts';
import { echo, icmp, other, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { A, B, Gate, ip, LINUX, PUBLIC, S, S2, segment } from './gate.ts';

const S_ = 1000;
const out = (rest: object = {}) => udp({ src: A, dst: S, sport: 5000, dport: 9000, ...rest });
const back = (rest: object = {}) => udp({ src: S, dst: A, sport: 9000, dport: 5000, ...rest });
const left = (gate: Gate, now: number) => ((gate.conntrack.rows(now)[0]?.expires ?? 0) - now) / S_;
const status = (gate: Gate, now: number) => gate.conntrack.rows(now)[0]?.status;

describe('UDP', () => {
  it('LNX-UDP-1 every original packet is NEW and restarts 30 s', () => {
    const gate = new Gate();
    for (const now of [0, 10 * S_, 35 * S_]) {
      expect(gate.pass(out(), now).tracked.state).toBe('new');
      expect(left(gate, now)).toBe(30);
      expect(status(gate, now)).toEqual(['UNREPLIED']);
    }
  });

  it('LNX-UDP-2 the first reply is ESTABLISHED for 30 s; both ways within 2 s stays so', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    expect(gate.pass(back(), 1500).tracked.state).toBe('established');
    expect(gate.pass(out(), 2000).tracked.state).toBe('established');
    expect(left(gate, 2000)).toBe(30);
    expect(status(gate, 2000)).toEqual([]);
  });

  it('LNX-UDP-3 any packet after 2 s makes an answered flow ASSURED for 120 s', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    gate.pass(back(), 100);
    gate.pass(back(), 2001);
    expect(left(gate, 2001)).toBe(120);
    expect(status(gate, 2001)).toEqual(['ASSURED']);
  });

  it('LNX-UDP-3 a first reply after 2 s does not do it, the packet after it does', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    gate.pass(back(), 5 * S_);
    expect([left(gate, 5 * S_), status(gate, 5 * S_)]).toEqual([30, []]);
    gate.pass(out(), 6 * S_);
    expect([left(gate, 6 * S_), status(gate, 6 * S_)]).toEqual([120, ['ASSURED']]);
  });

  it('LNX-UDP-4 packets from outside refresh the timer too', () => {
    const gate = new Gate();
    gate.pass(out(), 0);
    gate.pass(back(), 20 * S_);
    expect(left(gate, 20 * S_)).toBe(30);
  });

  it('LNX-UDP-5 a checksum of 0 is accepted, in IPv6 as well', () => {
    expect(new Gate().pass({ ...out(), checksum: 0 }).tracked.state).toBe('new');
    const six = udp({ src: ip('fd00::1'), dst: ip('fd00::2'), sport: 1, dport: 2 });
    expect(new Gate().pass({ ...six, checksum: 0 }).tracked.state).toBe('new');
  });
});

describe('LNX-CK-2: a wrong transport checksum is INVALID', () => {
  const packets: readonly Packet[] = [segment('>', 'syn'), out(), echo({ src: A, dst: S, id: 1, seq: 1 })];
  it.each(packets.map((packet) => ({ kind: packet.kind, packet })))('$kind', ({ packet }) => {
    const wrong = { ...packet, checksum: 0x1234 } as Packet;
    const gate = new Gate();
    const passed = gate.pass(wrong);
    expect(passed.tracked).toMatchObject({ state: 'invalid', detail: `wrong ${packet.kind.toUpperCase()} checksum` });
    expect(passed.packet).toBe(wrong);
    expect(gate.conntrack.rows(0)).toEqual([]);
  });

  it('also for a connection that is known', () => {
    const gate = new Gate();
    gate.pass(out());
    expect(gate.pass({ ...back(), checksum: 1 }).tracked.state).toBe('invalid');
    expect(status(gate, 0)).toEqual(['UNREPLIED']);
  });

  it('what is made here is not checked', () => {
    const { conntrack } = new Gate();
    expect(conntrack.track({ ...out(), checksum: 1 }, 0, true).state).toBe('new');
    const ping = { ...echo({ src: PUBLIC, dst: S, id: 1, seq: 1 }), checksum: 1 };
    expect(conntrack.track(ping, 0, true).state).toBe('new');
  });
});

describe('ICMP queries', () => {
  const ping = (rest: object = {}) => echo({ src: A, dst: S, id: 7, seq: 1, ...rest });
  const pong = (rest: object = {}) => echo({ src: S, dst: A, id: 7, seq: 1, reply: true, ...rest });

  it('LNX-ICMP-1 answers go by identifier, whatever their sequence, and refresh 30 s', () => {
    const gate = new Gate();
    expect(gate.pass(ping(), 0).tracked.state).toBe('new');
    for (const [seq, now] of [
      [1, 0],
      [1, 5 * S_],
      [999, 20 * S_],
    ] as const) {
      expect(gate.pass(pong({ seq }), now).tracked.state).toBe('established');
      expect(left(gate, now)).toBe(30);
    }
    expect(status(gate, 20 * S_)).toEqual([]);
  });

  it('LNX-ICMP-2 an answer without its query, or with another identifier, is INVALID', () => {
    const gate = new Gate();
    expect(gate.pass(pong()).tracked.state).toBe('invalid');
    gate.pass(ping());
    expect(gate.pass(pong({ id: 8 })).tracked.state).toBe('invalid');
    expect(gate.conntrack.rows(0)).toHaveLength(1);
  });

  it.each([
    [13, 'new'],
    [15, 'new'],
    [17, 'new'],
    [10, 'invalid'],
    [30, 'invalid'],
    [42, 'invalid'],
    [14, 'invalid'],
    [9, 'invalid'],
  ] as const)('LNX-ICMP-3 type %i: %s', (type, state) => {
    const { tracked } = new Gate().pass(icmp({ src: A, dst: S, type, rest: 7 << 16 }));
    expect(tracked.state).toBe(state);
  });

  it('LNX-ICMP-4 a query from the far side with the same identifier is an entry of its own', () => {
    const gate = new Gate();
    gate.pass(ping());
    expect(gate.pass(echo({ src: S, dst: A, id: 7, seq: 1 })).tracked.state).toBe('new');
    expect(gate.conntrack.rows(0)).toHaveLength(2);
  });

  it('ICMPv6: echo is tracked, neighbour discovery and listener messages are not, the rest is INVALID', () => {
    const [src, dst] = [ip('fd00::1'), ip('fd00::2')];
    const state = (type: number) => new Gate().pass(icmp({ src, dst, type, rest: 7 << 16 })).tracked.state;
    for (const type of [130, 131, 132, 133, 134, 135, 136, 143]) expect(state(type)).toBe('untracked');
    for (const type of [129, 137, 138, 141, 200]) expect(state(type)).toBe('invalid');
    expect(state(128)).toBe('new');
  });
});

describe('ICMP errors', () => {
  const opened = () => {
    const gate = new Gate();
    gate.pass(out());
    return gate;
  };
  const about = (packet: Packet, rest: object = {}) =>
    error({ about: packet, src: ip('198.51.100.1'), type: 3, code: 1, ...rest });

  it.each([3, 4, 5, 11, 12])('LNX-ICMP-5 type %i about a known flow is RELATED', (type) => {
    const { tracked } = opened().pass(about(out(), { type, code: 0 }));
    expect(tracked).toMatchObject({ state: 'related', direction: 'reply' });
  });

  it('LNX-ICMP-5 about an unknown flow it is INVALID', () => {
    expect(opened().pass(about(out({ sport: 5001 }))).tracked.state).toBe('invalid');
  });

  it('RELATED in the original direction too', () => {
    const gate = opened();
    const { tracked } = gate.pass(error({ about: back(), src: A, type: 3, code: 3 }));
    expect(tracked).toMatchObject({ state: 'related', direction: 'original' });
  });

  it('LNX-ICMP-6 from anyone, but only to the end that sent the quoted packet', () => {
    expect(opened().pass(about(out(), { src: ip('10.9.8.7') })).tracked.state).toBe('related');
    const astray = icmp({ src: S, dst: B, type: 3, code: 1, payload: about(out()).payload });
    expect(opened().pass(astray).tracked.state).toBe('invalid');
  });

  it.each([
    [8, 'related'],
    [4, 'related'],
    [3, 'invalid'],
  ] as const)('LNX-ICMP-7 %i quoted bytes of transport: %s', (bytes, state) => {
    expect(opened().pass(about(out(), { limit: 28 + 20 + bytes })).tracked.state).toBe(state);
  });

  it('LNX-ICMP-7 a wrong quoted header checksum is not noticed, a quoted header cut short is INVALID', () => {
    const { payload } = about(out());
    const garbled = payload.slice();
    garbled[10] = (garbled[10] ?? 0) ^ 255;
    const send = (bytes: Uint8Array) =>
      opened().pass(icmp({ src: S, dst: A, type: 3, code: 1, payload: bytes })).tracked.state;
    expect(send(garbled)).toBe('related');
    expect(send(payload.slice(0, 19))).toBe('invalid');
  });

  it('LNX-ICMP-6 (RFC 5508) an error neither refreshes nor ends a flow, nor makes it answered', () => {
    const gate = opened();
    gate.pass(about(out()), 20 * S_);
    expect([left(gate, 20 * S_), status(gate, 20 * S_)]).toEqual([10, ['UNREPLIED']]);
  });
});

describe('LNX-GEN-1: protocols without a tracker of their own', () => {
  const packet = (protocol: number, payload: Uint8Array = new Uint8Array(8), [src, dst] = [A, S]) =>
    other({ src, dst, protocol, payload });

  it('ESP has an entry by addresses for 600 s', () => {
    const gate = new Gate();
    expect(gate.pass(packet(50)).tracked.state).toBe('new');
    expect(gate.pass(packet(50, new Uint8Array(4), [S, A])).tracked.state).toBe('established');
    expect(left(gate, 0)).toBe(600);
    expect(gate.conntrack.rows(0)[0]).toMatchObject({ protocol: 'esp', status: [] });
  });

  it('a protocol without a name goes by its number', () => {
    const gate = new Gate();
    gate.pass(packet(99));
    expect(gate.conntrack.rows(0)[0]?.protocol).toBe('99');
  });

  it('GRE lives 30 s, and 180 s, ASSURED, once answered', () => {
    const gate = new Gate();
    gate.pass(packet(47));
    expect(left(gate, 0)).toBe(30);
    gate.pass(packet(47, new Uint8Array(4), [S, A]));
    expect(left(gate, 0)).toBe(30);
    gate.pass(packet(47));
    expect([left(gate, 0), status(gate, 0)]).toEqual([180, ['ASSURED']]);
  });

  /** An SCTP packet of one chunk, its checksum right. */
  function sctp(type: number, { spoil = 0, length = 4 } = {}): Uint8Array {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 5000);
    view.setUint16(2, 80);
    view.setUint8(12, type);
    view.setUint16(14, length);
    view.setUint32(8, crc32c(bytes), true);
    bytes[13] = spoil;
    return bytes;
  }

  /** By the table, another way than the engine's. */
  function crc32c(bytes: Uint8Array): number {
    const table = Array.from({ length: 256 }, (_, n) => {
      let c = n;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
      return c >>> 0;
    });
    return ~bytes.reduce((c, byte) => (table[(c ^ byte) & 255] ?? 0) ^ (c >>> 8), -1) >>> 0;
  }

  it('CRC-32C has its published check value', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it.each([
    ['an INIT', sctp(1), 'new'],
    ['data first', sctp(0), 'invalid'],
    ['a wrong checksum', sctp(1, { spoil: 1 }), 'invalid'],
    ['a chunk without a length', sctp(1, { length: 3 }), 'invalid'],
    ['no chunk', sctp(1).slice(0, 12), 'invalid'],
    ['nothing', new Uint8Array(), 'invalid'],
  ] as const)('SCTP: %s is %s', (_, payload, state) => {
    expect(new Gate().pass(packet(132, payload)).tracked.state).toBe(state);
  });

  it('an SCTP association lives 3 s, and 210 s once both have spoken', () => {
    const gate = new Gate();
    gate.pass(packet(132, sctp(1)));
    expect(left(gate, 0)).toBe(3);
    gate.pass(packet(132, sctp(2), [S, A]));
    gate.pass(packet(132, sctp(10)));
    expect([left(gate, 0), status(gate, 0)]).toEqual([210, ['ASSURED']]);
  });

  it('a fragment, or a transport header cut short, belongs to no connection', () => {
    const piece = other({
      src: A,
      dst: S,
      protocol: 17,
      payload: new Uint8Array(8),
      fragment: { offset: 8, more: false },
    });
    expect(new Gate().pass(piece).tracked.state).toBe('invalid');
    expect(new Gate().pass(packet(6, new Uint8Array(3))).tracked.state).toBe('invalid');
  });
});

describe('LNX-MAX: the table has room for so many', () => {
  const flow = (sport: number) => udp({ src: A, dst: S, sport, dport: 9000 });
  const assured = (gate: Gate, sport: number) => {
    gate.pass(segment('>', 'syn', { sport, seq: 1 }));
    gate.pass(segment('<', 'syn+ack', { sport, seq: 10, ack: 2 }));
    gate.pass(segment('>', 'ack', { sport, seq: 2, ack: 11 }));
  };

  it('LNX-MAX-1 a new flow takes the place of an unassured one', () => {
    const gate = new Gate({ tracking: { max: 4 } });
    for (let sport = 1; sport <= 200; sport++) expect(gate.pass(flow(sport)).packet).toBeDefined();
    expect(gate.conntrack.rows(0)).toHaveLength(4);
  });

  it('LNX-MAX-2 when all are ASSURED new flows are dropped, known ones pass', () => {
    const gate = new Gate({ tracking: { max: 2 } });
    assured(gate, 1);
    assured(gate, 2);
    expect(gate.pass(flow(3))).toMatchObject({ packet: undefined, why: 'tableFull' });
    expect(gate.pass(echo({ src: S2, dst: PUBLIC, id: 1, seq: 1 }))).toMatchObject({ why: 'tableFull' });
    expect(gate.pass(segment('>', 'ack', { sport: 1, seq: 2, ack: 11 })).tracked.state).toBe('established');
  });

  it('what has expired makes room first', () => {
    const gate = new Gate({ tracking: { max: 2 } });
    assured(gate, 1);
    gate.pass(flow(2), 0);
    expect(gate.pass(flow(3), 31 * S_).packet).toBeDefined();
    expect(gate.conntrack.rows(31 * S_).map(({ original }) => original.sport)).toEqual([1, 3]);
  });

  it('a table that shrank below what it holds lets nobody in', () => {
    const gate = new Gate();
    for (const sport of [1, 2, 3]) gate.pass(flow(sport));
    gate.conntrack.configure({ tracking: { ...LINUX, max: 1 }, helpers: new Set() });
    expect(gate.pass(flow(4))).toMatchObject({ why: 'tableFull' });
  });

  it('a segment that fits nothing is refused by a full table before it is judged', () => {
    const gate = new Gate({ tracking: { max: 1 } });
    assured(gate, 1);
    expect(gate.pass(tcp({ src: A, dst: S2, sport: 1, dport: 2, seq: 1, flags: 0 }))).toMatchObject({
      why: 'tableFull',
    });
  });
});
