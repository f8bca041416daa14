/** The host's timers: each belongs to a connection or to an application, and fires once. */
import type { Millis } from '../base/time.ts';

export type TimerTarget =
  | { readonly kind: 'connection'; readonly key: string }
  | { readonly kind: 'app'; readonly app: string; readonly name: string };

export interface Timer {
  readonly id: number;
  readonly at: Millis;
}

function nameOf(target: TimerTarget): string {
  return target.kind === 'connection' ? `tcp ${target.key}` : `app ${target.app}\n${target.name}`;
}

/** Which timers are wanted, and which of them the world has not been told about yet. */
export class Timers {
  readonly #wanted = new Map<number, TimerTarget>();
  readonly #current = new Map<string, Timer>();
  #fresh: Timer[] = [];
  #last = 0;

  copy(): Timers {
    const copy = new Timers();
    for (const [id, target] of this.#wanted) copy.#wanted.set(id, target);
    for (const [name, timer] of this.#current) copy.#current.set(name, timer);
    copy.#fresh = [...this.#fresh];
    copy.#last = this.#last;
    return copy;
  }

  /** Replaces the timer of the target. */
  set(target: TimerTarget, at: Millis): void {
    this.forget(target);
    const timer = { id: ++this.#last, at };
    this.#wanted.set(timer.id, target);
    this.#current.set(nameOf(target), timer);
    this.#fresh.push(timer);
  }

  /** Makes sure of a timer at `at` or before: a target that looks at its own deadlines may be woken too early. */
  ensure(target: TimerTarget, at: Millis): void {
    const current = this.#current.get(nameOf(target));
    if (current === undefined || current.at > at) this.set(target, at);
  }

  forget(target: TimerTarget): void {
    const current = this.#current.get(nameOf(target));
    if (current === undefined) return;
    this.#current.delete(nameOf(target));
    this.#wanted.delete(current.id);
  }

  /** The application is over. */
  forgetApp(app: string): void {
    for (const target of [...this.#wanted.values()]) {
      if (target.kind === 'app' && target.app === app) this.forget(target);
    }
  }

  /** Whose timer this is; undefined when it was forgotten or replaced. It is spent by asking. */
  take(id: number): TimerTarget | undefined {
    const target = this.#wanted.get(id);
    if (target !== undefined) this.forget(target);
    return target;
  }

  wants(id: number): boolean {
    return this.#wanted.has(id);
  }

  /** The timers set since the last time, those forgotten meanwhile left out. */
  takeFresh(): readonly Timer[] {
    const fresh = this.#fresh.filter(({ id }) => this.wants(id));
    this.#fresh = [];
    return fresh;
  }
}
