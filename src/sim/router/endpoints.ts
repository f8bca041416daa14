/**
 * The choice of a public endpoint, as Linux makes it (LNX-PORT-1…15): what the same inside endpoint already uses, else
 * the address by hash, then the port as it is if nobody's answers would be confused with it, else a random one.
 *
 * Read RFC 4787 §4.2 and RFC 6056 first.
 */
import { type Endpoint, endpointAt } from '../addr/endpoint.ts';
import type { Ip } from '../addr/ip.ts';
import type { IpRange } from '../addr/range.ts';
import type { Millis } from '../base/time.ts';
import type { PortRange } from '../design/ports.ts';
import { PROTOCOL } from '../packet/protocol.ts';
import type { Tuple } from '../packet/tuple.ts';
import type { Connection, Side } from './connection.ts';
import type { Conntrack } from './conntrack.ts';
import { pick } from './pool.ts';
import { before } from './track/sequence.ts';

/** What a translation allows on its side. No addresses: it stays; no ports: it stays if it can. */
export interface NatRange {
  readonly addresses: readonly IpRange[];
  /** The only one of them. */
  readonly single: Ip | undefined;
  readonly ports: PortRange | undefined;
}

/** An end that a connection will have beyond the translation, and why. */
export interface Choice {
  readonly end: Endpoint;
  readonly detail: string;
  /** It is certain that nobody else has its answers. */
  readonly free: boolean;
}

/** The end of the tuple that is translated on this side; for ICMP the identifier is the port. */
export function endpointOf(tuple: Tuple, side: Side): Endpoint {
  return side === 'source' ? endpointAt(tuple.src, tuple.sport) : endpointAt(tuple.dst, tuple.dport);
}

/** A new connection, one end of which is sought. */
export interface Seeking {
  readonly conntrack: Conntrack;
  readonly connection: Connection;
  readonly side: Side;
  readonly now: Millis;
}

/** Whether another connection has the answers that this one would have, or a lease keeps the endpoint for another. */
export function isTaken({ conntrack, connection, side, now }: Seeking, end: Endpoint): boolean {
  if (conntrack.flows.hasReplyWith(connection, side, end, now)) return true;
  if (conntrack.isUnmapped) return false;
  const outside = side === 'source' ? end : connection.endBeyond('source');
  const inside = endpointOf(connection.original, 'source');
  return conntrack.mappings.isLeased(protocolOf(connection), outside, inside, now);
}

/** The end that a new connection gets. On the source side it may be taken all the same, when nothing is free. */
export function choose(seeking: Seeking, range: NatRange): Choice {
  const { connection, side } = seeking;
  const current = connection.endBeyond(side);
  const protocol = protocolOf(connection);
  if (side === 'source') {
    if (isAllowed(current, protocol, range)) {
      if (!isTaken(seeking, current)) return { end: current, detail: 'kept', free: true };
    } else {
      const shared = sharedWith(seeking, current, protocol, range);
      if (shared !== undefined && !isTaken(seeking, shared)) {
        return { end: shared, detail: 'the endpoint that this source already has', free: true };
      }
    }
  }
  const placed = place(seeking, current, range);
  const { ports } = range;
  const fits = ports === undefined || isInPorts(placed.port, protocol, ports);
  const single = ports !== undefined && ports.from === ports.to;
  if (fits && (single || !isTaken(seeking, placed))) return { end: placed, detail: 'port kept', free: !single };
  return search(seeking, placed, protocol, ports);
}

/** The protocol beyond the translation, which is another where ICMP crosses from family to family. */
function protocolOf({ wide, replyRest }: Connection): number {
  return wide === undefined ? replyRest >>> 16 : wide.reply.protocol;
}

/** The endpoint that another live connection from the same source has, the newest that the range allows. */
function sharedWith(
  { conntrack: { flows }, now }: Seeking,
  current: Endpoint,
  protocol: number,
  range: NatRange,
): Endpoint | undefined {
  for (let peer = flows.fromSource(protocol, current, now); peer !== 0; peer = flows.peerOf(peer)) {
    const end = flows.answeredAt(peer);
    if (isAllowed(end, protocol, range)) return end;
  }
  return undefined;
}

function isAllowed({ ip, port }: Endpoint, protocol: number, { addresses, single, ports }: NatRange): boolean {
  if (single === undefined ? addresses.length > 0 && !isWithin(addresses, ip) : ip !== single) return false;
  return ports === undefined || isInPorts(port, protocol, ports);
}

function isWithin(ranges: readonly IpRange[], ip: Ip): boolean {
  for (const { from, to } of ranges) if (from <= ip && ip <= to) return true;
  return false;
}

/** A protocol without ports is in every range. */
function isInPorts(port: number, protocol: number, { from, to }: PortRange): boolean {
  return !HAS_PORTS.has(protocol) || (from <= port && port <= to);
}

const ICMP: ReadonlySet<number> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6]);
/** Protocols whose endpoints have a port, or an identifier. */
export const HAS_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, ...ICMP]);

function place({ connection, side }: Seeking, current: Endpoint, { addresses, single }: NatRange): Endpoint {
  if (single !== undefined) return endpointAt(single, current.port);
  if (addresses.length === 0) return current;
  const [src, dst] = [connection.endBeyond('source').ip, connection.endBeyond('destination').ip];
  return endpointAt(pick(addresses, src, dst, side), current.port);
}

/** Ports to look through when none is given: the class of the port, so that privileged ones stay so. */
function classOf(port: number): PortRange {
  if (port < 512) return { from: 1, to: 511 };
  return port < 1024 ? { from: 600, to: 1023 } : { from: 1024, to: 65_535 };
}

const MAX_TRIES = 128;
const FEW_TRIES = 16;
/** With so many tries left in a round, closed connections give way. */
const LAST_TRIES = 32;

/** Looks for a free port from a random one on (a destination from the first), in ever shorter rounds; else the last tried. */
function search(seeking: Seeking, placed: Endpoint, protocol: number, ports: PortRange | undefined): Choice {
  const { conntrack, side } = seeking;
  const { ip, port } = placed;
  const icmp = ICMP.has(protocol);
  const unchanged = { end: placed, detail: 'port kept', free: false };
  if (!HAS_PORTS.has(protocol) || (!icmp && side === 'destination' && ports === undefined)) return unchanged;
  const { from, to } = ports ?? (icmp ? { from: 0, to: 65_535 } : classOf(port));
  const size = to - from + 1;
  let last = placed;
  let start = side === 'source' ? conntrack.rng.int(0, 65_535) : 0;
  for (let tries = Math.min(size, MAX_TRIES); ; tries = Math.floor(tries / 2)) {
    for (let i = 0; i < tries; i++) {
      last = endpointAt(ip, from + (((start + i) & 0xffff) % size));
      if (isFree(seeking, last, tries - i)) return { end: last, detail: 'another port', free: true };
    }
    if (tries >= size || tries < FEW_TRIES) return { end: last, detail: 'another port', free: false };
    start = conntrack.rng.int(0, 65_535);
  }
}

/** Free, or made so: towards the end of a round a closed connection is thrown out if the new one is ahead of it. */
function isFree(seeking: Seeking, end: Endpoint, left: number): boolean {
  const { conntrack, connection, side, now } = seeking;
  const { flows } = conntrack;
  const { tcp } = connection;
  const found = flows.findReplyWith(connection, side, end, now);
  if (found === undefined) return !isTaken(seeking, end);
  if (left > LAST_TRIES || connection.protocol !== PROTOCOL.tcp || tcp.state !== 'SYN_SENT') return false;
  const other = found.connection;
  if (found.direction === 'original' || !other.snat || !CLOSED.has(other.tcp.state)) return false;
  if (!before(other.tcp.ends.original.end, tcp.ends.original.end)) return false;
  flows.remove(other, now);
  return true;
}

const CLOSED: ReadonlySet<string> = new Set(['TIME_WAIT', 'CLOSE', 'SYN_SENT2']);
