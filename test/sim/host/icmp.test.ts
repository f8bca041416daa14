import { describe, expect, it } from 'vitest';
import type { AppCommand } from '../../../src/sim/host/app/app.ts';
import { error, ICMP_ERROR } from '../../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, icmp, lengthOf, other, type Packet, type Tcp, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { A, A6, B, B6, bytesOf, ip, kindsOf, Pair, puppet } from './pair.ts';

const payload = Uint8Array.of(1, 2, 3, 4);
const ROUTER = ip('10.0.0.254');
const LISTEN: AppCommand = { kind: 'listen', socket: 'server', port: 80 };
const CONNECT: AppCommand = { kind: 'connect', socket: 'client', to: { ip: B, port: 80 } };
const RAW: AppCommand = { kind: 'raw', socket: 'raw', level: 'ip' };

function lastSent(pair: Pair): Packet {
  const packet = pair.passed.at(-1)?.packet;
  if (packet === undefined) throw new Error('nothing was sent');
  return packet;
}

/** An ICMP error of either family about a packet. */
function about(packet: Packet, type: number, code: number, mtu = 0): Packet {
  return error({ about: packet, src: typeof packet.src === 'number' ? ROUTER : ip('2001:db8::fe'), type, code, mtu });
}

describe('questions', () => {
  it.each([
    ['IPv4', A, B],
    ['IPv6', A6, B6],
  ])('RFC 792, 4443: an echo request is answered (%s)', (_, src, dst) => {
    const { packets, reception } = new Pair().inject('b', echo({ src, dst, id: 7, seq: 3, payload }));
    const answer = echo({ src: dst, dst: src, id: 7, seq: 3, payload, reply: true });
    expect(packets[0]?.packet).toMatchObject({
      ...answer,
      ident: expect.any(Number),
      headerChecksum: expect.any(Number),
    });
    expect(packets[0]?.cause).toBe('icmp');
    expect(reception).toEqual({ kind: 'delivered', to: 'echo reply', apps: [] });
  });

  it('the code comes back as it was', () => {
    const { packets } = new Pair().inject('b', icmp({ src: A, dst: B, type: 8, code: 1, rest: 9, payload }));
    expect(packets[0]?.packet).toMatchObject({ type: 0, code: 1, rest: 9 });
  });

  it('answers have the TOS of the question, resets too', () => {
    const { packets } = new Pair().inject('b', echo({ src: A, dst: B, id: 1, seq: 1, tos: 0x28 }));
    const reset = new Pair().inject(
      'b',
      tcp({ src: A, dst: B, sport: 1, dport: 2, seq: 1, flags: FLAG.syn, tos: 0x28 }),
    );
    expect([packets[0]?.packet.tos, reset.packets[0]?.packet.tos]).toEqual([0x28, 0x28]);
  });

  it('a timestamp request gets the time of day in milliseconds', () => {
    const pair = new Pair();
    pair.run(86_400_000 + 1234);
    const question = icmp({
      src: A,
      dst: B,
      type: 13,
      rest: 9,
      payload: Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0),
    });
    const { packets, reception } = pair.inject('b', question);
    const times = Uint8Array.of(0, 0, 0, 5, 0, 0, 4, 210, 0, 0, 4, 210);
    expect(packets[0]?.packet).toMatchObject({ type: 14, code: 0, rest: 9, payload: times });
    expect(reception).toMatchObject({ to: 'timestamp reply' });
  });

  it.each([
    ['information', 15],
    ['address mask', 17],
    ['something unknown', 99],
    ['an echo reply that nobody waits for', 0],
  ])('%s draws nothing', (_, type) => {
    const { packets, reception } = new Pair().inject('b', icmp({ src: A, dst: B, type, rest: 9 }));
    expect([packets, reception]).toMatchObject([[], { kind: 'dropped', reason: 'noSocket' }]);
  });

  it.each(['10.0.0.255', '224.0.0.1'])('a broadcast to %s is not answered over IPv4', (dst) => {
    const { packets, reception } = new Pair().inject('b', echo({ src: A, dst: ip(dst), id: 1, seq: 1 }));
    expect([packets, reception]).toMatchObject([[], { kind: 'dropped', reason: 'notAccepted' }]);
  });

  it('over IPv6 it is, from an address of its own, if there is a way back', () => {
    const ask = (src: typeof A) => new Pair().inject('b', echo({ src, dst: ip('ff02::1'), id: 1, seq: 1 }));
    expect(ask(ip('fe80::a')).packets).toMatchObject([
      { interface: 'eth0', packet: { src: ip('fe80::b'), dst: ip('fe80::a') } },
    ]);
    expect(ask(A6).packets).toMatchObject([{ packet: { src: B6 } }]);
    expect(ask(ip('2001:db8:1::1'))).toMatchObject({ packets: [], reception: { reason: 'notAccepted' } });
  });

  it('a long answer is cut by the sender', () => {
    const { packets } = new Pair().inject('b', echo({ src: A, dst: B, id: 1, seq: 1, payload: new Uint8Array(3000) }));
    expect(packets).toMatchObject([{ fragment: 1500, packet: { df: false } }]);
  });

  it('a wrong checksum is dropped', () => {
    const bad = { ...echo({ src: A, dst: B, id: 1, seq: 1 }), checksum: 1 };
    expect(new Pair().inject('b', bad)).toMatchObject({ packets: [], reception: { reason: 'badChecksum' } });
  });
});

describe('RFC 1122 §3.2.2: protocols that nobody speaks', () => {
  const to = (dst: typeof A, protocol: number) =>
    other({ src: typeof dst === 'number' ? A : A6, dst, protocol, payload });

  it.each([
    ['ESP over IPv4', B, 50, [3, 2, 0]],
    ['GRE over IPv4', B, 47, [3, 2, 0]],
    ['250 over IPv6: parameter problem, at the next header', B6, 250, [4, 1, 6]],
  ] as const)('%s', (_, dst, protocol, [type, code, rest]) => {
    const { packets, reception } = new Pair().inject('b', to(dst, protocol));
    expect(packets).toMatchObject([{ packet: { kind: 'icmp', src: dst, type, code, rest } }]);
    expect(reception).toMatchObject({ kind: 'dropped', reason: 'noProtocol', answered: true });
  });

  it.each([
    ['a broadcast', to(ip('10.0.0.255'), 50), 'noProtocol'],
    ['no next header', to(B6, 59), 'noProtocol'],
    ['a TCP header that is cut', to(B, 6), 'notAccepted'],
    ['a UDP header that is cut', to(B, 17), 'notAccepted'],
    ['an ICMPv6 header that is cut', to(B6, 58), 'notAccepted'],
  ])('%s draws nothing', (_, packet, reason) => {
    expect(new Pair().inject('b', packet)).toMatchObject({ packets: [], reception: { kind: 'dropped', reason } });
  });

  it('IGMP is taken', () => {
    expect(new Pair().inject('b', to(B, 2))).toMatchObject({ packets: [], reception: { to: 'igmp' } });
  });

  it('one that a raw socket hears draws nothing, as Linux', () => {
    const pair = new Pair();
    const one = pair.start('b', puppet('raw'), RAW);
    expect(pair.inject('b', to(B, 50))).toMatchObject({ packets: [], reception: { kind: 'delivered', to: 'raw' } });
    expect(kindsOf(one)).toEqual(['packet']);
  });
});

describe('ICMP errors about TCP', () => {
  const four: [number, number, string][] = [
    ...[0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((code): [number, number, string] => [
      3,
      code,
      'unreachable',
    ]),
    [3, 3, 'refused'],
    [11, 0, 'unreachable'],
    [12, 0, 'unreachable'],
    ...(
      [
        [3, 4],
        [3, 16],
        [4, 0],
        [5, 1],
        [11, 1],
      ] as const
    ).map(([type, code]): [number, number, string] => [type, code, '']),
  ];
  const six: [number, number, string][] = [
    ...[0, 1, 2, 3, 5, 6, 7].map((code): [number, number, string] => [1, code, 'unreachable']),
    [1, 4, 'refused'],
    [2, 0, ''],
    [3, 0, 'unreachable'],
    [4, 1, 'unreachable'],
  ];

  it.each([...four.map((row) => [B, ...row] as const), ...six.map((row) => [B6, ...row] as const)])(
    'while connecting to %s: %d/%d means "%s", as Linux',
    (to, type, code, meaning) => {
      const pair = new Pair({ wire: () => [] });
      const one = pair.start('a', puppet('client'), { ...CONNECT, to: { ip: to, port: 80 } });
      const report = about(lastSent(pair), type, code, 1400);
      pair.inject('a', report);
      expect(kindsOf(one)).toEqual(meaning === '' ? [] : [`failed ${meaning}`]);
      if (meaning !== '') expect(one.heard[0]).toMatchObject({ icmp: { type, code, from: report.src } });
    },
  );

  it('say who got them', () => {
    const pair = new Pair({ wire: () => [] });
    pair.start('a', puppet('client'), CONNECT);
    const syn = lastSent(pair);
    const said = (packet: Packet) => pair.inject('a', packet).reception;
    expect(said(about({ ...(syn as Tcp), sport: 9 }, 3, 3))).toMatchObject({ reason: 'noSocket' });
    expect(said(about({ ...(syn as Tcp), seq: 9 }, 3, 3))).toMatchObject({ reason: 'notAccepted' });
    const short = { ...about(syn, 3, 3), kind: 'icmp' } as Extract<Packet, { kind: 'icmp' }>;
    const cut = (bytes: number) => icmp({ ...short, payload: short.payload.slice(0, bytes) });
    expect(said(cut(24))).toMatchObject({ reason: 'notAccepted', detail: 'the quoted segment has no sequence number' });
    expect(said(cut(10))).toMatchObject({ reason: 'notAccepted', detail: 'the quoted packet cannot be read' });
    expect(said(cut(28))).toMatchObject({ kind: 'delivered', to: 'client' });
  });

  it.each([
    ['IPv4: host unreachable', B, 3, 1, true],
    ['IPv4: port unreachable', B, 3, 3, false],
    ['IPv4: time exceeded', B, 11, 0, true],
    ['IPv4: parameter problem', B, 12, 0, true],
    ['IPv6: prohibited', B6, 1, 1, true],
    ['IPv6: no route', B6, 1, 0, false],
    ['IPv6: parameter problem', B6, 4, 1, true],
  ])('end a handshake that nobody has accepted (%s: %d/%d)', (_, dst, type, code, ends) => {
    const pair = new Pair({ wire: () => [] });
    pair.start('b', puppet('server'), LISTEN);
    const src = typeof dst === 'number' ? A : A6;
    pair.inject('b', tcp({ src, dst, sport: 9, dport: 80, seq: 1, flags: FLAG.syn }));
    const { reception } = pair.inject('b', about(lastSent(pair), type, code));
    expect(pair.hosts.b.sockets()).toHaveLength(ends ? 1 : 2);
    expect(reception?.kind).toBe(ends ? 'delivered' : 'dropped');
  });

  it('a connection survives them, and blames them when it times out', () => {
    const pair = new Pair();
    pair.start('b', puppet('server'), LISTEN);
    const client = pair.start('a', puppet('client'), CONNECT);
    pair.run(10);
    pair.wire = () => [];
    pair.tell(client, { kind: 'write', socket: 'client', payload });
    pair.inject('a', about(lastSent(pair), 3, 1));
    expect(kindsOf(client)).toEqual(['connected']);
    pair.run(1e7);
    expect(client.heard.at(-1)).toMatchObject({ error: 'unreachable', icmp: { type: 3, code: 1, from: ROUTER } });
  });
});

describe('RFC 1191, 8201: path MTU discovery for TCP', () => {
  it.each([
    ['IPv4', B, 1000, 960],
    ['IPv6', B6, 1300, 1240],
    ['IPv4 below 552', B, 300, 512],
  ])('a narrow link on the way: smaller segments, and every byte arrives (%s)', (_, to, mtu, mss) => {
    const pair = new Pair();
    pair.start(
      'b',
      puppet('server', (event) =>
        event.kind === 'data' ? [{ kind: 'write', socket: event.socket, payload: event.payload }] : [],
      ),
      LISTEN,
    );
    const client = pair.start('a', puppet('client'), { ...CONNECT, to: { ip: to, port: 80 } });
    pair.run(10);
    const narrow = Math.max(mtu, 552);
    pair.wire = (packet, from) => {
      if (lengthOf(packet) <= narrow) return [1];
      const { type, code } = ICMP_ERROR[typeof to === 'number' ? 4 : 6].fragmentationNeeded;
      const report = about(packet, type, code, mtu);
      setNow.push(() => pair.inject(from, report));
      return [];
    };
    const setNow: (() => void)[] = [];
    const sent = Uint8Array.from({ length: 20_000 }, (_, i) => i & 255);
    pair.tell(client, { kind: 'write', socket: 'client', payload: sent });
    for (let i = 0; i < 200; i++) {
      for (const act of setNow.splice(0)) act();
      pair.run(20);
    }
    expect(Buffer.compare(bytesOf(client), sent)).toBe(0);
    const longest = pair.passed.slice(-10).map(({ packet }) => (packet.kind === 'tcp' ? packet.payload.length : 0));
    expect(Math.max(...longest)).toBeLessThanOrEqual(mss);
    const late = pair.start('a', puppet('late'), { ...CONNECT, to: { ip: to, port: 80 } });
    pair.run(10);
    pair.tell(late, { kind: 'write', socket: 'client', payload: new Uint8Array(5000) });
    const first = lastSent(pair) as Tcp;
    expect([first.payload.length <= mss, first.df], 'a later connection knows').toEqual([
      true,
      typeof to === 'bigint' || mtu >= 552,
    ]);
  });

  it('for raw sockets: what a big echo met is remembered', () => {
    const pair = new Pair({ wire: () => [] });
    const big = echo({ src: A, dst: B, id: 1, seq: 1, payload: new Uint8Array(1400), df: true });
    const one = pair.start('a', puppet('ping'), RAW, { kind: 'inject', socket: 'raw', packet: big });
    const report = about(lastSent(pair), 3, 4, 1000);
    expect(pair.inject('a', report).reception).toEqual({ kind: 'delivered', to: 'ping', apps: ['ping'] });
    pair.tell(one, { kind: 'inject', socket: 'raw', packet: { ...big, df: false } });
    expect(pair.passed.at(-1)?.fragment).toBe(1000);
    const elsewhere = pair.inject('b', report);
    expect(elsewhere.reception).toMatchObject({ reason: 'noSocket' });
  });
});

describe('about a datagram that a fragment quoted', () => {
  it('without ports nobody is told', () => {
    const pair = new Pair({ wire: () => [] });
    pair.start('a', puppet('client'), { kind: 'bind', socket: 's', port: 5, peer: { ip: B, port: 53 } });
    const sent = udp({ src: A, dst: B, sport: 5, dport: 53, payload: new Uint8Array(64) });
    const piece = other({ src: A, dst: B, protocol: 17, payload: sent.payload, fragment: { offset: 8, more: true } });
    expect(pair.inject('a', about(piece, 3, 1)).reception).toMatchObject({ reason: 'noSocket' });
  });
});
