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
  /** By which interface. */
  readonly out: string;
  /** When it was last used. */
  at: Millis;
  /** When it was first used though it was found long ago. */
  doubted: Millis | undefined;
  /** The same address, found by another interface before. */
  other: Found | undefined;
}

/** Next hops of one node: those that it has found, and those that nobody answers for, where packets wait and fail together. */
export class Neighbours {
  readonly #waiting = new RareMap<string, Waiting[]>();
  /** By address, the last that was found of it. */
  readonly #found = new RareMap<Ip, Found>();

  /** `copyOf` copies what a packet that waits here has met. */
  copy(copyOf: (passage: Passage) => Passage): Neighbours {
    const copy = new Neighbours();
    for (const [key, queue] of this.#waiting) {
      copy.#waiting.set(
        key,
        queue.map(({ id, passage }) => ({ id, passage: copyOf(passage) })),
      );
    }
    for (const [ip, found] of this.#found) copy.#found.set(ip, copyOfFound(found));
    return copy;
  }

  /** What is known of a next hop that answers; who uses it says so there. */
  find(out: string, ip: Ip): Found {
    const known = this.#see(out, ip);
    if (known !== undefined) return known;
    const found = { out, at: 0, doubted: undefined, other: this.#found.get(ip) };
    this.#found.set(ip, found);
    return found;
  }

  #see(out: string, ip: Ip): Found | undefined {
    let found = this.#found.get(ip);
    while (found !== undefined && found.out !== out) found = found.other;
    return found;
  }

  /** Whether packets still go to a next hop that has fallen silent, and are lost, since it is not known yet. */
  believesIn(out: string, ip: Ip, now: Millis): boolean {
    const found = this.#see(out, ip);
    if (found === undefined) return false;
    if (now < found.at + REACHABLE_TIME) return true;
    const doubted = found.doubted ?? now;
    if (now >= doubted + DOUBT_TIME) {
      this.#keep(ip, without(this.#found.get(ip), out));
      return false;
    }
    found.doubted = doubted;
    return true;
  }

  /** An interface that goes down, or hears no carrier, loses what was found by it. */
  forget(out: string): void {
    for (const [ip, found] of this.#found) this.#keep(ip, without(found, out));
  }

  #keep(ip: Ip, found: Found | undefined): void {
    if (found === undefined) this.#found.delete(ip);
    else this.#found.set(ip, found);
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

function copyOfFound({ out, at, doubted, other }: Found): Found {
  return { out, at, doubted, other: other && copyOfFound(other) };
}

/** What was found by other interfaces. */
function without(found: Found | undefined, out: string): Found | undefined {
  if (found === undefined || found.out === out) return found?.other;
  found.other = without(found.other, out);
  return found;
}

export function neighbourKey(out: string, ip: Ip): string {
  return `${out} ${ip}`;
}
