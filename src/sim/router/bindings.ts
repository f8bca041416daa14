/**
 * Address translation: a connection gets its binding once, with its first packet, and keeps it as long as it lives
 * (LNX-NAT-1). Both sides are always settled, by a rule or without one, since even an untranslated connection must not
 * have the answers of another.
 *
 * Read RFC 3022 §4, RFC 4787 §4 and RFC 5508 §4 first.
 */
import { ANY4, type Ip } from '../addr/ip.ts';
import { mapHostBits } from '../addr/prefix.ts';
import type { IpRange } from '../addr/range.ts';
import type { Millis } from '../base/time.ts';
import { isError, quoteOf } from '../packet/icmp-error.ts';
import type { Icmp, Packet } from '../packet/packet.ts';
import { PROTOCOL } from '../packet/protocol.ts';
import { withDestination, withQuoted, withSource } from '../packet/rewrite.ts';
import { reversed } from '../packet/tuple.ts';
import type { Translation } from '../program/program.ts';
import { type Connection, type Direction, isBound, opposite, type Side } from './connection.ts';
import type { Conntrack } from './conntrack.ts';
import { type Choice, choose, isTaken, type NatRange, type Seeking } from './endpoints.ts';
import type { Expectation } from './expectations.ts';
import { DESTINATION_BOUND, DNAT, SNAT, SOURCE_BOUND } from './status.ts';

/** What the rules ask for one side of a new connection. */
export interface Asked {
  /** The rule that matched; undefined when none did. */
  readonly rule: Translation | undefined;
  /** The interface that the packet leaves by: a masqueraded connection is bound to it. */
  readonly out: string | undefined;
  /** The addresses that it has to give. */
  readonly given: readonly IpRange[];
  /** What it allows; undefined where it has no address to give. */
  readonly range: NatRange | undefined;
}

/** What became of one side of a new connection. */
export type Binding =
  | { readonly kind: 'set'; readonly detail: string }
  /** No free endpoint, or no address to give: the packet cannot pass. */
  | { readonly kind: 'exhausted'; readonly detail: string }
  /** Nothing changes: no rule, or the side was settled before. */
  | { readonly kind: 'none' };

const NONE: Binding = { kind: 'none' };

/**
 * Settles one side of a new connection. Without a rule it stays as it is, but when another connection already has its
 * answers, its source port (or ICMP identifier) changes all the same (LNX-PORT-13).
 */
export function translateNew(seeking: Seeking, asked: Asked): Binding {
  const { conntrack, connection, side, now } = seeking;
  if (connection.confirmed || isBound(connection, side)) return NONE;
  const { rule, out, range } = asked;
  if (rule === undefined && staysFree(conntrack, connection, now)) return settleAsIs(conntrack, connection, side);
  if (range === undefined) return { kind: 'exhausted', detail: 'the interface has no address to give' };
  if (rule?.kind === 'masquerade') connection.masqueraded = out;
  return settle(seeking, range);
}

/** Nobody else has, or is promised, the answers that the connection would have as it is. */
function staysFree({ flows, isUnmapped }: Conntrack, connection: Connection, now: Millis): boolean {
  return isUnmapped && !flows.hasReplyOf(connection, now);
}

/** This side is as it will be. */
function settleAsIs({ flows }: Conntrack, connection: Connection, side: Side): Binding {
  if (side === 'source') {
    connection.status |= SOURCE_BOUND;
    flows.bind(connection);
  } else {
    connection.status |= DESTINATION_BOUND;
  }
  return NONE;
}

/** What else a rule with ports matches is translated by address alone. */
const PORTED: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp]);

/**
 * What is asked for the packet that opens a connection, by a rule on the side where this address is; `given`: the
 * address that masquerading, or redirecting, gives there.
 */
export function asking(rule: Translation | undefined, out: string | undefined, at: At): Asked {
  const given = rule !== undefined && 'addresses' in rule ? rule.addresses : rangesOf(at.given);
  return { rule, out, given, range: rangeOf(rule, at) };
}

/** Where a packet is translated. */
export interface At {
  readonly protocol: number;
  readonly here: Ip;
  readonly given: Ip | undefined;
}

/** The range that a rule allows; without one the address as it is. */
function rangeOf(rule: Translation | undefined, { protocol, here, given }: At): NatRange | undefined {
  const ports = PORTED.has(protocol) && rule !== undefined && 'ports' in rule ? rule.ports : undefined;
  switch (rule?.kind) {
    case undefined:
      return only(here, undefined);
    case 'masquerade':
      if (here === ANY4) return only(here, undefined);
      return given === undefined ? undefined : only(given, ports);
    case 'redirect':
      return given === undefined ? undefined : only(given, ports);
    case 'map':
      return only(mapHostBits(here, rule.from, rule.to), undefined);
    case 'snat':
    case 'dnat':
      return { addresses: rule.addresses, single: singleOf(rule.addresses), ports };
  }
}

function only(ip: Ip, ports: NatRange['ports']): NatRange {
  return { addresses: rangesOf(ip), single: ip, ports };
}

function singleOf([first, second]: readonly IpRange[]): Ip | undefined {
  return first !== undefined && second === undefined && first.from === first.to ? first.from : undefined;
}

function rangesOf(ip: Ip | undefined): readonly IpRange[] {
  return ip === undefined ? [] : [{ from: ip, to: ip }];
}

/** Chooses an endpoint within the range and writes down what answers will look like. */
function settle(seeking: Seeking, range: NatRange): Binding {
  const choice = choose(seeking, range);
  if (seeking.side === 'source' && !choice.free && isTaken(seeking, choice.end)) {
    return { kind: 'exhausted', detail: 'every public endpoint allowed here already speaks to that destination' };
  }
  return bindTo(seeking, choice);
}

/** Settles one side on an end that has been chosen, and whose answers no other connection has. */
export function bindTo(
  { conntrack, connection, side }: Pick<Seeking, 'conntrack' | 'connection' | 'side'>,
  { end, detail }: Pick<Choice, 'end' | 'detail'>,
): Binding {
  const changed = !connection.hasEndBeyond(side, end);
  if (changed) {
    connection.moveEndBeyond(side, end);
    if (side === 'source') connection.status |= SNAT;
    else connection.status |= DNAT;
  }
  settleAsIs(conntrack, connection, side);
  return changed ? { kind: 'set', detail } : NONE;
}

/** A connection that a helper announced goes the way of its master: same addresses, and the port that was asked for. */
export function followMaster(
  conntrack: Conntrack,
  connection: Connection,
  { master, follow }: Expectation,
  now: Millis,
): void {
  if (follow === undefined) return;
  const way = master[opposite(follow.direction)];
  const port = { from: follow.port, to: follow.port };
  settle({ conntrack, connection, side: 'source', now }, only(way.dst, undefined));
  settle({ conntrack, connection, side: 'destination', now }, only(way.src, port));
}

/** Whether this side of a packet going this way differs from what its sender wrote, or its receiver expects. */
function isTranslated({ snat, dnat }: Connection, direction: Direction, side: Side): boolean {
  return (direction === 'original') === (side === 'source') ? snat : dnat;
}

/**
 * The packet with one side translated, as its connection says: the destination where packets come in, the source where
 * they go out; answers the other way round. An ICMP error is translated outside and in its quote (RFC 5508 §4.2).
 * Undefined: a packet that cannot be translated and must not pass untranslated.
 */
export function translate(
  packet: Packet,
  connection: Connection,
  direction: Direction,
  side: Side,
): Packet | undefined {
  if (packet.kind === 'icmp' && isError(packet)) return translateError(packet, connection, direction, side);
  if (!isTranslated(connection, direction, side)) return packet;
  const answer = connection[opposite(direction)];
  return side === 'source'
    ? withSource(packet, answer.dst, answer.dport)
    : withDestination(packet, answer.src, answer.sport);
}

const REDIRECT = 5;

/** LNX-ICMP-8, -9, -10: whoever reports the error, outside it seems to come from the end that the quoted packet went to. */
function translateError(error: Icmp, connection: Connection, direction: Direction, side: Side): Icmp | undefined {
  const { snat, dnat, sourceBound, destinationBound } = connection;
  const settled = sourceBound && destinationBound;
  if (error.type === REDIRECT && typeof error.src === 'number' && (snat || dnat || !settled)) return undefined;
  if (!isTranslated(connection, direction, side)) return error;
  if (isCutShort(error)) return undefined;
  const quoted = connection[opposite(direction)];
  const target = reversed(quoted);
  if (side === 'source') {
    const inner = withQuoted(error, { dst: quoted.dst, dport: quoted.dport, id: quoted.dport });
    return withSource(inner, target.src);
  }
  const inner = withQuoted(error, { src: quoted.src, sport: quoted.sport, id: quoted.sport });
  return withDestination(inner, target.dst);
}

/** Fewer bytes of TCP or UDP than every ICMP error quotes (RFC 792). */
function isCutShort(error: Icmp): boolean {
  const quote = quoteOf(error);
  return quote?.sport !== undefined && error.payload.length < quote.transport + 8;
}
