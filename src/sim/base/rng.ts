import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { fail } from './fail.ts';

/**
 * The only source of chance. One stream per owner (`rng.split('gw')`), so that what one node draws never shifts what
 * another sees. Equal seeds give equal draws everywhere.
 */
export class Rng {
  readonly #seed: number;
  /** Made when something is first drawn: most streams are only split. */
  #generator: RandomGenerator | undefined;

  constructor(seed: number, generator?: RandomGenerator) {
    this.#seed = seed;
    this.#generator = generator;
  }

  /** A stream that goes on as this one does. */
  copy(): Rng {
    return new Rng(this.#seed, this.#generator?.clone());
  }

  /** An integer, both ends included; an empty span fails. */
  int(from: number, to: number): number {
    if (!(from <= to)) return fail(`no integer from ${from} to ${to}`);
    this.#generator ??= xoroshiro128plus(this.#seed);
    return uniformInt(this.#generator, from, to);
  }

  /** True with the given probability (0…1). */
  chance(probability: number): boolean {
    return probability > 0 && this.int(0, 0x3fff_ffff) < probability * 0x4000_0000;
  }

  /** An independent stream that depends on this one's seed and the label only, not on what was drawn. */
  split(label: string): Rng {
    return new Rng(mix(this.#seed, label));
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
