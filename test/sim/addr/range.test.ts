import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp, anyIpRange, anyIpSet, anyPort, anyPrefix } from '../../../src/arbitraries/addr.ts';
import { bitsOf, family, type Ip, offsetIp, parseIp, showIp } from '../../../src/sim/addr/ip.ts';
import { contains as holds, lastAddress, parsePrefix, showPrefix, summarise } from '../../../src/sim/addr/prefix.ts';
import {
  contains,
  type IpRange,
  intersection,
  meets,
  minus,
  type Point,
  parseIpRange,
  prefixRange,
  type Range,
  type RangeSet,
  rangeSet,
  readIpRange,
  toPrefixes,
  union,
} from '../../../src/sim/addr/range.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const range = (text: string): IpRange => parseIpRange(text) ?? expect.fail(`${text}: ${readIpRange(text)}`);
const show = (set: RangeSet<Ip>) => set.map(({ from, to }) => `${showIp(from)}-${showIp(to)}`);

describe('parseIpRange', () => {
  it.each([
    ['192.168.0.100-192.168.0.199', '192.168.0.100', '192.168.0.199'],
    ['10.0.0.1-10.0.0.1', '10.0.0.1', '10.0.0.1'],
    ['0.0.0.0-255.255.255.255', '0.0.0.0', '255.255.255.255'],
    ['2001:db8::1-2001:DB8::FF', '2001:db8::1', '2001:db8::ff'],
  ])('reads %s', (text, from, to) => {
    expect(parseIpRange(text)).toEqual({ from: ip(from), to: ip(to) });
  });

  it.each([
    ['192.168.0.100', '"192.168.0.100" is not a range; write FIRST-LAST'],
    ['192.168.0.9-192.168.0.4', '192.168.0.9-192.168.0.4 ends before it begins'],
    ['::2-::1', '::2-::1 ends before it begins'],
    ['10.0.0.1-::1', '10.0.0.1-::1 goes from one family to the other'],
    ['10.0.0.1-20', '"20" is not an IP address'],
    ['10.0.0.300-10.0.0.1', '"10.0.0.300" is not an IPv4 address: 300 is above 255'],
    ['10.0.0.1-', '"" is not an IP address'],
    ['-10.0.0.1', '"" is not an IP address'],
    ['10.0.0.1-10.0.0.2-10.0.0.3', '"10.0.0.2-10.0.0.3" is not an IPv4 address: it has 7 numbers instead of 4'],
    ['10.0.0.1 - 10.0.0.2', '"10.0.0.1 " is not an IPv4 address: "1 " is not a number'],
  ])('refuses %s', (text, why) => {
    expect(parseIpRange(text)).toBeUndefined();
    expect(readIpRange(text)).toBe(why);
  });

  it('reads back what is written', () => {
    fc.assert(
      fc.property(anyIpRange(), (r) => {
        expect(parseIpRange(`${showIp(r.from)}-${showIp(r.to)}`)).toEqual(r);
      }),
    );
  });
});

/**
 * Sixty-four places in a row and what stands at each: ports, IPv6 addresses up to the last, or the last addresses of
 * IPv4 followed by the first of IPv6. `end` is the first place of the second family.
 */
const COUNT = 64;
const WORLDS: readonly (readonly [name: string, end: number, at: (place: number) => Point])[] = [
  ['ports', COUNT, (place) => 65_536 - COUNT + place],
  ['IPv6 addresses', COUNT, (place) => (1n << 128n) - BigInt(COUNT - place)],
  ['both families', 32, (place) => (place < 32 ? 0xffff_ffff - 31 + place : BigInt(place - 32))],
];
const PLACES = Array.from({ length: COUNT }, (_, place) => place);
const anySpan = fc.tuple(fc.nat({ max: COUNT - 1 }), fc.nat({ max: 9 }));

describe.each(WORLDS)('sets of %s', (_, end, at) => {
  const anyRanges = fc
    .array(anySpan, { maxLength: 8 })
    .map((spans) => spans.flatMap(([from, length]) => clip(from, Math.min(from + length, COUNT - 1))));
  const clip = (from: number, to: number): Range<Point>[] =>
    from < end && to >= end
      ? [
          { from: at(from), to: at(end - 1) },
          { from: at(end), to: at(to) },
        ]
      : [{ from: at(from), to: at(to) }];
  const placesIn = (ranges: readonly Range<Point>[]): Set<number> =>
    new Set(
      PLACES.filter((place) => {
        const point = at(place);
        return ranges.some((r) => typeof r.from === typeof point && r.from <= point && point <= r.to);
      }),
    );
  /** The one way to write a set: the longest runs of places. */
  const written = (places: ReadonlySet<number>): Range<Point>[] => {
    const runs: { from: Point; to: Point }[] = [];
    for (const place of PLACES.filter((p) => places.has(p))) {
      const last = runs.at(-1);
      if (last !== undefined && places.has(place - 1) && place !== end) last.to = at(place);
      else runs.push({ from: at(place), to: at(place) });
    }
    return runs;
  };
  const anyTwo = [anyRanges, anyRanges] as const;
  const runs = { numRuns: 300 };

  it('are written in one way', () => {
    fc.assert(
      fc.property(anyRanges, (ranges) => {
        expect(rangeSet(ranges)).toEqual(written(placesIn(ranges)));
      }),
      runs,
    );
  });

  it('have union, intersection, difference and meeting of the points one by one', () => {
    fc.assert(
      fc.property(...anyTwo, (left, right) => {
        const [a, b] = [rangeSet(left), rangeSet(right)];
        const [inA, inB] = [placesIn(left), placesIn(right)];
        const both = new Set(PLACES.filter((p) => inA.has(p) && inB.has(p)));
        expect(union(a, b)).toEqual(written(new Set([...inA, ...inB])));
        expect(intersection(a, b)).toEqual(written(both));
        expect(minus(a, b)).toEqual(written(new Set(PLACES.filter((p) => inA.has(p) && !inB.has(p)))));
        expect(meets(a, b)).toBe(both.size > 0);
      }),
      runs,
    );
  });

  it('contain their points and no others', () => {
    fc.assert(
      fc.property(anyRanges, (ranges) => {
        const set = rangeSet(ranges);
        expect(new Set(PLACES.filter((place) => contains(set, at(place))))).toEqual(placesIn(ranges));
      }),
      runs,
    );
  });

  it('may be empty', () => {
    const some = rangeSet(clip(0, COUNT - 1));
    const none: RangeSet<Point> = rangeSet([]);
    expect([none, union(none, none), intersection(some, none), minus(some, some), minus(none, some)]).toEqual(
      Array(5).fill([]),
    );
    expect([meets(some, none), meets(none, some), contains(none, at(0))]).toEqual([false, false, false]);
    expect([union(some, none), minus(some, none)]).toEqual([some, some]);
  });
});

describe('laws on addresses of any size', () => {
  const anyTwo = [anyIpSet(), anyIpSet()] as const;

  it('a is what it shares with b and what it does not', () => {
    fc.assert(
      fc.property(...anyTwo, (a, b) => {
        expect(union(intersection(a, b), minus(a, b))).toEqual(a);
        expect(meets(minus(a, b), b)).toBe(false);
        expect(meets(a, b)).toBe(intersection(a, b).length > 0);
        expect(intersection(a, b)).toEqual(minus(a, minus(a, b)));
        expect(union(a, b)).toEqual(union(b, a));
        expect(intersection(a, b)).toEqual(intersection(b, a));
      }),
      { numRuns: 300 },
    );
  });

  it('a point is in the parts just when it is in the whole', () => {
    fc.assert(
      fc.property(...anyTwo, anyIp(), (a, b, address) => {
        const [inA, inB] = [contains(a, address), contains(b, address)];
        expect(contains(union(a, b), address)).toBe(inA || inB);
        expect(contains(intersection(a, b), address)).toBe(inA && inB);
        expect(contains(minus(a, b), address)).toBe(inA && !inB);
      }),
      { numRuns: 300 },
    );
  });

  it('everything but a, and a, are everything', () => {
    const all = rangeSet(['0.0.0.0/0', '::/0'].flatMap((text) => parsePrefix(text) ?? []).map(prefixRange));
    fc.assert(
      fc.property(anyIpSet(), (a) => {
        expect(union(minus(all, a), a)).toEqual(all);
        expect(minus(all, minus(all, a))).toEqual(a);
      }),
    );
  });

  it('hold for ports too', () => {
    const anyPorts = fc
      .array(fc.tuple(anyPort, anyPort), { maxLength: 5 })
      .map((pairs) => rangeSet(pairs.map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))));
    fc.assert(
      fc.property(anyPorts, anyPorts, anyPort, (a, b, port) => {
        expect(contains(minus(a, b), port)).toBe(contains(a, port) && !contains(b, port));
        expect(union(minus(a, b), intersection(a, b))).toEqual(a);
      }),
    );
  });
});

describe('prefixes of a set', () => {
  it.each([
    ['10.0.0.0-10.0.0.255', ['10.0.0.0/24']],
    ['10.0.0.1-10.0.0.6', ['10.0.0.1/32', '10.0.0.2/31', '10.0.0.4/31', '10.0.0.6/32']],
    [
      '192.168.0.100-192.168.0.199',
      ['100/30', '104/29', '112/28', '128/26', '192/29'].map((end) => `192.168.0.${end}`),
    ],
    ['0.0.0.0-255.255.255.255', ['0.0.0.0/0']],
    ['255.255.255.254-255.255.255.255', ['255.255.255.254/31']],
    ['127.255.255.255-128.0.0.0', ['127.255.255.255/32', '128.0.0.0/32']],
    ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
    ['2001:db8::1-2001:db8::3', ['2001:db8::1/128', '2001:db8::2/127']],
  ])('%s', (text, expected) => {
    expect(toPrefixes(rangeSet([range(text)])).map(showPrefix)).toEqual(expected);
  });

  it('hold the same addresses and are the fewest', () => {
    fc.assert(
      fc.property(anyIpSet(), (set) => {
        const prefixes = toPrefixes(set);
        expect(rangeSet(prefixes.map(prefixRange))).toEqual(set);
        expect(summarise(prefixes)).toEqual(prefixes);
      }),
    );
  });

  it('turn a list of prefixes into its summary', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix(), { maxLength: 10 }), (given) => {
        expect(toPrefixes(rangeSet(given.map(prefixRange)))).toEqual(summarise(given));
      }),
    );
  });

  it('make a range of a prefix that holds what the prefix holds', () => {
    fc.assert(
      fc.property(anyPrefix(), anyIp(), (prefix, address) => {
        const set = rangeSet([prefixRange(prefix)]);
        expect(contains(set, address)).toBe(holds(prefix, address));
        expect([contains(set, prefix.ip), contains(set, lastAddress(prefix))]).toEqual([true, true]);
        const past = BigInt(lastAddress(prefix)) + 1n;
        if (past < 1n << BigInt(bitsOf(family(prefix.ip)))) {
          expect(contains(set, offsetIp(lastAddress(prefix), 1))).toBe(false);
        }
      }),
    );
  });

  it('put neighbours together, but not the families', () => {
    const given = ['10.0.0.5-10.0.0.9', '10.0.0.1-10.0.0.4', '255.255.255.0-255.255.255.255', '::-::1'].map(range);
    expect(show(rangeSet(given))).toEqual(['10.0.0.1-10.0.0.9', '255.255.255.0-255.255.255.255', '::-::1']);
  });
});
