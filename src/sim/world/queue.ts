import { Heap } from '../base/heap.ts';
import type { Millis } from '../base/time.ts';

/** At one moment packets move before timers fire: an answer that comes just in time is in time. */
export type Priority = 0 | 1;

/** When an event is due. The queue gives it its number. */
export interface Due {
  readonly time: Millis;
  readonly priority: Priority;
  sequence: number;
}

function isBefore(a: Due, b: Due): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.priority !== b.priority ? a.priority < b.priority : a.sequence < b.sequence;
}

/**
 * Events in a total order: (time, priority, sequence). Most are pushed in that very order, by packets on links of one
 * length; these wait in a line, and only the others go through the heap.
 */
export class EventQueue<T extends Due> {
  readonly #heap: Heap<T>;
  /** Where those in line stand, the first behind the last; as many places as a power of two, of which others are free. */
  #ring: (T | undefined)[] = NOBODY.slice() as undefined[];
  #first = 0;
  /** Where the next one will stand. */
  #next = 0;
  #count = 0;
  /** When the last one in line is due, and its priority. */
  #until: Millis = Number.NEGATIVE_INFINITY;
  #rank: Priority = 0;
  /** When the first of the heap is due. */
  #soonest: Millis = Number.POSITIVE_INFINITY;
  #sequence = 0;
  /** How many of priority 1 are waiting. */
  #timers = 0;

  constructor(heap: Heap<T> = new Heap<T>(isBefore)) {
    this.#heap = heap;
  }

  copy(): EventQueue<T> {
    const copy = new EventQueue(this.#heap.copy());
    copy.#ring = this.#ring.slice();
    copy.#first = this.#first;
    copy.#next = this.#next;
    copy.#count = this.#count;
    copy.#until = this.#until;
    copy.#rank = this.#rank;
    copy.#soonest = this.#soonest;
    copy.#sequence = this.#sequence;
    copy.#timers = this.#timers;
    return copy;
  }

  /** Puts other events, due at the same time, in the place of those that wait. */
  replace(by: (event: T) => T): void {
    this.#heap.replace(by);
    for (let i = 0; i < this.#count; i++) {
      const at = this.#place(i);
      this.#ring[at] = by(this.#ring[at] as T);
    }
  }

  /** How many events of priority 0 (packets on their way) are waiting. */
  get moving(): number {
    return this.#count + this.#heap.size - this.#timers;
  }

  /** Whether an event is due by then. */
  isDue(deadline: Millis): boolean {
    const first = this.#ring[this.#first];
    return (first !== undefined && first.time <= deadline) || (this.#heap.size > 0 && this.#soonest <= deadline);
  }

  push(event: T): void {
    if (event.priority === 1) this.#timers += 1;
    event.sequence = this.#sequence++;
    if (this.#isInOrder(event)) this.#append(event);
    else {
      this.#heap.push(event);
      this.#soonest = Math.min(this.#soonest, event.time);
    }
  }

  pop(): T | undefined {
    const event = this.#heap.size > 0 && this.#isHeapNext() ? this.#rise() : this.#shift();
    if (event !== undefined && event.priority === 1) this.#timers -= 1;
    return event;
  }

  /** Where in the ring the event of this number in line stands. */
  #place(i: number): number {
    return (this.#first + i) & (this.#ring.length - 1);
  }

  /** Whether an event, which has the last number, comes after all that stand in line. */
  #isInOrder({ time, priority }: T): boolean {
    return time > this.#until || (time === this.#until && priority >= this.#rank);
  }

  #append(event: T): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#until = event.time;
    this.#rank = event.priority;
    this.#ring[this.#next] = event;
    this.#next = (this.#next + 1) & (this.#ring.length - 1);
    this.#count += 1;
  }

  #grow(): void {
    const larger = new Array<T | undefined>(this.#ring.length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) larger[i] = this.#ring[this.#place(i)];
    this.#ring = larger;
    this.#first = 0;
    this.#next = this.#count;
  }

  #isHeapNext(): boolean {
    const first = this.#ring[this.#first];
    if (first === undefined || this.#soonest !== first.time) return first === undefined || this.#soonest < first.time;
    const top = this.#heap.peek();
    return top !== undefined && isBefore(top, first);
  }

  #rise(): T | undefined {
    const top = this.#heap.pop();
    this.#soonest = this.#heap.peek()?.time ?? Number.POSITIVE_INFINITY;
    return top;
  }

  #shift(): T | undefined {
    const event = this.#ring[this.#first];
    if (event === undefined) return undefined;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#count -= 1;
    if (this.#count === 0) this.#until = Number.NEGATIVE_INFINITY;
    return event;
  }
}

const LEAST = 16;
/** Copied, so that V8 knows all rings for one kind of lists. */
const NOBODY: readonly undefined[] = new Array<undefined>(LEAST).fill(undefined);
