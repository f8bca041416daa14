/**
 * Finds rows of the table of connections by a tuple. Those of IPv4 are found by open addressing in arrays of numbers, some
 * ten times as fast as in a map of strings, and a collector of garbage finds nothing to do there; the tuples themselves
 * stand in the rows. Those of IPv6 are in such a map.
 */
import { isIp4 } from '../../addr/ip.ts';
import { hashWords } from '../../packet/hash.ts';
import { keyOf, type Tuple } from '../../packet/tuple.ts';
import { portsOf, restOf } from '../../packet/tuple-pair.ts';

/** Words of a row in which the packed tuples of both directions come first. */
export const ROW_WORDS = 16;
/** Where those of a row begin; row 0 is nobody's, and has none. */
export function wordsOf(row: number): number {
  return (row - 1) * ROW_WORDS;
}

/** Words of a packed tuple. */
const TUPLE = 4;

const SMALLEST = 16;
/** So many references are few: those of one flow, and of one more. */
const FEW = 4;
/** How many times as many slots come next: memory is dear where there are many, and moving them where there are few. */
function timesMore(slots: number): number {
  return slots < 1 << 14 ? 8 : slots < 1 << 18 ? 4 : 2;
}

/** What of a tuple counts. */
interface Masks {
  readonly dst: number;
  readonly ports: number;
  readonly rest: number;
}

/** All of it. */
export const WHOLE: Masks = { dst: -1, ports: -1, rest: -1 };
/** The endpoint that it comes from: ICMP queries of whatever type. */
export const SOURCE: Masks = { dst: 0, ports: 0xffff << 16, rest: 0xff << 16 };

/** The rows that the tuples stand in; the array is another one once there are more. */
export interface Words {
  readonly words: Int32Array;
}

/**
 * Holds references by tuple: twice the number of a row, and one more where the tuple is that of its answers. No two
 * tuples of which the same counts are in it at a time. Mutable.
 *
 * A slot is a byte that says whether it is taken, and something of the hash; its hash; and its reference. Most searches
 * are for tuples that are not there, and read only the bytes, which fit caches that the rest does not. As long as there are few,
 * references stand one behind the other, and nothing else is there.
 */
export class TupleIndex {
  readonly #rows: Words;
  readonly #dst: number;
  readonly #ports: number;
  readonly #rest: number;
  readonly #masks: Masks;
  #tags = NO_TAGS;
  /** Hash and reference of each slot; while there are few, references alone. */
  #pairs = NO_WORDS;
  /** One less than the number of slots, which is a power of two; 0 while there are few. */
  #mask = 0;
  #used = 0;
  #six: Map<string, number> | undefined;

  constructor(rows: Words, masks: Masks) {
    this.#rows = rows;
    this.#masks = masks;
    this.#dst = masks.dst;
    this.#ports = masks.ports;
    this.#rest = masks.rest;
  }

  copy(rows: Words): TupleIndex {
    const copy = new TupleIndex(rows, this.#masks);
    if (this.#used > 0) {
      copy.#tags = this.#tags.slice();
      copy.#pairs = this.#pairs.slice();
      copy.#mask = this.#mask;
      copy.#used = this.#used;
    }
    if (this.#six !== undefined) copy.#six = new Map(this.#six);
    return copy;
  }

  /** 0 for a tuple that is not there. */
  get(tuple: Tuple): number {
    const { src, dst } = tuple;
    if (!isIp4(src) || !isIp4(dst)) return this.#six?.get(keyOf(tuple)) ?? 0;
    return this.find(src | 0, dst | 0, portsOf(tuple), restOf(tuple));
  }

  /** The same for the packed tuple of IPv4. */
  find(src: number, dst: number, ports: number, rest: number): number {
    if (this.#used === 0) return 0;
    const tags = this.#tags;
    const mask = this.#mask;
    if (mask === 0) return this.#among(src, dst, ports, rest);
    const hash = hashWords(src, dst & this.#dst, ports & this.#ports, rest & this.#rest);
    const tag = tagOf(hash);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const there = tags[slot] as number;
      if (there === FREE) return 0;
      if (there !== tag || this.#pairs[2 * slot] !== hash) continue;
      const reference = this.#pairs[2 * slot + 1] as number;
      if (this.#isOf(reference, src, dst, ports, rest)) return reference;
    }
  }

  /** The same, where there are few. */
  #among(src: number, dst: number, ports: number, rest: number): number {
    for (let slot = 0; slot < this.#used; slot++) {
      const reference = this.#pairs[slot] as number;
      if (this.#isOf(reference, src, dst, ports, rest)) return reference;
    }
    return 0;
  }

  /** Whether a reference is of this tuple, as far as it counts. */
  #isOf(reference: number, src: number, dst: number, ports: number, rest: number): boolean {
    const { words } = this.#rows;
    const at = startOf(reference);
    if (words[at] !== src || (((words[at + 1] as number) ^ dst) & this.#dst) !== 0) return false;
    if ((((words[at + 2] as number) ^ ports) & this.#ports) !== 0) return false;
    return (((words[at + 3] as number) ^ rest) & this.#rest) === 0;
  }

  /**
   * Puts a reference in, in the place of another with the same tuple, which is given back (0 for none): by the tuple
   * that stands in its row, or by one of IPv6.
   */
  set(reference: number, tuple?: Tuple): number {
    if (tuple !== undefined && !isIp4(tuple.src)) return this.#setWide(keyOf(tuple), reference);
    if (this.#mask === 0 && this.#used < FEW) return this.#setAmong(reference);
    if (2 * (this.#used + 1) > this.#tags.length) this.#grow();
    const hash = this.#hashOf(reference);
    const tag = tagOf(hash);
    const tags = this.#tags;
    let slot = hash & this.#mask;
    const pairs = this.#pairs;
    while (tags[slot] !== FREE && !(tags[slot] === tag && this.#isSame(pairs[2 * slot + 1] as number, reference)))
      slot = (slot + 1) & this.#mask;
    const before = tags[slot] === FREE ? 0 : (pairs[2 * slot + 1] as number);
    if (before === 0) this.#used += 1;
    tags[slot] = tag;
    pairs[2 * slot] = hash;
    pairs[2 * slot + 1] = reference;
    return before;
  }

  /** The same, where there are few. */
  #setAmong(reference: number): number {
    let slot = 0;
    while (slot < this.#used && !this.#isSame(this.#pairs[slot] as number, reference)) slot += 1;
    if (this.#pairs === NO_WORDS) this.#pairs = new Int32Array(FEW);
    const before = slot < this.#used ? (this.#pairs[slot] as number) : 0;
    if (before === 0) this.#used += 1;
    this.#pairs[slot] = reference;
    return before;
  }

  #setWide(key: string, reference: number): number {
    this.#six ??= new Map();
    const before = this.#six.get(key) ?? 0;
    this.#six.set(key, reference);
    return before;
  }

  /** Takes a reference out whose row still has its tuple; nothing happens where another has taken its place. */
  delete(reference: number, tuple?: Tuple): void {
    if (tuple !== undefined && !isIp4(tuple.src)) return this.#deleteWide(keyOf(tuple), reference);
    if (this.#mask === 0) return this.#deleteAmong(reference);
    if (this.#used === 0) return;
    const tags = this.#tags;
    let slot = this.#hashOf(reference) & this.#mask;
    while (this.#pairs[2 * slot + 1] !== reference || tags[slot] === FREE) {
      if (tags[slot] === FREE) return;
      slot = (slot + 1) & this.#mask;
    }
    this.#used -= 1;
    tags[slot] = FREE;
    this.#close(slot);
  }

  #deleteAmong(reference: number): void {
    let slot = 0;
    while (slot < this.#used && this.#pairs[slot] !== reference) slot += 1;
    if (slot === this.#used) return;
    this.#used -= 1;
    this.#pairs[slot] = this.#pairs[this.#used] as number;
  }

  #deleteWide(key: string, reference: number): void {
    if (this.#six?.get(key) === reference) this.#six.delete(key);
  }

  /** Whether two references are of the same tuple, as far as it counts. */
  #isSame(one: number, other: number): boolean {
    const a = startOf(one);
    const b = startOf(other);
    const { words } = this.#rows;
    if (words[a] !== words[b] || (differ(words, a + 1, b + 1) & this.#dst) !== 0) return false;
    return (differ(words, a + 2, b + 2) & this.#ports) === 0 && (differ(words, a + 3, b + 3) & this.#rest) === 0;
  }

  #hashOf(reference: number): number {
    const { words } = this.#rows;
    const at = startOf(reference);
    const dst = (words[at + 1] as number) & this.#dst;
    const ports = (words[at + 2] as number) & this.#ports;
    return hashWords(words[at] as number, dst, ports, (words[at + 3] as number) & this.#rest);
  }

  /** Moves back into a gap what was only behind it because the slot was taken, so that no search ends too early. */
  #close(gap: number): void {
    const tags = this.#tags;
    const pairs = this.#pairs;
    const mask = this.#mask;
    let free = gap;
    for (let slot = (gap + 1) & mask; tags[slot] !== FREE; slot = (slot + 1) & mask) {
      const hash = pairs[2 * slot] as number;
      if (((slot - hash) & mask) < ((slot - free) & mask)) continue;
      tags[free] = tags[slot] as number;
      pairs[2 * free] = hash;
      pairs[2 * free + 1] = pairs[2 * slot + 1] as number;
      tags[slot] = FREE;
      free = slot;
    }
  }

  #grow(): void {
    const before = this.#tags;
    const pairs = this.#pairs;
    const few = this.#mask === 0 ? this.#used : 0;
    // few that are there move often, if there is room for few more
    const size = Math.max(SMALLEST, timesMore(before.length) * before.length);
    const mask = size - 1;
    const tags = new Uint8Array(size);
    const moved = new Int32Array(2 * size);
    for (let at = 0; at < before.length; at++) {
      if (before[at] === FREE) continue;
      const hash = pairs[2 * at] as number;
      let slot = hash & mask;
      while (tags[slot] !== FREE) slot = (slot + 1) & mask;
      tags[slot] = before[at] as number;
      moved[2 * slot] = hash;
      moved[2 * slot + 1] = pairs[2 * at + 1] as number;
    }
    this.#tags = tags;
    this.#pairs = moved;
    this.#mask = mask;
    this.#used -= few;
    for (let at = 0; at < few; at++) this.set(pairs[at] as number);
  }
}

const FREE = 0;
const NO_TAGS = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);

/** From the upper end of the hash, as the lower says where it goes. */
function tagOf(hash: number): number {
  return (hash >>> 24) | 1;
}

/** Where the tuple of a reference begins among the words of the rows. */
function startOf(reference: number): number {
  return wordsOf(reference >> 1) + (reference & 1) * TUPLE;
}

function differ(words: Int32Array, a: number, b: number): number {
  return (words[a] as number) ^ (words[b] as number);
}
