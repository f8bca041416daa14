/**
 * A multibit trie over IPv4 prefixes: four steps of eight bits. A block of 256 slots exists only where a prefix is
 * longer than the bits above it, so that ten thousand routes of a region take some tens of kilobytes.
 */

import type { Ip } from '../../addr/ip.ts';
import { compareIp } from '../../addr/ip.ts';
import type { Prefix } from '../../addr/prefix.ts';

/** A prefix and the number that it stands for. */
export interface Leaf {
  readonly prefix: Prefix;
  readonly index: number;
}

const SLOTS = 256;
/** A slot holds a leaf's index + 1 (0: none), or with this bit the number of a block. */
const BLOCK = 0x8000_0000;

/** Finds the leaf of an IPv4 address, −1 for none. The prefixes differ from each other and are all of IPv4. */
export function buildTrie(leaves: readonly Leaf[]): (ip: Ip) => number {
  const trie = new Trie();
  const shortestFirst = [...leaves].sort(
    (a, b) => a.prefix.length - b.prefix.length || compareIp(a.prefix.ip, b.prefix.ip),
  );
  for (const leaf of shortestFirst) trie.insert(leaf);
  return trie.seal();
}

class Trie {
  #slots = new Uint32Array(SLOTS);
  #blocks = 1;

  /** Writes a leaf over all shorter ones that it lies in; longer ones must not be there yet. */
  insert({ prefix, index }: Leaf): void {
    const ip = Number(prefix.ip);
    let block = 0;
    let shift = 24;
    for (let left = prefix.length; left > 8; left -= 8) {
      block = this.#below(block * SLOTS + ((ip >>> shift) & 255));
      shift -= 8;
    }
    const first = block * SLOTS + ((ip >>> shift) & 255);
    const bitsHere = prefix.length - (24 - shift);
    this.#slots.fill(index + 1, first, first + (1 << (8 - bitsHere)));
  }

  /** The block under a slot, made of copies of the slot when it is a leaf. */
  #below(slot: number): number {
    const found = this.#slots[slot] as number;
    if (found >= BLOCK) return found - BLOCK;
    const made = this.#blocks++;
    if (made * SLOTS === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots.fill(found, made * SLOTS, (made + 1) * SLOTS);
    this.#slots[slot] = BLOCK + made;
    return made;
  }

  #resize(length: number): void {
    const slots = new Uint32Array(length);
    slots.set(this.#slots.subarray(0, length));
    this.#slots = slots;
  }

  seal(): (ip: Ip) => number {
    this.#resize(this.#blocks * SLOTS);
    const slots = this.#slots;
    return (ip) => {
      const bits = ip as number;
      let found = slots[bits >>> 24] as number;
      for (let shift = 16; found >= BLOCK; shift -= 8) {
        found = slots[(found - BLOCK) * SLOTS + ((bits >>> shift) & 255)] as number;
      }
      return found - 1;
    };
  }
}
