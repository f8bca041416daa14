/**
 * What the path to each destination takes. Read RFC 1191 §6 and RFC 8201 §4 first; limits and lifetime are those of Linux
 * (`route.min_pmtu`, `route.mtu_expires`).
 */
import type { Ip } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';

export interface Path {
  /** In bytes of IP packet. */
  readonly mtu: number;
  /** Whether packets ask not to be fragmented: IPv4 stops asking where a router claims an absurdly small MTU. */
  readonly df: boolean;
}

interface Learned extends Path {
  readonly until: Millis;
}

const LIFETIME = 600_000;
/** Below these, IPv4 keeps the limit and lets routers fragment, IPv6 ignores the report (RFC 8201 §4). */
const LEAST = { 4: 552, 6: 1280 } as const;

/** The path MTUs that a host has learned from ICMP errors, by destination, each for ten minutes. */
export class Paths {
  readonly #learned: Map<Ip, Learned>;
  /** What has been said last of a path of which nothing was learned. */
  #plain: Path = { mtu: 0, df: true };

  constructor(learned: Iterable<readonly [Ip, Learned]> = []) {
    this.#learned = new Map(learned);
  }

  copy(): Paths {
    return new Paths(this.#learned);
  }

  /** The path to a destination behind a link of this MTU. */
  to(dst: Ip, linkMtu: number, now: Millis): Path {
    const learned = this.#learned.size === 0 ? undefined : this.#learned.get(dst);
    if (learned === undefined || learned.until <= now) {
      if (this.#plain.mtu !== linkMtu) this.#plain = { mtu: linkMtu, df: true };
      return this.#plain;
    }
    return { mtu: Math.min(learned.mtu, linkMtu), df: learned.df };
  }

  /** Takes over what `weigh` makes of a report, if anything. */
  learn(dst: Ip, reported: number, known: Path, now: Millis): void {
    const path = weigh(dst, reported, known);
    if (path !== undefined) this.#learned.set(dst, { ...path, until: now + LIFETIME });
  }
}

/** The path after an ICMP error reported this MTU; undefined when it is no news: above what is known, or absurd. */
export function weigh(dst: Ip, reported: number, known: Path): Path | undefined {
  const least = LEAST[typeof dst === 'number' ? 4 : 6];
  if (reported > known.mtu || !known.df) return undefined;
  if (reported < least && typeof dst === 'bigint') return undefined;
  return { mtu: Math.min(Math.max(reported, least), known.mtu), df: reported >= least };
}
