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
  /** In order, from the first to the end; the places beside these are free, and mostly there already. */
  #line: (T | undefined)[] = [];
  #first = 0;
  #end = 0;
  /** When the first in line is due. It was made long ago, so it is looked at while the one before it happens. */
  #due: Millis = Number.POSITIVE_INFINITY;
  #sequence = 0;
  #moving = 0;

  constructor(heap: Heap<T> = new Heap<T>(isBefore)) {
    this.#heap = heap;
  }

  copy(): EventQueue<T> {
    const copy = new EventQueue(this.#heap.copy());
    copy.#line = this.#line.slice(this.#first, this.#end);
    copy.#end = copy.#line.length;
    copy.#due = this.#due;
    copy.#sequence = this.#sequence;
    copy.#moving = this.#moving;
    return copy;
  }

  /** Puts other events, due at the same time, in the place of those that wait. */
  replace(by: (event: T) => T): void {
    this.#heap.replace(by);
    for (let at = this.#first; at < this.#end; at++) this.#line[at] = by(this.#line[at] as T);
  }

  /** How many events of priority 0 (packets on their way) are waiting. */
  get moving(): number {
    return this.#moving;
  }

  /** Whether an event is due by then. */
  isDue(deadline: Millis): boolean {
    if (this.#due <= deadline && this.#end > this.#first) return true;
    const top = this.#heap.peek();
    return top !== undefined && top.time <= deadline;
  }

  push(event: T): void {
    if (event.priority === 0) this.#moving += 1;
    event.sequence = this.#sequence++;
    const line = this.#line;
    if (this.#end > this.#first && !isBefore(line[this.#end - 1] as T, event)) {
      this.#heap.push(event);
      return;
    }
    if (this.#end === this.#first) this.#due = event.time;
    line[this.#end] = event;
    this.#end += 1;
  }

  pop(): T | undefined {
    const event = this.#take();
    if (event?.priority === 0) this.#moving -= 1;
    return event;
  }

  /** Those that wait, so many, come to stand at the front. */
  #move(count: number): void {
    if (count > 0) this.#line = this.#line.slice(this.#first, this.#end);
    this.#first = 0;
    this.#end = count;
  }

  #take(): T | undefined {
    const first = this.#line[this.#first];
    const top = this.#heap.peek();
    if (first === undefined || (top !== undefined && isBefore(top, first))) return this.#heap.pop();
    this.#line[this.#first] = undefined;
    this.#first += 1;
    if (this.#first === this.#end) this.#move(0);
    else if (this.#first === LONG) this.#move(this.#end - this.#first);
    const next = this.#line[this.#first];
    if (next !== undefined) this.#due = next.time;
    return first;
  }
}

/** So many that are gone are worth the trouble of moving up. */
const LONG = 1024;
