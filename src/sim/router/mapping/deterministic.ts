/**
 * Ports that follow from the inside address alone: every subscriber has one block of one outside address, and nobody
 * needs a log to know whose it was. Read RFC 7422 §2 first.
 */
import { type Ip, offsetIp } from '../../addr/ip.ts';
import type { IpRange } from '../../addr/range.ts';
import type { PortRange } from '../../design/ports.ts';
import type { Block } from './subscribers.ts';

/** Who is inside, what is outside, and which ports are shared out; inside and outside each count as one long list. */
export interface Plan {
  readonly inside: readonly IpRange[];
  readonly outside: readonly IpRange[];
  readonly ports: PortRange;
}

interface Shares {
  /** Subscribers of one outside address. */
  readonly sharing: number;
  /** Ports of one subscriber. */
  readonly size: number;
}

function sharesOf({ inside, outside, ports }: Plan): Shares {
  const sharing = Math.ceil(Number(sizeOf(inside)) / Number(sizeOf(outside)));
  return { sharing, size: Math.floor((ports.to - ports.from + 1) / sharing) };
}

/** The block of an inside address; undefined when it is not among those inside, or there are more of them than ports. */
export function blockOf(plan: Plan, ip: Ip): Block | undefined {
  const { sharing, size } = sharesOf(plan);
  const index = indexIn(plan.inside, ip);
  if (index === undefined || size === 0) return undefined;
  const outside = addressAt(plan.outside, Math.floor(index / sharing));
  const from = plan.ports.from + (index % sharing) * size;
  return outside === undefined ? undefined : { ip: outside, from, to: from + size - 1 };
}

/** Whose block an outside endpoint is in: the inverse of `blockOf`. Undefined: nobody's. */
export function subscriberOf(plan: Plan, ip: Ip, port: number): Ip | undefined {
  const { sharing, size } = sharesOf(plan);
  const index = indexIn(plan.outside, ip);
  if (index === undefined || size === 0 || port < plan.ports.from || port > plan.ports.to) return undefined;
  const place = Math.floor((port - plan.ports.from) / size);
  return place >= sharing ? undefined : addressAt(plan.inside, index * sharing + place);
}

/** How many addresses a list of ranges holds. */
export function sizeOf(ranges: readonly IpRange[]): bigint {
  return ranges.reduce((sum, { from, to }) => sum + BigInt(to) - BigInt(from) + 1n, 0n);
}

function indexIn(ranges: readonly IpRange[], ip: Ip): number | undefined {
  let before = 0n;
  for (const { from, to } of ranges) {
    if (from <= ip && ip <= to) return Number(before + BigInt(ip) - BigInt(from));
    before += BigInt(to) - BigInt(from) + 1n;
  }
  return undefined;
}

/** The address at a place of the list. */
export function addressAt(ranges: readonly IpRange[], index: number): Ip | undefined {
  let left = BigInt(index);
  for (const { from, to } of ranges) {
    const size = BigInt(to) - BigInt(from) + 1n;
    if (left < size) return offsetIp(from, left);
    left -= size;
  }
  return undefined;
}
