/**
 * A long list, in pages: it grows without being copied, and what is new is written into something new, of which V8's
 * collector of garbage need not keep account.
 */

/** Entries of a page. */
const PAGE = 512;
const SHIFT = 9;
/** Places of the first page, of which most lists need few. */
const FEW = 16;
/** Copied, so that V8 knows all pages for one kind of lists. */
const NO_FEW: readonly unknown[] = new Array(FEW).fill(undefined);
const NO_PAGE: readonly unknown[] = new Array(PAGE).fill(undefined);
/** More than any list is long. */
const ALL = 0x3fff_ffff;

/** Grows at its end alone. Mutable. */
export class Ledger<T> {
  /** How many entries there are. */
  length: number;
  #full: T[][] = [];
  /** The last page has as many entries as places, or fewer. */
  #page: T[];
  #used: number;
  /** The bits of a place that say where in its page it is: as many as the last page may be long. */
  #low: number;

  /** Goes on from a list, which is its own from now on. */
  constructor(entries?: T[]) {
    this.length = entries?.length ?? 0;
    this.#page = entries ?? (NO_FEW.slice() as T[]);
    this.#used = this.length;
    this.#low = entries === undefined ? PAGE - 1 : ALL;
  }

  push(entry: T): void {
    if (this.#used > this.#low) this.#turn();
    this.#page[this.#used] = entry;
    this.#used += 1;
    this.length += 1;
  }

  #turn(): void {
    this.#full.push(this.#page);
    this.#page = NO_PAGE.slice() as T[];
    this.#used = 0;
  }

  /** The entry at a place that has one. */
  at(place: number): T {
    return this.#pageOf(place)[place & this.#low] as T;
  }

  /** Puts another entry in the place of one. */
  set(place: number, entry: T): void {
    this.#pageOf(place)[place & this.#low] = entry;
  }

  #pageOf(place: number): T[] {
    return this.#full[place >> SHIFT] ?? this.#page;
  }

  /** Puts others in the places of those from one place on, up to another. */
  replace(by: (entry: T) => T, from: number, to: number): void {
    for (let place = from; place < to; place++) this.set(place, by(this.at(place)));
  }

  slice(from: number, to: number = this.length): T[] {
    const found: T[] = [];
    for (let place = from; place < to; place++) found.push(this.at(place));
    return found;
  }

  /** All entries in one list, which grows with this one from now on. */
  whole(): readonly T[] {
    if (this.#low !== ALL) {
      this.#page = this.slice(0);
      this.#full = [];
      this.#used = this.length;
      this.#low = ALL;
    }
    return this.#page;
  }
}
