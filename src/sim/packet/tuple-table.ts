/**
 * Numbers by tuple, for whoever keeps what they stand for. Those of IPv4 lie packed in one array of 32-bit words with open
 * addressing, key beside value, which finds a flow some ten times as fast as a map of strings, and in which a collector
 * of garbage finds nothing to do; those of IPv6 are in such a map.
 */
import { keyOf, reversed, sourceOf, type Tuple } from './tuple.ts';
import { portsOf, restOf, swapped, type TuplePair } from './tuple-pair.ts';

/** Words of one slot: both addresses, both ports, protocol with ICMP type and code; and the number, 0 where it is free. */
const WORDS = 5;
const VALUE = 4;
const SMALLEST = 8;
const NO_SLOTS = new Int32Array(0);
/**
 * So many keys, those of one flow, lie one behind the other: the slots that they need, and a free one, are few enough words
 * for V8 to keep them where it keeps objects. A larger array costs as much as all else that there is to a new flow.
 */
const FEW = 2;

/** The tuples of a pair, and what stands for all from the source of the first (`sourceOf`). */
export type PairKey = 'original' | 'reply' | 'source';

const SPORT = 0xffff << 16;
const PROTOCOL_ONLY = 0xff << 16;

function tupleOfPair(pair: TuplePair, which: PairKey): Tuple {
  return which === 'source' ? sourceOf(pair.original) : pair[which];
}

/** Holds one number above 0 for each tuple. Mutable. */
export class TupleTable {
  #slots = NO_SLOTS;
  /** How many slots there are to hash into; 0: there are few keys. */
  #size = 0;
  #used = 0;
  /** So many keys may be used before there are to be more slots. */
  #room = 0;
  #six: Map<string, number> | undefined;

  copy(): TupleTable {
    const copy = new TupleTable();
    if (this.#used > 0) {
      copy.#slots = this.#slots.slice();
      copy.#size = this.#size;
      copy.#room = this.#room;
      copy.#used = this.#used;
    }
    if (this.#six !== undefined) copy.#six = new Map(this.#six);
    return copy;
  }

  /** 0 for a tuple that is not there. */
  get(tuple: Tuple): number {
    const { src, dst } = tuple;
    if (typeof src !== 'number' || typeof dst !== 'number') return this.#six?.get(keyOf(tuple)) ?? 0;
    return this.#valueAt(src | 0, dst | 0, portsOf(tuple), restOf(tuple));
  }

  /** The same for the tuple of the answers. */
  getAnswer(tuple: Tuple): number {
    const { src, dst, type } = tuple;
    if (typeof src !== 'number' || typeof dst !== 'number' || type !== undefined) return this.get(reversed(tuple));
    return this.#valueAt(dst | 0, src | 0, swapped(portsOf(tuple)), restOf(tuple));
  }

  /** The same for one key of a pair. */
  getOf(pair: TuplePair, which: PairKey): number {
    if (pair.wide !== undefined) return this.get(tupleOfPair(pair, which));
    return this.#used === 0 ? 0 : word(this.#slots, this.#findOf(pair, which) + VALUE);
  }

  set(tuple: Tuple, value: number): void {
    const { src, dst } = tuple;
    if (typeof src !== 'number' || typeof dst !== 'number') {
      this.#six ??= new Map();
      this.#six.set(keyOf(tuple), value);
      return;
    }
    const at = this.#claim(src | 0, dst | 0, portsOf(tuple), restOf(tuple));
    this.#slots[at + VALUE] = value;
  }

  setOf(pair: TuplePair, which: PairKey, value: number): void {
    if (pair.wide !== undefined) {
      this.set(tupleOfPair(pair, which), value);
      return;
    }
    const at = this.#claimOf(pair, which);
    this.#slots[at + VALUE] = value;
  }

  delete(tuple: Tuple): void {
    const { src, dst } = tuple;
    if (typeof src !== 'number' || typeof dst !== 'number') this.#six?.delete(keyOf(tuple));
    else if (this.#used > 0) this.#clear(this.#find(src | 0, dst | 0, portsOf(tuple), restOf(tuple)));
  }

  deleteOf(pair: TuplePair, which: PairKey): void {
    if (pair.wide !== undefined) this.delete(tupleOfPair(pair, which));
    else if (this.#used > 0) this.#clear(this.#findOf(pair, which));
  }

  #valueAt(src: number, dst: number, ports: number, rest: number): number {
    return this.#used === 0 ? 0 : word(this.#slots, this.#find(src, dst, ports, rest) + VALUE);
  }

  #findOf(pair: TuplePair, which: PairKey): number {
    if (which === 'reply') return this.#find(pair.replySrc, pair.replyDst, pair.replyPorts, pair.replyRest);
    if (which === 'original') return this.#find(pair.src, pair.dst, pair.ports, pair.rest);
    return this.#find(pair.src, pair.src, pair.ports & SPORT, pair.rest & PROTOCOL_ONLY);
  }

  #claimOf(pair: TuplePair, which: PairKey): number {
    if (which === 'reply') return this.#claim(pair.replySrc, pair.replyDst, pair.replyPorts, pair.replyRest);
    if (which === 'original') return this.#claim(pair.src, pair.dst, pair.ports, pair.rest);
    return this.#claim(pair.src, pair.src, pair.ports & SPORT, pair.rest & PROTOCOL_ONLY);
  }

  /** Where the slot begins that has this key now. */
  #claim(src: number, dst: number, ports: number, rest: number): number {
    if (this.#used === this.#room) this.#grow();
    const at = this.#find(src, dst, ports, rest);
    const slots = this.#slots;
    if (slots[at + VALUE] !== 0) return at;
    this.#used += 1;
    slots[at] = src;
    slots[at + 1] = dst;
    slots[at + 2] = ports;
    slots[at + 3] = rest;
    return at;
  }

  #clear(at: number): void {
    const slots = this.#slots;
    if (slots[at + VALUE] === 0) return;
    this.#used -= 1;
    if (this.#size === 0) {
      const last = this.#used * WORDS;
      move(slots, last, slots, at);
      slots[last + VALUE] = 0;
    } else {
      slots[at + VALUE] = 0;
      this.#close(at / WORDS);
    }
  }

  /** Where the slot of this key begins, or the free one where it would go. */
  #find(src: number, dst: number, ports: number, rest: number): number {
    const slots = this.#slots;
    const mask = this.#size - 1;
    // few keys: from the first on
    const first = mask < 0 ? 0 : hashWords(src, dst, ports, rest) & mask;
    for (let slot = first; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      const same = slots[at] === src && slots[at + 1] === dst && slots[at + 2] === ports && slots[at + 3] === rest;
      if (same || slots[at + VALUE] === 0) return at;
    }
  }

  /** Moves back into a gap what was only behind it because the slot was taken, so that no search ends too early. */
  #close(gap: number): void {
    const slots = this.#slots;
    const mask = this.#size - 1;
    let free = gap;
    for (let slot = (gap + 1) & mask; slots[slot * WORDS + VALUE] !== 0; slot = (slot + 1) & mask) {
      const home = homeOf(slots, slot * WORDS) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      move(slots, slot * WORDS, slots, free * WORDS);
      slots[slot * WORDS + VALUE] = 0;
      free = slot;
    }
  }

  #grow(): void {
    const before = this.#slots;
    if (before === NO_SLOTS) {
      this.#slots = new Int32Array((FEW + 1) * WORDS);
      this.#room = FEW;
      return;
    }
    this.#size = Math.max(SMALLEST, this.#size * 2);
    this.#room = this.#size / 2;
    this.#slots = new Int32Array(this.#size * WORDS);
    const mask = this.#size - 1;
    for (let at = 0; at < before.length; at += WORDS) {
      if (before[at + VALUE] === 0) continue;
      let slot = homeOf(before, at) & mask;
      while (this.#slots[slot * WORDS + VALUE] !== 0) slot = (slot + 1) & mask;
      move(before, at, this.#slots, slot * WORDS);
    }
  }
}

/** Word by word: a view of so few costs more than they do. */
function move(from: Int32Array, at: number, into: Int32Array, to: number): void {
  for (let i = 0; i < WORDS; i++) into[to + i] = word(from, at + i);
}

function homeOf(slots: Int32Array, at: number): number {
  return hashWords(word(slots, at), word(slots, at + 1), word(slots, at + 2), word(slots, at + 3));
}

function word(slots: Int32Array, at: number): number {
  return slots[at] as number;
}

/** Spreads four words over 32 bits. */
export function hashWords(src: number, dst: number, ports: number, rest: number): number {
  let mixed = Math.imul(src ^ Math.imul(ports, 0x85eb_ca6b), 0xcc9e_2d51);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ dst, 0x1b87_3593);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ rest, 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
