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
  #ring: (T | undefined)[] = new Array(LEAST);
  #first = 0;
  #count = 0;
  /** When the first and the last in line are due, and the first of the heap: mostly nobody has to look at the events. */
  #due: Millis = Number.POSITIVE_INFINITY;
  #until: Millis = Number.NEGATIVE_INFINITY;
  /** The priority of the last one. */
  #rank: Priority = 0;
  #soonest: Millis = Number.POSITIVE_INFINITY;
  #sequence = 0;
  #moving = 0;

  constructor(heap: Heap<T> = new Heap<T>(isBefore)) {
    this.#heap = heap;
  }

  copy(): EventQueue<T> {
    const copy = new EventQueue(this.#heap.copy());
    copy.#ring = [...this.#ring];
    copy.#first = this.#first;
    copy.#count = this.#count;
    copy.#due = this.#due;
    copy.#until = this.#until;
    copy.#rank = this.#rank;
    copy.#soonest = this.#soonest;
    copy.#sequence = this.#sequence;
    copy.#moving = this.#moving;
    return copy;
  }

  /** Puts other events, due at the same time, in the place of those that wait. */
  replace(by: (event: T) => T): void {
    this.#heap.replace(by);
    for (let i = 0; i < this.#count; i++) this.#ring[this.#place(i)] = by(this.#ring[this.#place(i)] as T);
  }

  /** How many events of priority 0 (packets on their way) are waiting. */
  get moving(): number {
    return this.#moving;
  }

  /** Whether an event is due by then. */
  isDue(deadline: Millis): boolean {
    return (this.#due <= deadline && this.#count > 0) || (this.#soonest <= deadline && this.#heap.size > 0);
  }

  push(event: T): void {
    if (event.priority === 0) this.#moving += 1;
    event.sequence = this.#sequence++;
    if (this.#isInOrder(event)) this.#append(event);
    else {
      this.#heap.push(event);
      this.#soonest = Math.min(this.#soonest, event.time);
    }
  }

  pop(): T | undefined {
    const event = this.#isHeapNext() ? this.#rise() : this.#shift();
    if (event?.priority === 0) this.#moving -= 1;
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
    if (this.#count === 0) this.#due = event.time;
    this.#until = event.time;
    this.#rank = event.priority;
    this.#ring[this.#place(this.#count)] = event;
    this.#count += 1;
  }

  #grow(): void {
    const larger = new Array<T | undefined>(this.#ring.length * 2);
    for (let i = 0; i < this.#count; i++) larger[i] = this.#ring[this.#place(i)];
    this.#ring = larger;
    this.#first = 0;
  }

  #isHeapNext(): boolean {
    if (this.#soonest !== this.#due) return this.#soonest < this.#due;
    const top = this.#heap.peek();
    const first = this.#ring[this.#first];
    return top !== undefined && (first === undefined || isBefore(top, first));
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
    this.#first = this.#place(1);
    this.#count -= 1;
    const next = this.#ring[this.#first];
    if (next !== undefined) this.#due = next.time;
    else this.#rest();
    return event;
  }

  /** Nobody stands in line. */
  #rest(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#until = Number.NEGATIVE_INFINITY;
  }
}

const LEAST = 16;
