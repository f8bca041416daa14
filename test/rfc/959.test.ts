/** FTP over whole networks: which ports its connections have, and what a helper makes of the answers of a server. */
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { fail } from '../../src/sim/base/fail.ts';
import type { Design } from '../../src/sim/design/design.ts';
import type { FtpMode } from '../../src/sim/host/app/ftp/errand.ts';
import { FLAG, type Tcp } from '../../src/sim/packet/packet.ts';
import type { World } from '../../src/sim/world/world.ts';
import { script } from '../script.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);
const bytes = (text: string) => new TextEncoder().encode(text);

const PUBLIC = '203.0.113.2';
const TAKEN = 50_000;

/** A server that offers one passive port, behind a router, or behind NAT that forwards the control port and helps. */
function network({ nat = false, port = 21, serves = true } = {}): Design {
  const [server, gateway] = nat ? ['10.0.0.10', '10.0.0.1'] : ['192.0.2.10', '192.0.2.1'];
  const services = [{ app: 'ftp' as const, port, passivePorts: `${TAKEN}-${TAKEN}` }];
  const rules = [
    {
      match: { inInterface: 'out', protocol: 'tcp' as const, destinationPort: port },
      action: 'dnat' as const,
      to: server,
    },
    { match: { outInterface: 'out' }, action: 'masquerade' as const },
  ];
  return {
    nodes: {
      client: {
        kind: 'host',
        interfaces: { eth0: ['203.0.113.10/24', '2001:db8:1::10/64'] },
        gateway: [PUBLIC, '2001:db8:1::1'],
      },
      gateway: {
        kind: 'gateway',
        interfaces: { out: [`${PUBLIC}/24`, '2001:db8:1::1/64'], in: [`${gateway}/24`, '2001:db8:2::1/64'] },
        ...(nat ? { nat: { rules, helpers: ['ftp'] } } : {}),
      },
      server: {
        kind: 'host',
        interfaces: { eth0: [`${server}/24`, '2001:db8:2::10/64'] },
        gateway: [gateway, '2001:db8:2::1'],
        ...(serves ? { services } : {}),
      },
    },
    links: [
      ['client', 'gateway:out'],
      ['gateway:in', 'server'],
    ],
  };
}

/** TCP segments as a node sent them. */
function sentBy(world: World, node: string): Tcp[] {
  return world.trace.flatMap((event) =>
    event.kind === 'wire' && event.from.startsWith(`${node}:`) && event.value.kind === 'tcp' ? [event.value] : [],
  );
}

const opens = ({ flags }: Tcp) => (flags & (FLAG.syn | FLAG.ack)) === FLAG.syn;
const ends = ({ src, sport, dst, dport }: Tcp) => ({ src: showIp(src), sport, dst: showIp(dst), dport });
/** The one line among what a node said on the control connection that fits. */
function lineOf(world: World, node: string, pattern: RegExp): readonly string[] {
  const said = sentBy(world, node).map(({ payload }) => new TextDecoder().decode(payload));
  return (
    said.map((text) => pattern.exec(text)).find((found) => found !== null) ?? fail(`${node} never said ${pattern}`)
  );
}

function transfer(design: Design, mode: FtpMode, to: string, port = 21): World {
  const world = simulate(design);
  expect(perform(world, { ftp: { from: 'client', to, port, mode } }).result).toMatchObject({ outcome: 'transferred' });
  return world;
}

const SERVERS = [
  [4, '192.0.2.10', '203.0.113.10'],
  [6, '2001:db8:2::10', '2001:db8:1::10'],
] as const;
const MODES: Readonly<Record<4 | 6, readonly FtpMode[]>> = {
  4: ['active', 'extended-active', 'passive', 'extended-passive'],
  6: ['extended-active', 'extended-passive'],
};
const cases = SERVERS.flatMap(([family, server, client]) =>
  MODES[family].flatMap((mode) => [21, 2121].map((port) => ({ mode, family, port, server, client }))),
);

/** The port that a command or a reply names. */
function announced(world: World, mode: FtpMode): number {
  if (mode === 'active' || mode === 'passive') {
    const [from, pattern] =
      mode === 'active'
        ? (['client', /^PORT [\d,]+,(\d+),(\d+)\r/] as const)
        : (['server', /^227 .*,(\d+),(\d+)\)/] as const);
    const [, high, low] = lineOf(world, from, pattern);
    return Number(high) * 256 + Number(low);
  }
  const [from, pattern] =
    mode === 'extended-active'
      ? (['client', /^EPRT \|.*\|(\d+)\|/] as const)
      : (['server', /^229 .*\|(\d+)\|/] as const);
  return Number(lineOf(world, from, pattern)[1]);
}

describe('FTP-1 ports', () => {
  it.each(cases)('FTP-1 $mode over IPv$family, control port $port', ({ mode, port, server, client }) => {
    const world = transfer(network({ port }), mode, server, port);
    const [control = fail('no control connection'), ...passive] = sentBy(world, 'client').filter(opens).map(ends);
    const active = sentBy(world, 'server').filter(opens).map(ends);
    const told = announced(world, mode);
    expect(control).toMatchObject({ src: client, dst: server, dport: port });
    if (mode === 'active' || mode === 'extended-active') {
      expect(passive).toEqual([]);
      expect(active).toEqual([{ src: server, sport: port - 1, dst: client, dport: told }]);
    } else {
      expect(told).toBe(TAKEN);
      expect(active).toEqual([]);
      expect(passive).toMatchObject([{ src: client, dst: server, dport: told }]);
    }
  });

  it('FTP-1 without PORT or PASV the port of the control connection is not tried: the server says 425, as vsftpd', () => {
    const world = simulate(network());
    const lines = ['USER anonymous', 'PASS x', 'RETR 1024'];
    const client = script(
      'client',
      [0, { kind: 'connect', socket: 'c', to: { ip: ip('192.0.2.10'), port: 21 } }],
      ...lines.map(
        (line, i) => [1000 * (i + 1), { kind: 'write', socket: 'c', payload: bytes(`${line}\r\n`) }] as const,
      ),
    );
    world.launch('client', client.app);
    world.runUntil(world.now + 5000);
    expect(client.said('c')).toMatch(/\r\n425 Use PORT or PASV first\.\r\n$/);
    expect(sentBy(world, 'server').filter(opens)).toEqual([]);
  });
});

describe('FTP-A3 the answers of a server behind NAT', () => {
  it('FTP-A3 227 comes with the public address, and with the port where it is free', () => {
    const world = transfer(network({ nat: true }), 'passive', PUBLIC);
    expect(lineOf(world, 'server', /^227 .*\(([\d,]+)\)/)[1]).toBe('10,0,0,10,195,80');
    expect(lineOf(world, 'gateway', /^227 .*\(([\d,]+)\)/)[1]).toBe('203,0,113,2,195,80');
  });

  it('FTP-A3 229 comes as it is where the port is free', () => {
    const world = transfer(network({ nat: true }), 'extended-passive', PUBLIC);
    expect(lineOf(world, 'gateway', /^229 .*\r/)).toEqual(lineOf(world, 'server', /^229 .*\r/));
    expect(lineOf(world, 'gateway', /^229 .*\(\|\|\|(\d+)\|\)/)[1]).toBe(String(TAKEN));
  });

  /** Two control connections between the same two hosts, on both of which the server offers the same port. */
  function twice(reply: string): { readonly world: World; readonly first: string; readonly second: string } {
    const world = simulate(network({ nat: true, serves: false }));
    const write = (socket: string, line: string) => ({ kind: 'write', socket, payload: bytes(line) }) as const;
    const connect = (socket: string) => ({ kind: 'connect', socket, to: { ip: ip(PUBLIC), port: 21 } }) as const;
    const server = script(
      'server',
      [0, { kind: 'listen', socket: 'control', port: 21 }],
      ...['control#1', 'control#2'].flatMap((socket, i) => [
        [200 + i, write(socket, '220 ready\r\n')] as const,
        [400 + i * 100, write(socket, reply)] as const,
      ]),
    );
    world.launch('server', server.app);
    const client = script('client', [10, connect('a')], [20, connect('b')], [300, write('a', 'PASV\r\n')]);
    world.launch('client', client.app);
    world.runUntil(world.now + 1000);
    const said = (socket: string) => client.said(socket).replace('220 ready\r\n', '');
    return { world, first: said('a'), second: said('b') };
  }

  it.each([
    [
      '227 Entering Passive Mode (10,0,0,10,195,80).\r\n',
      /^227 Entering Passive Mode \(203,0,113,2,(\d+),(\d+)\)\.\r\n$/,
    ],
    ['229 Extended (|||50000|)\r\n', /^229 Extended \(\|\|\|(\d+)\|\)\r\n$/],
  ])('FTP-A3 another port where it is taken, and that one is expected: %j', (reply, pattern) => {
    const { world, first, second } = twice(reply);
    const ports = [first, second].map((line) => {
      const [, high, low] = pattern.exec(line) ?? fail(line);
      return low === undefined ? Number(high) : Number(high) * 256 + Number(low);
    });
    expect(ports[0]).toBe(TAKEN);
    expect(ports[1]).toBeGreaterThan(TAKEN);
    const rows = world.inspect('gateway').expectations.map(({ destination, port }) => [destination, port]);
    expect(rows).toEqual(ports.map((port) => [PUBLIC, port]));
  });
});
