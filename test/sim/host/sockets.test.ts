import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { AppCommand } from '../../../src/sim/host/app/app.ts';
import { type Connection, type DatagramSocket, keyOfConnection, Sockets } from '../../../src/sim/host/sockets.ts';
import { makeTcb } from '../../../src/sim/host/tcp/tcb.ts';
import { A, ADDRESSES, B, B6, ip, kindsOf, Pair, type Puppet, puppet } from './pair.ts';

const A2 = ADDRESSES.a[3];
const ANY_PORT = expect.any(Number);

/** What one host answers to commands of several programs, each a step. */
function claims(...steps: readonly (readonly [program: string, command: AppCommand])[]): string[] {
  const pair = new Pair({ wire: () => [] });
  const programs = new Map<string, Puppet>();
  return steps.map(([name, command]) => {
    const found = programs.get(name);
    const one = found ?? pair.start('a', puppet(name));
    programs.set(name, one);
    const before = one.heard.length;
    pair.tell(one, command);
    return kindsOf(one).slice(before).join() || 'tries';
  });
}

let sockets = 0;
const listen = (port: number, address?: typeof A): AppCommand => ({
  ...{ kind: 'listen', socket: `s${++sockets}`, port },
  ...(address === undefined ? {} : { address }),
});
const bind = (port: number, more: Partial<Extract<AppCommand, { kind: 'bind' }>> = {}): AppCommand => ({
  ...{ kind: 'bind', socket: `s${++sockets}`, port },
  ...more,
});
const connect = (port: number | undefined, to = 80, from: typeof A | undefined = undefined): AppCommand => ({
  ...{ kind: 'connect', socket: `s${++sockets}`, to: { ip: B, port: to } },
  from: { ...(port === undefined ? {} : { port }), ...(from === undefined ? {} : { ip: from }) },
});

describe('claims on a TCP port, as bind(2), listen(2) and connect(2) of Linux with SO_REUSEADDR', () => {
  it.each([
    [
      'a listener for all addresses bars every other',
      [listen(80), listen(80, A), listen(80)],
      ['bound', 'failed in-use', 'failed in-use'],
    ],
    [
      'listeners for two addresses go together, not with one for all',
      [listen(80, A), listen(80, A2), listen(80)],
      ['bound', 'bound', 'failed in-use'],
    ],
    ['the address must be of this host', [listen(80, B)], ['failed no-address']],
    [
      'a chosen port serves for several peers, once for each',
      [connect(41_000, 80), connect(41_000, 81), connect(41_000, 80)],
      ['tries', 'tries', 'failed no-port'],
    ],
    [
      'one can listen where others connect from, if they chose the port',
      [connect(43_001), listen(43_001)],
      ['tries', 'bound'],
    ],
    [
      'a connection from an address bars no listener on another',
      [connect(undefined, 80, A2), listen(80, A)],
      ['tries', 'bound'],
    ],
  ])('%s', (_, commands, outcomes) => {
    expect(claims(...commands.map((command) => ['one', command] as const))).toEqual(outcomes);
  });

  it('another program cannot connect from a port that is listened on, the same one can (SO_REUSEPORT)', () => {
    const outcome = claims(['server', listen(5000)], ['client', connect(5000)], ['server', connect(5000)]);
    expect(outcome).toEqual(['bound', 'failed in-use', 'tries']);
  });

  it('nobody listens where an ephemeral port was given, nor connects from there', () => {
    const pair = new Pair({ wire: () => [] });
    const one = pair.start('a', puppet('one'), connect(undefined));
    const port = pair.hosts.a.sockets()[0]?.local?.port ?? 0;
    pair.tell(one, listen(port), connect(port, 81));
    expect(kindsOf(one)).toEqual(['failed in-use', 'failed in-use']);
  });

  it('a listener comes back over connections in TIME-WAIT', () => {
    const pair = new Pair();
    const server = pair.start(
      'b',
      puppet('server', (event) => (event.kind === 'accepted' ? [{ kind: 'close', socket: event.socket }] : [])),
      { kind: 'listen', socket: 'l', port: 80 },
    );
    pair.start(
      'a',
      puppet('client', (event) => (event.kind === 'ended' ? [{ kind: 'close', socket: event.socket }] : [])),
      { kind: 'connect', socket: 'c', to: { ip: B, port: 80 } },
    );
    pair.run(100);
    pair.tell(server, { kind: 'close', socket: 'l' });
    expect(pair.hosts.b.sockets().map(({ state }) => state)).toEqual(['TIME-WAIT']);
    pair.tell(server, { kind: 'listen', socket: 'again', port: 80 });
    expect(kindsOf(server).at(-1)).toBe('bound');
  });

  it('a destination without a route, for many, or of another family is unreachable', () => {
    const to = (text: string, from?: typeof A): AppCommand => ({
      ...{ kind: 'connect', socket: `s${++sockets}`, to: { ip: ip(text), port: 80 } },
      ...(from === undefined ? {} : { from: { ip: from } }),
    });
    expect(
      claims(
        ['c', to('198.51.100.1')],
        ['c', to('10.0.0.255')],
        ['c', to('224.0.0.1')],
        ['c', to('2001:db8::b', A)],
        ['c', to('10.0.0.2', B)],
      ),
    ).toEqual([
      'failed unreachable',
      'failed unreachable',
      'failed unreachable',
      'failed no-address',
      'failed no-address',
    ]);
  });
});

describe('claims on a UDP port', () => {
  it.each([
    [
      'one socket for all addresses bars every other',
      [bind(53), bind(53, { address: A }), bind(53)],
      ['bound', 'failed in-use', 'failed in-use'],
    ],
    [
      'two addresses go together',
      [bind(53, { address: A }), bind(53, { address: A2 }), bind(53)],
      ['bound', 'bound', 'failed in-use'],
    ],
    [
      'two interfaces too (SO_BINDTODEVICE)',
      [bind(67, { interface: 'lan0' }), bind(67, { interface: 'lan1' }), bind(67), bind(67, { interface: 'lan0' })],
      ['bound', 'bound', 'failed in-use', 'failed in-use'],
    ],
    [
      'peers make no difference',
      [bind(53, { peer: { ip: B, port: 9 } }), bind(53, { peer: { ip: B, port: 10 } })],
      ['bound', 'failed in-use'],
    ],
    [
      'a broadcast or multicast address will do',
      [bind(53, { address: ip('10.0.0.255') }), bind(54, { address: ip('224.0.0.1') })],
      ['bound', 'bound'],
    ],
    ['that of another host will not', [bind(53, { address: B })], ['failed no-address']],
    ['a peer must be within reach', [bind(53, { peer: { ip: ip('198.51.100.1'), port: 9 } })], ['failed unreachable']],
    [
      'broadcasting needs permission',
      [
        bind(1, { peer: { ip: ip('10.0.0.255'), port: 9 } }),
        bind(2, { peer: { ip: ip('10.0.0.255'), port: 9 }, broadcast: true }),
      ],
      ['failed unreachable', 'bound'],
    ],
  ])('%s', (_, commands, outcomes) => {
    expect(claims(...commands.map((command) => ['one', command] as const))).toEqual(outcomes);
  });

  it('TCP and UDP do not share ports', () => {
    expect(claims(['one', bind(53)], ['one', listen(53)])).toEqual(['bound', 'bound']);
  });

  it('tells what the socket got', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'));
    const to = (peer: typeof A): AppCommand => ({
      kind: 'bind',
      socket: `p${++sockets}`,
      port: 0,
      peer: { ip: peer, port: 9 },
    });
    pair.tell(one, bind(0), bind(0, { address: A2 }), to(B), to(B6), listen(0), listen(8080, A));
    const locals = one.heard.map((event) => (event.kind === 'bound' ? event.local : event));
    expect(locals).toEqual([
      { ip: ip('0.0.0.0'), port: ANY_PORT },
      { ip: A2, port: ANY_PORT },
      { ip: A, port: ANY_PORT },
      { ip: ADDRESSES.a[1], port: ANY_PORT },
      { ip: ip('0.0.0.0'), port: ANY_PORT },
      { ip: A, port: 8080 },
    ]);
  });
});

describe('RFC 6056: ephemeral ports', () => {
  const COUNT = 60_999 - 32_768 + 1;

  it('lie in 32768 to 60999, are random, and all different while they last', () => {
    const pool = new Sockets(new Rng(7));
    const taken = new Set<number>();
    for (let i = 0; i < COUNT; i++) {
      const port = pool.ephemeralPort((free) => !taken.has(free));
      if (port !== undefined) taken.add(port);
    }
    expect(taken.size).toBe(COUNT);
    expect([Math.min(...taken), Math.max(...taken)]).toEqual([32_768, 60_999]);
    const [first, second] = taken;
    expect(second).not.toBe((first ?? 0) + 1);
    expect(pool.ephemeralPort((free) => !taken.has(free))).toBeUndefined();
  });

  it('run out: no-port, for datagrams, listeners and connections alike', () => {
    const pair = new Pair();
    const one = pair.start('a', puppet('one'));
    pair.tell(one, ...Array.from({ length: COUNT }, (_, i) => bind(32_768 + i)), bind(0), bind(1));
    expect(kindsOf(one).slice(-3)).toEqual(['bound', 'failed no-port', 'bound']);
    pair.tell(
      one,
      ...Array.from({ length: COUNT }, (_, i) => listen(32_768 + i)),
      listen(0),
      connect(undefined),
      listen(1),
    );
    expect(kindsOf(one).slice(-4)).toEqual(['bound', 'failed no-port', 'failed no-port', 'bound']);
  });

  it('run out for each peer alone, and are not given where a port was chosen', () => {
    const pool = new Sockets(new Rng(7));
    const peer = { ip: B, port: 80 };
    const put = (local: Endpoint, port: Connection['port']) => {
      const tcb = makeTcb({ iss: 1, receiveMss: 1460, pathMss: 1460, defaultMss: 536 }, false, 0);
      const key = keyOfConnection(local, peer);
      const rest = { interface: undefined, owner: undefined, listener: undefined } as const;
      pool.put({ kind: 'connection', key, local, remote: peer, port, tcb, ...rest });
    };
    const at = (port: number) => ({ ip: A, port });
    put(at(40_000), 'ephemeral');
    put(at(40_001), 'chosen');
    put(at(40_002), 'accepted');
    const free = (remote: Endpoint, ip = A) =>
      [40_000, 40_001, 40_002, 40_003].filter((port) => pool.isFreeFor({ ip, port }, remote));
    expect(free(peer)).toEqual([40_003]);
    expect(free({ ip: B, port: 81 })).toEqual([40_000, 40_003]);
    expect(free(peer, A2)).toEqual([40_000, 40_001, 40_002, 40_003]);
  });
});

describe('who gets a datagram', () => {
  const pool = new Sockets(new Rng(1));
  const peer = { ip: B, port: 9 };
  const put = (name: string, port: number, more: Partial<DatagramSocket>) => {
    const blank = { address: undefined, peer: undefined, interface: undefined, broadcast: false };
    pool.put({ kind: 'udp', owner: { app: 'app', socket: name }, port, ...blank, ...more });
  };
  put('all', 50, {});
  put('address', 51, { address: A });
  put('other address', 51, { address: A2 });
  put('lan', 52, { interface: 'lan0' });
  put('connected', 53, { address: A, peer });

  it.each([
    ['a socket for all, whatever the address', 50, A2, peer, 'all'],
    ['one for the address', 51, A, peer, 'address'],
    ['one for another address', 51, A2, peer, 'other address'],
    ['nobody, at an address that nobody serves', 51, ip('10.0.0.255'), peer, undefined],
    ['one for the interface', 52, A, peer, 'lan'],
    ['one whose peer it comes from', 53, A, peer, 'connected'],
    ['not one of another peer', 53, A, { ip: B, port: 10 }, undefined],
    ['nor of another host', 53, A, { ip: A2, port: 9 }, undefined],
    ['nobody, on a port that nobody has', 54, A, peer, undefined],
  ])('%s', (_, port, to, from, who) => {
    expect(pool.datagramSocket({ ip: to, port }, from, 'lan0')?.owner.socket).toBe(who);
  });

  it('nobody, by another interface', () => {
    expect(pool.datagramSocket({ ip: A, port: 52 }, peer, 'lan1')).toBeUndefined();
  });
});
