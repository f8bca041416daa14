import { describe, expect, it } from 'vitest';
import type { AppCommand } from '../../../src/sim/host/app/app.ts';
import { error, ICMP_ERROR } from '../../../src/sim/packet/icmp-error.ts';
import { lengthOf, type Packet, udp } from '../../../src/sim/packet/packet.ts';
import { A, A6, ADDRESSES, B, B6, ip, kindsOf, Pair, type Puppet, puppet } from './pair.ts';

const payload = Uint8Array.of(1, 2, 3);
const serve: AppCommand = { kind: 'bind', socket: 's', port: 53 };
const ask = (more: Partial<Extract<AppCommand, { kind: 'send' }>> = {}): AppCommand => ({
  ...{ kind: 'send', socket: 'c', to: { ip: B, port: 53 }, payload },
  ...more,
});
const open = (more: Partial<Extract<AppCommand, { kind: 'bind' }>> = {}): AppCommand => ({
  ...{ kind: 'bind', socket: 'c', port: 4000 },
  ...more,
});

function client(pair: Pair, ...commands: readonly AppCommand[]): Puppet {
  return pair.start('a', puppet('client'), ...commands);
}

describe('datagrams', () => {
  it('go from a socket to a socket, in both families', () => {
    for (const [from, to] of [
      [A, B],
      [A6, B6],
    ] as const) {
      const pair = new Pair();
      const server = pair.start('b', puppet('server'), serve);
      client(pair, open(), ask({ to: { ip: to, port: 53 }, ttl: 7 }));
      pair.settle();
      const via = { socket: 's', interface: 'eth0' };
      expect(server.heard.slice(1)).toEqual([
        { kind: 'datagram', ...via, from: { ip: from, port: 4000 }, to: { ip: to, port: 53 }, payload },
      ]);
      expect(pair.passed[0]).toMatchObject({ app: 'client', cause: 'udp', packet: { ttl: 7, df: true } });
      expect(pair.receptions).toEqual([{ kind: 'delivered', to: 'server', apps: ['server'] }]);
    }
  });

  it('leave from the address that is named, bound or routed', () => {
    const pair = new Pair();
    const second = ADDRESSES.a[3];
    client(
      pair,
      open(),
      ask({ from: second }),
      { ...open({ address: second }), socket: 'd', port: 1 } as AppCommand,
      { ...ask(), socket: 'd' } as AppCommand,
    );
    client(new Pair(), open());
    expect(pair.passed.map(({ packet }) => packet.src)).toEqual([second, second]);
    const refused = client(new Pair(), open(), ask({ from: B }));
    expect(kindsOf(refused)).toEqual(['bound', 'failed no-address']);
  });

  it.each([
    ['there is no route', ask({ to: { ip: ip('198.51.100.1'), port: 53 } }), 'unreachable'],
    ['the families differ', ask({ to: { ip: B6, port: 53 }, from: A }), 'unreachable'],
    ['it is a broadcast without permission', ask({ to: { ip: ip('10.0.0.255'), port: 53 } }), 'unreachable'],
    ['it is longer than UDP can say', ask({ payload: new Uint8Array(65_508) }), 'too-big'],
  ])('fail when %s, and the socket stays', (_, command, why) => {
    const pair = new Pair();
    const one = client(pair, open(), command);
    expect(kindsOf(one)).toEqual(['bound', `failed ${why}`]);
    pair.tell(one, ask());
    expect(pair.passed).toHaveLength(1);
  });

  it('a multicast needs no permission, a limited broadcast an interface', () => {
    const pair = new Pair();
    const one = client(pair, open({ broadcast: true }));
    const everyone = { to: { ip: ip('255.255.255.255'), port: 67 } };
    pair.tell(
      one,
      ask({ to: { ip: ip('224.0.0.1'), port: 53 } }),
      ask(everyone),
      ask({ ...everyone, interface: 'lan0' }),
    );
    expect(kindsOf(one)).toEqual(['bound', 'failed unreachable']);
    expect(pair.passed.map((out) => out.interface)).toEqual([undefined, 'lan0']);
    expect(
      pair.passed.map(({ packet }) => packet.ttl),
      'a multicast goes no further than the link',
    ).toEqual([1, 64]);
  });

  it('a socket of one interface sends there', () => {
    const pair = new Pair();
    client(pair, open({ interface: 'lan0' }), ask());
    expect(pair.passed[0]?.interface).toBe('lan0');
  });

  it('to many go to the socket that hears them, and draw no error', () => {
    const pair = new Pair();
    const one = pair.start('b', puppet('one'), { ...serve, interface: 'eth0' });
    const two = pair.start('b', puppet('two'), { ...serve, interface: 'eth1' });
    for (const dst of ['10.0.0.255', '224.0.0.1', '255.255.255.255']) {
      const said = pair.inject('b', udp({ src: A, dst: ip(dst), sport: 1, dport: 53, payload }));
      expect(said.reception).toEqual({ kind: 'delivered', to: 'one', apps: ['one'] });
    }
    pair.inject('b', udp({ src: A, dst: ip('224.0.0.1'), sport: 1, dport: 53, payload }), 'eth1');
    expect(kindsOf(one)).toEqual(['bound', 'datagram', 'datagram', 'datagram']);
    expect(kindsOf(two)).toEqual(['bound', 'datagram']);
    const nobody = pair.inject('b', udp({ src: A, dst: ip('10.0.0.255'), sport: 1, dport: 54, payload }));
    expect([nobody.packets, nobody.reception]).toEqual([
      [],
      { kind: 'dropped', reason: 'noSocket', detail: 'nothing serves udp 10.0.0.255:54', answered: false },
    ]);
  });

  it('to a closed port draw port unreachable (RFC 1122 §4.1.3.1)', () => {
    for (const [src, dst, type, code] of [
      [A, B, 3, 3],
      [A6, B6, 1, 4],
    ] as const) {
      const pair = new Pair();
      const { packets, reception } = pair.inject('b', udp({ src, dst, sport: 1, dport: 9, payload }));
      expect(packets).toMatchObject([{ cause: 'icmp', packet: { kind: 'icmp', src: dst, dst: src, type, code } }]);
      expect(reception).toMatchObject({ kind: 'dropped', reason: 'noSocket', answered: true });
    }
  });

  it('with a wrong checksum are dropped silently; without any they are taken over IPv4 only', () => {
    const pair = new Pair();
    pair.start('b', puppet('server'), serve);
    const good = udp({ src: A, dst: B, sport: 1, dport: 53, payload });
    const six = udp({ src: A6, dst: B6, sport: 1, dport: 53, payload });
    const fates = [
      { ...good, checksum: 1 },
      { ...good, checksum: 0 },
      { ...six, checksum: 0 },
    ].map((packet) => {
      const { packets, reception } = pair.inject('b', packet);
      return [packets.length, reception?.kind === 'dropped' ? reception.reason : reception?.kind];
    });
    expect(fates).toEqual([
      [0, 'badChecksum'],
      [0, 'delivered'],
      [0, 'badChecksum'],
    ]);
  });

  it('to a connected socket must come from its peer', () => {
    const pair = new Pair();
    const one = client(pair, open({ peer: { ip: B, port: 53 } }));
    pair.inject('a', udp({ src: B, dst: A, sport: 54, dport: 4000, payload }));
    pair.inject('a', udp({ src: B, dst: A, sport: 53, dport: 4000, payload }));
    expect(kindsOf(one)).toEqual(['bound', 'datagram']);
  });

  it('a closed socket hears nothing more, and its port is free', () => {
    const pair = new Pair();
    const one = client(pair, open(), { kind: 'close', socket: 'c' });
    expect(kindsOf(one), 'not even that it was there').toEqual(['closed']);
    pair.tell(one, ask(), open());
    expect(kindsOf(one).slice(-1)).toEqual(['bound']);
  });
});

/** The error about a packet, with any type and code. */
function about(packet: Packet, type: number, code: number, mtu = 0): Packet {
  const src = typeof packet.src === 'number' ? ip('10.0.0.254') : ip('2001:db8::fe');
  return error({ about: packet, src, type, code, mtu });
}

describe('ICMP errors about datagrams: what a connected socket hears, as Linux with IP_RECVERR', () => {
  const four: [number, number, string][] = [
    ...[0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((code): [number, number, string] => [
      3,
      code,
      'unreachable',
    ]),
    ...([
      [3, 3, 'refused'],
      [3, 4, 'too-big'],
      [3, 16, ''],
      [4, 0, ''],
      [5, 1, ''],
      [11, 0, 'unreachable'],
    ] as [number, number, string][]),
    ...([
      [11, 1, ''],
      [12, 0, 'unreachable'],
      [12, 1, 'unreachable'],
    ] as [number, number, string][]),
  ];
  const six: [number, number, string][] = [
    ...[0, 1, 2, 3, 5, 6, 7].map((code): [number, number, string] => [1, code, 'unreachable']),
    ...([
      [1, 4, 'refused'],
      [2, 0, 'too-big'],
      [3, 0, 'unreachable'],
      [3, 1, 'unreachable'],
    ] as [number, number, string][]),
    ...([
      [4, 0, 'unreachable'],
      [4, 1, 'unreachable'],
      [4, 2, 'unreachable'],
      [100, 0, ''],
    ] as [number, number, string][]),
  ];

  it.each([...four.map((row) => [B, ...row] as const), ...six.map((row) => [B6, ...row] as const)])(
    'to %s: %d/%d means "%s"',
    (to, type, code, meaning) => {
      const pair = new Pair();
      const one = client(pair, open({ peer: { ip: to, port: 53 } }), ask({ to: { ip: to, port: 53 } }));
      const sent = pair.passed[0]?.packet;
      if (sent === undefined) throw new Error('nothing was sent');
      const report = about(sent, type, code, 1400);
      const { reception } = pair.inject('a', report);
      expect(kindsOf(one).slice(1)).toEqual(meaning === '' ? [] : [`failed ${meaning}`]);
      if (meaning === '') return expect(reception).toMatchObject({ kind: 'dropped', reason: 'notAccepted' });
      expect(one.heard.at(-1)).toMatchObject({ socket: 'c', icmp: { type, code, from: report.src } });
      expect(reception).toMatchObject({ kind: 'delivered', to: 'client' });
    },
  );

  it('an unconnected socket hears none, nor does one of another peer', () => {
    const pair = new Pair();
    const one = client(pair, open(), ask());
    const sent = pair.passed[0]?.packet;
    if (sent === undefined) throw new Error('nothing was sent');
    const { type, code } = ICMP_ERROR[4].portUnreachable;
    expect(pair.inject('a', about(sent, type, code)).reception).toMatchObject({ reason: 'notAccepted' });
    pair.tell(one, { kind: 'close', socket: 'c' });
    expect(pair.inject('a', about(sent, type, code)).reception).toMatchObject({ reason: 'noSocket' });
    expect(kindsOf(one)).toEqual(['bound', 'closed']);
  });
});

describe('path MTU', () => {
  const sizes = (pair: Pair) => pair.passed.map(({ fragment, packet }) => [lengthOf(packet), packet.df, fragment]);

  it('what fits goes whole and asks not to be cut, what does not is cut by the sender', () => {
    const pair = new Pair();
    const server = pair.start('b', puppet('server'), serve);
    client(pair, open(), ask({ payload: new Uint8Array(1472) }), ask({ payload: new Uint8Array(1473) }));
    expect(sizes(pair)).toEqual([
      [1500, true, undefined],
      [1501, false, 1500],
    ]);
    pair.settle();
    expect(kindsOf(server)).toEqual(['bound', 'datagram', 'datagram']);
  });

  it('IPv6 too; its packets always ask', () => {
    const pair = new Pair();
    const server = pair.start('b', puppet('server'), serve);
    const to = { ip: B6, port: 53 };
    client(pair, open(), ask({ to, payload: new Uint8Array(1452) }), ask({ to, payload: new Uint8Array(1453) }));
    expect(sizes(pair)).toEqual([
      [1500, true, undefined],
      [1501, true, 1500],
    ]);
    pair.settle();
    expect(kindsOf(server)).toEqual(['bound', 'datagram', 'datagram']);
  });

  it('is learned from ICMP for ten minutes, by sockets without a peer too (RFC 1191 §6.3)', () => {
    const pair = new Pair({ wire: () => [] });
    const big = ask({ payload: new Uint8Array(1400) });
    const one = client(pair, open(), big);
    const sent = pair.passed[0]?.packet;
    if (sent === undefined) throw new Error('nothing was sent');
    pair.inject('a', about(sent, 3, 4, 1300));
    pair.tell(one, big);
    pair.run(599_999);
    pair.tell(one, big);
    pair.run(1);
    pair.tell(one, big);
    expect(sizes(pair)).toEqual([
      [1428, true, undefined],
      [1428, false, 1300],
      [1428, false, 1300],
      [1428, true, undefined],
    ]);
  });

  it('below 552 IPv4 stays there and no longer asks, below 1280 IPv6 does not believe it', () => {
    const pair = new Pair({ wire: () => [] });
    const one = client(pair, open(), ask());
    const sent = pair.passed[0]?.packet;
    if (sent === undefined) throw new Error('nothing was sent');
    pair.inject('a', about(sent, 3, 4, 400));
    pair.tell(one, ask(), ask({ payload: new Uint8Array(1000) }));
    pair.inject('a', about(sent, 3, 4, 68));
    pair.tell(one, ask({ payload: new Uint8Array(1000) }));
    expect(sizes(pair).slice(1)).toEqual([
      [31, false, undefined],
      [1028, false, 552],
      [1028, false, 552],
    ]);
    const six = new Pair({ wire: () => [] });
    const other = client(six, open(), ask({ to: { ip: B6, port: 53 } }));
    const said = six.passed[0]?.packet;
    if (said === undefined) throw new Error('nothing was sent');
    six.inject('a', about(said, 2, 0, 1000));
    six.tell(other, ask({ to: { ip: B6, port: 53 }, payload: new Uint8Array(1300) }));
    expect(sizes(six).at(-1)).toEqual([1348, true, undefined]);
  });

  it('more than is known is no news', () => {
    const pair = new Pair({ wire: () => [] });
    const one = client(pair, open(), ask());
    const sent = pair.passed[0]?.packet;
    if (sent === undefined) throw new Error('nothing was sent');
    pair.inject('a', about(sent, 3, 4, 9000));
    pair.tell(one, ask({ payload: new Uint8Array(1472) }));
    expect(sizes(pair).at(-1)).toEqual([1500, true, undefined]);
  });
});
