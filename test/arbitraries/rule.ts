/**
 * Generators of filter rules and of the packets they see. Both draw from one small world, so that rules match about as
 * often as not.
 */
import fc from 'fast-check';
import { anyFamily } from '../../src/arbitraries/addr.ts';
import { type Family, type Ip, ip4, ip6, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { makePrefix, showPrefix } from '../../src/sim/addr/prefix.ts';
import {
  type Firewall,
  type FLAG_NAMES,
  type Match,
  type MatchFields,
  type Rule,
  STATES,
} from '../../src/sim/design/rule.ts';
import { fragment } from '../../src/sim/packet/fragment.ts';
import { icmp, other, type Packet, tcp, udp } from '../../src/sim/packet/packet.ts';
import type { Sight } from '../../src/sim/program/program.ts';

/** The sixteen addresses of 10.0.0.0/28, or of 2001:db8::/124. */
export function anyNearIp(family: Family) {
  const host = fc.nat({ max: 15 });
  return family === 4 ? host.map((n) => ip4(0x0a00_0000 + n)) : host.map((n) => ip6((0x2001_0db8n << 96n) + BigInt(n)));
}

const GROUP_NAMES = ['a', 'b', 'c'] as const;

const anyAddressText: fc.Arbitrary<string> = anyFamily.chain((family) => {
  const bits = family === 4 ? 28 : 124;
  const network = family === 4 ? '10.0.0.' : '2001:db8::';
  const prefix = fc.nat({ max: 4 }).chain((more) =>
    fc.nat({ max: 2 ** more - 1 }).map((n) => {
      const host = n * 2 ** (4 - more);
      return `${network}${family === 4 ? host : host.toString(16)}/${bits + more}`;
    }),
  );
  const range = fc
    .tuple(anyNearIp(family), anyNearIp(family))
    .map(([a, b]) => (a <= b ? `${showIp(a)}-${showIp(b)}` : `${showIp(b)}-${showIp(a)}`));
  return fc.oneof(anyNearIp(family).map(showIp), prefix, range);
});

const anyAddressItem = fc.oneof(
  { weight: 4, arbitrary: anyAddressText },
  { weight: 1, arbitrary: fc.constantFrom(...GROUP_NAMES).map((name) => `@${name}`) },
);

/** Groups a, b and c, of which each may hold the later ones; some are empty. */
export const anyGroups: fc.Arbitrary<Readonly<Record<string, readonly string[]>>> = fc.record({
  a: fc.array(fc.oneof(anyAddressText, fc.constantFrom('@b', '@c')), { maxLength: 3 }),
  b: fc.array(fc.oneof(anyAddressText, fc.constant('@c')), { maxLength: 3 }),
  c: fc.array(anyAddressText, { maxLength: 2 }),
});

function oneOrMore<T>(item: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> {
  return fc.oneof(item, fc.array(item, { minLength: 1, maxLength: 3 }));
}

const anyPortItem = fc.oneof(
  fc.integer({ min: 20, max: 25 }),
  fc.tuple(fc.integer({ min: 19, max: 25 }), fc.nat({ max: 3 })).map(([from, size]) => `${from}-${from + size}`),
  fc.constantFrom('ssh', 'ftp', 'smtp'),
);
const anyIcmpType = fc.constantFrom<(string | number)[]>(
  'echo-request',
  'echo-reply',
  'destination-unreachable',
  'source-quench',
  'packet-too-big',
  8,
  1,
  128,
);
const anyFlagNames = fc.subarray(['fin', 'syn', 'rst', 'ack'] satisfies (typeof FLAG_NAMES)[number][]);

const FIELDS = {
  protocol: oneOrMore(fc.constantFrom('tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 6, 1, 58, 47)),
  source: oneOrMore(anyAddressItem),
  destination: oneOrMore(anyAddressItem),
  sourcePort: oneOrMore(anyPortItem),
  destinationPort: oneOrMore(anyPortItem),
  inInterface: oneOrMore(fc.constantFrom('lan0', 'lan1', 'wan', 'lan*', 'l*')),
  outInterface: oneOrMore(fc.constantFrom('lan0', 'lan1', 'wan', 'lan*', 'l*')),
  state: oneOrMore(fc.constantFrom(...STATES)),
  tcpFlags: fc
    .tuple(anyFlagNames, anyFlagNames)
    .map(([mask, set]) => ({ mask: mask.length === 0 ? ['syn' as const] : mask, set })),
  icmpType: oneOrMore(anyIcmpType),
};

type Fields = Readonly<Record<keyof typeof FIELDS, fc.Arbitrary<unknown>>>;

/** A few fields at a time: all at once would never match. */
const anyFields = (from: Fields, most: number): fc.Arbitrary<MatchFields> =>
  fc
    .subarray(Object.keys(from) as (keyof Fields)[], { minLength: 0, maxLength: most })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name): [string, fc.Arbitrary<unknown>] => [name, from[name]]))),
    ) as fc.Arbitrary<MatchFields>;

const anyMatchOf = (fields: Fields): fc.Arbitrary<Match> =>
  fc
    .tuple(anyFields(fields, 2), fc.option(anyFields(fields, 2), { nil: undefined, freq: 2 }))
    .map(([holds, not]) => (not === undefined ? holds : { ...holds, not }));

export const anyMatch = anyMatchOf(FIELDS);

/** Few addresses that are far from each other, and next to each other: what a table by prefixes cuts apart. */
const FAR4 = [
  '0.0.0.0',
  '10.0.0.1',
  '10.0.0.255',
  '10.0.1.0',
  '10.1.0.0',
  '127.255.255.255',
  '128.0.0.0',
  '255.255.255.255',
];
const FAR6 = ['::', '2001:db8::1', '2001:db8:0:1::', '2001:db8:1::', '2001:db9::', 'ffff::1', 'ffff:ffff::'];
const anyFarIp = (family: Family) =>
  fc.constantFrom(...(family === 4 ? FAR4 : FAR6)).map((text) => parseIp(text) as Ip);

const anyFarText: fc.Arbitrary<string> = anyFamily.chain((family) => {
  const length =
    family === 4 ? fc.constantFrom(0, 8, 12, 16, 23, 24, 28, 32) : fc.constantFrom(0, 16, 32, 44, 48, 60, 64, 128);
  const prefix = fc.tuple(anyFarIp(family), length).map(([ip, bits]) => showPrefix(makePrefix(ip, bits)));
  const range = fc
    .tuple(anyFarIp(family), anyFarIp(family))
    .map(([a, b]) => (a <= b ? `${showIp(a)}-${showIp(b)}` : `${showIp(b)}-${showIp(a)}`));
  return fc.oneof({ weight: 3, arbitrary: prefix }, { weight: 1, arbitrary: range });
});

/** Many addresses at a time now and then: more than any table has an entry for. */
const anyFarSet = fc.oneof(
  { weight: 4, arbitrary: oneOrMore(anyFarText) },
  { weight: 1, arbitrary: fc.array(anyFarText, { minLength: 8, maxLength: 20 }) },
);

export const anyFarMatch = anyMatchOf({ ...FIELDS, source: anyFarSet, destination: anyFarSet });

const REJECTIONS = ['icmp-port-unreachable', 'icmp-admin-prohibited', 'tcp-reset'] as const;

/** A rule that may jump to the given chains. */
export function anyRule(chains: readonly string[]): fc.Arbitrary<Rule> {
  const actions: fc.Arbitrary<Rule>[] = [
    fc.constantFrom<Rule[]>({ action: 'accept' }, { action: 'drop' }, { action: 'reject' }, { action: 'return' }),
    fc.constantFrom(...REJECTIONS).map((kind) => ({ action: 'reject', with: kind })),
    fc.constantFrom<Rule[]>({ action: 'log' }, { action: 'log', prefix: 'seen: ' }, { action: 'notrack' }),
  ];
  if (chains.length > 0) actions.push(fc.constantFrom(...chains).map((chain) => ({ action: 'jump', chain })));
  const extras = fc.record({ match: anyMatch, name: fc.constantFrom('first', 'second') }, { requiredKeys: [] });
  return fc.tuple(fc.oneof(...actions), extras).map(([action, extra]): Rule => ({ ...action, ...extra }));
}

/** A forward chain over three user chains, each of which jumps to later ones only. */
export const anyFirewall: fc.Arbitrary<Firewall> = fc.record({
  forward: fc.record(
    {
      policy: fc.constantFrom('accept' as const, 'drop' as const),
      rules: fc.array(anyRule(['one', 'two', 'three']), { maxLength: 6 }),
    },
    { requiredKeys: ['rules'] },
  ),
  chains: fc.record({
    one: fc.array(anyRule(['two', 'three']), { maxLength: 4 }),
    two: fc.array(anyRule(['three']), { maxLength: 4 }),
    three: fc.array(anyRule([]), { maxLength: 4 }),
  }),
});

const anyNearPort = fc.integer({ min: 19, max: 26 });
const anyTcpFlags = fc.nat({ max: 31 });

/** A packet between two addresses of the small world, whole or a fragment. */
export function anyNearPacketOf(family: Family): fc.Arbitrary<Packet> {
  const ends = { src: anyNearIp(family), dst: anyNearIp(family) };
  const ports = { ...ends, sport: anyNearPort, dport: anyNearPort };
  const segment = fc
    .record({ ...ports, flags: anyTcpFlags })
    .map((init) => tcp({ ...init, seq: 1, payload: new Uint8Array(40) }));
  const whole = fc.oneof<fc.Arbitrary<Packet>[]>(
    segment,
    fc.record(ports).map((init) => udp({ ...init, payload: new Uint8Array(40) })),
    fc
      .record({ ...ends, type: fc.constantFrom(0, 1, 2, 3, 4, 8, 128, 129) })
      .map((init) => icmp({ ...init, payload: new Uint8Array(40) })),
    fc
      .record({ ...ends, protocol: fc.constantFrom(132, 47, 6, 1, 58), size: fc.constantFrom(0, 3, 12, 40) })
      .chain(({ size, ...init }) =>
        fc.uint8Array({ minLength: size, maxLength: size }).map((payload) => other({ ...init, payload })),
      ),
  );
  const piece = fc.tuple(whole, fc.nat({ max: 1 })).map(([packet, which]) => {
    const pieces = fragment(packet, family === 4 ? 44 : 72, 7);
    return pieces[which] ?? packet;
  });
  return fc.oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: piece });
}

export const anyNearPacket: fc.Arbitrary<Packet> = anyFamily.chain(anyNearPacketOf);

const anyInterfaceName = fc.option(fc.constantFrom('lan0', 'lan1', 'wan', 'lo'), { nil: undefined });

const anySightOf = (packet: fc.Arbitrary<Packet>): fc.Arbitrary<Sight> =>
  fc.record({
    packet,
    in: anyInterfaceName,
    out: anyInterfaceName,
    state: fc.constantFrom(undefined, 'new', 'established', 'related', 'invalid', 'untracked'),
    snat: fc.boolean(),
    dnat: fc.boolean(),
  });

export const anySight = anySightOf(anyNearPacket);

/** Of packets between the addresses of `anyFarMatch`. */
export const anyFarSight = anySightOf(
  anyFamily.chain((family) =>
    fc
      .tuple(anyNearPacketOf(family), anyFarIp(family), anyFarIp(family))
      .map(([packet, src, dst]) => ({ ...packet, src, dst })),
  ),
);
