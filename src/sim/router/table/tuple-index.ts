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
/** How many times as many chains come next: memory is dear where there are many, and moving them where there are few. */
function timesMore(chains: number): number {
  return chains < 1 << 14 ? 8 : chains < 1 << 18 ? 4 : 2;
}

/** What of a tuple counts, and which references there are. */
interface Masks {
  readonly dst: number;
  readonly ports: number;
  readonly rest: number;
  /** How many of the lower bits of a reference are the same in all. */
  readonly shared: number;
}

/** All of it. */
export const WHOLE: Masks = { dst: -1, ports: -1, rest: -1, shared: 0 };
/** The endpoint that it comes from: ICMP queries of whatever type. No answers are sought so. */
export const SOURCE: Masks = { dst: 0, ports: 0xffff << 16, rest: 0xff << 16, shared: 1 };

/** The rows that the tuples stand in; the array is another one once there are more. */
export interface Words {
  readonly words: Int32Array;
}

/**
 * Holds references by tuple: twice the number of a row, and one more where the tuple is that of its answers. No two
 * tuples of which the same counts are in it at a time. Mutable.
 *
 * References whose hashes end alike hang together in a chain, the last that came first. What comes new is entered where
 * the one before it stands, so that only the heads of chains lie all over memory, and they are small. As long as there are
 * few, references stand one behind the other, and nothing else is there.
 */
export class TupleIndex {
  readonly #rows: Words;
  readonly #dst: number;
  readonly #ports: number;
  readonly #rest: number;
  readonly #shared: number;
  readonly #masks: Masks;
  /** The first reference of each chain, 0 for none; while there are few, all of them. */
  #heads = NO_WORDS;
  /** For each reference its hash and the next of its chain: `END` for none, 0 for a reference that is not in it. */
  #links = NO_WORDS;
  /** One less than the number of chains, which is a power of two; 0 while there are few. */
  #mask = 0;
  #used = 0;
  #six: Map<string, number> | undefined;

  constructor(rows: Words, masks: Masks) {
    this.#rows = rows;
    this.#masks = masks;
    this.#dst = masks.dst;
    this.#ports = masks.ports;
    this.#rest = masks.rest;
    this.#shared = masks.shared;
  }

  copy(rows: Words): TupleIndex {
    const copy = new TupleIndex(rows, this.#masks);
    if (this.#used > 0) {
      copy.#heads = this.#heads.slice();
      copy.#links = this.#links.slice();
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
    return this.find(src | 0, (dst | 0) & this.#dst, portsOf(tuple) & this.#ports, restOf(tuple) & this.#rest);
  }

  /** The same for the packed tuple of IPv4; what does not count is 0. */
  find(src: number, dst: number, ports: number, rest: number): number {
    if (this.#mask === 0) return this.#among(src, dst, ports, rest);
    const hash = hashWords(src, dst, ports, rest);
    const links = this.#links;
    let reference = this.#heads[hash & this.#mask] as number;
    while (reference > END) {
      const at = 2 * (reference >> this.#shared);
      if (links[at] === hash && this.#isOf(reference, src, dst, ports, rest)) return reference;
      reference = links[at + 1] as number;
    }
    return 0;
  }

  /** The same, where there are few. */
  #among(src: number, dst: number, ports: number, rest: number): number {
    for (let i = 0; i < this.#used; i++) {
      const reference = this.#heads[i] as number;
      if (this.#isOf(reference, src, dst, ports, rest)) return reference;
    }
    return 0;
  }

  /** Whether a reference is of this tuple, as far as it counts. */
  #isOf(reference: number, src: number, dst: number, ports: number, rest: number): boolean {
    const { words } = this.#rows;
    const at = startOf(reference);
    if (words[at] !== src || ((words[at + 1] as number) & this.#dst) !== dst) return false;
    return ((words[at + 2] as number) & this.#ports) === ports && ((words[at + 3] as number) & this.#rest) === rest;
  }

  /**
   * Puts a reference in, in the place of another with the same tuple, which is given back (0 for none): by the tuple
   * that stands in its row, or by one of IPv6.
   */
  set(reference: number, tuple?: Tuple): number {
    if (tuple !== undefined && !isIp4(tuple.src)) return this.#setWide(keyOf(tuple), reference);
    if (this.#mask === 0 && this.#used < FEW) return this.#setAmong(reference);
    if (this.#used > this.#mask) this.#grow();
    const own = 2 * (reference >> this.#shared);
    if (own >= this.#links.length) this.#widen(own);
    const hash = this.#hashOf(reference);
    const chain = hash & this.#mask;
    const links = this.#links;
    const first = this.#heads[chain] as number;
    let behind = -1;
    for (let other = first; other > END; other = links[behind + 1] as number) {
      const at = 2 * (other >> this.#shared);
      if (links[at] === hash && this.#isSame(other, reference)) return this.#replace(other, reference, chain, behind);
      behind = at;
    }
    links[own] = hash;
    links[own + 1] = first === 0 ? END : first;
    this.#heads[chain] = reference;
    this.#used += 1;
    return 0;
  }

  /** Puts a reference in the place of another in its chain, behind the one whose link is given (−1: first). */
  #replace(other: number, reference: number, chain: number, behind: number): number {
    const links = this.#links;
    const at = 2 * (other >> this.#shared);
    const own = 2 * (reference >> this.#shared);
    const [hash, next] = [links[at] as number, links[at + 1] as number];
    links[at + 1] = 0;
    links[own] = hash;
    links[own + 1] = next;
    if (behind < 0) this.#heads[chain] = reference;
    else links[behind + 1] = reference;
    return other;
  }

  /** The same, where there are few. */
  #setAmong(reference: number): number {
    let i = 0;
    while (i < this.#used && !this.#isSame(this.#heads[i] as number, reference)) i += 1;
    if (this.#heads === NO_WORDS) this.#heads = new Int32Array(FEW);
    const before = i < this.#used ? (this.#heads[i] as number) : 0;
    if (before === 0) this.#used += 1;
    this.#heads[i] = reference;
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
    const links = this.#links;
    const own = 2 * (reference >> this.#shared);
    // beyond the end there is nothing, as for what is not in it
    const next = links[own + 1] ?? 0;
    if (next === 0) return;
    const chain = (links[own] as number) & this.#mask;
    let other = this.#heads[chain] as number;
    if (other === reference) this.#heads[chain] = next === END ? 0 : next;
    else {
      let at = 0;
      for (; other !== reference; other = links[at + 1] as number) at = 2 * (other >> this.#shared);
      links[at + 1] = next;
    }
    links[own + 1] = 0;
    this.#used -= 1;
  }

  #deleteAmong(reference: number): void {
    let i = 0;
    while (i < this.#used && this.#heads[i] !== reference) i += 1;
    if (i === this.#used) return;
    this.#used -= 1;
    this.#heads[i] = this.#heads[this.#used] as number;
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

  /** More chains, for the same references. */
  #grow(): void {
    const few = this.#mask === 0 ? this.#heads : NO_WORDS;
    // few that are there move often, if there is room for few more
    const size = this.#mask === 0 ? SMALLEST : timesMore(this.#mask + 1) * (this.#mask + 1);
    const heads = new Int32Array(size);
    const mask = size - 1;
    const links = this.#links;
    for (let at = 0; at < links.length; at += 2) {
      if (links[at + 1] === 0) continue;
      const chain = (links[at] as number) & mask;
      const first = heads[chain] as number;
      links[at + 1] = first === 0 ? END : first;
      heads[chain] = (at >> 1) << this.#shared;
    }
    this.#heads = heads;
    this.#mask = mask;
    this.#used -= few.length;
    for (const reference of few) this.set(reference);
  }

  /** Links as far as this one, and as many again. */
  #widen(own: number): void {
    const links = new Int32Array(Math.max(2 * SMALLEST, 2 * (own + 2)));
    links.set(this.#links);
    this.#links = links;
  }
}

/** No row has this reference. */
const END = 1;
const NO_WORDS = new Int32Array(0);

/** Where the tuple of a reference begins among the words of the rows. */
function startOf(reference: number): number {
  return wordsOf(reference >> 1) + (reference & 1) * TUPLE;
}

function differ(words: Int32Array, a: number, b: number): number {
  return (words[a] as number) ^ (words[b] as number);
}
