/**
 * A map that is mostly empty, or nearly: its few entries stand one behind the other, and only more are in a real map.
 * Every node has a dozen of them, and a world that is forked to ask one question has them all anew.
 */
export class RareMap<K, V> {
  // only declared, as defining the fields first takes as long as all the rest
  declare private first: Entry<K, V> | undefined;
  declare private few: number;
  declare private many: Map<K, V> | undefined;

  constructor(entries?: Iterable<readonly [K, V]>) {
    this.first = undefined;
    this.few = 0;
    this.many = undefined;
    if (entries !== undefined) for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.many === undefined ? this.few : this.many.size;
  }

  get(key: K): V | undefined {
    return this.many === undefined ? this.find(key)?.value : this.many.get(key);
  }

  has(key: K): boolean {
    return this.many === undefined ? this.find(key) !== undefined : this.many.has(key);
  }

  set(key: K, value: V): void {
    if (this.many !== undefined) {
      this.many.set(key, value);
      return;
    }
    let last = this.first;
    if (last === undefined) {
      this.first = { key, value, next: undefined, gone: false };
      this.few = 1;
      return;
    }
    while (last.key !== key && last.next !== undefined) last = last.next;
    if (last.key === key) last.value = value;
    else if (this.few < MOST) this.append(last, key, value);
    else this.spill(key, value);
  }

  delete(key: K): boolean {
    if (this.many !== undefined) return this.many.delete(key);
    let before: Entry<K, V> | undefined;
    let entry = this.first;
    while (entry !== undefined && entry.key !== key) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) return false;
    if (before === undefined) this.first = entry.next;
    else before.next = entry.next;
    entry.gone = true;
    this.few -= 1;
    return true;
  }

  clear(): void {
    for (let entry = this.first; entry !== undefined; entry = entry.next) entry.gone = true;
    this.first = undefined;
    this.few = 0;
    this.many = undefined;
  }

  keys(): Iterable<K> {
    return this.many?.keys() ?? eachOf(this.first, ({ key }) => key);
  }

  values(): Iterable<V> {
    return this.many?.values() ?? eachOf(this.first, ({ value }) => value);
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    return (this.many ?? eachOf(this.first, pairOf))[Symbol.iterator]();
  }

  private find(key: K): Entry<K, V> | undefined {
    let entry = this.first;
    while (entry !== undefined && entry.key !== key) entry = entry.next;
    return entry;
  }

  private append(last: Entry<K, V>, key: K, value: V): void {
    last.next = { key, value, next: undefined, gone: false };
    this.few += 1;
  }

  private spill(key: K, value: V): void {
    this.many = new Map(this);
    this.many.set(key, value);
    this.first = undefined;
    this.few = 0;
  }
}

/** More than so many are found faster by their hash. */
const MOST = 4;

interface Entry<K, V> {
  readonly key: K;
  value: V;
  next: Entry<K, V> | undefined;
  /** Whoever stands here goes on from here, and does not see others that are gone. */
  gone: boolean;
}

const NOTHING: readonly never[] = [];

function eachOf<K, V, T>(first: Entry<K, V> | undefined, part: (entry: Entry<K, V>) => T): Iterable<T> {
  return first === undefined ? NOTHING : walk(first, part);
}

function* walk<K, V, T>(first: Entry<K, V>, part: (entry: Entry<K, V>) => T): Generator<T> {
  for (let entry: Entry<K, V> | undefined = first; entry !== undefined; entry = entry.next) {
    if (!entry.gone) yield part(entry);
  }
}

function pairOf<K, V>({ key, value }: Entry<K, V>): [K, V] {
  return [key, value];
}
