/**
 * How fast Linux sends ICMP errors, where a design asks for it: `icmp_ratelimit` 1000 ms with a burst of 6 for each
 * destination, `icmp_msgs_per_sec` 1000 with a burst of 50 for the node (LNX-GENI-5, LNX-GENI-7). No-route errors, which
 * have a burst of 5 (LNX-GENI-6), and the wider allowance of IPv6 for wide prefixes are not told apart.
 *
 * Read RFC 1812 §4.3.2.8 and RFC 4443 §2.4 (f) first.
 */

import type { Ip } from '../addr/ip.ts';
import { RareMap } from '../base/rare-map.ts';
import type { Millis } from '../base/time.ts';

interface Bucket {
  tokens: number;
  filled: Millis;
}

const PER_DESTINATION = { burst: 6, every: 1000 };
const PER_NODE = { burst: 50, every: 1 };

/** The allowance of one node. */
export class IcmpLimiter {
  readonly #node: Bucket = { tokens: PER_NODE.burst, filled: 0 };
  readonly #destinations = new RareMap<Ip, Bucket>();

  copy(): IcmpLimiter {
    const copy = new IcmpLimiter();
    Object.assign(copy.#node, this.#node);
    for (const [to, bucket] of this.#destinations) copy.#destinations.set(to, { ...bucket });
    return copy;
  }

  /** Whether an error may go to this address now; if so it is counted. */
  allows(to: Ip, now: Millis): boolean {
    const bucket = this.#destinations.get(to) ?? { tokens: PER_DESTINATION.burst, filled: now };
    this.#destinations.set(to, bucket);
    fill(bucket, PER_DESTINATION, now);
    fill(this.#node, PER_NODE, now);
    if (bucket.tokens < 1 || this.#node.tokens < 1) return false;
    bucket.tokens -= 1;
    this.#node.tokens -= 1;
    return true;
  }
}

function fill(bucket: Bucket, { burst, every }: typeof PER_NODE, now: Millis): void {
  bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.filled) / every);
  bucket.filled = now;
}
