import { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Link } from '../design/topology.ts';

/** What fits the queue before a link: the kernel's txqueuelen of full-size frames. */
const QUEUE_BYTES = 1000 * 1500;

/** What one node sends by the link, bit by bit. */
interface Lane {
  readonly from: string;
  /** When the last bit will have gone. */
  free: Millis;
}

/** One link in time: how long a packet takes, and whether it gets there. Each end has a queue of its own. */
export class Wire {
  readonly #link: Link;
  readonly #rng: Rng;
  /** Of those that have sent: mostly one or two. */
  readonly #lanes: Lane[];
  /** The one that was sent by last. */
  #known: Lane | undefined;
  /** How long the last packet was, and how long it took to be sent: mostly the next is like it. */
  #bytes = 0;
  #duration: Millis = 0;

  constructor(link: Link, rng: Rng, lanes: readonly Lane[] = []) {
    this.#link = link;
    this.#rng = rng;
    this.#lanes = lanes.map(({ from, free }) => ({ from, free }));
  }

  copy(): Wire {
    return new Wire(this.#link, this.#rng.copy(), this.#lanes);
  }

  /** Sends `bytes` from the node named `from`; when they arrive, or why they do not. */
  pass(from: string, bytes: number, now: Millis): Millis | 'lossyLink' | 'queueFull' {
    const { latencyMs, loss, bandwidth } = this.#link;
    if (this.#rng.chance(loss)) return 'lossyLink';
    if (bandwidth === undefined) return now + latencyMs;
    const lane = this.#laneOf(from);
    const wait = lane.free - now;
    if (wait > 0 && (wait * bandwidth) / 8000 > QUEUE_BYTES) return 'queueFull';
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#duration = (bytes * 8000) / bandwidth;
    }
    lane.free = (wait > 0 ? lane.free : now) + this.#duration;
    return lane.free + latencyMs;
  }

  #laneOf(from: string): Lane {
    if (this.#known?.from === from) return this.#known;
    let lane = this.#lanes.find((each) => each.from === from);
    if (lane === undefined) {
      lane = { from, free: 0 };
      this.#lanes.push(lane);
    }
    this.#known = lane;
    return lane;
  }
}

const NO_CHANCE = new Rng(0);

/** The wire of a link that loses nothing and is wide enough for everything: it draws nothing, and keeps nothing in mind. */
export function plainWire(link: Link): Wire | undefined {
  return link.loss === 0 && link.bandwidth === undefined ? new Wire(link, NO_CHANCE) : undefined;
}
