/**
 * The choice of a public endpoint, as Linux makes it (LNX-PORT-1…15): what the same inside endpoint already uses, else
 * the address by hash, then the port as it is if nobody's answers would be confused with it, else a random one.
 *
 * Read RFC 4787 §4.2 and RFC 6056 first.
 */
import type { Endpoint } from '../addr/endpoint.ts';
import type { Ip } from '../addr/ip.ts';
import type { IpRange } from '../addr/range.ts';
import type { Millis } from '../base/time.ts';
import type { PortRange } from '../design/ports.ts';
import { PROTOCOL } from '../packet/protocol.ts';
import { reversed, type Tuple } from '../packet/tuple.ts';
import type { Connection, Side } from './connection.ts';
import type { Conntrack } from './conntrack.ts';
import type { Flows } from './flows.ts';
import { pick } from './pool.ts';
import { before } from './track/sequence.ts';

/** What a translation allows on its side. No addresses: it stays; no ports: it stays if it can. */
export interface NatRange {
  readonly addresses: readonly IpRange[];
  readonly ports: PortRange | undefined;
}

/** What a connection will look like, and why. */
export interface Choice {
  /** The connection as it looks beyond this translation. */
  readonly tuple: Tuple;
  readonly detail: string;
  /** It is certain that nobody else has its answers. */
  readonly free: boolean;
}

/** The end of the tuple that is translated on this side; for ICMP the identifier is the port. */
export function endpointOf(tuple: Tuple, side: Side): Endpoint {
  return side === 'source' ? { ip: tuple.src, port: tuple.sport } : { ip: tuple.dst, port: tuple.dport };
}

/** Whether another connection has the answers that this one would have, or a lease keeps the endpoint for another. */
export function isTaken(conntrack: Conntrack, connection: Connection, tuple: Tuple, now: Millis): boolean {
  if (conntrack.flows.hasAnswer(tuple, now)) return true;
  if (conntrack.isUnmapped) return false;
  const inside = endpointOf(connection.original, 'source');
  return conntrack.mappings.isLeased(tuple.protocol, endpointOf(tuple, 'source'), inside, now);
}

interface Request {
  readonly range: NatRange;
  readonly now: Millis;
}

/** The tuple that a new connection gets on this side. On the source side it may be taken all the same, when nothing is free. */
export function choose(conntrack: Conntrack, connection: Connection, side: Side, { range, now }: Request): Choice {
  const { flows } = conntrack;
  const current = connection.beyond;
  if (side === 'source') {
    if (isAllowed(current, range)) {
      if (!isTaken(conntrack, connection, current, now)) return { tuple: current, detail: 'kept', free: true };
    } else {
      const shared = sharedWith(flows, current, range, now);
      if (shared !== undefined && !isTaken(conntrack, connection, shared, now)) {
        return { tuple: shared, detail: 'the endpoint that this source already has', free: true };
      }
    }
  }
  const placed = place(current, side, range);
  const { ports } = range;
  const fits = ports === undefined || isInPorts(endpointOf(placed, side).port, placed.protocol, ports);
  const single = ports !== undefined && ports.from === ports.to;
  if (fits && (single || !isTaken(conntrack, connection, placed, now))) {
    return { tuple: placed, detail: 'port kept', free: !single };
  }
  return search(conntrack, connection, side, { tuple: placed, ports, now });
}

/** The endpoint that another live connection from the same source has, the newest that the range allows. */
function sharedWith(flows: Flows, current: Tuple, range: NatRange, now: Millis): Tuple | undefined {
  for (let peer = flows.fromSource(current, now); peer !== undefined; peer = peer.peer) {
    const { dst, dport } = peer.reply;
    const tuple = withEndpoint(current, 'source', dst, dport);
    if (isAllowed(tuple, range)) return tuple;
  }
  return undefined;
}

function isAllowed({ src, sport, protocol }: Tuple, { addresses, ports }: NatRange): boolean {
  if (addresses.length > 0 && !addresses.some(({ from, to }) => from <= src && src <= to)) return false;
  return ports === undefined || isInPorts(sport, protocol, ports);
}

/** A protocol without ports is in every range. */
function isInPorts(port: number, protocol: number, { from, to }: PortRange): boolean {
  return !HAS_PORTS.has(protocol) || (from <= port && port <= to);
}

const ICMP: ReadonlySet<number> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6]);
/** Protocols whose endpoints have a port, or an identifier. */
export const HAS_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, ...ICMP]);

function place(current: Tuple, side: Side, { addresses }: NatRange): Tuple {
  if (addresses.length === 0) return current;
  const { port } = endpointOf(current, side);
  return withEndpoint(current, side, pick(addresses, current.src, current.dst, side), port);
}

/** The tuple with another end on one side. An ICMP query has one identifier for both ends. */
export function withEndpoint(tuple: Tuple, side: Side, ip: Ip, port: number): Tuple {
  const { protocol, src, dst, sport, dport } = tuple;
  if (side === 'source' ? ip === src && port === sport : ip === dst && port === dport) return tuple;
  if (ICMP.has(protocol)) {
    return { ...tuple, src: side === 'source' ? ip : src, dst: side === 'source' ? dst : ip, sport: port, dport: port };
  }
  return side === 'source'
    ? { protocol, src: ip, dst, sport: port, dport }
    : { protocol, src, dst: ip, sport, dport: port };
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

interface Search {
  readonly tuple: Tuple;
  readonly ports: PortRange | undefined;
  readonly now: Millis;
}

/** Looks for a free port from a random one on (a destination from the first), in ever shorter rounds; else the last tried. */
function search(conntrack: Conntrack, connection: Connection, side: Side, { tuple, ports, now }: Search): Choice {
  const { ip, port } = endpointOf(tuple, side);
  const icmp = ICMP.has(tuple.protocol);
  const unchanged = { tuple, detail: 'port kept', free: false };
  if (!HAS_PORTS.has(tuple.protocol) || (!icmp && side === 'destination' && ports === undefined)) return unchanged;
  const { from, to } = ports ?? (icmp ? { from: 0, to: 65_535 } : classOf(port));
  const size = to - from + 1;
  let last = tuple;
  let start = side === 'source' ? conntrack.rng.int(0, 65_535) : 0;
  for (let tries = Math.min(size, MAX_TRIES); ; tries = Math.floor(tries / 2)) {
    for (let i = 0; i < tries; i++) {
      last = withEndpoint(tuple, side, ip, from + (((start + i) & 0xffff) % size));
      if (isFree(conntrack, connection, last, { left: tries - i, now }))
        return { tuple: last, detail: 'another port', free: true };
    }
    if (tries >= size || tries < FEW_TRIES) return { tuple: last, detail: 'another port', free: false };
    start = conntrack.rng.int(0, 65_535);
  }
}

/** Free, or made so: towards the end of a round a closed connection is thrown out if the new one is ahead of it. */
function isFree(
  conntrack: Conntrack,
  connection: Connection,
  tuple: Tuple,
  { left, now }: { readonly left: number; readonly now: Millis },
): boolean {
  const { flows } = conntrack;
  const { tcp } = connection;
  const found = flows.find(reversed(tuple), now);
  if (found === undefined) return !isTaken(conntrack, connection, tuple, now);
  if (left > LAST_TRIES || tuple.protocol !== PROTOCOL.tcp || tcp.state !== 'SYN_SENT') return false;
  const other = found.connection;
  if (found.direction === 'original' || !other.snat || !CLOSED.has(other.tcp.state)) return false;
  if (!before(other.tcp.ends.original.end, tcp.ends.original.end)) return false;
  flows.remove(other, now);
  return true;
}

const CLOSED: ReadonlySet<string> = new Set(['TIME_WAIT', 'CLOSE', 'SYN_SENT2']);
