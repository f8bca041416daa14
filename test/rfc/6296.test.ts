import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp6, anyIpIn } from '../../src/arbitraries/addr.ts';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { type Ip6, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { mapNeutrally } from '../../src/sim/addr/neutral.ts';
import { contains, makePrefix, type Prefix, parsePrefix } from '../../src/sim/addr/prefix.ts';
import { check } from '../../src/sim/design/check.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { sumIp, verify } from '../../src/sim/packet/checksum.ts';
import { error, quoteOf } from '../../src/sim/packet/icmp-error.ts';
import { echo, type Packet, tcp, udp } from '../../src/sim/packet/packet.ts';
import type { World } from '../../src/sim/world/world.ts';
import { script } from '../script.ts';

const prefix = (text: string): Prefix => parsePrefix(text) ?? expect.fail(`${text} is not a prefix`);
const inside = prefix('fd01:203:405::/48');
const outside = prefix('2001:db8:1::/48');
const map = (text: string, from: Prefix, to: Prefix) => {
  const mapped = mapNeutrally(parseIp(text) as Ip6, from, to);
  return mapped === undefined ? undefined : showIp(mapped);
};

/** Two prefixes of one length, and an address in the first. */
const anyPair = fc.tuple(anyIp6, anyIp6, fc.integer({ min: 16, max: 64 })).chain(([a, b, length]) => {
  const [from, to] = [makePrefix(a, length), makePrefix(b, length)];
  return fc.record({ from: fc.constant(from), to: fc.constant(to), ip: anyIpIn(from) as fc.Arbitrary<Ip6> });
});

describe('IPv6-to-IPv6 network prefix translation (RFC 6296)', () => {
  it('NPT-2, NPT-6: the example of the RFC, there and back', () => {
    expect(map('fd01:203:405:1::1234', inside, outside)).toBe('2001:db8:1:d550::1234');
    expect(map('2001:db8:1:d550::1234', outside, inside)).toBe('fd01:203:405:1::1234');
    expect(sumIp(parseIp('fd01:203:405:1::1234') as Ip6)).toBe(0x153f);
    expect(sumIp(parseIp('2001:db8:1:d550::1234') as Ip6)).toBe(0x153f);
  });

  it('NPT-2, NPT-6: a result of ffff is written as 0000, and comes back', () => {
    expect(map('fd01:203:405:2ab0::1', inside, outside)).toBe('2001:db8:1::1');
    expect(map('2001:db8:1::1', outside, inside)).toBe('fd01:203:405:2ab0::1');
  });

  it('NPT-3: up to /48 the subnet makes up for it, beyond that the first word of the identifier that is not ffff', () => {
    const [longIn, longOut] = [prefix('fd01:203:405:1::/64'), prefix('2001:db8:1:2::/64')];
    expect(map('fd01:203:405:1::1234', longIn, longOut)).toBe('2001:db8:1:2:d54e::1234');
    expect(map('fd01:203:405:1:ffff::1234', longIn, longOut)).toBe('2001:db8:1:2:ffff:d54e:0:1234');
    expect(map('fd01:203:405:1:ffff:ffff:ffff:0', longIn, longOut)).toBe('2001:db8:1:2:ffff:ffff:ffff:d54e');
    expect(map('fd00:1:2:3::9', prefix('fd00::/16'), prefix('fd01::/16'))).toBe('fd01:1:2:2::9');
  });

  it('NPT-4: a subnet of ffff, or an identifier of nothing but ffff, is not translated', () => {
    expect(map('fd01:203:405:ffff::1', inside, outside)).toBeUndefined();
    const all = 'fd01:203:405:1:ffff:ffff:ffff:ffff';
    expect(map(all, prefix('fd01:203:405:1::/64'), prefix('2001:db8:1:2::/64'))).toBeUndefined();
  });

  it('NPT-1, NPT-2: the sum of the address never changes, only the prefix and one word do, and the way back undoes it', () => {
    fc.assert(
      fc.property(anyPair, ({ from, to, ip }) => {
        const mapped = mapNeutrally(ip, from, to);
        if (mapped === undefined) return;
        expect(contains(to, mapped)).toBe(true);
        expect(sumIp(mapped) % 0xffff).toBe(sumIp(ip) % 0xffff);
        const back = mapNeutrally(mapped, to, from);
        expect(back === undefined ? undefined : showIp(back)).toBe(showIp(ip));
      }),
      { numRuns: 300 },
    );
  });
});

const RULE = { action: 'nptv6', inside: 'fd01:203:405::/48', outside: '2001:db8:1::/48' } as const;

/** Two hosts inside on links of their own, a translator whose address outside lies in the outside prefix, a server. */
function network(border: Partial<Node> = {}): Design {
  const inside = (link: number) => ({ eth0: `fd01:203:405:${link}::10/64` });
  const design: Design = {
    nodes: {
      laptop: { kind: 'host', interfaces: inside(1), gateway: 'fd01:203:405:1::1', services: ['udp/7'] },
      printer: { kind: 'host', interfaces: inside(2), gateway: 'fd01:203:405:2::1', services: ['udp/7', 'tcp/80'] },
      border: {
        kind: 'router',
        interfaces: { one: 'fd01:203:405:1::1/64', two: 'fd01:203:405:2::1/64', wan: '2001:db8:1:fffe::2/64' },
        gateway: '2001:db8:1:fffe::1',
        nat: { rules: [RULE] },
        ...border,
      },
      isp: {
        kind: 'router',
        interfaces: { cust: '2001:db8:1:fffe::1/64', srv: '2001:db8:2::1/64' },
        routes: [{ to: '2001:db8:1::/48', via: '2001:db8:1:fffe::2' }],
      },
      server: {
        kind: 'host',
        interfaces: { eth0: '2001:db8:2::80/64' },
        gateway: '2001:db8:2::1',
        services: ['tcp/80', 'udp/7'],
      },
    },
    links: [
      ['laptop', 'border:one'],
      ['printer', 'border:two'],
      ['border:wan', 'isp:cust'],
      ['isp:srv', 'server'],
    ],
  };
  expect(check(design)).toEqual([]);
  return design;
}

const six = (text: string) => parseIp(text) as Ip6;
const LAPTOP = six('fd01:203:405:1::10');
const LAPTOP_OUTSIDE = six('2001:db8:1:d550::10');
const PRINTER_OUTSIDE = '2001:db8:1:d551::10';
const SERVER = six('2001:db8:2::80');

/** What a node hears of packets that another sends as they are. */
function hear(world: World, from: string, packet: Packet, at: string): Packet[] {
  const since = world.recorded;
  const line = [0, { kind: 'inject', socket: 'raw', packet }] as const;
  world.launch(from, script('raw', [0, { kind: 'raw', socket: 'raw', level: 'ip' }], line).app);
  world.runUntil(world.now + 100);
  const wires = world.since(since).flatMap((event) => (event.kind === 'wire' ? [event] : []));
  return wires.flatMap(({ to, value }) => (to.startsWith(`${at}:`) ? [value] : []));
}

describe('a translator of prefixes', () => {
  it('NPT-1: swaps the prefix of all that leaves and comes back, and touches no transport header', () => {
    const world = simulate(network());
    const ends = { src: LAPTOP, dst: SERVER };
    for (const packet of [
      udp({ ...ends, sport: 9, dport: 10 }),
      tcp({ ...ends, sport: 9, dport: 10, seq: 1, flags: 2 }),
      echo({ ...ends, id: 1, seq: 1 }),
    ]) {
      const [there] = hear(world, 'laptop', packet, 'server');
      expect(there).toEqual({ ...packet, src: LAPTOP_OUTSIDE, ttl: 62 });
      expect(there !== undefined && verify(there).transport).toBe(true);
    }
    const back = udp({ src: SERVER, dst: LAPTOP_OUTSIDE, sport: 1, dport: 9999 });
    expect(hear(world, 'server', back, 'laptop')).toEqual([{ ...back, dst: LAPTOP, ttl: 62 }]);
    expect(world.inspect('border').connections).toEqual([]);
  });

  it('NPT-1: nothing of it keeps anyone out, and the node itself is reached by its own address', () => {
    const world = simulate(network());
    const result = (from: string, to: string) => perform(world, { ping: { from, to } }).result;
    expect(result('server', showIp(LAPTOP_OUTSIDE))).toMatchObject({ outcome: 'replied', server: 'laptop' });
    expect(result('laptop', '2001:db8:2::80')).toMatchObject({
      outcome: 'replied',
      seenAs: { address: showIp(LAPTOP_OUTSIDE) },
    });
    expect(result('server', '2001:db8:1:fffe::2')).toMatchObject({ outcome: 'replied', server: 'border' });
    expect(result('laptop', 'fd01:203:405:2::10')).toMatchObject({
      outcome: 'replied',
      seenAs: { address: showIp(LAPTOP) },
    });
  });

  it('NPT-4: what cannot be mapped is answered with destination unreachable, in either direction', () => {
    const world = simulate(network());
    const stuck = udp({ src: six('fd01:203:405:ffff::10'), dst: SERVER, sport: 1, dport: 2 });
    expect(hear(world, 'laptop', stuck, 'server')).toEqual([]);
    const refused = world.trace.flatMap((event) =>
      event.kind === 'fate' && event.fate.kind === 'dropped' ? [event.fate] : [],
    );
    expect(refused[0]).toMatchObject({ node: 'border', reason: 'untranslatable', place: 'nat.rules[0]' });
    const said = world.trace.flatMap((event) => (event.kind === 'born' && event.by === 'icmp' ? [event.value] : []));
    expect(said[0]).toMatchObject({ type: 1, code: 5, dst: stuck.src });
    const inward = udp({ src: SERVER, dst: six('2001:db8:1:ffff::10'), sport: 1, dport: 2 });
    expect(hear(world, 'server', inward, 'server')).toMatchObject([{ type: 1, code: 0 }]);
  });

  it('NPT-5: inside hosts reach each other by outside addresses, and both stay behind the translator', () => {
    const world = simulate(network());
    const asked = perform(world, { send: { from: 'laptop', to: PRINTER_OUTSIDE, protocol: 'udp', port: 7 } }).result;
    expect(asked).toMatchObject({ outcome: 'replied', server: 'printer', seenAs: { address: showIp(LAPTOP_OUTSIDE) } });
    const web = perform(world, { connect: { from: 'laptop', to: PRINTER_OUTSIDE, port: 80 } }).result;
    expect(web).toMatchObject({ outcome: 'connected', server: 'printer' });
  });

  it('errors speak of the packet as it is known on their side', () => {
    const world = simulate(network());
    const outward = udp({ src: LAPTOP_OUTSIDE, dst: SERVER, sport: 9, dport: 10 });
    const [came] = hear(world, 'server', error({ about: outward, src: SERVER, type: 1, code: 4 }), 'laptop');
    expect(came).toMatchObject({ kind: 'icmp', dst: LAPTOP });
    expect(came?.kind === 'icmp' && quoteOf(came)).toMatchObject({ src: LAPTOP, dst: SERVER });
    const inward = udp({ src: SERVER, dst: LAPTOP_OUTSIDE, sport: 9, dport: 10 });
    const [went] = hear(world, 'server', inward, 'server');
    expect(went).toMatchObject({ kind: 'icmp', type: 1, code: 4, src: LAPTOP_OUTSIDE, dst: SERVER });
    expect(went?.kind === 'icmp' && quoteOf(went)).toMatchObject({ src: SERVER, dst: LAPTOP_OUTSIDE });
    expect(went !== undefined && verify(went).transport).toBe(true);
    const [expired] = hear(world, 'server', { ...inward, ttl: 2 }, 'server');
    expect(expired).toMatchObject({ type: 3, code: 0, src: six('2001:db8:1:fffe::2') });
    expect(expired?.kind === 'icmp' && quoteOf(expired)).toMatchObject({ dst: LAPTOP_OUTSIDE });
  });

  it('connections are tracked by inside addresses, so that a firewall speaks of them both ways', () => {
    const world = simulate(
      network({
        firewall: {
          forward: {
            policy: 'drop',
            rules: [
              { match: { state: 'established' }, action: 'accept' },
              { match: { source: 'fd01:203:405:1::10' }, action: 'accept' },
              { match: { destination: 'fd01:203:405:2::10', protocol: 'tcp', destinationPort: 80 }, action: 'accept' },
            ],
          },
        },
      }),
    );
    const outcome = (from: string, to: string) => perform(world, { connect: { from, to, port: 80 } }).result.outcome;
    expect(outcome('laptop', '2001:db8:2::80')).toBe('connected');
    expect(outcome('server', PRINTER_OUTSIDE)).toBe('connected');
    expect(outcome('server', showIp(LAPTOP_OUTSIDE))).toBe('timeout');
    expect(world.inspect('border').connections[0]?.original.source).toBe('fd01:203:405:1::10');
  });

  it('with two ways out, each has a prefix of its own (RFC 6296 §2.4)', () => {
    const rules = [
      { ...RULE, outside: '2001:db8:9::/48', match: { outInterface: 'one' } },
      { ...RULE, match: { outInterface: 'wan' } },
    ] as const;
    const world = simulate(network({ nat: { rules } }));
    const result = perform(world, { ping: { from: 'laptop', to: '2001:db8:2::80' } }).result;
    expect(result).toMatchObject({ outcome: 'replied', seenAs: { address: showIp(LAPTOP_OUTSIDE) } });
  });
});
