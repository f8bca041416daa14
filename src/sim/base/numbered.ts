/** Values by a number, in the order of numbers that are given out one after the other; most of them soon go again. */
const PAGE = 16;
/** Copied, so that V8 knows all pages for one kind of lists. */
const NO_VALUES: readonly undefined[] = new Array<undefined>(PAGE).fill(undefined);

interface Page<T> {
  /** The number of the first value. */
  readonly first: number;
  readonly values: (T | undefined)[];
  used: number;
}

/** Numbers are whole, and new ones are higher than all before. Mutable. */
export class Numbered<T> {
  /** Those that have values, by their first number; as long as there is one at most, it is the last. */
  #pages: Map<number, Page<T>> | undefined;
  /** The one that was asked last: mostly that is asked again. */
  #last: Page<T> | undefined;
  #size: number;

  constructor() {
    this.#pages = undefined;
    this.#last = undefined;
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }

  get(number: number): T | undefined {
    const page = this.#pageOf(number);
    return page?.values[number - page.first];
  }

  set(number: number, value: T): void {
    const page = this.#pageOf(number) ?? this.#begin(firstOf(number));
    const at = number - page.first;
    if (page.values[at] === undefined) {
      page.used += 1;
      this.#size += 1;
    }
    page.values[at] = value;
  }

  delete(number: number): void {
    const page = this.#pageOf(number);
    if (page === undefined) return;
    const at = number - page.first;
    if (page.values[at] === undefined) return;
    page.values[at] = undefined;
    page.used -= 1;
    this.#size -= 1;
    if (page.used > 0 || this.#pages === undefined) return;
    this.#pages.delete(page.first);
    this.#last = undefined;
  }

  *[Symbol.iterator](): IterableIterator<[number, T]> {
    const pages = this.#pages?.values() ?? (this.#last === undefined ? [] : [this.#last]);
    for (const { first, values } of pages) {
      for (const [at, value] of values.entries()) if (value !== undefined) yield [first + at, value];
    }
  }

  #pageOf(number: number): Page<T> | undefined {
    const last = this.#last;
    if (last !== undefined && number >= last.first && number < last.first + PAGE) return last;
    const found = this.#pages?.get(firstOf(number));
    if (found !== undefined) this.#last = found;
    return found;
  }

  #begin(first: number): Page<T> {
    const page = { first, values: NO_VALUES.slice() as (T | undefined)[], used: 0 };
    const before = this.#last;
    if (this.#pages !== undefined) this.#pages.set(first, page);
    else if (before !== undefined && before.used > 0) {
      this.#pages = new Map([before, page].map((each) => [each.first, each]));
    }
    this.#last = page;
    return page;
  }
}

/** Where the page of a number begins. */
function firstOf(number: number): number {
  return number - (number % PAGE);
}
