/** What the rules of a list ask of interfaces, one bit for each question: a list asks few, and of few names. */
import { TRAIT, type View } from './view.ts';

interface Condition {
  readonly side: 'in' | 'out';
  readonly patterns: readonly string[];
  /** Whether one of the patterns must fit, or none. */
  readonly wanted: boolean;
}

/** The sign bit of a word is not for questions. */
const MOST = 31 - TRAIT.free;

/** Whether an interface is one of these; a pattern may end in `*`. */
export function isNamed(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}

/** Numbers the questions of a list, and remembers which of them the interfaces that it meets leave unanswered. */
export class Conditions {
  readonly #asked: Condition[] = [];
  readonly #known = { in: new Map<string, number>(), out: new Map<string, number>() };
  #in: string | undefined;
  #out: string | undefined;
  #bits = 0;

  /** The bit of a question; 0 when there are more of them than bits. Ask for all bits before the first packet. */
  bitOf(side: Condition['side'], patterns: readonly string[], wanted: boolean): number {
    const condition = { side, patterns, wanted };
    const at = this.#asked.findIndex((other) => isSame(other, condition));
    if (at >= 0) return 1 << (TRAIT.free + at);
    if (this.#asked.length === MOST) return 0;
    this.#asked.push(condition);
    return 1 << (TRAIT.free + this.#asked.length - 1);
  }

  /** The bits of the questions that come out other than wanted. */
  failing(view: View): number {
    if (this.#asked.length === 0) return 0;
    if (view.in !== this.#in || view.out !== this.#out) {
      this.#in = view.in;
      this.#out = view.out;
      this.#bits = this.#lookUp('in', view.in) | this.#lookUp('out', view.out);
    }
    return this.#bits;
  }

  #lookUp(side: Condition['side'], name: string): number {
    const known = this.#known[side].get(name);
    if (known !== undefined) return known;
    const bits = this.#failing(side, name);
    this.#known[side].set(name, bits);
    return bits;
  }

  #failing(side: Condition['side'], name: string): number {
    let bits = 0;
    for (const [i, condition] of this.#asked.entries()) {
      const fails = condition.side === side && isNamed(condition.patterns, name) !== condition.wanted;
      if (fails) bits |= 1 << (TRAIT.free + i);
    }
    return bits;
  }
}

function isSame(a: Condition, b: Condition): boolean {
  const same = a.side === b.side && a.wanted === b.wanted && a.patterns.length === b.patterns.length;
  return same && a.patterns.every((pattern, i) => pattern === b.patterns[i]);
}
