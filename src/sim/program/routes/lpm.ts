/** Longest-prefix match for both families: what routing tables are made of. */
import { bitsOf, type Family, type Ip, type Ip4, type Ip6, ipToBigInt, isIp4 } from '../../addr/ip.ts';
import { comparePrefix, familyOf, lastAddress, type Prefix } from '../../addr/prefix.ts';
import { buildTrie, type Leaf } from './trie.ts';

/** From this many IPv4 prefixes on a trie pays: four steps instead of a dozen, but up to three kilobytes a prefix. */
const TRIE_FROM = 4096;

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
  const values = kept.map(({ value }) => value);
  const leaves = kept.map(({ prefix }, index) => ({ prefix, index }));
  const four = leaves.filter(({ prefix }) => familyOf(prefix) === 4);
  const six = leaves.filter(({ prefix }) => familyOf(prefix) === 6);
  const find4 = four.length < TRIE_FROM ? search4(four) : buildTrie(four);
  const find6 = search6(six);
  return { lookup: (ip) => values[isIp4(ip) ? find4(ip) : find6(ip)] };
}

/*
 * Small tables, and those of IPv6: prefixes nest or are apart, so their ends cut the address space into at most 2n + 1
 * intervals, each with one longest prefix. A binary search finds the leaf of an address, −1 for none.
 */

function search4(leaves: readonly Leaf[]): (ip: Ip4) => number {
  const { starts, indices } = intervalsOf(leaves, 4);
  const from = Uint32Array.from(starts, Number);
  const leafOf = Int32Array.from([-1, ...indices]);
  return (ip) => leafOf[countUpTo(from, ip)] as number;
}

function search6(leaves: readonly Leaf[]): (ip: Ip6) => number {
  const { starts, indices } = intervalsOf(leaves, 6);
  const leafOf = Int32Array.from([-1, ...indices]);
  return (ip) => leafOf[countUpTo6(starts, ip)] as number;
}

/** How many of the ascending starts are not after the address. */
export function countUpTo(starts: Uint32Array, ip: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= ip) low = middle + 1;
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

/** Where each interval starts, and the leaf that it belongs to (−1: none). The leaves are sorted, outer before inner. */
function intervalsOf(leaves: readonly Leaf[], family: Family): { starts: bigint[]; indices: number[] } {
  const end = 1n << BigInt(bitsOf(family));
  const starts: bigint[] = [];
  const indices: number[] = [];
  const open: { readonly after: bigint; readonly index: number }[] = [];
  const begin = (start: bigint, index: number) => {
    if (starts.at(-1) === start) indices[indices.length - 1] = index;
    else if (start < end) indices.push(index) && starts.push(start);
  };
  const closeUpTo = (address: bigint) => {
    for (let inner = open.at(-1); inner !== undefined && inner.after <= address; inner = open.at(-1)) {
      open.pop();
      begin(inner.after, open.at(-1)?.index ?? -1);
    }
  };
  for (const { prefix, index } of leaves) {
    const start = ipToBigInt(prefix.ip);
    closeUpTo(start);
    open.push({ after: ipToBigInt(lastAddress(prefix)) + 1n, index });
    begin(start, index);
  }
  closeUpTo(end);
  return { starts, indices };
}
