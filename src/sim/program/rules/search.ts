/** The first rule of a list that matches a packet. */
import { buildIndex, type Index } from './bitvector.ts';
import { type MatchTest, matches } from './match.ts';
import type { View } from './view.ts';

/** Up to this many rules nothing is faster than to go through them. */
const FEW = 32;
/** An index costs about as much as going through its rules this often. */
const PAYS_AFTER = 64;

/** Goes through its rules one by one, until they are asked so often that an index pays. */
export class RuleSearch {
  readonly #tests: readonly MatchTest[];
  #asked = 0;
  #index: Index | undefined;

  constructor(tests: readonly MatchTest[]) {
    this.#tests = tests;
  }

  /** The number of the first rule from this one on that matches; how many there are when none does. */
  next(view: View, from: number): number {
    if (this.#index !== undefined) return this.#index.next(view, from);
    const tests = this.#tests;
    this.#asked += 1;
    if (tests.length > FEW && this.#asked > PAYS_AFTER) this.#index = buildIndex(tests);
    let i = from;
    while (i < tests.length && !matches(tests[i] as MatchTest, view)) i += 1;
    return i;
  }
}
