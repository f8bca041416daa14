/** The host's timers: each belongs to a connection or to an application, and fires once. */
import type { Millis } from '../base/time.ts';

export type TimerTarget =
  | { readonly kind: 'connection'; readonly key: string }
  | { readonly kind: 'app'; readonly app: string; readonly name: string };

export interface Timer {
  readonly id: number;
  readonly at: Millis;
}

interface Kept extends Timer {
  readonly target: TimerTarget;
  /** Until it fires, or is forgotten or replaced. */
  wanted: boolean;
}

const NONE: readonly Timer[] = [];
/** So many that nobody wants are not worth the trouble of clearing away. */
const FEW = 16;

/** Which timers are wanted, and which of them the world has not been told about yet. */
export class Timers {
  /** In the order of their ids, which only grow; those that nobody wants are cleared away in time. */
  #kept: Kept[] = [];
  #unwanted = 0;
  /** The last of each target, wanted or not: removing and adding keys all the time costs more than it saves. */
  readonly #apps = new Map<string, Map<string, Kept>>();
  readonly #connections = new Map<string, Kept>();
  #fresh: Kept[] | undefined;
  #last = 0;

  /** Between two answers of a host the world knows of all. */
  copy(): Timers {
    const copy = new Timers();
    for (const { id, at, target, wanted } of this.#kept) {
      if (wanted) copy.#keep({ id, at, target, wanted });
    }
    copy.#last = this.#last;
    return copy;
  }

  /** Replaces the timer of the target. */
  set(target: TimerTarget, at: Millis): void {
    this.forget(target);
    const timer = { id: ++this.#last, at, target, wanted: true };
    this.#keep(timer);
    if (this.#fresh === undefined) this.#fresh = [timer];
    else this.#fresh.push(timer);
  }

  /** Makes sure of a timer at `at` or before: a target that looks at its own deadlines may be woken too early. */
  ensure(target: TimerTarget, at: Millis): void {
    const current = this.#of(target);
    if (current?.wanted !== true || current.at > at) this.set(target, at);
  }

  /** Nobody waits for it any more; the target may want another. */
  forget(target: TimerTarget): void {
    const current = this.#of(target);
    if (current?.wanted === true) this.#spend(current);
  }

  /** The target is gone. */
  remove(target: TimerTarget): void {
    this.forget(target);
    if (target.kind === 'connection') this.#connections.delete(target.key);
    else this.#apps.get(target.app)?.delete(target.name);
  }

  /** The application is over. */
  removeApp(app: string): void {
    for (const timer of this.#apps.get(app)?.values() ?? []) {
      if (timer.wanted) this.#spend(timer);
    }
    this.#apps.delete(app);
  }

  /** Whose timer this is; undefined when it was forgotten or replaced. It is spent by asking. */
  take(id: number): TimerTarget | undefined {
    const timer = this.#find(id);
    if (timer?.wanted !== true) return undefined;
    this.#spend(timer);
    return timer.target;
  }

  wants(id: number): boolean {
    return this.#find(id)?.wanted === true;
  }

  /** The timers set since the last time, those forgotten meanwhile left out. */
  takeFresh(): readonly Timer[] {
    const fresh = this.#fresh;
    if (fresh === undefined) return NONE;
    this.#fresh = undefined;
    return fresh.every(isWanted) ? fresh : fresh.filter(isWanted);
  }

  #of(target: TimerTarget): Kept | undefined {
    return target.kind === 'connection'
      ? this.#connections.get(target.key)
      : this.#apps.get(target.app)?.get(target.name);
  }

  #keep(timer: Kept): void {
    const { target } = timer;
    this.#kept.push(timer);
    if (target.kind === 'connection') {
      this.#connections.set(target.key, timer);
      return;
    }
    const named = this.#apps.get(target.app);
    if (named === undefined) this.#apps.set(target.app, new Map([[target.name, timer]]));
    else named.set(target.name, timer);
  }

  #spend(timer: Kept): void {
    timer.wanted = false;
    this.#unwanted += 1;
    if (this.#unwanted <= FEW || this.#unwanted * 2 < this.#kept.length) return;
    this.#kept = this.#kept.filter(isWanted);
    this.#unwanted = 0;
  }

  /** Halving the list: ids grow along it. */
  #find(id: number): Kept | undefined {
    const kept = this.#kept;
    let from = 0;
    let to = kept.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const timer = kept[middle] as Kept;
      if (timer.id === id) return timer;
      if (timer.id < id) from = middle + 1;
      else to = middle;
    }
    return undefined;
  }
}

function isWanted({ wanted }: Kept): boolean {
  return wanted;
}
