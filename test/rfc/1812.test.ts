/** What routers owe to every packet (RFC 791, 792, 1122, 1812, 2644, 3021), of either family. ICMPv6 is in 4443.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFamily, anyIpIn, anySubnetOf } from '../../src/arbitraries/addr.ts';
import { anyFragment, anyIcmpError } from '../../src/arbitraries/packet.ts';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { type Family, type Ip, showIp } from '../../src/sim/addr/ip.ts';
import { contains, showPrefix } from '../../src/sim/addr/prefix.ts';
import { fail } from '../../src/sim/base/fail.ts';
import { verify } from '../../src/sim/packet/checksum.ts';
import { echo, FLAG, lengthOf, type Packet, seal, tcp, udp } from '../../src/sim/packet/packet.ts';
import { encode } from '../../src/sim/packet/wire/frame.ts';
import { ADDRESS, arrive, icmpOnWires, inject, ip, network, node, prefix, reasonOf, said } from './routers.ts';

const RUNS = { numRuns: 60 };

interface Fields {
  readonly src?: Ip;
  readonly dst?: Ip;
  readonly ttl?: number;
  readonly size?: number;
}

/** A datagram, a segment or a ping from the host on one side of the router to the one on the other. */
function anyTransit(wanted: Family, { size = 40, ...fields }: Fields = {}): fc.Arbitrary<Packet> {
  const ends = { src: ip(ADDRESS[wanted].a), dst: ip(ADDRESS[wanted].b), ...fields };
  return fc.tuple(fc.constantFrom('udp', 'tcp', 'echo'), fc.nat({ max: size })).map(([kind, length]) => {
    const common = { ...ends, payload: new Uint8Array(length).map((_, i) => i) };
    if (kind === 'udp') return udp({ ...common, sport: 5000, dport: 9 });
    if (kind === 'tcp') return tcp({ ...common, sport: 5000, dport: 80, seq: 7, flags: FLAG.syn });
    return echo({ ...common, id: 3, seq: 1 });
  });
}

const NO_ROUTE = { 4: [3, 0], 6: [1, 0] } as const;
const EXPIRED = { 4: [11, 0], 6: [3, 0] } as const;
const anyCrossing = anyFamily.chain((wanted) => fc.tuple(fc.constant(wanted), anyTransit(wanted)));

describe('RT-1 the TTL', () => {
  it('RT-1 goes down by one, and nothing else changes but the header checksum; where it runs out, 11/0', () => {
    fc.assert(
      fc.property(anyCrossing, fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 255 })), ([wanted, packet], ttl) => {
        const sent = seal({ ...packet, ttl });
        const end = arrive(sent);
        if (ttl <= 1) {
          expect([reasonOf(end), said(end)]).toEqual(['ttlExpired', EXPIRED[wanted]]);
          return;
        }
        const left = end.verdict === 'transmit' ? end.passage.packet : fail(end.verdict);
        expect(left).toEqual({ ...sent, ttl: ttl - 1, headerChecksum: left.headerChecksum });
        expect(verify(left)).toEqual({ header: true, transport: true });
      }),
      RUNS,
    );
  });

  it('RT-1 is of no account for what the router or a host keeps for itself', () => {
    fc.assert(
      fc.property(anyCrossing, fc.constantFrom('router', 'host'), fc.nat({ max: 1 }), ([wanted, packet], kind, ttl) => {
        const own = seal({ ...packet, dst: ip(ADDRESS[wanted].far), ttl });
        expect(arrive(own, node({ kind })).verdict).toBe('deliver');
      }),
      RUNS,
    );
  });
});

const SPACE = { 4: prefix('172.16.0.0/12'), 6: prefix('2001:db8:f000::/36') };
const hop = (wanted: Family, i: number) => (wanted === 4 ? `10.0.2.${20 + i}` : `2001:db8:2::${20 + i}`);

describe('RT-2 routes', () => {
  const anyTable = anyFamily.chain((wanted) =>
    fc.record({
      wanted: fc.constant(wanted),
      table: fc.uniqueArray(anySubnetOf(SPACE[wanted]), { maxLength: 8, selector: showPrefix }),
      otherwise: fc.boolean(),
    }),
  );
  const anyCase = anyTable.chain((each) => {
    const within = [SPACE[each.wanted], ...each.table].map(anyIpIn);
    return fc.tuple(fc.constant(each), fc.oneof(...within), fc.constantFrom(1, 64));
  });

  it('RT-2 the longest prefix that holds the destination, then the default; else 3/0, even where the TTL runs out too', () => {
    fc.assert(
      fc.property(anyCase, ([{ wanted, table, otherwise }, dst, ttl]) => {
        const routes = table.map((to, i) => ({ to: showPrefix(to), via: hop(wanted, i) }));
        const router = node({ routes, gateway: otherwise ? hop(wanted, 99) : [] });
        const end = arrive(udp({ src: ip(ADDRESS[wanted].a), dst, ttl, sport: 1, dport: 2 }), router);
        const fitting = table.map((to, i) => ({ to, i })).filter(({ to }) => contains(to, dst));
        const best = fitting.reduce((a, b) => (b.to.length > a.to.length ? b : a), { to: { length: -1 }, i: 99 });
        const routed = fitting.length > 0 || otherwise;
        expect(said(end)).toEqual(routed ? (ttl === 1 ? EXPIRED[wanted] : undefined) : NO_ROUTE[wanted]);
        if (!routed || ttl === 1) return;
        expect(end.verdict).toBe('transmit');
        expect(end.passage).toMatchObject({ out: 'out', nextHop: ip(hop(wanted, best.i)) });
      }),
      RUNS,
    );
  });
});

describe('RT-3 what cannot be delivered', () => {
  const reject = { forward: { rules: [{ action: 'reject' as const, with: 'icmp-admin-prohibited' as const }] } };
  it.each([
    ['a host that is not there: 3/1', {}, 'nobody', 'udp', [3, 1], [1, 3], 'near'],
    ['a protocol that is not spoken: 3/2', {}, 'b', 'gre', [3, 2], [4, 1], 'b'],
    ['a closed port of UDP: 3/3', {}, 'b', 'udp', [3, 3], [1, 4], 'b'],
    ['a firewall that says so: 3/13', { firewall: reject }, 'b', 'udp', [3, 13], [1, 1], 'near'],
    ['a firewall that does not', { firewall: { forward: { policy: 'drop' as const } } }, 'b', 'udp', [], [], 'near'],
  ] as const)('RT-3 %s', (_, more, to, protocol, v4, v6, from) => {
    for (const [wanted, error] of [
      [4, v4],
      [6, v6],
    ] as const) {
      const port = protocol === 'udp' ? { port: 9 } : {};
      const world = simulate(network(more));
      const { result } = perform(world, { send: { from: 'a', to: ADDRESS[wanted][to], protocol, ...port } });
      const [type, code] = error;
      const answer = type === undefined ? undefined : { type, code, from: ADDRESS[wanted][from] };
      expect(result?.icmp).toEqual(answer);
    }
  });

  it.each([4, 6] as const)('RT-3 a closed port of TCP: a reset, IPv%i', (wanted) => {
    const world = simulate(network());
    const { result } = perform(world, { connect: { from: 'a', to: ADDRESS[wanted].b, port: 80 } });
    expect(result).toMatchObject({ outcome: 'refused' });
    expect(icmpOnWires(world)).toEqual([]);
  });
});

describe('RT-5 no error about', () => {
  const noRoute = (packet: Packet) => said(arrive(packet, node({ gateway: [] })));
  const away = { 4: '198.51.100.1', 6: '2001:db8:99::1' } as const;

  it('RT-5 an error', () => {
    fc.assert(
      fc.property(
        anyFamily.chain((wanted) => fc.tuple(fc.constant(wanted), anyIcmpError(wanted))),
        ([wanted, error]) => {
          expect(noRoute(seal({ ...error, src: ip(ADDRESS[wanted].a), dst: ip(away[wanted]) }))).toBeUndefined();
        },
      ),
      RUNS,
    );
  });

  it('RT-5 a fragment other than the first', () => {
    fc.assert(
      fc.property(
        anyFamily.chain((wanted) => fc.tuple(fc.constant(wanted), anyFragment(wanted))),
        ([wanted, piece]) => {
          const udpPiece = { ...piece, protocol: 17, src: ip(ADDRESS[wanted].a), dst: ip(away[wanted]) };
          const first = piece.fragment?.offset === 0;
          expect(noRoute(seal(udpPiece))).toEqual(first ? NO_ROUTE[wanted] : undefined);
        },
      ),
      RUNS,
    );
  });

  it.each(['0.0.0.0/32', '127.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', 'ff00::/8'])(
    'RT-5 a packet from %s',
    (text) => {
      const wanted = text.includes(':') ? 6 : 4;
      const sender = fc.oneof(anyIpIn(prefix(text)), fc.constant(ip(ADDRESS[wanted].a)));
      fc.assert(
        fc.property(sender, fc.constantFrom(1, 64), (src, ttl) => {
          const packet = udp({ src, dst: ip(ttl === 1 ? ADDRESS[wanted].b : away[wanted]), ttl, sport: 1, dport: 2 });
          const proper = src === ip(ADDRESS[wanted].a);
          expect(said(arrive(packet, node({ gateway: [] }))) !== undefined).toBe(proper);
        }),
        RUNS,
      );
    },
  );

  it.each([
    ['10.0.1.1', [3, 3]],
    ['10.0.1.255', undefined],
    ['255.255.255.255', undefined],
    ['224.0.0.1', undefined],
    ['2001:db8:1::1', [1, 4]],
    ['ff02::1', undefined],
  ] as const)('RT-5 a datagram to many that nobody takes: to %s, %j', (to, error) => {
    const world = simulate(network());
    const src = ip(ADDRESS[to.includes(':') ? 6 : 4].a);
    inject(world, 'a', udp({ src, dst: ip(to), sport: 5000, dport: 9 }), 'eth0');
    expect(icmpOnWires(world).map(({ type, code }) => [type, code])).toEqual(error === undefined ? [] : [error]);
  });
});

describe('RT-6 what an error quotes', () => {
  it('RT-6 the packet as it came, its TTL included, as far as 576 bytes go (1280 of IPv6)', () => {
    const anyCase = anyFamily.chain((wanted) =>
      fc.tuple(fc.constant(wanted), anyTransit(wanted, { size: 1400 }), fc.constantFrom(1, 2, 63)),
    );
    fc.assert(
      fc.property(anyCase, ([wanted, packet, ttl]) => {
        const routes = [{ to: wanted === 4 ? '10.0.2.10/32' : '2001:db8:2::10/128', type: 'unreachable' as const }];
        const sent = seal({ ...packet, ttl });
        const end = arrive(sent, node(ttl === 1 ? {} : { routes }));
        const error = (end.verdict === 'drop' ? end.answer?.packet : undefined) ?? fail(end.verdict);
        const [header, most] = wanted === 4 ? [20, 576] : [40, 1280];
        expect(lengthOf(error)).toBe(Math.min(most, header + 8 + lengthOf(sent)));
        expect(lengthOf(error)).toBeGreaterThanOrEqual(2 * (header + 8));
        expect(error.payload).toEqual(encode(sent).slice(0, lengthOf(error) - header - 8));
        expect(error.payload[wanted === 4 ? 8 : 7]).toBe(ttl);
      }),
      RUNS,
    );
  });
});

describe('RT-7 where an error comes from', () => {
  const four = ['p', 'q', 's', 't'] as const;
  const interfaces = Object.fromEntries(four.map((name, i) => [name, [`10.1.${i}.1/24`, `2001:db8:a${i}::1/64`]]));
  const anyWay = fc.tuple(anyFamily, fc.nat({ max: 3 }), fc.nat({ max: 3 }));

  it('RT-7 the address of the interface that it leaves by; over IPv6, of the one that the packet came by, as Linux', () => {
    fc.assert(
      fc.property(anyWay, ([wanted, by, home]) => {
        const at = (i: number, host: number) => ip(wanted === 4 ? `10.1.${i}.${host}` : `2001:db8:a${i}::${host}`);
        const packet = udp({ src: at(home, 9), dst: at((home + 1) % 4, 9), ttl: 1, sport: 1, dport: 2 });
        const end = arrive(packet, node({ interfaces, gateway: [] }), four[by]);
        const error = (end.verdict === 'drop' ? end.answer?.packet : undefined) ?? fail(end.verdict);
        expect(showIp(error.src)).toBe(showIp(at(wanted === 4 ? home : by, 1)));
      }),
      RUNS,
    );
  });

  it.each([4, 6] as const)('RT-7 the address that was asked, where that is the router, IPv%i', (wanted) => {
    const to = ADDRESS[wanted].far;
    const { result } = perform(simulate(network()), { send: { from: 'a', to, protocol: 'udp', port: 9 } });
    expect(result?.icmp).toMatchObject({ from: to });
  });

  it.each([
    [true, 6],
    [false, 30],
  ])('RT-7 errors are limited where that is asked for (%j), answers to pings never', (icmpRateLimit, errors) => {
    const world = simulate(network({ icmpRateLimit }));
    const [src, dst] = [ip(ADDRESS[4].a), ip(ADDRESS[4].b)];
    for (let i = 0; i < 30; i++) {
      inject(world, 'a', udp({ src, dst, ttl: 1, sport: 5000 + i, dport: 9 }), undefined, 0);
      inject(world, 'a', echo({ src, dst: ip(ADDRESS[4].near), id: 1, seq: i }), undefined, 0);
    }
    world.runUntil(world.now + 500);
    const types = icmpOnWires(world).map(({ type }) => type);
    expect([types.filter((type) => type === 11).length, types.filter((type) => type === 0).length]).toEqual([
      errors,
      30,
    ]);
  });
});
