/** Sets of up to 1024 rules as bits, and how they change along the values of a field. */
import type { Point, RangeSet } from '../../addr/range.ts';

/** Rules of a block: 32 words of 32 rules, and one word above them that tells which of them are not empty. */
export const BLOCK = 1024;

/** Sets of the rules of one block, each of them with the word that sums it up in front. Equal sets are kept once. */
export class BitSets {
  words: Int32Array;
  readonly #current: Int32Array;
  #used = 0;
  #hash = 0;
  readonly #known = new Map<number, number>();

  constructor(rules: number) {
    this.#current = new Int32Array(1 + Math.ceil(rules / 32));
    this.words = new Int32Array(this.#current.length * 8);
  }

  /** Begins a set: empty. */
  begin(): void {
    this.#current.fill(0);
    this.#hash = 0;
  }

  /** Takes a rule into the set that is being made, or out of it. */
  flip(rule: number): void {
    const current = this.#current;
    const word = 1 + (rule >>> 5);
    const above = 1 << (rule >>> 5);
    const bits = (current[word] as number) ^ (1 << (rule & 31));
    current[word] = bits;
    current[0] = bits === 0 ? (current[0] as number) & ~above : (current[0] as number) | above;
    this.#hash ^= scatter(rule);
  }

  /** Where among the words the set is, as it stands now. */
  keep(): number {
    const known = this.#known.get(this.#hash);
    if (known !== undefined && this.#isAt(known)) return known;
    const at = this.#used;
    this.#used += this.#current.length;
    if (this.#used > this.words.length) this.#resize(this.words.length * 2);
    this.words.set(this.#current, at);
    this.#known.set(this.#hash, at);
    return at;
  }

  #isAt(at: number): boolean {
    const { words } = this;
    return this.#current.every((word, i) => words[at + i] === word);
  }

  #resize(length: number): void {
    const words = new Int32Array(length);
    words.set(this.words);
    this.words = words;
  }
}

/** A number for each rule whose sums by `^` tell sets apart. */
function scatter(rule: number): number {
  const mixed = Math.imul(rule + 1, 0x9e37_79b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b);
}

/** Where along a field the set of rules changes; `sets[i]` is that of the values before `starts[i]`. */
export interface Steps<P extends Point> {
  readonly starts: readonly P[];
  readonly sets: Int32Array;
}

/** The sets along a field for which each rule of the block allows some ranges, or all (undefined). */
export function stepsOf<P extends Point>(
  sets: BitSets,
  count: number,
  rangesOf: (rule: number) => RangeSet<P> | undefined,
): Steps<P> {
  const edges: { readonly at: P; readonly rule: number }[] = [];
  sets.begin();
  for (let rule = 0; rule < count; rule++) {
    const ranges = rangesOf(rule);
    if (ranges === undefined) sets.flip(rule);
    for (const { from, to } of ranges ?? []) edges.push({ at: from, rule }, { at: after(to), rule });
  }
  edges.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const starts: P[] = [];
  const offsets = [sets.keep()];
  for (const [i, { at, rule }] of edges.entries()) {
    sets.flip(rule);
    if (edges[i + 1]?.at === at) continue;
    starts.push(at);
    offsets.push(sets.keep());
  }
  return { starts, sets: Int32Array.from(offsets) };
}

function after<P extends Point>(point: P): P {
  const whole: Point = point;
  return (typeof whole === 'number' ? whole + 1 : whole + 1n) as P;
}
