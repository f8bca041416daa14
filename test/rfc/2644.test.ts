/** What routers and hosts keep from going on: broadcasts, impossible addresses, redirects (RFC 1122, 1812, 2644, 2827, 3021). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIpIn } from '../../src/arbitraries/addr.ts';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { type Ip, offsetIp, showIp } from '../../src/sim/addr/ip.ts';
import {
  broadcastAddress,
  contains,
  firstHost,
  lastAddress,
  makePrefix,
  type Prefix,
  showPrefix,
} from '../../src/sim/addr/prefix.ts';
import { SPECIAL_BLOCKS } from '../../src/sim/addr/special.ts';
import { echo, udp } from '../../src/sim/packet/packet.ts';
import { ADDRESS, arrive, icmpOnWires, inject, ip, network, node, onWires, prefix, reasonOf, said } from './routers.ts';

const RUNS = { numRuns: 60 };
const [A, B, A6, B6] = [ADDRESS[4].a, ADDRESS[4].b, ADDRESS[6].a, ADDRESS[6].b].map(ip) as [Ip, Ip, Ip, Ip];
const datagram = (src: Ip, dst: Ip) => udp({ src, dst, sport: 5000, dport: 9 });

/** A subnet of 172.16.0.0/12, and the router with an interface in it. */
function behind(length: number, at: Ip) {
  const subnet = makePrefix(at, length);
  const own = firstHost(subnet);
  const interfaces = { in: '10.0.1.1/24', out: `${showIp(own)}/${length}` };
  return { subnet, own, router: node({ interfaces, gateway: [] }), interfaces };
}

const anyPlace = anyIpIn(prefix('172.16.0.0/12'));

describe('RT-8 broadcasts and multicasts', () => {
  it('RT-8 a directed broadcast is not forwarded, its neighbour is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 13, max: 29 }), anyPlace, (length, at) => {
        const { subnet, router } = behind(length, at);
        const last = lastAddress(subnet);
        expect(arrive(datagram(A, last), router).verdict).toBe('deliver');
        expect(arrive(datagram(A, offsetIp(last, -1)), router).verdict).toBe('transmit');
      }),
      RUNS,
    );
  });

  it.each([
    ['10.0.2.255', 1],
    ['255.255.255.255', 1],
    ['224.0.0.1', 1],
    ['239.1.2.3', 1],
    ['ff02::1', 1],
    ['ff0e::1', 1],
    ['10.0.2.10', 2],
    ['2001:db8:2::10', 2],
  ])('RT-8 a datagram to %s is on %i of two wires', (to, wires) => {
    const world = simulate(network({}, { services: ['udp/9'] }));
    const isGroup = /^(2[25]|239|ff)/.test(to);
    inject(world, 'a', datagram(to.includes(':') ? A6 : A, ip(to)), isGroup ? 'eth0' : undefined);
    expect(onWires(world).filter((packet) => packet.kind === 'udp' && packet.dst === ip(to))).toHaveLength(wires);
  });

  it('RT-8 nothing to any group goes on, with or without a default route', () => {
    const group = fc.oneof(anyIpIn(prefix('224.0.0.0/4')), anyIpIn(prefix('ff00::/8')));
    fc.assert(
      fc.property(group, fc.boolean(), (dst, routed) => {
        const router = node({ gateway: routed ? [ADDRESS[4].b, ADDRESS[6].b] : [] });
        const end = arrive(datagram(typeof dst === 'number' ? A : A6, dst), router);
        expect(['drop', 'deliver']).toContain(end.verdict);
        expect(said(end)).toBeUndefined();
      }),
      RUNS,
    );
  });
});

describe('RT-9 the first and the last address of a subnet', () => {
  const design = (address: Ip, length: number) => ({
    nodes: { h: { kind: 'host' as const, interfaces: { eth0: `${showIp(address)}/${length}` } } },
  });

  it('RT-9 no host has them up to /30; both of a /31 are hosts, and so is a /32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 13, max: 32 }), anyPlace, (length, at) => {
        const { ip: first, ...rest } = makePrefix(at, length);
        const last = lastAddress({ ip: first, ...rest });
        if (length < 31) {
          expect(() => simulate(design(first, length))).toThrow(`${showIp(first)} is the network address`);
          expect(() => simulate(design(last, length))).toThrow(`${showIp(last)} is the broadcast address`);
        } else for (const address of [first, last]) expect(() => simulate(design(address, length))).not.toThrow();
      }),
      RUNS,
    );
  });

  it('RT-9 the last is the broadcast address up to /30, /31 has none; the first is an address like others, as in Linux', () => {
    fc.assert(
      fc.property(fc.integer({ min: 13, max: 31 }), anyPlace, (length, at) => {
        const { subnet, router } = behind(length, at);
        const [first, last] = [subnet.ip, lastAddress(subnet)];
        expect(broadcastAddress(subnet)).toBe(length < 31 ? last : undefined);
        expect(arrive(datagram(A, last), router).verdict).toBe(length < 31 ? 'deliver' : 'transmit');
        expect(arrive(datagram(A, first), router).verdict).toBe(length < 31 ? 'transmit' : 'deliver');
      }),
      RUNS,
    );
  });

  it('RT-9 two routers on a /31 reach each other', () => {
    const r = (address: string) => ({ kind: 'router' as const, interfaces: { p: address } });
    const world = simulate({ nodes: { x: r('10.0.0.0/31'), y: r('10.0.0.1/31') }, links: [['x:p', 'y:p']] });
    for (const [from, to] of [
      ['x', '10.0.0.1'],
      ['y', '10.0.0.0'],
    ] as const)
      expect(perform(world, { ping: { from, to, count: 1 } }).result).toMatchObject({ outcome: 'replied' });
  });
});

describe('RT-10 addresses that never travel', () => {
  const NEVER = ['127.0.0.0/8', '0.0.0.0/32', '::1/128', '::/128'] as const;
  const open = () => node({ gateway: [ADDRESS[4].b, ADDRESS[6].b] });

  it.each([...NEVER, '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'])('RT-10 not from %s', (text) => {
    fc.assert(
      fc.property(anyIpIn(prefix(text)), (src) => {
        const end = arrive(datagram(src, typeof src === 'number' ? B : B6), open());
        expect([reasonOf(end), said(end)]).toEqual(['martian', undefined]);
      }),
      { numRuns: 20 },
    );
  });

  it.each(NEVER)('RT-10 not to %s', (text) => {
    fc.assert(
      fc.property(anyIpIn(prefix(text)), (dst) => {
        const end = arrive(datagram(typeof dst === 'number' ? A : A6, dst), open());
        expect([reasonOf(end), said(end)]).toEqual(['martian', undefined]);
      }),
      { numRuns: 20 },
    );
  });

  it('RT-10 the rest of 0.0.0.0/8 is forwarded, as Linux does', () => {
    const rest = anyIpIn(prefix('0.0.0.0/8')).filter((address) => address !== 0);
    fc.assert(
      fc.property(rest, (address) => {
        expect(arrive(datagram(address, B), open()).verdict).toBe('transmit');
        expect(arrive(datagram(A, address), open()).verdict).toBe('transmit');
      }),
      { numRuns: 20 },
    );
  });

  it('RT-10 BCP 38: a source that lives elsewhere is dropped where the reverse path filter is on', () => {
    const anySource = fc.oneof(
      ...['10.0.1.0/24', '10.0.2.0/24', '10.0.0.0/8', '198.51.100.0/24'].map(prefix).map(anyIpIn),
    );
    const home: Prefix = prefix('10.0.1.0/24');
    const never = new Set([ip('10.0.1.1'), ip('10.0.2.1')]);
    fc.assert(
      fc.property(anySource, (src) => {
        fc.pre(!never.has(src));
        const filtered = arrive(datagram(src, B), node({ gateway: B4, reversePathFilter: 'strict' }));
        const plausible = contains(home, src) && src !== broadcastAddress(home);
        expect(reasonOf(filtered)).toBe(plausible ? 'transmit' : 'reversePath');
        expect(arrive(datagram(src, B), open()).verdict).toBe('transmit');
      }),
      RUNS,
    );
  });

  const B4 = ADDRESS[4].b;

  it('RT-10 the reverse path filter is of IPv4 alone, as in Linux: for IPv6 it takes a rule', () => {
    const strange = datagram(ip('2001:db8:99::1'), B6);
    expect(arrive(strange, node({ reversePathFilter: 'strict' })).verdict).toBe('transmit');
    const rules = [{ match: { inInterface: 'in', not: { source: '2001:db8:1::/64' } }, action: 'drop' as const }];
    const ruled = () => node({ firewall: { forward: { rules } } });
    expect([strange, datagram(A6, B6)].map((packet) => arrive(packet, ruled()).verdict)).toEqual(['drop', 'transmit']);
  });
});

describe('RT-11 hosts', () => {
  const anyTarget = fc.oneof(
    fc.constantFrom(A, A6, ip(ADDRESS[4].nobody)),
    anyIpIn(prefix('10.0.1.0/30')),
    anyIpIn(prefix('198.51.100.0/24')),
    anyIpIn(prefix('2001:db8:9::/120')),
  );
  const interfaces = { in: ['10.0.1.10/24', `${ADDRESS[6].a}/64`], out: '198.51.100.1/24' };
  const own = new Set([A, A6, ip('198.51.100.1'), ip('198.51.100.255')]);

  it('RT-11 take what is addressed to them by whatever interface it comes, and forward nothing; routers do', () => {
    fc.assert(
      fc.property(anyTarget, (dst) => {
        const request = echo({ src: ip(typeof dst === 'number' ? '10.0.1.99' : '2001:db8:1::99'), dst, id: 1, seq: 1 });
        const as = (kind: 'host' | 'router') =>
          arrive(request, node({ kind, interfaces, gateway: ['10.0.1.1', ADDRESS[6].near] }));
        const host = as('host');
        expect(host.verdict).toBe(own.has(dst) ? 'deliver' : 'drop');
        expect(said(host)).toBeUndefined();
        expect(as('router').verdict).toBe(own.has(dst) ? 'deliver' : 'transmit');
      }),
      RUNS,
    );
  });

  it.each([
    [ADDRESS[4].b, 'replied', undefined],
    [ADDRESS[6].b, 'replied', undefined],
    ['10.9.0.1', 'timeout', 'b'],
    ['2001:db8:9::1', 'timeout', 'b'],
  ])('RT-11 a ping to %s by way of b: %s', (to, outcome, blockedAt) => {
    const routes = [
      { to: '10.9.0.0/24', via: ADDRESS[4].b },
      { to: '2001:db8:9::/64', via: ADDRESS[6].b },
    ];
    const { result } = perform(simulate(network({ routes })), { ping: { from: 'a', to, count: 1 } });
    expect([result?.outcome, result?.blockedAt]).toEqual([outcome, blockedAt]);
  });
});

describe('RT-12 redirects', () => {
  const nat = { rules: [{ match: { outInterface: 'in' }, action: 'masquerade' as const }] };
  it.each([
    ['IPv4', '10.9.0.1', {}],
    ['IPv6', '2001:db8:9::1', {}],
    ['translated traffic', '10.9.0.1', { nat }],
  ])('RT-12 %s: what goes on by the way it came is forwarded, and its sender is told nothing', (_, to, more) => {
    const routes = [
      { to: '10.9.0.0/24', via: '10.0.1.20' },
      { to: '2001:db8:9::/64', via: '2001:db8:1::20' },
    ];
    const design = network({ routes, ...more });
    const better = { kind: 'host' as const, interfaces: { eth0: ['10.0.1.20/24', '2001:db8:1::20/64'] } };
    const links = [
      ['a', 'r:in', 'better'],
      ['r:out', 'b'],
    ];
    const world = simulate({ nodes: { ...design.nodes, better }, links });
    inject(world, 'a', datagram(to.includes(':') ? A6 : A, ip(to)));
    const crossed = onWires(world).filter(({ dst }) => dst === ip(to));
    const sender = to.includes(':') ? A6 : A;
    expect(crossed.map(({ src }) => src)).toEqual([sender, 'nat' in more ? ip(ADDRESS[4].near) : sender]);
    expect(icmpOnWires(world)).toEqual([]);
  });
});

describe('ADDR-2 the public Internet', () => {
  const internet = (publicInternet: readonly string[]) => {
    const design = { ...network({ gateway: [ADDRESS[4].b, ADDRESS[6].b] }), publicInternet };
    const { nodes } = design;
    return simulate({ ...design, nodes: { ...nodes, a: { ...nodes.a, kind: 'host' as const } } });
  };
  const documentation = SPECIAL_BLOCKS.filter((block) => block.documentation).map((block) => showPrefix(block.prefix));
  const confined = ['10.99.0.0/16', '100.64.0.0/10', '198.18.0.0/15', '192.168.0.0/16', 'fd00::/8'];

  it('ADDR-2 has the documentation blocks', () => {
    expect(documentation).toEqual(
      expect.arrayContaining(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32']),
    );
  });

  it.each([...documentation.map((text) => [text, true] as const), ...confined.map((text) => [text, false] as const)])(
    'ADDR-2 carries %s: %j; any other router carries it',
    (text, carried) => {
      const from = text.includes(':') ? '2001:db8:5::1' : '203.0.113.5';
      fc.assert(
        fc.property(anyIpIn(prefix(text)), (inside) => {
          for (const [src, dst] of [
            [ip(from), inside],
            [inside, ip(from)],
          ] as const) {
            for (const declared of [true, false]) {
              const world = internet(declared ? ['r'] : []);
              inject(world, 'a', datagram(src, dst), undefined, 100);
              expect(onWires(world).length, `${showIp(src)} > ${showIp(dst)}`).toBe(carried || !declared ? 2 : 1);
            }
          }
        }),
        { numRuns: 5 },
      );
    },
  );
});
