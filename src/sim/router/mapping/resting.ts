/** Outside endpoints that rest after use, so that nobody gets what is meant for another (RFC 6888 REQ-8). */
import { RareMap } from '../../base/rare-map.ts';
import type { Millis } from '../../base/time.ts';

/** When each endpoint was given back, oldest first. Mutable. */
export class Resting {
  readonly #since = new RareMap<string, Millis>();

  copy(): Resting {
    const copy = new Resting();
    for (const [key, since] of this.#since) copy.#since.set(key, since);
    return copy;
  }

  add(key: string, at: Millis): void {
    this.#since.delete(key);
    this.#since.set(key, at);
  }

  /** Whether an endpoint was given back less than `holdDown` ago, and is among the `most` that rest. */
  has(key: string, { holdDown, held, now }: { holdDown: Millis; held: number; now: Millis }): boolean {
    for (const [other, since] of this.#since) {
      if (since + holdDown > now && this.#since.size <= held) break;
      this.#since.delete(other);
    }
    const since = this.#since.get(key);
    return since !== undefined && since + holdDown > now;
  }

  clear(): void {
    this.#since.clear();
  }
}
