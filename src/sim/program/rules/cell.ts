/**
 * How rules are sorted by their addresses: an address is kept to one of few lengths of prefix, and what is left of it is
 * one word. Words of IPv6 may be equal where the prefixes are not; so what is found by them is still to be asked.
 */
import { type Family, type Ip, isIp4 } from '../../addr/ip.ts';
import type { IpRange, RangeSet } from '../../addr/range.ts';

/** How many lengths there are: 0, 8, 16 and 24 bits of IPv4, 0, 32, 48 and 64 of IPv6. */
export const LENGTHS = 4;

/** A set of more ranges than this is taken as one from its first address to its last. */
const MOST = 8;

const bytes = new DataView(new ArrayBuffer(8));

/** Writes the word of an address for each length. */
export function writeKeys(keys: Int32Array, ip: Ip): void {
  if (typeof ip === 'number') {
    keys[1] = ip & 0xff00_0000;
    keys[2] = ip & 0xffff_0000;
    keys[3] = ip & 0xffff_ff00;
    return;
  }
  bytes.setBigUint64(0, ip >> 64n);
  const high = bytes.getInt32(0);
  const low = bytes.getInt32(4);
  keys[1] = high;
  keys[2] = mix(high, low >>> 16);
  keys[3] = mix(high, low);
}

function mix(a: number, b: number): number {
  return Math.imul(a, 0x9e37_79b1) ^ Math.imul(b ^ (b >>> 15), 0x85eb_ca6b);
}

/** Prefixes that cover a set, by the number of their length among `LENGTHS` and their word; no two of them are equal. */
export interface Cell {
  readonly length: number;
  readonly key: number;
}

const ANYWHERE: readonly Cell[] = [{ length: 0, key: 0 }];
const keys = new Int32Array(LENGTHS);

export function cellsOf(set: RangeSet<Ip> | undefined, family: Family): readonly Cell[] {
  if (set === undefined) return ANYWHERE;
  const ranges = set.filter(({ from }) => isIp4(from) === (family === 4));
  const cells: Cell[] = [];
  for (const cell of (ranges.length > MOST ? [hullOf(ranges)] : ranges).map(cellOf)) {
    if (!cells.some(({ length, key }) => length === cell.length && key === cell.key)) cells.push(cell);
  }
  return cells;
}

function hullOf(ranges: readonly IpRange[]): IpRange {
  const [first] = ranges;
  return { from: (first as IpRange).from, to: (ranges.at(-1) as IpRange).to };
}

function cellOf({ from, to }: IpRange): Cell {
  const length = typeof from === 'number' ? lengthOf4(from, Number(to)) : lengthOf6(from, BigInt(to));
  writeKeys(keys, from);
  return { length, key: keys[length] as number };
}

function lengthOf4(from: number, to: number): number {
  return Math.min(Math.clz32(from ^ to) >>> 3, 3);
}

function lengthOf6(from: bigint, to: bigint): number {
  const differing = (from ^ to) >> 64n;
  return differing === 0n ? 3 : differing >> 16n === 0n ? 2 : differing >> 32n === 0n ? 1 : 0;
}
