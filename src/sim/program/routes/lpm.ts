/** Longest-prefix match for both families: what routing tables are made of. */
import { bitsOf, type Family, type Ip, type Ip6 } from '../../addr/ip.ts';
import { comparePrefix, familyOf, lastAddress, type Prefix } from '../../addr/prefix.ts';

export interface LpmEntry<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

/** A table that does not change once it is built. */
export interface Lpm<T> {
  /** The value of the longest prefix that holds the address; undefined when none does. */
  lookup(ip: Ip): T | undefined;
}

/** Builds a table; of two entries with the same prefix the later counts. */
export function buildLpm<T>(entries: readonly LpmEntry<T>[]): Lpm<T> {
  const sorted = [...entries].sort((a, b) => comparePrefix(a.prefix, b.prefix));
  const kept = sorted.filter(({ prefix }, i) => {
    const next = sorted[i + 1];
    return next === undefined || comparePrefix(prefix, next.prefix) !== 0;
  });
  return new IntervalTable(kept);
}

/**
 * Prefixes nest or are apart, so their ends cut the address space into at most 2n + 1 intervals, each with one longest
 * prefix. The first bits of an IPv4 address tell between which intervals to look for it; the rest is a binary search.
 */
class IntervalTable<T> implements Lpm<T> {
  /** The first is that of what no prefix holds. */
  readonly #values: readonly (T | undefined)[];
  /** Of each interval of IPv4 two words side by side: its first address, and its value. The first interval is at 0. */
  readonly #four: Uint32Array;
  /** For each beginning that an address may have the interval of the lowest such address, and after all the last one. */
  readonly #index: Uint32Array;
  readonly #shift: number;
  readonly #starts6: readonly Ip6[];
  readonly #values6: Uint32Array;

  constructor(sorted: readonly LpmEntry<T>[]) {
    this.#values = [undefined, ...sorted.map(({ value }) => value)];
    const four = intervalsOf(sorted, 4);
    this.#four = new Uint32Array(four.starts.length * 2);
    for (const [i, start] of four.starts.entries()) {
      this.#four[2 * i] = Number(start);
      this.#four[2 * i + 1] = four.values[i] as number;
    }
    this.#shift = shiftFor(four.starts.length);
    this.#index = indexOf(this.#four, this.#shift);
    const six = intervalsOf(sorted, 6);
    this.#starts6 = six.starts as Ip6[];
    this.#values6 = Uint32Array.from(six.values);
  }

  lookup(ip: Ip): T | undefined {
    if (typeof ip === 'number') return this.#values[this.#find(ip)];
    return this.#values[this.#values6[countUpTo6(this.#starts6, ip) - 1] as number];
  }

  #find(ip: number): number {
    const four = this.#four;
    const beginning = ip >>> this.#shift;
    let low = this.#index[beginning] as number;
    let high = this.#index[beginning + 1] as number;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((four[2 * middle] as number) <= ip) low = middle;
      else high = middle - 1;
    }
    return four[2 * low + 1] as number;
  }
}

/** So many beginnings as there are intervals, or twice as many; but not so many that the index is what takes the memory. */
function shiftFor(intervals: number): number {
  return Math.max(Math.clz32(intervals) - 1, 12);
}

function indexOf(four: Uint32Array, shift: number): Uint32Array {
  const index = new Uint32Array(2 ** (32 - shift) + 1);
  let last = 0;
  for (let beginning = 0; beginning < index.length - 1; beginning++) {
    const address = beginning * 2 ** shift;
    while (2 * last + 2 < four.length && (four[2 * last + 2] as number) <= address) last += 1;
    index[beginning] = last;
  }
  index[index.length - 1] = four.length / 2 - 1;
  return index;
}

/** How many of the ascending starts are not after the number. */
export function countUpTo(starts: Uint32Array, number: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same for IPv6: code that compares both kinds of number runs at half the speed for each. */
export function countUpTo6(starts: readonly bigint[], ip: bigint): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as bigint) <= ip) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Start = number | bigint;

/** Where the intervals of a family start, the first at 0, and their values: 0, or one more than the number of the entry. */
function intervalsOf(sorted: readonly LpmEntry<unknown>[], family: Family): { starts: Start[]; values: number[] } {
  const starts: Start[] = [family === 4 ? 0 : 0n];
  const values = [0];
  const end = 1n << BigInt(bitsOf(family));
  const open: { readonly after: Start; readonly value: number }[] = [];
  const begin = (start: Start, value: number) => {
    if (starts.at(-1) === start) values[values.length - 1] = value;
    else if (start < end) starts.push(start) && values.push(value);
  };
  const closeUpTo = (address: Start) => {
    for (let inner = open.at(-1); inner !== undefined && inner.after <= address; inner = open.at(-1)) {
      open.pop();
      begin(inner.after, open.at(-1)?.value ?? 0);
    }
  };
  for (const [i, { prefix }] of sorted.entries()) {
    if (familyOf(prefix) !== family) continue;
    const last: Start = lastAddress(prefix);
    closeUpTo(prefix.ip);
    open.push({ after: typeof last === 'number' ? last + 1 : last + 1n, value: i + 1 });
    begin(prefix.ip, i + 1);
  }
  closeUpTo(end);
  return { starts, values };
}
