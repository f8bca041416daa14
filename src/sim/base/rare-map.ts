/**
 * A map that is mostly empty: it takes the memory of one only once something is in it. Every node has a dozen of them,
 * and a world that is forked to ask one question has them all anew.
 */
export class RareMap<K, V> {
  // only declared, as defining the field first takes as long as all the rest
  declare private map: Map<K, V> | undefined;

  constructor(entries?: Iterable<readonly [K, V]>) {
    this.map = undefined;
    if (entries !== undefined) for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.map === undefined ? 0 : this.map.size;
  }

  get(key: K): V | undefined {
    return this.map?.get(key);
  }

  has(key: K): boolean {
    return this.map?.has(key) ?? false;
  }

  set(key: K, value: V): void {
    this.map ??= new Map();
    this.map.set(key, value);
  }

  delete(key: K): boolean {
    return this.map?.delete(key) ?? false;
  }

  clear(): void {
    this.map = undefined;
  }

  keys(): Iterable<K> {
    return this.map?.keys() ?? [];
  }

  values(): Iterable<V> {
    return this.map?.values() ?? [];
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    return this.map?.[Symbol.iterator]() ?? NOTHING[Symbol.iterator]();
  }
}

const NOTHING: readonly never[] = [];
