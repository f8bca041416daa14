import { RareMap } from '../base/rare-map.ts';

const NOTHING: ReadonlyMap<never, never> = new Map<never, never>();

/**
 * A table whose rows several worlds hold together. A row is copied when one of them is about to change it for the first
 * time; from the moment on at which it is shared nobody changes the row itself.
 */
export class SharedTable<K, V> {
  /** Rows that other worlds may hold as well; nobody writes to them, or to this map. */
  #shared: ReadonlyMap<K, V>;
  /** Rows that only this world holds; they go before shared ones. */
  #own = new RareMap<K, V>();

  constructor(shared: ReadonlyMap<K, V> = NOTHING) {
    this.#shared = shared;
  }

  /** The row, only to be looked at. */
  see(key: K): V | undefined {
    return this.#own.get(key) ?? this.#shared.get(key);
  }

  /** The row, to be changed, where it is shared with nobody. */
  mine(key: K): V | undefined {
    return this.#own.get(key);
  }

  /** The row, to be changed; `copy` is asked for another one when this is shared. */
  own(key: K, copy: (row: V) => V): V | undefined {
    const known = this.#own.get(key);
    if (known !== undefined) return known;
    const shared = this.#shared.get(key);
    if (shared === undefined) return undefined;
    const row = copy(shared);
    this.#own.set(key, row);
    return row;
  }

  set(key: K, row: V): void {
    this.#own.set(key, row);
  }

  /** Gives each row another key; those without one are gone. */
  rekey(keyOf: (key: K) => K | undefined): void {
    this.#shared = rekeyed(this.#shared, keyOf);
    this.#own = new RareMap(rekeyed(this.#own, keyOf));
  }

  /** A table with the same rows, all of which are shared from now on. */
  fork(): SharedTable<K, V> {
    if (this.#own.size > 0) {
      this.#shared = new Map([...this.#shared, ...this.#own]);
      this.#own = new RareMap();
    }
    return new SharedTable(this.#shared);
  }
}

function rekeyed<K, V>(rows: Iterable<readonly [K, V]>, keyOf: (key: K) => K | undefined): Map<K, V> {
  const moved = new Map<K, V>();
  for (const [key, row] of rows) {
    const place = keyOf(key);
    if (place !== undefined) moved.set(place, row);
  }
  return moved;
}
