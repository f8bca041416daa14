/**
 * The choice of an outside endpoint for a new mapping, as the behaviour says: which address of the pool, which ports
 * are in question, in which order they are tried.
 *
 * Read RFC 4787 §4.1 and §4.2, RFC 6056 §3, RFC 6888 §3 and §4, RFC 7422 §2 first.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Ip } from '../../addr/ip.ts';
import type { IpRange } from '../../addr/range.ts';
import type { Rng } from '../../base/rng.ts';
import type { Millis } from '../../base/time.ts';
import type { Behaviour, PortAxes } from '../../design/behaviour.ts';
import type { PortRange } from '../../design/ports.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { pick } from '../pool.ts';
import { addressAt, blockOf, sizeOf } from './deterministic.ts';
import { keyOfEndpoint, type Mapping, type Remote } from './mapping.ts';
import type { Mappings } from './mappings.ts';
import type { Block } from './subscribers.ts';

/** For whom an endpoint is sought, and among which. */
export interface Wanted {
  readonly protocol: number;
  readonly inside: Endpoint;
  readonly remote: Remote | undefined;
  readonly addresses: readonly IpRange[];
  /** Ports that the rule itself names. */
  readonly ports: PortRange | undefined;
  /** Who is inside, where ports follow from that. */
  readonly subscribers: readonly IpRange[];
  /** Whether nothing else here speaks, listens or is forwarded to at an endpoint. */
  readonly isFree: (outside: Endpoint) => boolean;
}

/** Where it is sought. */
export interface Market {
  readonly behaviour: Behaviour;
  readonly mappings: Mappings;
  readonly rng: Rng;
  readonly now: Millis;
}

/** An endpoint and how it was come by, or why there is none. */
export type Allocation =
  | { readonly kind: 'given'; readonly outside: Endpoint; readonly detail: string }
  | { readonly kind: 'limit' | 'exhausted'; readonly detail: string };

/** Finds an outside endpoint for a mapping that does not exist yet. */
export function allocate(wanted: Wanted, market: Market): Allocation {
  const { behaviour, mappings, now } = market;
  const holdings = mappings.holdings(wanted.inside.ip, now);
  const { perSubscriber, allocation, holdDown, held } = behaviour.ports;
  // which of the resting ones are too many is known only once all are at rest
  if (holdDown > 0 && Number.isFinite(held)) mappings.expire(now);
  if ((holdings?.mappings.size ?? 0) >= perSubscriber) {
    return { kind: 'limit', detail: `the inside address holds all ${perSubscriber} mappings that it may` };
  }
  if (allocation === 'deterministic') return fromOwnBlock(wanted, market);
  const paired = behaviour.pooling === 'paired' ? holdings?.paired : undefined;
  if (paired !== undefined && isAmong(wanted.addresses, paired)) return onAddress(paired, wanted, market);
  return onAny(wanted, market);
}

function isAmong(ranges: readonly IpRange[], ip: Ip): boolean {
  return ranges.some(({ from, to }) => from <= ip && ip <= to);
}

/** The address by hash, or by chance where they are not paired; then the others in their order. */
function onAny(wanted: Wanted, market: Market): Allocation {
  const { addresses, inside } = wanted;
  const size = Number(sizeOf(addresses));
  const start = market.behaviour.pooling === 'paired' ? undefined : market.rng.int(0, Math.min(size, 2 ** 31) - 1);
  const first = start === undefined ? pick(addresses, inside.ip, inside.ip) : addressAt(addresses, start);
  let found = first === undefined ? undefined : onAddress(first, wanted, market);
  for (let i = 0; i < size && found?.kind !== 'given'; i++) {
    const next = addressAt(addresses, i);
    if (next !== undefined && next !== first) found = onAddress(next, wanted, market);
  }
  return found ?? { kind: 'exhausted', detail: 'there is no outside address to give' };
}

const ICMP: ReadonlySet<number> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6]);

function onAddress(ip: Ip, wanted: Wanted, market: Market): Allocation {
  const { ports } = market.behaviour;
  if (ports.allocation === 'block') return inBlocks(ip, wanted, market);
  const range = rangeFor(wanted, ports);
  const found = search(ip, range, wanted, market);
  if (found !== undefined) return found;
  const what = ICMP.has(wanted.protocol) ? 'identifier' : 'port';
  return { kind: 'exhausted', detail: `no ${what} from ${range.from} to ${range.to} is free` };
}

/** UDP-3a: well-known ports among themselves. Identifiers of ICMP queries are all alike. */
function rangeFor({ inside, ports, protocol }: Wanted, axes: PortAxes): PortRange {
  if (ICMP.has(protocol)) return { from: 0, to: 65_535 };
  if (ports !== undefined) return ports;
  const { range, wellKnown } = axes;
  if (!wellKnown) return range;
  return inside.port < 1024
    ? { from: 1, to: 1023 }
    : { from: Math.max(range.from, Math.min(1024, range.to)), to: range.to };
}

/** How many ports are tried by chance before all are looked through. */
const TRIES = 16;

function search(ip: Ip, range: PortRange, wanted: Wanted, market: Market): Allocation | undefined {
  const { behaviour, mappings, rng } = market;
  const { allocation, contiguity } = behaviour.ports;
  const { inside, protocol } = wanted;
  const usable = (port: number) => isUsable({ ip, port }, range, wanted, market);
  const given = (port: number, detail: string): Allocation => ({ kind: 'given', outside: { ip, port }, detail });
  if (contiguity) {
    const neighbour = neighbourOf(ip, wanted, market);
    if (neighbour !== undefined && usable(neighbour)) return given(neighbour, 'next to its neighbour');
  }
  if (allocation === 'preserve' && usable(inside.port)) return given(inside.port, 'port preserved');
  const counter = keyOfEndpoint(protocol, { ip, port: 0 });
  const size = range.to - range.from + 1;
  if (allocation === 'sequential') {
    const next = mappings.subscribers.next(counter) ?? range.from;
    const port = scan(range, Math.max(0, next - range.from) % size, usable);
    if (port !== undefined) mappings.subscribers.gave(counter, port);
    return port === undefined ? undefined : given(port, 'the next port');
  }
  const why = allocation === 'preserve' ? 'another port' : 'any port';
  for (let tries = 0; tries < TRIES; tries++) {
    const port = rng.int(range.from, range.to);
    if (usable(port)) return given(port, why);
  }
  const left = scan(range, rng.int(0, size - 1), usable);
  return left === undefined ? undefined : given(left, why);
}

function scan({ from, to }: PortRange, start: number, usable: (port: number) => boolean): number | undefined {
  const size = to - from + 1;
  for (let i = 0; i < size; i++) {
    const port = from + ((start + i) % size);
    if (usable(port)) return port;
  }
  return undefined;
}

/** Contiguity: one up from what the inside port one down is mapped to. */
function neighbourOf(ip: Ip, { inside, protocol }: Wanted, { mappings, now }: Market): number | undefined {
  const below = mappings.from(protocol, { ip: inside.ip, port: inside.port - 1 }, now);
  const found = below.find(({ outside }) => outside.ip === ip);
  return found === undefined ? undefined : found.outside.port + 1;
}

function isUsable(outside: Endpoint, { from, to }: PortRange, wanted: Wanted, market: Market): boolean {
  const { behaviour, mappings, now } = market;
  const { holdDown, held, overload, parity } = behaviour.ports;
  const { inside, protocol } = wanted;
  if (outside.port < from || outside.port > to) return false;
  // RFC 5382 REQ-7: no parity for TCP
  if (parity && protocol === PROTOCOL.udp && (outside.port & 1) !== (inside.port & 1)) return false;
  const there = mappings.at(protocol, outside, now);
  const shares = ({ lease, remote }: Mapping) => overload && lease === undefined && isApart(remote, wanted.remote);
  if (!there.every(shares)) return false;
  if (holdDown > 0 && mappings.resting.has(keyOfEndpoint(protocol, outside), { holdDown, held, now })) return false;
  return wanted.isFree(outside);
}

/** Whether no destination is in both. */
function isApart(a: Remote | undefined, b: Remote | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.ip !== b.ip || (a.port !== undefined && b.port !== undefined && a.port !== b.port);
}

/** A port of a block that the subscriber holds, else of a new one. */
function inBlocks(ip: Ip, wanted: Wanted, market: Market): Allocation {
  const { behaviour, mappings, now, rng } = market;
  const { range, blockSize, blocks, holdDown } = behaviour.ports;
  const { inside } = wanted;
  const own = mappings.holdings(inside.ip, now)?.blocks.filter((block) => block.ip === ip) ?? [];
  for (const block of own) {
    const found = inBlock(block, wanted, market);
    if (found !== undefined) return { kind: 'given', outside: found, detail: `of block ${show(block)}` };
  }
  if (own.length >= blocks) {
    const detail = `the ${blocks === 1 ? 'block' : `${blocks} blocks`} of the inside address ${blocks === 1 ? 'is' : 'are'} used up`;
    return { kind: 'limit', detail };
  }
  mappings.expire(now);
  const count = Math.floor((range.to - range.from + 1) / blockSize);
  const start = rng.int(0, count - 1);
  for (let i = 0; i < count; i++) {
    const from = range.from + ((start + i) % count) * blockSize;
    const block: Block = { ip, from, to: from + blockSize - 1 };
    if (!mappings.subscribers.isFree(block, now, holdDown)) continue;
    const found = inBlock(block, wanted, market);
    if (found === undefined) continue;
    mappings.subscribers.take(inside.ip, block);
    return { kind: 'given', outside: found, detail: `of the new block ${show(block)}` };
  }
  return { kind: 'exhausted', detail: `no block of ${blockSize} ports is free` };
}

function inBlock(block: Block, wanted: Wanted, market: Market): Endpoint | undefined {
  const start = market.rng.int(0, block.to - block.from);
  const usable = (port: number) => isUsable({ ip: block.ip, port }, block, wanted, market);
  const port = scan(block, start, usable);
  return port === undefined ? undefined : { ip: block.ip, port };
}

function fromOwnBlock(wanted: Wanted, market: Market): Allocation {
  const plan = { inside: wanted.subscribers, outside: wanted.addresses, ports: market.behaviour.ports.range };
  const block = blockOf(plan, wanted.inside.ip);
  if (block === undefined) return { kind: 'exhausted', detail: 'no block of ports belongs to the inside address' };
  const found = inBlock(block, wanted, market);
  if (found !== undefined) return { kind: 'given', outside: found, detail: `of its own block ${show(block)}` };
  return { kind: 'exhausted', detail: `the ports ${show(block)} of the inside address are used up` };
}

function show({ from, to }: PortRange): string {
  return `${from}-${to}`;
}
