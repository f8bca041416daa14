/** Generators of addresses, prefixes and range sets, with the corners more often than chance would give them. */
import fc from 'fast-check';
import { bitsOf, type Family, family, fromBytes, type Ip, type Ip4, type Ip6, ip4, ip6 } from '../sim/addr/ip.ts';
import { hostPrefix, lastAddress, makePrefix, type Prefix } from '../sim/addr/prefix.ts';
import { type IpRange, type RangeSet, rangeSet } from '../sim/addr/range.ts';
import { SPECIAL_BLOCKS } from '../sim/addr/special.ts';

/** The first and the last address of each special-purpose block, and their neighbours outside. */
function cornersOf(wanted: Family): Ip[] {
  return SPECIAL_BLOCKS.filter((block) => family(block.prefix.ip) === wanted).flatMap(({ prefix }) => {
    const first = prefix.ip;
    const last = lastAddress(prefix);
    return [first, last, ...neighbour(first, -1), ...neighbour(last, 1)];
  });
}

function neighbour(ip: Ip, by: 1 | -1): Ip[] {
  const value = BigInt(ip) + BigInt(by);
  if (value < 0n || value >= 1n << BigInt(bitsOf(family(ip)))) return [];
  return [family(ip) === 4 ? ip4(Number(value)) : ip6(value)];
}

const CORNERS4 = cornersOf(4) as Ip4[];
const CORNERS6 = cornersOf(6) as Ip6[];

/** Any IPv4 address; shrinks towards 0.0.0.0. */
export const anyIp4: fc.Arbitrary<Ip4> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }).map(ip4) },
  { weight: 1, arbitrary: fc.constantFrom(...CORNERS4) },
);

const anyGroup = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(1, 0xffff) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);

/** The eight 16-bit groups of an IPv6 address, with runs of zeros; shrinks towards all zeros. */
export const anyGroups: fc.Arbitrary<number[]> = fc.array(anyGroup, { minLength: 8, maxLength: 8 });

/** Any IPv6 address, often with runs of zero groups; shrinks towards ::. */
export const anyIp6: fc.Arbitrary<Ip6> = fc.oneof(
  {
    weight: 3,
    arbitrary: anyGroups.map((groups) => ip6(groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n))),
  },
  { weight: 1, arbitrary: fc.constantFrom(...CORNERS6) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => fromBytes(bytes) as Ip6) },
);

export const anyFamily: fc.Arbitrary<Family> = fc.constantFrom(4, 6);

/** An address of the family, or of either; shrinks towards IPv4. */
export function anyIp(wanted?: Family): fc.Arbitrary<Ip> {
  if (wanted === undefined) return fc.oneof<fc.Arbitrary<Ip>[]>(anyIp4, anyIp6);
  return wanted === 4 ? anyIp4 : anyIp6;
}

/** A prefix length of the family; the ends, where rules change, come up often. */
export function anyLength(wanted: Family): fc.Arbitrary<number> {
  const bits = bitsOf(wanted);
  return fc.oneof(fc.integer({ min: 0, max: bits }), fc.constantFrom(0, 1, 8, bits / 2, bits - 2, bits - 1, bits));
}

const anyPrefixOf = (wanted: Family) => fc.tuple(anyIp(wanted), anyLength(wanted)).map(([ip, n]) => makePrefix(ip, n));

/** A prefix of any length, of the family or of either. */
export function anyPrefix(wanted?: Family): fc.Arbitrary<Prefix> {
  return wanted === undefined ? fc.oneof(anyPrefixOf(4), anyPrefixOf(6)) : anyPrefixOf(wanted);
}

/** A prefix of one address, /32 or /128. */
export function anyHostPrefix(wanted?: Family): fc.Arbitrary<Prefix> {
  return anyIp(wanted).map(hostPrefix);
}

/** An address in the prefix, its first and last often. */
export function anyIpIn(prefix: Prefix): fc.Arbitrary<Ip> {
  const last = lastAddress(prefix);
  const offset = fc.bigInt({ min: 0n, max: BigInt(last) - BigInt(prefix.ip) });
  const inside = offset.map((n) =>
    family(last) === 4 ? ip4(Number(prefix.ip) + Number(n)) : ip6(BigInt(prefix.ip) + n),
  );
  return fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: fc.constantFrom(prefix.ip, last) });
}

/** A prefix within the prefix, or itself. */
export function anySubnetOf(prefix: Prefix): fc.Arbitrary<Prefix> {
  const length = fc.integer({ min: prefix.length, max: bitsOf(family(prefix.ip)) });
  return fc.tuple(anyIpIn(prefix), length).map(([ip, n]) => makePrefix(ip, n));
}

/** An ascending pair of addresses, of the family or of either. */
export function anyIpRange(wanted?: Family): fc.Arbitrary<IpRange> {
  const of = (f: Family) =>
    fc.tuple(anyIp(f), anyIp(f)).map(([a, b]) => (a <= b ? { from: a, to: b } : { from: b, to: a }));
  return wanted === undefined ? fc.oneof(of(4), of(6)) : of(wanted);
}

/** A set of a few ranges of addresses, of the family or of both. */
export function anyIpSet(wanted?: Family): fc.Arbitrary<RangeSet<Ip>> {
  return fc.array(anyIpRange(wanted), { maxLength: 6 }).map(rangeSet);
}

/** A 48-bit MAC address as a number. */
export const anyMac: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 48 - 1 });

/** A port, with both ends and the edges of the usual ranges often. */
export const anyPort: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 65_535 }),
  fc.constantFrom(0, 1, 1023, 1024, 32_768, 49_151, 49_152, 60_999, 65_535),
);
