import type { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Link } from '../design/topology.ts';

/** What fits the queue before a link: the kernel's txqueuelen of full-size frames. */
const QUEUE_BYTES = 1000 * 1500;

export type Passed =
  | { readonly kind: 'arrives'; readonly at: Millis }
  | { readonly kind: 'lost'; readonly reason: 'lossyLink' | 'queueFull' };

/** One link in time: how long a packet takes, and whether it gets there. Each end has a queue of its own. */
export class Wire {
  readonly #link: Link;
  readonly #rng: Rng;
  readonly #busyUntil = new Map<string, Millis>();

  constructor(link: Link, rng: Rng) {
    this.#link = link;
    this.#rng = rng;
  }

  copy(): Wire {
    const copy = new Wire(this.#link, this.#rng.copy());
    for (const [from, until] of this.#busyUntil) copy.#busyUntil.set(from, until);
    return copy;
  }

  /** Sends `bytes` from the node named `from`. */
  pass(from: string, bytes: number, now: Millis): Passed {
    const { latencyMs, loss, bandwidth } = this.#link;
    if (this.#rng.chance(loss)) return { kind: 'lost', reason: 'lossyLink' };
    if (bandwidth === undefined) return { kind: 'arrives', at: now + latencyMs };
    const free = Math.max(now, this.#busyUntil.get(from) ?? 0);
    if (((free - now) * bandwidth) / 8000 > QUEUE_BYTES) return { kind: 'lost', reason: 'queueFull' };
    const gone = free + (bytes * 8000) / bandwidth;
    this.#busyUntil.set(from, gone);
    return { kind: 'arrives', at: gone + latencyMs };
  }
}
