import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANY4, type Ip, ip4, ip6, showIp } from '../../../src/sim/addr/ip.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { error } from '../../../src/sim/packet/icmp-error.ts';
import { echo, hasPorts, icmp, other, type Packet, type Udp, udp } from '../../../src/sim/packet/packet.ts';
import { encode } from '../../../src/sim/packet/wire/frame.ts';
import type { Translation } from '../../../src/sim/program/program.ts';
import { translate, translateNew } from '../../../src/sim/router/bindings.ts';
import { pick } from '../../../src/sim/router/pool.ts';
import { A, askedAt, B, Gate, type GateOptions, ip, masquerading, PUBLIC, prefix, S, S2, segment } from './gate.ts';

const S_ = 1000;
const datagram = (src: Ip, sport: number, dst = S, dport = 9000) => udp({ src, dst, sport, dport });
const ends = (packet: Packet | undefined): string => {
  if (packet === undefined) return 'dropped';
  const [from, to] = hasPorts(packet) ? [`:${packet.sport}`, `:${packet.dport}`] : ['', ''];
  return `${showIp(packet.src)}${from} > ${showIp(packet.dst)}${to}`;
};
const sport = (packet: Packet | undefined): number =>
  packet !== undefined && hasPorts(packet) ? packet.sport : Number.NaN;
const id = (packet: Packet | undefined): number => (packet?.kind === 'icmp' ? packet.rest >>> 16 : Number.NaN);
const masquerade = (from: number, to: number): Translation & { kind: 'masquerade' } => ({
  kind: 'masquerade',
  place: 'nat.rules[0]',
  ports: { from, to },
});

/** The answer that the receiver of a packet would send. */
function answer(packet: Packet): Packet {
  const { src, dst } = packet;
  switch (packet.kind) {
    case 'udp':
      return udp({ src: dst, dst: src, sport: packet.dport, dport: packet.sport });
    case 'tcp': {
      const way = { inside: dst, outside: src, sport: packet.dport, dport: packet.sport };
      return segment('>', 'syn+ack', { ...way, seq: 77, ack: (packet.seq + 1) >>> 0 });
    }
    case 'icmp':
      return echo({ src: dst, dst: src, id: packet.rest >>> 16, seq: 1, reply: true });
    case 'other':
      return other({ src: dst, dst: src, protocol: packet.protocol });
  }
}

describe('bindings', () => {
  it('LNX-NAT-1 a binding lives exactly as long as its entry', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5000), 0);
    expect(ends(gate.pass(datagram(S, 9000, PUBLIC, 5000), 29 * S_).packet)).toBe(
      '203.0.113.50:9000 > 192.168.1.50:5000',
    );
    expect(gate.conntrack.rows(29 * S_)[0]?.status).toEqual(['SNAT']);
  });

  it('LNX-NAT-6 after it has expired an inbound packet stays as it is', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5000), 0);
    const { tracked, packet } = gate.pass(datagram(S, 9000, PUBLIC, 5000), 31 * S_);
    expect([tracked.state, ends(packet)]).toEqual(['new', '203.0.113.50:9000 > 203.0.113.2:5000']);
  });

  it('LNX-NAT-2, -HOOK-9 rules are asked for the first packet only; without one the side is settled too', () => {
    const asked: Packet[] = [];
    const gate = new Gate({
      source: (packet) => {
        asked.push(packet);
        return undefined;
      },
    });
    gate.pass(datagram(A, 5000));
    gate.pass(datagram(A, 5000));
    expect(asked).toHaveLength(1);
    const { conntrack } = gate;
    const { connection } = conntrack.track(datagram(B, 1), 0);
    if (connection === undefined) throw new Error('no connection');
    const rule: Translation = { kind: 'masquerade', place: 'x', ports: undefined };
    expect(translateNew({ conntrack, connection, side: 'source', now: 0 }, askedAt(B, undefined))).toEqual({
      kind: 'none',
    });
    expect(
      translateNew({ conntrack, connection, side: 'source', now: 0 }, askedAt(B, rule, { masquerade: PUBLIC })),
    ).toEqual({
      kind: 'none',
    });
  });

  it('LNX-NAT-4 a flow that was there before the first rule stays untranslated', () => {
    const { conntrack } = new Gate();
    const { connection } = conntrack.track(datagram(A, 5000), 0);
    if (connection === undefined) throw new Error('no connection');
    conntrack.confirm(connection, 0);
    const rule: Translation = { kind: 'masquerade', place: 'x', ports: undefined };
    expect(
      translateNew({ conntrack, connection, side: 'source', now: 0 }, askedAt(B, rule, { masquerade: PUBLIC })),
    ).toEqual({
      kind: 'none',
    });
    expect(ends(translate(datagram(A, 5000), connection, 'original', 'source'))).toBe(
      '192.168.1.50:5000 > 203.0.113.50:9000',
    );
  });

  it.each([
    ['FIN+ACK without an entry', segment('>', 'fin+ack')],
    ['a wrong checksum', { ...datagram(A, 5000), checksum: 9 }],
  ] as const)('LNX-NAT-5 %s leaves untranslated', (_, packet) => {
    expect(masquerading().pass(packet).packet).toBe(packet);
  });

  it('LNX-UDP-5 a checksum of 0 stays 0', () => {
    const { packet } = masquerading().pass({ ...datagram(A, 5000), checksum: 0 });
    expect(packet).toMatchObject({ src: PUBLIC, checksum: 0 });
  });

  it('masquerading fails without an address, redirecting too', () => {
    const rule: Translation = { kind: 'masquerade', place: 'x', ports: undefined };
    expect(new Gate({ source: () => rule }).pass(datagram(A, 1))).toMatchObject({
      packet: undefined,
      why: 'natExhausted',
    });
    const { conntrack } = new Gate();
    const { connection } = conntrack.track(datagram(A, 1), 0);
    if (connection === undefined) throw new Error('no connection');
    const redirect: Translation = { kind: 'redirect', place: 'x', ports: undefined };
    expect(translateNew({ conntrack, connection, side: 'destination', now: 0 }, askedAt(S, redirect)).kind).toBe(
      'exhausted',
    );
  });

  it('a packet from 0.0.0.0 is not masqueraded', () => {
    const gate = new Gate({ source: () => ({ kind: 'masquerade', place: 'x', ports: undefined }), masquerade: PUBLIC });
    const { packet } = gate.pass(udp({ src: ANY4, dst: ip('255.255.255.255'), sport: 68, dport: 67 }));
    expect(packet?.src).toBe(ANY4);
  });

  it('tells what was set', () => {
    expect(masquerading().pass(datagram(A, 5000)).binding).toEqual({
      kind: 'set',
      detail: 'port kept',
    });
    expect(new Gate().pass(datagram(A, 5000)).binding).toEqual({ kind: 'none' });
  });
});

describe('LNX-PORT: the public endpoint', () => {
  it('-1 the port is kept when free, and serves two hosts towards different destinations', () => {
    const gate = masquerading();
    expect(sport(gate.pass(datagram(A, 5000)).packet)).toBe(5000);
    expect(sport(gate.pass(datagram(B, 5000, S2)).packet)).toBe(5000);
  });

  it.each([
    [300, 1, 511],
    [512, 600, 1023],
    [700, 600, 1023],
    [1023, 600, 1023],
    [1024, 1024, 65_535],
    [5000, 1024, 65_535],
  ])('-2 a clash at %i goes to a random port of %i to %i', (port, from, to) => {
    const seen = Array.from({ length: 40 }, (_, seed) => {
      const gate = masquerading({ seed });
      gate.pass(datagram(A, port));
      return sport(gate.pass(datagram(B, port)).packet);
    });
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(from);
    expect(Math.max(...seen)).toBeLessThanOrEqual(to);
    expect(new Set(seen).size).toBeGreaterThan(30);
    expect(seen).not.toContain(port);
  });

  it('-3 an endpoint that was moved keeps its new port towards others', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5000));
    const moved = sport(gate.pass(datagram(B, 5000)).packet);
    expect(moved).not.toBe(5000);
    const more = [datagram(B, 5000, S2), datagram(B, 5000, ip('203.0.113.99')), datagram(B, 5000, S, 9001)];
    expect(more.map((packet) => sport(gate.pass(packet).packet))).toEqual([moved, moved, moved]);
  });

  it('-4 the other way round one endpoint gets two public ports', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5000));
    expect(sport(gate.pass(datagram(B, 5000, S2)).packet)).toBe(5000);
    expect(sport(gate.pass(datagram(B, 5000, S)).packet)).not.toBe(5000);
  });

  it('the newest endpoint of a source is the only one that is tried again', () => {
    const gate = masquerading();
    const [S3, S4] = [ip('203.0.113.52'), ip('203.0.113.53')];
    gate.pass(datagram(A, 5000));
    const first = sport(gate.pass(datagram(B, 5000)).packet);
    for (const port of [5000, first]) gate.pass(datagram(A, port, S3));
    const second = sport(gate.pass(datagram(B, 5000, S3)).packet);
    for (const port of [5000, second]) gate.pass(datagram(A, port, S4));
    expect([5000, first, second]).not.toContain(sport(gate.pass(datagram(B, 5000, S4)).packet));
  });

  it('an endpoint that the rule no longer allows is not used again', () => {
    const ports = [undefined, { from: 4000, to: 4999 }];
    const gate = masquerading({ source: () => ({ kind: 'masquerade', place: 'x', ports: ports.shift() }) });
    expect(sport(gate.pass(datagram(A, 5000)).packet)).toBe(5000);
    const moved = sport(gate.pass(datagram(A, 5000, S2)).packet);
    expect([moved >= 4000, moved <= 4999]).toEqual([true, true]);
  });

  it('an endpoint whose connections have ended is forgotten', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5000), 0);
    const moved = sport(gate.pass(datagram(B, 5000), 0).packet);
    expect(moved).not.toBe(5000);
    expect(sport(gate.pass(datagram(B, 5000, S2), 40 * S_).packet)).toBe(5000);
  });

  it('-7 four ports make four flows to one destination, and four more to another', () => {
    const gate = masquerading({}, masquerade(4000, 4003));
    const to = (dst: Ip) => [1, 2, 3, 4, 5, 6].map((port) => sport(gate.pass(datagram(A, 7000 + port, dst)).packet));
    for (const ports of [to(S), to(S2)]) {
      expect(ports.slice(0, 4).toSorted()).toEqual([4000, 4001, 4002, 4003]);
      expect(ports.slice(4)).toEqual([Number.NaN, Number.NaN]);
    }
    expect(gate.pass(datagram(B, 1)).why).toBe('natExhausted');
  });

  it('-8 with one port the second flow to the same destination is dropped, another destination works', () => {
    const gate = masquerading({}, masquerade(4000, 4000));
    const ports = [datagram(A, 1), datagram(A, 2), datagram(A, 2, S2)].map((packet) => sport(gate.pass(packet).packet));
    expect(ports).toEqual([4000, Number.NaN, 4000]);
  });

  it('a port in the range is kept', () => {
    expect(sport(masquerading({}, masquerade(4000, 4999)).pass(datagram(A, 4321)).packet)).toBe(4321);
  });

  it('gives up after ever shorter rounds in a range that is all taken', () => {
    const gate = masquerading({}, masquerade(20_000, 20_999));
    for (let port = 20_000; port <= 20_999; port++) gate.pass(datagram(A, port));
    expect(gate.pass(datagram(B, 20_500))).toMatchObject({ packet: undefined, why: 'natExhausted' });
    expect(gate.conntrack.rows(0)).toHaveLength(1000);
  });

  it('-10 an ICMP identifier is treated as a port: kept, moved on a clash, kept for other destinations', () => {
    const gate = masquerading();
    const ping = (src: Ip, dst: Ip) => id(gate.pass(echo({ src, dst, id: 77, seq: 1 })).packet);
    expect(ping(A, S)).toBe(77);
    const moved = ping(B, S);
    expect(moved).not.toBe(77);
    expect(ping(B, S2)).toBe(moved);
    const back = gate.pass(echo({ src: S, dst: PUBLIC, id: moved, seq: 1, reply: true })).packet;
    expect([ends(back), id(back)]).toEqual(['203.0.113.50 > 192.168.1.51', 77]);
  });

  it('-13 a flow of the router itself gets another port when its own is taken', () => {
    const gate = masquerading();
    gate.pass(datagram(A, 5005));
    const own = gate.pass(datagram(PUBLIC, 5005));
    expect(own.packet?.src).toBe(PUBLIC);
    expect(sport(own.packet)).not.toBe(5005);
    const other = masquerading();
    other.pass(datagram(PUBLIC, 5005));
    expect(sport(other.pass(datagram(A, 5005)).packet)).not.toBe(5005);
  });

  it('-14 a forwarded port reserves nothing: the mapped flow has its answers, all others reach the target', () => {
    const rule: Translation = { kind: 'dnat', place: 'x', addresses: [{ from: B, to: B }], ports: undefined };
    const gate = masquerading({ destination: (packet) => (packet.dst === PUBLIC ? rule : undefined) });
    expect(sport(gate.pass(datagram(A, 5010)).packet)).toBe(5010);
    expect(ends(gate.pass(datagram(S, 9000, PUBLIC, 5010)).packet)).toBe('203.0.113.50:9000 > 192.168.1.50:5010');
    expect(ends(gate.pass(datagram(S2, 9000, PUBLIC, 5010)).packet)).toBe('203.0.113.51:9000 > 192.168.1.51:5010');
  });

  it('snat with ports alone keeps the address', () => {
    const rule: Translation = { kind: 'snat', place: 'x', addresses: [], ports: { from: 6000, to: 6000 } };
    expect(ends(new Gate({ source: () => rule }).pass(datagram(A, 5000)).packet)).toBe(
      '192.168.1.50:6000 > 203.0.113.50:9000',
    );
  });
});

describe('LNX-PORT-11: closed TCP connections give way', () => {
  /** A connection through the only port, closed and in TIME_WAIT. */
  function closed() {
    const gate = masquerading({}, masquerade(4000, 4000));
    const server = { inside: PUBLIC, sport: 4000 };
    gate.pass(segment('>', 'syn', { seq: 1000 }));
    gate.pass(segment('<', 'syn+ack', { ...server, seq: 1, ack: 1001 }));
    gate.pass(segment('>', 'fin+ack', { seq: 1001, ack: 2 }));
    gate.pass(segment('<', 'fin+ack', { ...server, seq: 2, ack: 1002 }));
    gate.pass(segment('>', 'ack', { seq: 1002, ack: 3 }));
    expect(gate.conntrack.rows(0)[0]?.tcpState).toBe('TIME_WAIT');
    return gate;
  }

  it('one in TIME_WAIT is thrown out when no other port is left', () => {
    const gate = closed();
    expect(sport(gate.pass(segment('>', 'syn', { inside: B, seq: 9000 })).packet)).toBe(4000);
    expect(gate.conntrack.rows(0).map(({ id, tcpState }) => [id, tcpState])).toEqual([[2, 'SYN_SENT']]);
  });

  it.each([
    ['its sequence numbers are ahead', segment('>', 'syn', { inside: B, seq: 500 })],
    ['the newcomer is no SYN', segment('>', 'ack', { inside: B, seq: 9000 })],
  ])('not when %s', (_, packet) => {
    expect(closed().pass(packet).why).toBe('natExhausted');
  });

  it('nor one that lives', () => {
    const gate = masquerading({}, masquerade(4000, 4000));
    gate.pass(segment('>', 'syn', { seq: 1000 }));
    expect(gate.pass(segment('>', 'syn', { inside: B, seq: 9000 })).why).toBe('natExhausted');
  });

  it('another port is preferred', () => {
    const ports = masquerade(4000, 4063);
    const gate = masquerading({}, ports);
    for (let from = 4000; from <= 4063; from++) gate.pass(segment('>', 'syn', { sport: from, seq: 1000 }));
    gate.conntrack.flush(0);
    gate.pass(segment('>', 'syn', { sport: 4000, seq: 1000 }));
    expect(sport(gate.pass(segment('>', 'syn', { inside: B, sport: 4000, seq: 9000 })).packet)).not.toBe(4000);
    expect(gate.conntrack.rows(0)).toHaveLength(2);
  });
});

describe('LNX-PORT-9: address pools', () => {
  const four = [{ from: ip('203.0.113.100'), to: ip('203.0.113.107') }];
  const six = [{ from: ip('2001:db8:8::100'), to: ip('2001:db8:9::1ff') }];

  it.each([
    ['192.168.1.50', '203.0.113.50', '203.0.113.105'],
    ['192.168.1.50', '203.0.113.51', '203.0.113.104'],
    ['192.168.1.51', '203.0.113.50', '203.0.113.100'],
    ['192.168.1.200', '198.51.100.9', '203.0.113.107'],
    ['192.168.1.7', '8.8.8.8', '203.0.113.103'],
    ['fd00:1::50', '2001:db8:7::50', '2001:db8:8:3b67:3b67:3152:3b67:3152'],
    ['fd00:1::51', '2001:db8:7::50', '2001:db8:8:728d:728d:7e10:728d:7e10'],
    ['fd00:1::50', '2001:db8:7:1::ffff', '2001:db8:8:b9a2:b8a1:a9a9:b8a1:a9a9'],
  ])('%s to %s gets %s, as the kernel chose', (src, dst, chosen) => {
    expect(showIp(pick(src.includes(':') ? six : four, ip(src), ip(dst)))).toBe(chosen);
  });

  it('one source keeps one address for all destinations while it has a connection', () => {
    const rule: Translation = { kind: 'snat', place: 'x', addresses: four, ports: undefined };
    const gate = new Gate({ source: () => rule });
    const rng = new Rng(5);
    const chosen = Array.from(
      { length: 30 },
      () => gate.pass(datagram(A, 5000, ip(`198.51.100.${rng.int(1, 254)}`))).packet?.src,
    );
    expect(new Set(chosen).size).toBe(1);
    const others = Array.from(
      { length: 30 },
      (_, i) => gate.pass(datagram(A, 6000 + i, ip(`198.51.100.${rng.int(1, 254)}`))).packet?.src,
    );
    expect(new Set(others).size).toBeGreaterThan(2);
  });

  it('every choice lies in the pool, every address of a small one comes up, several ranges are one pool', () => {
    const ranges = [
      { from: ip('203.0.113.10'), to: ip('203.0.113.11') },
      { from: ip('203.0.113.20'), to: ip('203.0.113.20') },
    ];
    const rng = new Rng(9);
    const seen = new Set(Array.from({ length: 200 }, () => showIp(pick(ranges, ip(`10.0.${rng.int(0, 255)}.1`), S))));
    expect([...seen].toSorted()).toEqual(['203.0.113.10', '203.0.113.11', '203.0.113.20']);
    expect(() => pick([], A, S)).toThrow('empty pool');
  });
});

describe('LNX-DNAT, -REDIR, -NETMAP: destinations', () => {
  const web = ip('192.168.1.20');
  const forward = (ports?: { from: number; to: number }, addresses = [{ from: web, to: web }]): GateOptions => ({
    destination: (packet) => (packet.dst === PUBLIC ? { kind: 'dnat', place: 'x', addresses, ports } : undefined),
  });

  it('LNX-DNAT-2 the server sees the client, its answers come from the public address', () => {
    const gate = new Gate(forward({ from: 8080, to: 8080 }));
    const { packet } = gate.pass(datagram(S, 1234, PUBLIC, 80));
    expect(ends(packet)).toBe('203.0.113.50:1234 > 192.168.1.20:8080');
    expect(ends(gate.pass(answer(packet as Udp)).packet)).toBe('203.0.113.2:80 > 203.0.113.50:1234');
    expect(gate.conntrack.rows(0)[0]?.status).toEqual(['DNAT']);
  });

  it('a range of ports gives its first, the port itself if it is in it', () => {
    const gate = new Gate(forward({ from: 8000, to: 8003 }));
    expect(ends(gate.pass(datagram(S, 1234, PUBLIC, 80)).packet)).toContain(':8000');
    expect(ends(gate.pass(datagram(S2, 1234, PUBLIC, 8002)).packet)).toContain(':8002');
  });

  it('two public ports for one server: the clash moves the port of the client', () => {
    const gate = new Gate(forward({ from: 8000, to: 8000 }));
    expect(ends(gate.pass(datagram(S, 1234, PUBLIC, 80)).packet)).toBe('203.0.113.50:1234 > 192.168.1.20:8000');
    const { packet } = gate.pass(datagram(S, 1234, PUBLIC, 81));
    expect(packet).toMatchObject({ src: S, dst: web, dport: 8000 });
    expect(sport(packet)).not.toBe(1234);
    expect(ends(gate.pass(answer(packet as Udp)).packet)).toBe('203.0.113.2:81 > 203.0.113.50:1234');
    expect(gate.conntrack.rows(0).map(({ status }) => status)).toEqual([
      ['UNREPLIED', 'DNAT'],
      ['SNAT', 'DNAT'],
    ]);
  });

  it('pings to two public addresses of one server: the second gets identifier 0', () => {
    const gate = new Gate({
      destination: () => ({ kind: 'dnat', place: 'x', addresses: [{ from: web, to: web }], ports: undefined }),
    });
    gate.pass(echo({ src: S, dst: PUBLIC, id: 9, seq: 1 }));
    const { packet } = gate.pass(echo({ src: S, dst: ip('203.0.113.3'), id: 9, seq: 1 }));
    expect([ends(packet), id(packet)]).toEqual(['203.0.113.50 > 192.168.1.20', 0]);
  });

  it('a pool of servers is chosen from by hash', () => {
    const addresses = [{ from: ip('192.168.1.20'), to: ip('192.168.1.23') }];
    const gate = new Gate(forward(undefined, addresses));
    const seen = Array.from(
      { length: 40 },
      (_, i) => gate.pass(datagram(ip(`198.51.100.${i + 1}`), 1, PUBLIC, 80)).packet?.dst,
    );
    expect(new Set(seen).size).toBe(4);
  });

  it('LNX-REDIR redirect gives the address of the incoming interface', () => {
    const gate = new Gate({ destination: () => ({ kind: 'redirect', place: 'x', ports: { from: 3128, to: 3128 } }) });
    expect(ends(gate.pass(datagram(A, 5000, S, 80)).packet)).toBe('192.168.1.50:5000 > 192.168.1.1:3128');
  });

  it('LNX-NETMAP a prefix map keeps host bits and ports, both ways', () => {
    const [inside, outside] = [prefix('192.168.1.48/28'), prefix('203.0.113.64/28')];
    const gate = new Gate({
      source: () => ({ kind: 'map', which: 'source', place: 'x', from: inside, to: outside }),
    });
    expect(ends(gate.pass(datagram(A, 300)).packet)).toBe('203.0.113.66:300 > 203.0.113.50:9000');
    expect(ends(gate.pass(datagram(ip('192.168.1.57'), 300)).packet)).toBe('203.0.113.73:300 > 203.0.113.50:9000');
    const inwards = new Gate({
      destination: () => ({ kind: 'map', which: 'destination', place: 'x', from: outside, to: inside }),
    });
    expect(ends(inwards.pass(datagram(S, 9, ip('203.0.113.67'), 300)).packet)).toBe(
      '203.0.113.50:9 > 192.168.1.51:300',
    );
  });

  it('LNX-GEN-1 protocols without ports are masqueraded; the same two addresses once only', () => {
    const gate = masquerading();
    const esp = (src: Ip) => gate.pass(other({ src, dst: S, protocol: 50 }));
    expect(ends(esp(A).packet)).toBe('203.0.113.2 > 203.0.113.50');
    expect(esp(B)).toMatchObject({ packet: undefined, why: 'natExhausted' });
    expect(ends(gate.pass(other({ src: S, dst: PUBLIC, protocol: 50 })).packet)).toBe('203.0.113.50 > 192.168.1.50');
    const ported = masquerading({}, masquerade(4000, 4001));
    expect(ends(ported.pass(other({ src: A, dst: S, protocol: 50 })).packet)).toBe('203.0.113.2 > 203.0.113.50');
  });

  it('LNX-TCP-10 simultaneous open through masquerade', () => {
    const gate = masquerading();
    const seen = { inside: PUBLIC };
    gate.pass(segment('>', 'syn', { seq: 100 }));
    expect(ends(gate.pass(segment('<', 'syn', { ...seen, seq: 900 })).packet)).toContain('> 192.168.1.50:5000');
    gate.pass(segment('>', 'syn+ack', { seq: 100, ack: 901 }));
    gate.pass(segment('<', 'syn+ack', { ...seen, seq: 900, ack: 101 }));
    gate.pass(segment('>', 'ack', { seq: 101, ack: 901 }));
    expect(gate.conntrack.rows(0)[0]).toMatchObject({ tcpState: 'ESTABLISHED', status: ['ASSURED', 'SNAT'] });
  });

  it('a RST that ends a masqueraded connection is translated all the same', () => {
    const gate = masquerading();
    gate.pass(segment('>', 'syn', { seq: 100 }));
    const { packet } = gate.pass(segment('<', 'rst+ack', { inside: PUBLIC, seq: 0, ack: 101 }));
    expect(ends(packet)).toBe('203.0.113.50:80 > 192.168.1.50:5000');
    expect(gate.conntrack.rows(0)).toEqual([]);
  });
});

describe('ICMP errors through NAT', () => {
  const M = ip('198.51.100.1');
  const opened = () => {
    const gate = masquerading();
    const { packet = fail() } = gate.pass(datagram(A, 5000));
    return { gate, left: packet };
  };
  const fail = (): never => {
    throw new Error('dropped');
  };

  it('LNX-ICMP-8 outer address and quote are translated back; type, code and quoted TTL are kept', () => {
    const { gate, left } = opened();
    const about = { ...left, ttl: 3, headerChecksum: 0 };
    const { packet } = gate.pass(error({ about, src: M, type: 11, code: 0 }));
    expect(ends(packet)).toBe('198.51.100.1 > 192.168.1.50');
    expect(packet).toMatchObject({ kind: 'icmp', type: 11, code: 0 });
    expect(packet?.kind === 'icmp' && packet.payload[8]).toBe(3);
  });

  it('LNX-ICMP-9 an inside router seems to speak with the public address', () => {
    const { gate } = opened();
    gate.pass(datagram(S, 9000, PUBLIC, 5000));
    const inside = ip('192.168.1.99');
    const about = udp({ src: S, dst: A, sport: 9000, dport: 5000 });
    const { packet } = gate.pass(error({ about, src: inside, type: 3, code: 1 }));
    expect(ends(packet)).toBe('203.0.113.2 > 203.0.113.50');
    const quoted = udp({ src: S, dst: PUBLIC, sport: 9000, dport: 5000 });
    expect(packet?.kind === 'icmp' && packet.payload).toEqual(encode(quoted));
  });

  it('LNX-ICMP-10 a redirect about a translated flow is refused, about another passes', () => {
    const { gate, left } = opened();
    expect(gate.pass(error({ about: left, src: M, type: 5, code: 1 })).why).toBe('untranslatable');
    const plain = new Gate();
    plain.pass(datagram(A, 5000));
    expect(plain.pass(error({ about: datagram(A, 5000), src: M, type: 5, code: 1 })).packet).toBeDefined();
  });

  it('a redirect about a flow that NAT has not settled is refused too', () => {
    const { conntrack } = new Gate();
    const { connection } = conntrack.track(datagram(A, 5000), 0);
    if (connection === undefined) throw new Error('no connection');
    conntrack.confirm(connection, 0);
    const redirect = error({ about: datagram(A, 5000), src: M, type: 5, code: 1 });
    expect(translate(redirect, connection, 'reply', 'destination')).toBeUndefined();
  });

  it.each([4, 5, 7])('a quote with only %i bytes of UDP cannot be translated', (bytes) => {
    const { gate, left } = opened();
    expect(gate.pass(error({ about: left, src: M, type: 3, code: 1, limit: 48 + bytes })).why).toBe('untranslatable');
  });

  it('an error about a masqueraded ping gives its identifier back', () => {
    const gate = masquerading();
    gate.pass(echo({ src: A, dst: S, id: 77, seq: 1 }));
    const { packet: left = fail() } = gate.pass(echo({ src: B, dst: S, id: 77, seq: 1 }));
    const { packet } = gate.pass(error({ about: left, src: M, type: 3, code: 1 }));
    expect(packet?.kind === 'icmp' && packet.payload).toEqual(encode(echo({ src: B, dst: S, id: 77, seq: 1 })));
  });
});

describe('laws', () => {
  const address = fc.oneof(
    fc.integer({ min: 0, max: 0xffff_ffff }).map((n) => ip4(n)),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((n) => ip6(n)),
  );
  const anyPool = address.chain((first) => {
    const another = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), { minLength: 1, maxLength: 7 });
    return another.map((numbers) => {
      const points = [BigInt(first), ...numbers]
        .map((n) => (typeof first === 'number' ? n & 0xffff_ffffn : n))
        .toSorted((a, b) => (a < b ? -1 : 1));
      const ips = points.map((n): Ip => (typeof first === 'number' ? ip4(Number(n)) : ip6(n)));
      return Array.from({ length: Math.floor(ips.length / 2) }, (_, i) => ({
        from: ips[2 * i] ?? first,
        to: ips[2 * i + 1] ?? first,
      }));
    });
  });

  it('an address from a pool is in the pool, and always the same', () => {
    fc.assert(
      fc.property(anyPool, address, address, (pool, src, dst) => {
        const chosen = pick(pool, src, dst);
        expect(pool.some(({ from, to }) => from <= chosen && chosen <= to)).toBe(true);
        expect(pick(pool, src, dst)).toBe(chosen);
      }),
      { numRuns: 300 },
    );
  });

  const port = fc.integer({ min: 0, max: 65_535 });
  const anyNew = fc
    .record({
      six: fc.boolean(),
      from: fc.integer({ min: 2, max: 250 }),
      to: fc.integer({ min: 1, max: 250 }),
      sport: port,
      dport: port,
      payload: fc.uint8Array({ maxLength: 40 }),
    })
    .chain(({ six, from, to, ...rest }) => {
      const [src, dst] = six
        ? [ip(`fd00::${from}`), ip(`2001:db8::${to}`)]
        : [ip(`192.168.1.${from}`), ip(`198.51.100.${to}`)];
      return fc.constantFrom<Packet>(
        udp({ src, dst, ...rest }),
        segment('>', 'syn', { inside: src, outside: dst, seq: rest.sport, ...rest }),
        echo({ src, dst, id: rest.sport, seq: 1, payload: rest.payload }),
        other({ src, dst, protocol: 50, payload: rest.payload }),
      );
    });
  const anyNat = fc.record({
    ports: fc.option(
      fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
      { nil: undefined },
    ),
    busy: fc.array(anyNew, { maxLength: 8 }),
    seed: fc.integer(),
  });
  const is6 = ({ src }: Packet) => typeof src === 'bigint';

  function gateway({ ports, seed }: { ports: { from: number; to: number } | undefined; seed: number }): Gate {
    const pool = (packet: Packet) =>
      is6(packet) ? [ip('2001:db8:9::2'), ip('2001:db8:9::5')] : [ip('203.0.113.2'), ip('203.0.113.5')];
    return new Gate({
      seed,
      source: (packet) => {
        const [from = PUBLIC, to = PUBLIC] = pool(packet);
        return { kind: 'snat', place: 'x', addresses: [{ from, to }], ports };
      },
    });
  }

  const restored = ({ src, dst }: Packet, { src: from, dst: to }: Packet) => from === dst && to === src;

  it('the answer to a translated packet is an answer to the packet that was sent; all checksums are right', () => {
    fc.assert(
      fc.property(anyNat, anyNew, (nat, packet) => {
        const gate = gateway(nat);
        for (const other of nat.busy) gate.pass(other);
        const { packet: left } = gate.pass(packet);
        fc.pre(left !== undefined);
        if (left === undefined) return;
        expect(verify(left)).toEqual({ header: true, transport: true });
        const { packet: back, tracked } = gate.pass(answer(left));
        expect(tracked.state).toBe('established');
        if (back === undefined) throw new Error('the answer was dropped');
        expect(verify(back)).toEqual({ header: true, transport: true });
        expect(restored(packet, back)).toBe(true);
        if (hasPorts(back) && hasPorts(packet)) expect([back.sport, back.dport]).toEqual([packet.dport, packet.sport]);
        if (packet.kind === 'icmp') expect(id(back)).toBe(id(packet));
      }),
      { numRuns: 300 },
    );
  });

  it('an error about a translated packet quotes what was sent, checksums included', () => {
    fc.assert(
      fc.property(anyNat, anyNew, fc.constantFrom(8, 9, 12, 16, 20, 33, 80), (nat, packet, room) => {
        const gate = gateway(nat);
        for (const other of nat.busy) gate.pass(other);
        const { packet: left } = gate.pass(packet);
        fc.pre(left !== undefined);
        if (left === undefined) return;
        const [type, header] = is6(left) ? [1, 40] : [3, 20];
        const report = error({ about: left, src: left.dst, type, code: 0, limit: 2 * header + 8 + room });
        const { packet: back } = gate.pass(report);
        if (back?.kind !== 'icmp') throw new Error('the error was dropped');
        expect(verify(back)).toEqual({ header: true, transport: true });
        expect(restored(packet, back)).toBe(true);
        expect(back.payload).toEqual(encode(packet).slice(0, report.payload.length));
      }),
      { numRuns: 300 },
    );
  });

  it('an ICMP message that is no error is not read as one', () => {
    const gate = masquerading();
    const packet = icmp({ src: A, dst: S, type: 13, rest: 5 << 16, payload: new Uint8Array(12) });
    expect(ends(gate.pass(packet).packet)).toBe('203.0.113.2 > 203.0.113.50');
  });
});
