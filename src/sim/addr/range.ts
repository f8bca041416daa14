/**
 * Sets of addresses or ports as sorted, disjoint, inclusive ranges. Points are numbers (ports, IPv4) or bigints (IPv6);
 * all numbers come before all bigints, so that one set may hold both families. No range spans the two.
 */
import { family, type Ip, readIp } from './ip.ts';
import { lastAddress, makePrefix, type Prefix } from './prefix.ts';

export type Point = number | bigint;

/** All points from `from` to `to`, both included; `from` is not after `to` and of the same type. */
export interface Range<P extends Point> {
  readonly from: P;
  readonly to: P;
}

export type IpRange = Range<Ip>;

/** Ranges in ascending order with a gap between any two, so that equal sets are written alike. Made by `rangeSet`. */
export type RangeSet<P extends Point> = readonly Range<P>[];

function isBefore(a: Point, b: Point): boolean {
  if (typeof a === 'number') return typeof b !== 'number' || a < b;
  return typeof b !== 'number' && a < b;
}

/** The point `by` further on; it may be no address or port any more, which only comparisons see. */
function shift<P extends Point>(point: P, by: 1 | -1): P {
  const whole: Point = point;
  return (typeof whole === 'number' ? whole + by : whole + BigInt(by)) as P;
}

/** Reads `A-B`, two addresses of one family in ascending order; undefined when it is not that. */
export function parseIpRange(text: string): IpRange | undefined {
  const found = readIpRange(text);
  return typeof found === 'string' ? undefined : found;
}

/** As `parseIpRange`, but a text that is no range gives the reason, a sentence without its full stop. */
export function readIpRange(text: string): IpRange | string {
  const dash = text.indexOf('-');
  if (dash < 0) return `"${text}" is not a range; write FIRST-LAST`;
  const from = readIp(text.slice(0, dash));
  const to = readIp(text.slice(dash + 1));
  if (typeof from === 'string') return from;
  if (typeof to === 'string') return to;
  if (family(from) !== family(to)) return `${text} goes from one family to the other`;
  return isBefore(to, from) ? `${text} ends before it begins` : { from, to };
}

/** The addresses of a prefix. */
export function prefixRange(prefix: Prefix): IpRange {
  return { from: prefix.ip, to: lastAddress(prefix) };
}

/** The set of the points in any of these ranges, which may overlap and come in any order. */
export function rangeSet<P extends Point>(ranges: readonly Range<P>[]): RangeSet<P> {
  if (ranges.length < 2) return ranges;
  const joined: Range<P>[] = [];
  for (const range of [...ranges].sort((a, b) => (isBefore(a.from, b.from) ? -1 : isBefore(b.from, a.from) ? 1 : 0))) {
    const last = joined.at(-1);
    if (last === undefined || isBefore(shift(last.to, 1), range.from)) joined.push(range);
    else if (isBefore(last.to, range.to)) joined[joined.length - 1] = { from: last.from, to: range.to };
  }
  return joined;
}

/** The points in either set. */
export function union<P extends Point>(a: RangeSet<P>, b: RangeSet<P>): RangeSet<P> {
  return rangeSet([...a, ...b]);
}

/** The points in both sets. */
export function intersection<P extends Point>(a: RangeSet<P>, b: RangeSet<P>): RangeSet<P> {
  const both: Range<P>[] = [];
  for (const [left, right] of meetings(a, b)) {
    both.push({
      from: isBefore(left.from, right.from) ? right.from : left.from,
      to: isBefore(left.to, right.to) ? left.to : right.to,
    });
  }
  return both;
}

/** Whether the sets have a point in common. */
export function meets<P extends Point>(a: RangeSet<P>, b: RangeSet<P>): boolean {
  return meetings(a, b).next().done !== true;
}

/** The pairs of ranges that share a point, in ascending order. */
function* meetings<P extends Point>(a: RangeSet<P>, b: RangeSet<P>): Generator<[Range<P>, Range<P>]> {
  let i = 0;
  let j = 0;
  for (let left = a[i], right = b[j]; left !== undefined && right !== undefined; left = a[i], right = b[j]) {
    if (!isBefore(left.to, right.from) && !isBefore(right.to, left.from)) yield [left, right];
    if (isBefore(left.to, right.to)) i += 1;
    else j += 1;
  }
}

/** The points of the first set that are not in the second. */
export function minus<P extends Point>(a: RangeSet<P>, b: RangeSet<P>): RangeSet<P> {
  const left: Range<P>[] = [];
  let passed = 0;
  for (const range of a) {
    let from = range.from;
    for (let i = passed, cut = b[i]; cut !== undefined && !isBefore(range.to, cut.from); i += 1, cut = b[i]) {
      if (isBefore(cut.to, range.from)) {
        passed = i + 1;
        continue;
      }
      if (isBefore(from, cut.from)) left.push({ from, to: shift(cut.from, -1) });
      from = shift(cut.to, 1);
    }
    if (!isBefore(range.to, from)) left.push({ from, to: range.to });
  }
  return left;
}

/** Whether the point is in the set, by binary search. */
export function contains<P extends Point>(set: RangeSet<P>, point: P): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = set[middle] as Range<P>;
    if (isBefore(point, range.from)) high = middle;
    else if (isBefore(range.to, point)) low = middle + 1;
    else return true;
  }
  return false;
}

/** The fewest prefixes that hold the same addresses, in order. */
export function toPrefixes(set: RangeSet<Ip>): Prefix[] {
  const prefixes: Prefix[] = [];
  for (const { from, to } of set) {
    for (let at = from; !isBefore(to, at); ) {
      const prefix = largestFrom(at, to);
      prefixes.push(prefix);
      at = shift(lastAddress(prefix), 1);
    }
  }
  return prefixes;
}

/** The largest prefix that begins at one address and does not go past another. */
function largestFrom(from: Ip, to: Ip): Prefix {
  let best = makePrefix(from, family(from) === 4 ? 32 : 128);
  while (best.length > 0) {
    const wider = makePrefix(from, best.length - 1);
    if (wider.ip !== from || isBefore(to, lastAddress(wider))) break;
    best = wider;
  }
  return best;
}
