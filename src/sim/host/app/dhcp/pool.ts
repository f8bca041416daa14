/** Which address of a pool belongs to whom, and until when. Read RFC 2131 §4.3.1 first. */
import { type Ip, type Ip4, ip4 } from '../../../addr/ip.ts';
import type { Range } from '../../../addr/range.ts';
import type { Millis } from '../../../base/time.ts';
import { put } from '../stream/table.ts';

export interface Pool extends Range<Ip4> {
  /** Addresses in the range that are never given. */
  readonly reserved: readonly Ip[];
}

interface Holding {
  readonly kind: 'offered' | 'leased' | 'declined';
  readonly mac: number;
  /** Once it is over the holding is only remembered, so that its client gets the same address again. */
  readonly until: Millis;
}

export type Holdings = ReadonlyMap<Ip4, Holding>;

/** Whether the pool may give this address to anybody. */
export function isInPool({ from, to, reserved }: Pool, ip: Ip4): boolean {
  return from <= ip && ip <= to && !reserved.includes(ip);
}

/** Whether this client may have this address now. */
export function mayHold(pool: Pool, holdings: Holdings, { ip, mac }: { ip: Ip4; mac: number }, now: Millis): boolean {
  const held = holdings.get(ip);
  if (!isInPool(pool, ip) || (held?.kind === 'declined' && held.until > now)) return false;
  return held === undefined || held.mac === mac || held.until <= now;
}

/** Whether this address was given to this client, be the time over or not. */
export function isRemembered(holdings: Holdings, ip: Ip4, mac: number): boolean {
  const held = holdings.get(ip);
  return held !== undefined && held.mac === mac && held.kind === 'leased';
}

/**
 * The address for a client: the one it has or had, the one it wishes, the lowest that nobody had yet, the one that has
 * been free for longest. Undefined when all are taken.
 */
export function chooseAddress(
  pool: Pool,
  holdings: Holdings,
  { mac, wish }: { mac: number; wish: Ip4 | undefined },
  now: Millis,
): Ip4 | undefined {
  const may = (ip: Ip4) => mayHold(pool, holdings, { ip, mac }, now);
  const own = [...holdings].find(([ip, held]) => held.mac === mac && may(ip));
  if (own !== undefined) return own[0];
  if (wish !== undefined && may(wish)) return wish;
  for (let n: number = pool.from; n <= pool.to; n++) {
    const ip = ip4(n);
    if (!holdings.has(ip) && may(ip)) return ip;
  }
  const [oldest] = [...holdings].filter(([ip]) => may(ip)).sort(([, a], [, b]) => a.until - b.until);
  return oldest?.[0];
}

/** Gives an address; an offer does not shorten the lease of a client that asks again. */
export function hold(holdings: Holdings, ip: Ip4, holding: Holding, now: Millis): Holdings {
  const held = holdings.get(ip);
  const leased = held?.kind === 'leased' && held.mac === holding.mac && held.until > now;
  return holding.kind === 'offered' && leased ? holdings : put(holdings, ip, holding);
}

/** Ends what this client holds of one kind, on this address or on any; leases stay remembered. */
export function letGo(holdings: Holdings, mac: number, kind: 'offered' | 'leased', now: Millis): Holdings {
  const rest = new Map(holdings);
  for (const [ip, held] of holdings) {
    if (held.mac !== mac || held.kind !== kind) continue;
    if (kind === 'offered') rest.delete(ip);
    else rest.set(ip, { ...held, until: Math.min(held.until, now) });
  }
  return rest;
}
