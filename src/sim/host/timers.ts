/** The host's timers: each belongs to a connection or to an application, and fires once. */
import type { Millis } from '../base/time.ts';

export type TimerTarget =
  | { readonly kind: 'connection'; readonly key: string }
  | { readonly kind: 'app'; readonly app: string; readonly name: string };

export interface Timer {
  readonly id: number;
  readonly at: Millis;
}

/** The one timer that a target may have. */
interface Slot {
  readonly target: TimerTarget;
  /** `NO_TIMER`: none. */
  id: number;
  at: Millis;
}

const NONE: readonly Timer[] = [];
/** No timer has it: ids begin at 1. */
const NO_TIMER = -1;
/** So many ids that nobody wants are not worth the trouble of clearing away. */
const FEW = 16;

/** Which timers are wanted, and which of them the world has not been told about yet. */
export class Timers {
  /** Ids, which only grow, and beside each its slot, which may have another by now; those are cleared away in time. */
  readonly #ids: number[] = [];
  readonly #slots: Slot[] = [];
  #unwanted = 0;
  /** Slots stay when a timer has fired: adding and removing keys all the time costs more than it saves. */
  readonly #apps = new Map<string, Map<string, Slot>>();
  readonly #connections = new Map<string, Slot>();
  /** The last that was set or taken: it is the one that is asked for, taken and set again most. */
  #recent: Slot | undefined;
  #last = 0;
  /** The world knows of all up to this one. */
  #told = 0;

  /** Between two answers of a host the world knows of all. */
  copy(): Timers {
    const copy = new Timers();
    for (const [i, slot] of this.#slots.entries()) {
      if (slot.id === this.#ids[i]) copy.#start(copy.#slotFor(slot.target), slot.id, slot.at);
    }
    copy.#last = this.#last;
    copy.#told = this.#told;
    return copy;
  }

  /** Replaces the timer of the target. */
  set(target: TimerTarget, at: Millis): void {
    this.#set(this.#slotFor(target), at);
  }

  /** Replaces the timer that an application knows by this name. */
  setNamed(app: string, name: string, at: Millis): void {
    const recent = this.#recent;
    if (recent === undefined || !isNamed(recent.target, app, name)) this.set({ kind: 'app', app, name }, at);
    else this.#set(recent, at);
  }

  #set(slot: Slot, at: Millis): void {
    this.#stop(slot);
    this.#last += 1;
    this.#start(slot, this.#last, at);
  }

  /** Makes sure of a timer at `at` or before: a target that looks at its own deadlines may be woken too early. */
  ensure(target: TimerTarget, at: Millis): void {
    const slot = this.#slotFor(target);
    if (slot.id === NO_TIMER || slot.at > at) this.set(target, at);
  }

  /** Nobody waits for it any more; the target may want another. */
  forget(target: TimerTarget): void {
    const slot =
      target.kind === 'connection' ? this.#connections.get(target.key) : this.#apps.get(target.app)?.get(target.name);
    if (slot !== undefined) this.#stop(slot);
  }

  /** The target is gone. */
  remove(target: TimerTarget): void {
    this.forget(target);
    this.#recent = undefined;
    if (target.kind === 'connection') this.#connections.delete(target.key);
    else this.#apps.get(target.app)?.delete(target.name);
  }

  /** The application is over. */
  removeApp(app: string): void {
    for (const slot of this.#apps.get(app)?.values() ?? []) this.#stop(slot);
    this.#recent = undefined;
    this.#apps.delete(app);
  }

  /** Whose timer this is; undefined when it was forgotten or replaced. It is spent by asking. */
  take(id: number): TimerTarget | undefined {
    const slot = this.#find(id);
    if (slot === undefined) return undefined;
    this.#stop(slot);
    this.#recent = slot;
    return slot.target;
  }

  wants(id: number): boolean {
    return this.#find(id) !== undefined;
  }

  /** The timers set since the last time, those forgotten meanwhile left out. */
  takeFresh(): readonly Timer[] {
    if (this.#told === this.#last) return NONE;
    const ids = this.#ids;
    let fresh = NONE;
    let at = ids.length;
    while (at > 0 && (ids[at - 1] as number) > this.#told) at -= 1;
    for (; at < ids.length; at++) {
      const { id, at: time } = this.#slots[at] as Slot;
      if (id === ids[at]) fresh = fresh === NONE ? [{ id, at: time }] : [...fresh, { id, at: time }];
    }
    this.#told = this.#last;
    return fresh;
  }

  #slotFor(target: TimerTarget): Slot {
    if (target.kind === 'connection') return slotIn(this.#connections, target.key, target);
    const named = this.#apps.get(target.app);
    if (named !== undefined) return slotIn(named, target.name, target);
    const fresh = new Map<string, Slot>();
    this.#apps.set(target.app, fresh);
    return slotIn(fresh, target.name, target);
  }

  #start(slot: Slot, id: number, time: Millis): void {
    slot.id = id;
    slot.at = time;
    this.#recent = slot;
    const ids = this.#ids;
    const slots = this.#slots;
    let at = ids.length;
    // one timer that is set again and again stays in its place
    if (at > 0 && (slots[at - 1] as Slot).id !== ids[at - 1]) {
      this.#unwanted -= 1;
      at -= 1;
    }
    ids[at] = id;
    slots[at] = slot;
  }

  #stop(slot: Slot): void {
    if (slot.id === NO_TIMER) return;
    slot.id = NO_TIMER;
    this.#unwanted += 1;
    if (this.#unwanted > FEW && this.#unwanted * 2 > this.#ids.length) this.#clear();
  }

  #clear(): void {
    const ids = this.#ids;
    const slots = this.#slots;
    let kept = 0;
    for (let i = 0; i < slots.length; i++) {
      const id = ids[i] as number;
      const slot = slots[i] as Slot;
      if (slot.id !== id) continue;
      ids[kept] = id;
      slots[kept] = slot;
      kept += 1;
    }
    ids.length = kept;
    slots.length = kept;
    this.#unwanted = 0;
  }

  #find(id: number): Slot | undefined {
    const recent = this.#recent;
    return recent !== undefined && recent.id === id ? recent : this.#search(id);
  }

  /** The slot that has this timer, found by halving the list. */
  #search(id: number): Slot | undefined {
    const ids = this.#ids;
    let from = 0;
    let to = ids.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const known = ids[middle] as number;
      if (known === id) {
        const slot = this.#slots[middle] as Slot;
        return slot.id === id ? slot : undefined;
      }
      if (known < id) from = middle + 1;
      else to = middle;
    }
    return undefined;
  }
}

function isNamed(target: TimerTarget, app: string, name: string): boolean {
  return target.kind === 'app' && target.app === app && target.name === name;
}

function slotIn(slots: Map<string, Slot>, key: string, target: TimerTarget): Slot {
  const known = slots.get(key);
  if (known !== undefined) return known;
  const slot = { target, id: NO_TIMER, at: 0 };
  slots.set(key, slot);
  return slot;
}
