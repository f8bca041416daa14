import { describe, expect, it } from 'vitest';
import { type Ip, parseIp, showIp } from '../../../../src/sim/addr/ip.ts';
import { parsePrefix, showPrefix } from '../../../../src/sim/addr/prefix.ts';
import type { Node } from '../../../../src/sim/design/design.ts';
import { compileNode } from '../../../../src/sim/program/compile.ts';
import type { NodeProgram, Route, Surroundings } from '../../../../src/sim/program/program.ts';
import { ALONE } from '../../../../src/sim/program/surroundings.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);
const prefix = (text: string) => parsePrefix(text) ?? expect.unreachable(text);
const show = (address: Ip | undefined) => (address === undefined ? undefined : showIp(address));

type Parts = Omit<Node, 'kind'>;

function router(parts: Parts, surroundings: Partial<Surroundings> = {}): NodeProgram {
  return compileNode({ nodes: { r: { kind: 'router', ...parts } } }, 'r', { ...ALONE, ...surroundings });
}

/** `TYPE PREFIX via GATEWAY dev INTERFACE metric N`, as iproute2 would list it. */
function say({ type, prefix, via, out, metric }: Route): string {
  const kind = type === 'unicast' ? '' : `${type} `;
  const way = `${via === undefined ? '' : ` via ${showIp(via)}`}${out === undefined ? '' : ` dev ${out}`}`;
  return `${kind}${showPrefix(prefix)}${way} metric ${metric}`;
}

function ways(program: NodeProgram, dst: string, out?: string): string[] {
  return (program.fib.lookup(ip(dst), out) ?? []).map(say);
}

const INTERFACES = { lan: '192.168.1.1/24', wan: '203.0.113.2/24' };

describe('an interface', () => {
  it('brings its addresses, its subnets and their broadcast addresses, once for each subnet', () => {
    const { fib } = router({ interfaces: { lan: ['192.168.1.1/24', '192.168.1.2/24', '10.0.0.1/8'] } });
    expect(fib.routes.map(say)).toEqual([
      '10.0.0.0/8 dev lan metric 0',
      'local 10.0.0.1/32 dev lo metric 0',
      'broadcast 10.255.255.255/32 dev lan metric 0',
      'local 127.0.0.0/8 dev lo metric 0',
      '192.168.1.0/24 dev lan metric 0',
      'local 192.168.1.1/32 dev lo metric 0',
      'local 192.168.1.2/32 dev lo metric 0',
      'broadcast 192.168.1.255/32 dev lan metric 0',
      'local ::1/128 dev lo metric 0',
    ]);
    expect(new Set(fib.routes.map(({ place }) => place))).toEqual(new Set(['interfaces.lan', 'interfaces.lo']));
  });

  it('with IPv6 brings its link-local prefix and multicast as well', () => {
    const { fib, interfaces } = router({ interfaces: { lan: '2001:db8::1/64' } });
    const derived = show(interfaces.get('lan')?.addresses.at(-1)?.ip);
    expect(derived).toMatch(/^fe80::/);
    expect(fib.routes.map(say).filter((line) => line.includes('lan'))).toEqual([
      '2001:db8::/64 dev lan metric 256',
      'fe80::/64 dev lan metric 256',
      'broadcast ff00::/8 dev lan metric 256',
    ]);
    expect(fib.lookup(ip(derived ?? ''))?.map(say)).toEqual([`local ${derived}/128 dev lo metric 0`]);
  });

  it.each<[address: string, broadcasts: string[]]>([
    ['10.0.0.0/31', []],
    ['10.0.0.1/32', []],
    ['10.0.0.1/30', ['10.0.0.3']],
    ['10.0.0.1/24', ['10.0.0.255']],
  ])('%s has the broadcast addresses %j (LNX-P2P)', (address, broadcasts) => {
    const program = router({ interfaces: { p2p: address } });
    const found = program.fib.routes.filter(({ type }) => type === 'broadcast').map((route) => show(route.prefix.ip));
    expect(found).toEqual(broadcasts);
    for (const each of broadcasts) expect(program.isBroadcast(ip(each))).toBe(true);
    expect(program.isBroadcast(ip('10.0.0.0'))).toBe(false);
  });

  it('has both addresses of a /31 as hosts (LNX-P2P)', () => {
    const program = router({ interfaces: { p2p: '10.0.0.0/31' } });
    expect(ways(program, '10.0.0.0')).toEqual(['local 10.0.0.0/32 dev lo metric 0']);
    expect(ways(program, '10.0.0.1')).toEqual(['10.0.0.0/31 dev p2p metric 0']);
  });

  it('without other hosts in its prefix brings no route to a link', () => {
    const { fib } = router({ interfaces: { dummy: ['10.9.9.9/32', '2001:db8::9/128'] } });
    expect(fib.routes.map(say).filter((line) => line.includes('dummy'))).toEqual([
      'fe80::/64 dev dummy metric 256',
      'broadcast ff00::/8 dev dummy metric 256',
    ]);
  });

  it('that is down keeps its addresses to itself and brings nothing else', () => {
    const program = router({
      interfaces: { lan: { addresses: ['192.168.1.1/24', '2001:db8::1/64'], up: false }, wan: '203.0.113.2/24' },
      routes: [
        { to: '10.0.0.0/8', via: '192.168.1.9' },
        { to: '10.1.0.0/16', interface: 'lan' },
      ],
      gateway: ['192.168.1.9'],
    });
    const places = program.fib.routes.filter(({ place }) => !/^interfaces\.(lo|wan)$/.test(place));
    expect(places.map(say)).toEqual(['local 192.168.1.1/32 dev lo metric 0', 'local 2001:db8::1/128 dev lo metric 0']);
    expect(program.owns(ip('192.168.1.1'))).toBe(true);
    expect(program.isBroadcast(ip('192.168.1.255'))).toBe(false);
  });

  it('keeps a link-local address that is written instead of deriving one', () => {
    const { interfaces } = router({ interfaces: { lan: ['2001:db8::1/64', 'fe80::1/64'] } });
    expect(interfaces.get('lan')?.addresses.map((each) => show(each.ip))).toEqual(['2001:db8::1', 'fe80::1']);
  });
});

describe('a lookup', () => {
  const program = router({
    interfaces: { lan: '10.0.0.1/24', wan: '203.0.113.2/24' },
    gateway: '203.0.113.1',
    routes: [
      { to: '172.16.5.0/24', via: '10.0.0.24' },
      { to: '172.16.5.0/25', via: '10.0.0.25' },
      { to: '172.16.5.7', via: '10.0.0.32' },
      { to: '172.16.6.0/24', via: '10.0.0.5', metric: 5 },
      { to: '172.16.6.0/24', via: '10.0.0.4', metric: 4 },
    ],
  });

  it.each<[dst: string, way: string]>([
    ['172.16.5.7', '172.16.5.7/32 via 10.0.0.32 dev lan metric 0'],
    ['172.16.5.8', '172.16.5.0/25 via 10.0.0.25 dev lan metric 0'],
    ['172.16.5.200', '172.16.5.0/24 via 10.0.0.24 dev lan metric 0'],
    ['172.16.6.1', '172.16.6.0/24 via 10.0.0.4 dev lan metric 4'],
    ['8.8.8.8', '0.0.0.0/0 via 203.0.113.1 dev wan metric 0'],
    ['10.0.0.1', 'local 10.0.0.1/32 dev lo metric 0'],
    ['203.0.113.2', 'local 203.0.113.2/32 dev lo metric 0'],
    ['127.1.2.3', 'local 127.0.0.0/8 dev lo metric 0'],
    ['10.0.0.255', 'broadcast 10.0.0.255/32 dev lan metric 0'],
    ['10.0.0.0', '10.0.0.0/24 dev lan metric 0'],
  ])('of %s takes the longest prefix, then the lowest metric: %s (LNX-FWD-10)', (dst, way) => {
    expect(ways(program, dst)).toEqual([way]);
  });

  it('finds nothing where nothing leads', () => {
    expect(router({}).fib.lookup(ip('8.8.8.8'))).toBeUndefined();
    expect(program.fib.lookup(ip('2001:db8::1'))).toBeUndefined();
  });

  it('by a given interface passes over better routes by others', () => {
    expect(ways(program, '10.0.0.9', 'wan')).toEqual(['0.0.0.0/0 via 203.0.113.1 dev wan metric 0']);
    expect(ways(program, '10.0.0.9', 'lan')).toEqual(['10.0.0.0/24 dev lan metric 0']);
    expect(ways(program, '8.8.8.8', 'lan')).toEqual([]);
    expect(ways(program, '10.0.0.1', 'lan')).toEqual(['local 10.0.0.1/32 dev lo metric 0']);
    expect(ways(program, '10.0.0.1', 'wan')).toEqual(['0.0.0.0/0 via 203.0.113.1 dev wan metric 0']);
  });

  it('takes the first of two interfaces on one subnet, and of the link-local prefix', () => {
    const twice = router({
      interfaces: { a: ['10.0.0.1/24', '2001:db8::1/64'], b: ['10.0.0.2/24', '2001:db8:1::1/64'] },
    });
    expect(ways(twice, '10.0.0.9')).toEqual(['10.0.0.0/24 dev a metric 0']);
    expect(ways(twice, '10.0.0.9', 'b')).toEqual(['10.0.0.0/24 dev b metric 0']);
    expect(ways(twice, 'fe80::9')).toEqual(['fe80::/64 dev a metric 256']);
    expect(ways(twice, 'fe80::9', 'b')).toEqual(['fe80::/64 dev b metric 256']);
  });
});

describe('a written route', () => {
  it('finds its interface by the subnet that holds the next hop, the longest first', () => {
    const program = router({
      interfaces: { wide: '10.0.0.1/8', narrow: '10.1.0.1/16' },
      routes: [
        { to: '172.16.0.0/16', via: '10.1.9.9' },
        { to: '172.17.0.0/16', via: '10.2.9.9' },
        { to: '172.18.0.0/16', via: '10.1.9.9', interface: 'wide' },
      ],
    });
    expect(ways(program, '172.16.0.1')).toEqual(['172.16.0.0/16 via 10.1.9.9 dev narrow metric 0']);
    expect(ways(program, '172.17.0.1')).toEqual(['172.17.0.0/16 via 10.2.9.9 dev wide metric 0']);
    expect(ways(program, '172.18.0.1')).toEqual(['172.18.0.0/16 via 10.1.9.9 dev wide metric 0']);
  });

  it('may put a next hop on a link for others', () => {
    const program = router({
      interfaces: INTERFACES,
      gateway: '169.254.0.1',
      routes: [{ to: '169.254.0.1', interface: 'wan' }],
    });
    expect(ways(program, '8.8.8.8')).toEqual(['0.0.0.0/0 via 169.254.0.1 dev wan metric 0']);
    expect(ways(program, '169.254.0.1')).toEqual(['169.254.0.1/32 dev wan metric 0']);
  });

  it('is not there when no link holds its next hop, as the kernel refuses it', () => {
    const program = router({
      interfaces: INTERFACES,
      gateway: '198.51.100.1',
      routes: [
        { to: '10.0.0.0/8', via: '192.168.9.9' },
        { to: '10.0.0.0/8', via: '192.168.1.9', interface: 'wan' },
        { to: '10.0.0.0/8', interface: 'gone' },
        { to: '10.0.0.0/8' },
        { to: '2001:db8::/32', interface: 'lan' },
      ],
    });
    expect(program.fib.routes.filter(({ place }) => /^(routes|gateway)/.test(place))).toEqual([]);
  });

  it('with a link-local next hop needs its interface named, unless only one can be meant', () => {
    const interfaces = { a: '2001:db8:a::1/64', b: '2001:db8:b::1/64', c: '10.0.0.1/24' };
    const to = '2001:db8:77::/48';
    const both = router({ interfaces, routes: [{ to, via: 'fe80::5' }] });
    expect(ways(both, '2001:db8:77::1')).toEqual([]);
    const named = router({ interfaces, routes: [{ to, via: 'fe80::5', interface: 'b' }] });
    expect(ways(named, '2001:db8:77::1')).toEqual([`${to} via fe80::5 dev b metric 1024`]);
    const only = router({ interfaces: { a: interfaces.a, c: interfaces.c }, gateway: ['10.0.0.9', 'fe80::5'] });
    expect(ways(only, '2001:db8:77::1')).toEqual(['::/0 via fe80::5 dev a metric 1024']);
    expect(ways(only, '8.8.8.8')).toEqual(['0.0.0.0/0 via 10.0.0.9 dev c metric 0']);
  });

  it('of IPv6 with metric 0 has 1024', () => {
    const program = router({
      interfaces: { lan: '2001:db8::1/64' },
      routes: [{ to: '2001:db8:77::/48', via: '2001:db8::9', metric: 0 }],
    });
    expect(ways(program, '2001:db8:77::1')).toEqual(['2001:db8:77::/48 via 2001:db8::9 dev lan metric 1024']);
  });

  it.each(['blackhole', 'unreachable', 'prohibit'] as const)('of type %s leads nowhere', (type) => {
    const program = router({ interfaces: INTERFACES, gateway: '203.0.113.1', routes: [{ to: '10.0.0.0/8', type }] });
    expect(ways(program, '10.1.1.1')).toEqual([`${type} 10.0.0.0/8 metric 0`]);
    expect(ways(program, '10.1.1.1', 'wan')).toEqual([`${type} 10.0.0.0/8 metric 0`]);
    expect(program.fib.lookup(ip('10.1.1.1'))?.[0]?.place).toBe('routes[0]');
  });

  it('shares the load with others of equal prefix and metric', () => {
    const program = router({
      interfaces: INTERFACES,
      gateway: '203.0.113.1',
      routes: [
        { to: '10.0.0.0/8', via: '192.168.1.7' },
        { to: '10.0.0.0/8', via: '192.168.1.8' },
        { to: '10.0.0.0/8', via: '192.168.1.9', metric: 1 },
        { to: '0.0.0.0/0', via: '203.0.113.9' },
        { to: '172.16.0.0/12', via: '192.168.1.9' },
        { to: '172.16.0.0/12', type: 'prohibit' },
      ],
    });
    expect(program.fib.lookup(ip('10.1.1.1'))?.map(({ place }) => place)).toEqual(['routes[0]', 'routes[1]']);
    expect(program.fib.lookup(ip('8.8.8.8'))?.map(({ place }) => place)).toEqual(['routes[3]', 'gateway']);
    expect(program.fib.lookup(ip('172.16.0.1'))?.map(({ place }) => place)).toEqual(['routes[4]']);
  });

  it('loses to the subnet of an interface unless its metric is lower', () => {
    const program = router({
      interfaces: { lan: ['10.0.0.1/24', '2001:db8::1/64'] },
      routes: [
        { to: '10.0.0.0/24', via: '10.0.0.9' },
        { to: '2001:db8::/64', via: '2001:db8::9', metric: 100 },
      ],
    });
    expect(ways(program, '10.0.0.7')).toEqual(['10.0.0.0/24 dev lan metric 0']);
    expect(ways(program, '2001:db8::7')).toEqual(['2001:db8::/64 via 2001:db8::9 dev lan metric 100']);
  });
});

describe('a learned route', () => {
  const learned: Surroundings['learned'] = [
    { prefix: prefix('10.0.0.0/8'), via: ip('192.168.1.7'), interface: 'lan', cost: 2 },
    { prefix: prefix('10.0.0.0/8'), via: ip('203.0.113.7'), interface: 'wan', cost: 2 },
    { prefix: prefix('172.16.0.0/12'), via: ip('192.168.1.7'), interface: 'lan', cost: 1 },
    { prefix: prefix('192.168.1.0/24'), via: ip('203.0.113.7'), interface: 'wan', cost: 1 },
    { prefix: prefix('10.5.0.0/16'), via: ip('10.9.9.9'), interface: 'down', cost: 1 },
  ];
  const program = router(
    {
      interfaces: { ...INTERFACES, down: { addresses: ['10.9.9.1/24'], up: false } },
      routes: [{ to: '172.16.0.0/12', via: '203.0.113.8', metric: 50 }],
    },
    { learned },
  );

  it('keeps all paths of equal cost', () => {
    expect(ways(program, '10.1.1.1')).toEqual([
      '10.0.0.0/8 via 192.168.1.7 dev lan metric 2',
      '10.0.0.0/8 via 203.0.113.7 dev wan metric 2',
    ]);
    expect(program.fib.lookup(ip('10.1.1.1'))?.[0]?.place).toBe('routing');
  });

  it('loses to what is written and to connected subnets, whatever the metric', () => {
    expect(ways(program, '172.16.0.1')).toEqual(['172.16.0.0/12 via 203.0.113.8 dev wan metric 50']);
    expect(ways(program, '192.168.1.9')).toEqual(['192.168.1.0/24 dev lan metric 0']);
  });

  it('does not leave by an interface that is down', () => {
    expect(program.fib.routes.some(({ out }) => out === 'down')).toBe(false);
  });
});

describe('a lease', () => {
  const lease = {
    address: ip('192.0.2.50'),
    prefix: prefix('192.0.2.0/24'),
    router: ip('192.0.2.1'),
    resolver: [ip('192.0.2.53')],
  };
  const leases = new Map([['wan', lease]]);

  it('gives the interface its address, a default route and resolvers', () => {
    const program = router({ interfaces: { wan: 'dhcp' }, resolver: ['9.9.9.9', '192.0.2.53'] }, { leases });
    expect(program.owns(lease.address)).toBe(true);
    expect(ways(program, '192.0.2.9')).toEqual(['192.0.2.0/24 dev wan metric 0']);
    expect(program.fib.lookup(ip('8.8.8.8'))).toMatchObject([{ via: lease.router, out: 'wan', place: 'dhcp' }]);
    expect(program.resolver.map(show)).toEqual(['9.9.9.9', '192.0.2.53']);
  });

  it('gives nothing to an interface that does not ask', () => {
    const program = router({ interfaces: { wan: '10.0.0.1/24' } }, { leases });
    expect(program.owns(lease.address)).toBe(false);
    expect(program.resolver).toEqual([]);
    expect(ways(program, '8.8.8.8')).toEqual([]);
  });

  it('without a router gives no default route', () => {
    const { router: _, ...rest } = lease;
    const program = router({ interfaces: { wan: { dhcp: true } } }, { leases: new Map([['wan', rest]]) });
    expect(ways(program, '8.8.8.8')).toEqual([]);
  });

  it('lets a written gateway on its subnet find its interface, and win', () => {
    const program = router({ interfaces: { wan: 'dhcp' }, gateway: '192.0.2.9' }, { leases });
    expect(program.fib.lookup(ip('8.8.8.8'))?.map(({ place }) => place)).toEqual(['gateway']);
    expect(router({ interfaces: { wan: 'dhcp' }, gateway: '192.0.2.9' }).fib.lookup(ip('8.8.8.8'))).toBeUndefined();
  });
});
