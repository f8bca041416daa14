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

/** Events in a total order: (time, priority, sequence). */
export class EventQueue<T> {
  readonly #heap: Heap<Entry<T>>;
  #sequence = 0;
  #moving = 0;

  constructor(heap: Heap<Entry<T>> = new Heap<Entry<T>>(isBefore)) {
    this.#heap = heap;
  }

  copy(): EventQueue<T> {
    const copy = new EventQueue(this.#heap.copy());
    copy.#sequence = this.#sequence;
    copy.#moving = this.#moving;
    return copy;
  }

  /** Puts other events in the place of those that wait. */
  replace(by: (event: T) => T): void {
    this.#heap.replace((entry) => {
      const event = by(entry.event);
      return event === entry.event ? entry : { ...entry, event };
    });
  }

  /** How many events of priority 0 (packets on their way) are waiting. */
  get moving(): number {
    return this.#moving;
  }

  /** The time of the next event; undefined when there is none. */
  get next(): Millis | undefined {
    return this.#heap.peek()?.time;
  }

  push(time: Millis, priority: Priority, event: T): void {
    if (priority === 0) this.#moving += 1;
    this.#heap.push({ time, priority, sequence: this.#sequence++, event });
  }

  pop(): { readonly time: Millis; readonly event: T } | undefined {
    const entry = this.#heap.pop();
    if (entry?.priority === 0) this.#moving -= 1;
    return entry;
  }
}
