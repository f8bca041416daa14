import { RareMap } from '../base/rare-map.ts';
import { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Link } from '../design/topology.ts';

/** What fits the queue before a link: the kernel's txqueuelen of full-size frames. */
const QUEUE_BYTES = 1000 * 1500;

/** One link in time: how long a packet takes, and whether it gets there. Each end has a queue of its own. */
export class Wire {
  readonly #link: Link;
  readonly #rng: Rng;
  readonly #busyUntil: RareMap<string, Millis>;

  constructor(link: Link, rng: Rng, busyUntil?: Iterable<readonly [string, Millis]>) {
    this.#link = link;
    this.#rng = rng;
    this.#busyUntil = new RareMap(busyUntil);
  }

  copy(): Wire {
    return new Wire(this.#link, this.#rng.copy(), this.#busyUntil);
  }

  /** Sends `bytes` from the node named `from`; when they arrive, or why they do not. */
  pass(from: string, bytes: number, now: Millis): Millis | 'lossyLink' | 'queueFull' {
    const { latencyMs, loss, bandwidth } = this.#link;
    if (this.#rng.chance(loss)) return 'lossyLink';
    if (bandwidth === undefined) return now + latencyMs;
    const free = Math.max(now, this.#busyUntil.get(from) ?? 0);
    if (((free - now) * bandwidth) / 8000 > QUEUE_BYTES) return 'queueFull';
    const gone = free + (bytes * 8000) / bandwidth;
    this.#busyUntil.set(from, gone);
    return gone + latencyMs;
  }
}

const NO_CHANCE = new Rng(0);

/** The wire of a link that loses nothing and is wide enough for everything: it draws nothing, and keeps nothing in mind. */
export function plainWire(link: Link): Wire | undefined {
  return link.loss === 0 && link.bandwidth === undefined ? new Wire(link, NO_CHANCE) : undefined;
}
