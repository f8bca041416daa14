import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { AppCommand, AppEvent } from '../../../src/sim/host/app/app.ts';
import { distance } from '../../../src/sim/host/tcp/segment.ts';
import type { Packet, Tcp } from '../../../src/sim/packet/packet.ts';
import { FLAG, flagNames, tcp } from '../../../src/sim/packet/packet.ts';
import { A, B, B6, bytesOf, ip, kindsOf, Pair, type Puppet, puppet, type Side } from './pair.ts';

const LISTEN: AppCommand = { kind: 'listen', socket: 'server', port: 80 };
const CONNECT: AppCommand = { kind: 'connect', socket: 'client', to: { ip: B, port: 80 } };

/** Echoes, and closes when the peer does. */
const echo = (event: AppEvent): AppCommand[] => {
  if (event.kind === 'data') return [{ kind: 'write', socket: event.socket, payload: event.payload }];
  return event.kind === 'ended' ? [{ kind: 'close', socket: event.socket }] : [];
};

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
const write = (length: number): AppCommand => ({ kind: 'write', socket: 'client', payload: bytes(length) });

function opened(pair: Pair): { server: Puppet; client: Puppet } {
  const server = pair.start('b', puppet('echo', echo), LISTEN);
  const client = pair.start('a', puppet('client'), CONNECT);
  pair.run(5);
  return { server, client };
}

const isTcp = (packet: Packet): packet is Tcp => packet.kind === 'tcp';
const flags = (pair: Pair) =>
  pair.passed.flatMap(({ from, packet }) => (isTcp(packet) ? [`${from} ${flagNames(packet.flags).join('+')}`] : []));

describe('a connection between two hosts', () => {
  it('is opened, used and closed', () => {
    const pair = new Pair();
    const { server, client } = opened(pair);
    expect(client.heard).toEqual([
      { kind: 'connected', socket: 'client', peer: { ip: B, port: 80 }, local: { ip: A, port: expect.any(Number) } },
    ]);
    pair.tell(client, write(5));
    pair.run(100);
    pair.tell(client, { kind: 'shutdown', socket: 'client' });
    pair.run(100);
    expect(kindsOf(client)).toEqual(['connected', 'data', 'ended', 'closed']);
    expect(kindsOf(server)).toEqual(['bound', 'accepted', 'data', 'ended', 'closed']);
    expect(server.heard[1]).toMatchObject({ socket: 'server#1', listener: 'server', local: { ip: B, port: 80 } });
    expect(flags(pair)).toEqual([
      ...['a syn', 'b syn+ack', 'a ack', 'a psh+ack', 'b psh+ack', 'a ack', 'a fin+ack', 'b fin+ack', 'a ack'],
    ]);
    expect(pair.hosts.a.sockets().map(({ state }) => state)).toEqual(['TIME-WAIT']);
    pair.settle();
    expect([pair.hosts.a.sockets(), pair.hosts.b.sockets().length]).toEqual([[], 1]);
  });

  it('works over IPv6 and between link-local addresses, answers leave by the interface of the question', () => {
    for (const to of [B6, ip('fe80::b')]) {
      const pair = new Pair();
      const server = pair.start('b', puppet('echo', echo), LISTEN);
      const client = pair.start('a', puppet('client'), { kind: 'connect', socket: 'client', to: { ip: to, port: 80 } });
      pair.run(5);
      pair.tell(client, write(3000));
      pair.run(100);
      expect(bytesOf(client)).toEqual(bytes(3000));
      expect(kindsOf(server)).toContain('accepted');
      const ways = new Set(pair.passed.filter(({ from }) => from === 'b').map((out) => out.interface));
      expect([...ways]).toEqual([to === B6 ? undefined : 'eth0']);
    }
  });

  it('packets say whose they are, and each reception says who got it', () => {
    const pair = new Pair();
    const { client } = opened(pair);
    pair.tell(client, { kind: 'close', socket: 'client' });
    pair.run(100);
    expect(pair.passed.map(({ app, cause }) => `${app} ${cause}`)).toEqual([
      ...['client tcp', 'echo tcp', 'client tcp', 'client tcp', 'echo tcp', 'client tcp'],
    ]);
    expect(pair.receptions.map((one) => (one.kind === 'delivered' ? `${one.to} ${one.apps}` : one.detail))).toEqual([
      ...['echo echo', 'client client', 'echo echo', 'echo echo', 'client client', 'echo echo'],
    ]);
  });

  it('to a closed port is refused (RFC 9293 §3.10.7.1)', () => {
    const pair = new Pair();
    const client = pair.start('a', puppet('client'), CONNECT);
    pair.settle();
    expect(kindsOf(client)).toEqual(['failed refused']);
    expect(flags(pair)).toEqual(['a syn', 'b rst+ack']);
    expect(pair.receptions[0]).toEqual({
      kind: 'dropped',
      reason: 'noSocket',
      detail: 'nothing listens on tcp 10.0.0.2:80; answered with RST',
      answered: true,
    });
  });

  it('to nobody times out, and the world hears when to look', () => {
    const pair = new Pair({ wire: () => [] });
    const client = pair.start('a', puppet('client'), CONNECT);
    pair.settle();
    expect([kindsOf(client), pair.now, pair.passed.length]).toEqual([['failed timeout'], 131_000, 11]);
  });

  it('opens from both ends at once (RFC 9293 §3.5)', () => {
    const pair = new Pair();
    const from = { port: 5000 };
    const a = pair.start('a', puppet('a'), { kind: 'connect', socket: 's', to: { ip: B, port: 5000 }, from });
    const b = pair.start('b', puppet('b'), { kind: 'connect', socket: 's', to: { ip: A, port: 5000 }, from });
    pair.run(10);
    expect([kindsOf(a), kindsOf(b)]).toEqual([['connected'], ['connected']]);
    for (const one of [a, b]) pair.tell(one, { kind: 'close', socket: 's' });
    pair.run(100);
    expect([kindsOf(a), kindsOf(b)], 'and closes so').toEqual([
      ['connected', 'closed'],
      ['connected', 'closed'],
    ]);
    expect(pair.hosts.a.sockets().map(({ state }) => state)).toEqual(['TIME-WAIT']);
  });

  it('reuses a pair of endpoints in TIME-WAIT for a newer SYN (RFC 6191)', () => {
    const pair = new Pair();
    const server = pair.start(
      'b',
      puppet('daytime', (e) => (e.kind === 'accepted' ? [{ kind: 'close', socket: e.socket }] : [])),
      LISTEN,
    );
    const again: AppCommand = { ...CONNECT, from: { port: 40_000 } };
    const closes = (event: AppEvent): AppCommand[] =>
      event.kind === 'ended' ? [{ kind: 'close', socket: 'client' }] : [];
    const client = pair.start('a', puppet('client', closes), again);
    pair.run(1000);
    expect(pair.hosts.b.sockets().map(({ state }) => state)).toEqual(['LISTEN', 'TIME-WAIT']);
    pair.tell(client, again);
    pair.run(1000);
    expect(kindsOf(client)).toEqual(['connected', 'ended', 'closed', 'connected', 'ended', 'closed']);
    expect(kindsOf(server).filter((kind) => kind === 'accepted')).toHaveLength(2);
  });

  it('an old SYN to TIME-WAIT is challenged, and opens after the reset of the answer', () => {
    const pair = new Pair();
    pair.start(
      'b',
      puppet('daytime', (e) => (e.kind === 'accepted' ? [{ kind: 'close', socket: e.socket }] : [])),
      LISTEN,
    );
    const syn = (seq: number, flag: number = FLAG.syn, ack = 0) =>
      tcp({ src: A, dst: B, sport: 40_000, dport: 80, seq, flags: flag, ack });
    const [synAck] = pair.inject('b', syn(1000)).packets;
    const iss = synAck !== undefined && isTcp(synAck.packet) ? synAck.packet.seq : 0;
    pair.inject('b', syn(1001, FLAG.ack, iss + 1));
    pair.inject('b', syn(1001, FLAG.fin | FLAG.ack, iss + 2));
    expect(pair.hosts.b.sockets().at(-1)?.state).toBe('TIME-WAIT');
    const old = pair.inject('b', syn(900));
    expect(old.packets.map(({ packet }) => isTcp(packet) && flagNames(packet.flags))).toEqual([['ack']]);
    const [reopened] = pair.inject('b', syn(1003)).packets;
    const next = reopened !== undefined && isTcp(reopened.packet) ? reopened.packet.seq : 0;
    expect(distance(iss, next), 'beyond the old one').toBe(2 + 65_537);
  });

  it('closing with unread data resets; the answer to it is not heard', () => {
    const pair = new Pair();
    const server = pair.start(
      'b',
      puppet('rude', (e) => (e.kind === 'accepted' ? [{ kind: 'close', socket: e.socket }] : [])),
      LISTEN,
    );
    const client = pair.start('a', puppet('client'), CONNECT, write(5));
    pair.run(100);
    expect(kindsOf(client)).toEqual(['connected', 'failed reset']);
    expect(kindsOf(server), 'data came beside the ACK of the handshake').toEqual(['bound', 'accepted', 'closed']);
  });

  it('abort resets', () => {
    const pair = new Pair();
    const { server, client } = opened(pair);
    pair.tell(client, { kind: 'abort', socket: 'client' });
    pair.run(10);
    expect([kindsOf(client), kindsOf(server)]).toEqual([
      ['connected', 'closed'],
      ['bound', 'accepted', 'failed reset'],
    ]);
  });

  it('ends with its program: FIN, and nobody hears the rest', () => {
    const pair = new Pair();
    const { server, client } = opened(pair);
    pair.tell(client, { kind: 'finish', finding: { outcome: 'connected' } }, write(5));
    pair.run(100);
    expect(pair.outputs.flatMap(({ finished }) => finished)).toEqual([
      { app: 'client', finding: { outcome: 'connected' } },
    ]);
    expect(kindsOf(server)).toEqual(['bound', 'accepted', 'ended', 'closed']);
    expect(kindsOf(client)).toEqual(['connected']);
    expect(pair.hosts.a.sockets()).toMatchObject([{ state: 'TIME-WAIT' }]);
    expect(pair.hosts.a.sockets()[0]?.app).toBeUndefined();
    expect(pair.receptions.at(-2)).toEqual({ kind: 'delivered', to: 'tcp FIN-WAIT-1', apps: [] });
  });

  it('a listener that closes forgets handshakes, and keeps connections', () => {
    const pair = new Pair();
    const { server, client } = opened(pair);
    pair.wire = (packet) => (isTcp(packet) && packet.flags === FLAG.ack ? [] : [1]);
    pair.start('a', puppet('late'), CONNECT);
    pair.run(3);
    expect(pair.hosts.b.sockets().map(({ state }) => state)).toEqual(['LISTEN', 'ESTABLISHED', 'SYN-RECEIVED']);
    pair.tell(server, { kind: 'close', socket: 'server' });
    expect(pair.hosts.b.sockets().map(({ state }) => state)).toEqual(['ESTABLISHED']);
    pair.wire = () => [1];
    pair.tell(client, write(3));
    pair.run(100);
    expect(kindsOf(client)).toEqual(['connected', 'data']);
    expect(kindsOf(server)).toEqual(['bound', 'accepted', 'closed', 'data']);
  });
});

describe('segments that nobody wants', () => {
  const to = (flag: number, more: Partial<Tcp> = {}) =>
    tcp({ src: A, dst: B, sport: 5, dport: 80, seq: 9, flags: flag, ack: 777, ...more });
  const answer = (packet: Packet, listening: boolean) => {
    const pair = new Pair();
    if (listening) pair.start('b', puppet('echo'), LISTEN);
    const { packets, reception } = pair.inject('b', packet);
    const flagged = packets.map(({ packet: said }) => (isTcp(said) ? flagNames(said.flags).join('+') : said.kind));
    return [flagged.join(), reception?.kind === 'dropped' ? reception.reason : reception?.kind];
  };

  it.each([
    ['SYN', FLAG.syn, 'rst+ack', 'syn+ack'],
    ['ACK', FLAG.ack, 'rst', 'rst'],
    ['SYN+ACK', FLAG.syn | FLAG.ack, 'rst', 'rst'],
    ['FIN', FLAG.fin, 'rst+ack', ''],
    ['FIN+ACK', FLAG.fin | FLAG.ack, 'rst', 'rst'],
    ['SYN+FIN', FLAG.syn | FLAG.fin, 'rst+ack', ''],
    ['SYN+RST', FLAG.syn | FLAG.rst, '', ''],
    ['RST', FLAG.rst, '', ''],
    ['RST+ACK', FLAG.rst | FLAG.ack, '', ''],
    ['no flags', 0, 'rst+ack', ''],
  ])('%s: closed port and listener answer as Linux', (_, flag, closed, listening) => {
    expect(answer(to(flag), false)).toEqual([closed, 'noSocket']);
    expect(answer(to(flag), true)).toEqual([listening, flag === FLAG.syn ? 'delivered' : 'notAccepted']);
  });

  it('a wrong checksum draws no answer', () => {
    expect(answer({ ...to(FLAG.syn), checksum: 1 }, true)).toEqual(['', 'badChecksum']);
  });

  it('nor does a broadcast', () => {
    const packet = tcp({ src: A, dst: ip('10.0.0.255'), sport: 5, dport: 80, seq: 9, flags: FLAG.syn });
    expect(answer(packet, true)).toEqual(['', 'notAccepted']);
  });

  it('what TCP discards is not delivered, what it had before is', () => {
    const pair = new Pair();
    const { client } = opened(pair);
    pair.tell(client, write(5));
    const data = pair.passed.at(-1)?.packet;
    pair.run(100);
    if (data === undefined || !isTcp(data)) throw new Error('no data');
    expect(pair.inject('b', data).reception).toMatchObject({ kind: 'delivered', to: 'echo' });
    const late = tcp({ ...data, seq: (data.seq + 100_000) >>> 0 });
    expect(pair.inject('b', late).reception).toEqual({
      kind: 'dropped',
      reason: 'notAccepted',
      detail: 'TCP in ESTABLISHED: beyond the window',
      answered: false,
    });
  });
});

/** A wire that loses, delays, reorders and doubles; with what chance, the test says. */
function badWire(seed: number, loss: number, doubling: number) {
  const rng = new Rng(seed);
  return (): number[] => {
    const copies = rng.chance(loss) ? 0 : rng.chance(doubling) ? 2 : 1;
    return Array.from({ length: copies }, () => rng.int(1, 30));
  };
}

/** Every segment lies within the window that the other end has advertised so far; edges as the sender has seen them. */
function checkWindows(pair: Pair): void {
  const scales = new Map<Side, number>();
  const edges = new Map<Side, number>();
  for (const { from, packet } of pair.passed) {
    if (!isTcp(packet) || packet.flags & FLAG.rst) continue;
    const other: Side = from === 'a' ? 'b' : 'a';
    const syn = (packet.flags & FLAG.syn) !== 0;
    if (syn) scales.set(from, 7);
    const allowed = edges.get(from);
    const end = (packet.seq + packet.payload.length) >>> 0;
    if (allowed !== undefined && packet.payload.length > 0) expect(distance(end, allowed)).toBeGreaterThanOrEqual(0);
    if ((packet.flags & FLAG.ack) === 0) continue;
    const window = packet.window << (syn ? 0 : (scales.get(from) ?? 0));
    const edge = (packet.ack + window) >>> 0;
    const known = edges.get(other);
    if (known !== undefined && distance(known, edge) < -127) expect(packet, 'moves the edge back').toBeUndefined();
    edges.set(other, known === undefined || distance(known, edge) > 0 ? edge : known);
  }
}

describe('property: over a wire that loses, delays, reorders and doubles', () => {
  const anyTrouble = fc.record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    loss: fc.constantFrom(0, 0.02, 0.1, 0.3),
    doubling: fc.constantFrom(0, 0.1),
    size: fc.integer({ min: 0, max: 60_000 }),
    mtu: fc.constantFrom(576, 1500),
  });

  /** Sends everything and FIN; an hour later it has waited long enough for the FIN of the peer. */
  const talk =
    (size: number) =>
    (event: AppEvent): AppCommand[] => {
      if (event.kind === 'timer') return [{ kind: 'close', socket: 'client' }];
      if (event.kind !== 'connected') return [];
      return [write(size), { kind: 'shutdown', socket: 'client' }, { kind: 'timer', name: 'enough', after: 3_600_000 }];
    };

  it('every byte arrives in order, in both directions, within the windows, and the connection ends', () => {
    fc.assert(
      fc.property(anyTrouble, ({ seed, loss, doubling, size, mtu }) => {
        const pair = new Pair({ wire: badWire(seed, loss, doubling), seed, mtu });
        const server = pair.start('b', puppet('echo', echo), LISTEN);
        const client = pair.start('a', puppet('client', talk(size)), CONNECT);
        pair.settle();
        checkWindows(pair);
        const sent = bytes(size);
        for (const got of [bytesOf(client), bytesOf(server)]) {
          expect(Buffer.compare(got, sent.subarray(0, got.length)), 'in order').toBe(0);
        }
        // When most is lost, an end may give up; the other is left alone with what it has.
        if (loss < 0.3) {
          expect(bytesOf(client).length).toBe(size);
          expect(kindsOf(client).slice(-3)).toEqual(['ended', 'closed', 'timer']);
        }
        expect(pair.hosts.a.sockets()).toEqual([]);
        expect(pair.hosts.b.sockets().map(({ state }) => state)).toEqual(['LISTEN']);
      }),
      { numRuns: 60 },
    );
  });

  it('the same seed gives the same packets', () => {
    const trace = () => {
      const pair = new Pair({ wire: badWire(5, 0.1, 0.1), seed: 5 });
      pair.start('b', puppet('echo', echo), LISTEN);
      const client = pair.start('a', puppet('client'), CONNECT);
      pair.tell(client, write(30_000), { kind: 'shutdown', socket: 'client' });
      pair.settle();
      return pair.passed;
    };
    expect(trace()).toEqual(trace());
  });

  it('whatever segments come, the machine stands', () => {
    const anyFlags = fc.integer({ min: 0, max: 63 });
    const near = fc.integer({ min: -70_000, max: 70_000 });
    const anySegment = fc.record({
      flag: anyFlags,
      seq: near,
      ack: near,
      length: fc.constantFrom(0, 0, 1, 1460),
      window: fc.nat(65_535),
    });
    const anyDoing = fc.oneof(
      { weight: 6, arbitrary: anySegment },
      { weight: 1, arbitrary: fc.constantFrom<AppCommand['kind']>('write', 'shutdown', 'close', 'abort', 'timer') },
    );
    fc.assert(
      fc.property(fc.array(anyDoing, { maxLength: 25 }), fc.boolean(), (doings, passive) => {
        const pair = new Pair({ wire: () => [] });
        const one = pair.start(
          'b',
          puppet('one'),
          passive ? LISTEN : { kind: 'connect', socket: 'client', to: { ip: A, port: 9 } },
        );
        const sport = passive ? 80 : (pair.hosts.b.sockets()[0]?.local?.port ?? 0);
        let written = true;
        const socket = passive ? 'server#1' : 'client';
        const say = (flag: number, seq: number, ack: number, length = 0, window = 65_535) =>
          pair.inject(
            'b',
            tcp({
              ...{ src: A, dst: B, sport: 9, dport: sport, seq: seq >>> 0, ack: ack >>> 0 },
              flags: flag,
              window,
              payload: new Uint8Array(length),
            }),
          );
        if (passive) say(FLAG.syn, 0, 0);
        const mine = () => pair.passed.findLast(({ packet }) => isTcp(packet) && packet.flags & FLAG.syn)?.packet;
        const iss = () => (mine() as Tcp | undefined)?.seq ?? 0;
        say(passive ? FLAG.ack : FLAG.ack | FLAG.syn, passive ? 1 : 0, iss() + 1);
        for (const doing of doings) {
          if (typeof doing !== 'string') say(doing.flag, doing.seq, iss() + doing.ack, doing.length, doing.window);
          else if (doing === 'timer') pair.run(700);
          else if (doing === 'write' && written)
            pair.tell(one, { kind: 'write', socket, payload: new Uint8Array(2000) });
          else if (doing !== 'write') {
            written = false;
            pair.tell(one, { kind: doing, socket } as AppCommand);
          }
        }
        pair.tell(one, { kind: 'close', socket });
        pair.settle(1e10);
        expect(pair.hosts.b.sockets().filter(({ state }) => state !== 'LISTEN')).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
