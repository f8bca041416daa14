import type { Ip } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import type { Passage } from '../router/passage.ts';
import type { PacketId } from '../trace/trace.ts';

/** Three questions a second apart, and a little (LNX-FWD-7: 3.05 s). */
export const RESOLUTION_TIME: Millis = 3050;

/** A packet that waits for the address of its next hop. */
export interface Waiting {
  readonly id: PacketId;
  readonly passage: Passage;
}

/** Next hops of one node that nobody answers for: packets to them wait together and fail together. */
export class Neighbours {
  readonly #waiting = new Map<string, Waiting[]>();

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
