import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { fail } from './fail.ts';

/**
 * The only source of chance. One stream per owner (`rng.split('gw')`), so that what one node draws never shifts what
 * another sees. Equal seeds give equal draws everywhere.
 */
export class Rng {
  #seed: number;
  /** What this is a part of, until the seed is asked for: most streams are only split, and parts of them never used. */
  #whole: Rng | undefined;
  #label: string;
  /** Made when something is first drawn. */
  #generator: RandomGenerator | undefined;

  constructor(seed: number, whole?: Rng, label = '') {
    this.#seed = seed;
    this.#whole = whole;
    this.#label = label;
    this.#generator = undefined;
  }

  /** A stream that goes on as this one does. */
  copy(): Rng {
    const copy = new Rng(this.#seed, this.#whole, this.#label);
    copy.#generator = this.#generator?.clone();
    return copy;
  }

  /** An integer, both ends included; an empty span fails. */
  int(from: number, to: number): number {
    if (!(from <= to)) return fail(`no integer from ${from} to ${to}`);
    this.#generator ??= xoroshiro128plus(this.#seeded());
    const drawn = uniformInt(this.#generator, from, to);
    // it comes of calculations with fractions, and V8 would take every port and address after it for one
    const whole = drawn | 0;
    return whole === drawn ? whole : drawn;
  }

  /** True with the given probability (0…1). */
  chance(probability: number): boolean {
    return probability > 0 && this.int(0, 0x3fff_ffff) < probability * 0x4000_0000;
  }

  /** An independent stream that depends on this one's seed and the label only, not on what was drawn. */
  split(label: string): Rng {
    return new Rng(0, this, label);
  }

  #seeded(): number {
    if (this.#whole !== undefined) {
      this.#seed = mix(this.#whole.#seeded(), this.#label);
      this.#whole = undefined;
    }
    return this.#seed;
  }
}

/** Signed 32-bit hash of a label under a seed (FNV-1a). The seed is spread out first, or near seeds and labels would meet. */
export function mix(seed: number, label: string): number {
  let hash = avalanche(0x811c9dc5 ^ seed);
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return avalanche(hash);
}

/** Lets every bit of a 32-bit integer change about half of the others (the finaliser of MurmurHash3); one to one. */
function avalanche(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}
