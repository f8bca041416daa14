/** When connections may have expired, in order, from when somebody first asks on: mostly nobody does. */
import { Heap } from '../../base/heap.ts';
import type { Millis } from '../../base/time.ts';
import { type FlowRows, LISTED } from './rows.ts';

/** When the connection of a row may have expired, if nothing has refreshed it since. */
interface Deadline {
  readonly at: Millis;
  readonly row: number;
}

/** So many deadlines may be out of date, whatever the size of the table. */
const MANY = 1024;

const isSooner = (a: Deadline, b: Deadline) => a.at < b.at;

/** A connection has at least one that is not later than its end. Mutable. */
export class Deadlines {
  #heap: Heap<Deadline> | undefined;

  /** A connection, in a table of so many, may expire before what was last said. */
  hasten(at: Millis, row: number, size: number): void {
    if (this.#heap === undefined) return;
    // mostly of connections that are gone: nobody has asked for long
    if (this.#heap.size > 2 * size + MANY) this.#heap = undefined;
    else this.#heap.push({ at, row });
  }

  /** The rows of connections that have expired, in the order in which they did; `oldest` begins the list of all. */
  due(rows: FlowRows, oldest: number, now: Millis): readonly number[] {
    this.#heap ??= schedule(rows, oldest);
    const heap = this.#heap;
    const dead = new Set<number>();
    for (let next = heap.peek(); next !== undefined && next.at <= now; next = heap.peek()) {
      heap.pop();
      const { row } = next;
      if (!rows.is(row, LISTED)) continue;
      const at = rows.expiresAt(row);
      if (at <= now) dead.add(row);
      else heap.push({ at, row });
    }
    const inOrder = (a: number, b: number) =>
      rows.expiresAt(a) - rows.expiresAt(b) || (rows.place(a) - rows.place(b)) | 0;
    return [...dead].sort(inOrder);
  }
}

function schedule(rows: FlowRows, oldest: number): Heap<Deadline> {
  const heap = new Heap<Deadline>(isSooner);
  for (let row = oldest; row !== 0; row = rows.newer(row)) heap.push({ at: rows.expiresAt(row), row });
  return heap;
}
