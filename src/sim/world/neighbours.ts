import type { Ip } from '../addr/ip.ts';
import { RareMap } from '../base/rare-map.ts';
import type { Millis } from '../base/time.ts';
import type { Passage } from '../router/passage.ts';
import type { PacketId } from '../trace/trace.ts';

/** Three questions a second apart, and a little (LNX-FWD-7: 3.05 s). */
export const RESOLUTION_TIME: Millis = 3050;

/** A next hop that was found is believed in for so long (`base_reachable_time`, which the kernel varies by half)… */
const REACHABLE_TIME: Millis = 30_000;
/** …and when it is used after that, until it has not answered: 5 s of patience, three questions a second apart. */
const DOUBT_TIME: Millis = 8_000;

/** A packet that waits for the address of its next hop. */
export interface Waiting {
  readonly id: PacketId;
  readonly passage: Passage;
}

/** A next hop that was found. */
export interface Found {
  /** When it was last used. */
  at: Millis;
  /** When it was first used though it was found long ago. */
  doubted: Millis | undefined;
}

/** Next hops of one node: those that it has found, and those that nobody answers for, where packets wait and fail together. */
export class Neighbours {
  readonly #waiting = new RareMap<string, Waiting[]>();
  /** By interface. */
  readonly #found = new RareMap<string, RareMap<Ip, Found>>();

  /** `copyOf` copies what a packet that waits here has met. */
  copy(copyOf: (passage: Passage) => Passage): Neighbours {
    const copy = new Neighbours();
    for (const [key, queue] of this.#waiting) {
      copy.#waiting.set(
        key,
        queue.map(({ id, passage }) => ({ id, passage: copyOf(passage) })),
      );
    }
    for (const [out, found] of this.#found) {
      copy.#found.set(out, new RareMap([...found].map(([ip, { at, doubted }]) => [ip, { at, doubted }])));
    }
    return copy;
  }

  /** What is known of a next hop that answers; who uses it says so there. */
  find(out: string, ip: Ip): Found {
    let all = this.#found.get(out);
    if (all === undefined) {
      all = new RareMap();
      this.#found.set(out, all);
    }
    let found = all.get(ip);
    if (found === undefined) {
      found = { at: 0, doubted: undefined };
      all.set(ip, found);
    }
    return found;
  }

  /** Whether packets still go to a next hop that has fallen silent, and are lost, since it is not known yet. */
  believesIn(out: string, ip: Ip, now: Millis): boolean {
    const found = this.#found.get(out)?.get(ip);
    if (found === undefined) return false;
    if (now < found.at + REACHABLE_TIME) return true;
    const doubted = found.doubted ?? now;
    if (now >= doubted + DOUBT_TIME) {
      this.#found.get(out)?.delete(ip);
      return false;
    }
    found.doubted = doubted;
    return true;
  }

  /** An interface that goes down, or hears no carrier, loses what was found by it. */
  forget(out: string): void {
    this.#found.delete(out);
  }

  /** True when this packet is the first to wait: the caller then sets the time at which all of them fail. */
  wait(key: string, packet: Waiting): boolean {
    const queue = this.#waiting.get(key);
    if (queue === undefined) this.#waiting.set(key, [packet]);
    else queue.push(packet);
    return queue === undefined;
  }

  /** Those that have waited for this next hop, which is forgotten. */
  take(key: string): readonly Waiting[] {
    const queue = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return queue;
  }

  all(): readonly Waiting[] {
    return [...this.#waiting.values()].flat();
  }
}

export function neighbourKey(out: string, ip: Ip): string {
  return `${out} ${ip}`;
}
