import { Heap } from '../base/heap.ts';
import type { Millis } from '../base/time.ts';

/** At one moment packets move before timers fire: an answer that comes just in time is in time. */
export type Priority = 0 | 1;

interface Entry<T> {
  readonly time: Millis;
  readonly priority: Priority;
  readonly sequence: number;
  readonly event: T;
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.priority !== b.priority ? a.priority < b.priority : a.sequence < b.sequence;
}

/**
 * Events in a total order: (time, priority, sequence). Most are pushed in that very order, by packets on links of one
 * length; these wait in a line, and only the others go through the heap.
 */
export class EventQueue<T> {
  readonly #heap: Heap<Entry<T>>;
  /** In order; what stands before `#first` is gone. */
  #line: Entry<T>[] = [];
  #first = 0;
  #sequence = 0;
  #moving = 0;

  constructor(heap: Heap<Entry<T>> = new Heap<Entry<T>>(isBefore)) {
    this.#heap = heap;
  }

  copy(): EventQueue<T> {
    const copy = new EventQueue(this.#heap.copy());
    copy.#line = this.#line.slice(this.#first);
    copy.#sequence = this.#sequence;
    copy.#moving = this.#moving;
    return copy;
  }

  /** Puts other events in the place of those that wait. */
  replace(by: (event: T) => T): void {
    const replaced = (entry: Entry<T>) => {
      const event = by(entry.event);
      return event === entry.event ? entry : { ...entry, event };
    };
    this.#heap.replace(replaced);
    this.#line = this.#line.slice(this.#first).map(replaced);
    this.#first = 0;
  }

  /** How many events of priority 0 (packets on their way) are waiting. */
  get moving(): number {
    return this.#moving;
  }

  /** The time of the next event; undefined when there is none. */
  get next(): Millis | undefined {
    const first = this.#line[this.#first];
    const top = this.#heap.peek();
    if (first === undefined || top === undefined) return (first ?? top)?.time;
    return Math.min(first.time, top.time);
  }

  push(time: Millis, priority: Priority, event: T): void {
    if (priority === 0) this.#moving += 1;
    const entry = { time, priority, sequence: this.#sequence++, event };
    const last = this.#line[this.#line.length - 1];
    if (last === undefined || isBefore(last, entry)) this.#line.push(entry);
    else this.#heap.push(entry);
  }

  pop(): { readonly time: Millis; readonly event: T } | undefined {
    const entry = this.#take();
    if (entry?.priority === 0) this.#moving -= 1;
    return entry;
  }

  #take(): Entry<T> | undefined {
    const first = this.#line[this.#first];
    const top = this.#heap.peek();
    if (first === undefined || (top !== undefined && isBefore(top, first))) return this.#heap.pop();
    this.#first += 1;
    if (this.#first === this.#line.length || this.#first === LONG) {
      this.#line = this.#line.slice(this.#first);
      this.#first = 0;
    }
    return first;
  }
}

/** So many that are gone are worth the trouble of moving up. */
const LONG = 1024;
