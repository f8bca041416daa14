/** What a sweep found out: the worst first, and what follows from all together. */
import type { Outcome } from './outcome.ts';

export interface Ranking {
  readonly tried: number;
  /** What-ifs that lose or gain a flow, the most harmful first; only so many as were asked for. */
  readonly worst: readonly Outcome[];
  /** How many lose a flow, and how many change no flow at all. */
  readonly harmful: number;
  readonly harmless: number;
  /** Links and nodes whose failure alone parts others from each other. */
  readonly singlePoints: readonly Outcome[];
  /** Rules whose removal changes no flow at all. */
  readonly idleRules: readonly Outcome[];
}

/** Takes outcomes one by one, in any order, and keeps only what the ranking shows. */
export class Ranker {
  readonly #top: number;
  #worst: Outcome[] = [];
  readonly #singlePoints: Outcome[] = [];
  readonly #idleRules: Outcome[] = [];
  #tried = 0;
  #harmful = 0;
  #harmless = 0;

  /** `top`: how many of the worst are kept. */
  constructor(top: number) {
    this.#top = top;
  }

  add(outcome: Outcome): void {
    const { kind, lost, gained, lostBetweenOthers } = outcome;
    this.#tried += 1;
    if (lost > 0) this.#harmful += 1;
    if (isHarmless(outcome)) this.#harmless += 1;
    if (lost > 0 || gained > 0) this.#keep(outcome);
    if (kind === 'failure' && lostBetweenOthers > 0) this.#singlePoints.push(outcome);
    if (kind === 'rule' && isHarmless(outcome)) this.#idleRules.push(outcome);
  }

  /** Sorting now and then keeps the list short at little cost. */
  #keep(outcome: Outcome): void {
    this.#worst.push(outcome);
    if (this.#worst.length >= 2 * this.#top + 100) this.#worst = this.#ranked();
  }

  #ranked(): Outcome[] {
    return this.#worst.toSorted(byHarm).slice(0, this.#top);
  }

  get ranking(): Ranking {
    return {
      tried: this.#tried,
      worst: this.#ranked(),
      harmful: this.#harmful,
      harmless: this.#harmless,
      singlePoints: this.#singlePoints.toSorted(
        (a, b) => b.lostBetweenOthers - a.lostBetweenOthers || a.index - b.index,
      ),
      idleRules: this.#idleRules.toSorted((a, b) => a.index - b.index),
    };
  }
}

/** What parts others comes first, then what loses most; of equals what opens more, and then the first tried. */
function byHarm(a: Outcome, b: Outcome): number {
  return b.lostBetweenOthers - a.lostBetweenOthers || b.lost - a.lost || b.gained - a.gained || a.index - b.index;
}

function isHarmless({ lost, gained, changed }: Outcome): boolean {
  return lost === 0 && gained === 0 && changed === 0;
}
