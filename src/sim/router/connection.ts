/** The record of one connection, as connection tracking keeps it. Read RFC 2663 §2 and RFC 9293 §3.3 first. */

import { isIp4 } from '../addr/ip.ts';
import type { Prefix } from '../addr/prefix.ts';
import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import { hasPorts, type Packet } from '../packet/packet.ts';
import { PROTOCOL, type ProtocolName } from '../packet/protocol.ts';
import { tupleOf } from '../packet/tuple.ts';
import { TuplePair } from '../packet/tuple-pair.ts';
import type { ConnectionId, FlowRow } from '../trace/trace.ts';
import type { Ftp64 } from './alg/ftp64.ts';
import { type Lines, newLines } from './alg/lines.ts';
import type { Session } from './mapping/session.ts';
import { noAdjustment, type SeqAdjustment } from './seqadj.ts';
import { ASSURED, CONFIRMED, DESTINATION_BOUND, DNAT, SEEN_REPLY, SNAT, SOURCE_BOUND } from './status.ts';
import { copyTcpTracking, NOT_TCP, newTcpTracking, type TcpTracking } from './track/tcp-state.ts';
import type { Sighted } from './tracked.ts';

/** The way of the first packet, and the way back. */
export type Direction = 'original' | 'reply';
/** Which end of a packet is translated. */
export type Side = 'source' | 'destination';

const NO_ADJUSTMENT = Object.freeze({ original: noAdjustment(), reply: noAdjustment() });
const NO_LINES = Object.freeze({ original: newLines(), reply: newLines() });

/** Mutable, and changed only by `Conntrack` and what works for it: trackers, bindings, helpers. */
export class Connection extends TuplePair {
  declare id: ConnectionId;
  declare created: Millis;
  /** The connection whose helper announced this one. */
  declare master: ConnectionId | undefined;
  /** Meaningless, and shared, where the protocol is another. */
  declare tcp: TcpTracking;
  /** The lifetime last given; counts from the moment of confirmation. */
  declare timeout: Millis;
  /** When it dies if nothing refreshes it. */
  declare expires: Millis;
  /** What can be so or not, a bit for each: one word is reset, asked and kept sooner than seven. */
  declare status: number;
  /** What a NAT with mappings knows of it; undefined: the connection uses none. */
  declare session: Session | undefined;
  /** The prefix by which NAT64 carries it between IPv6 and IPv4. */
  declare nat64: Prefix | undefined;
  /** How far the FTP helper is with it, where NAT64 carries it; replaced, never changed. */
  declare ftp64: Ftp64 | undefined;
  /** The interface by which a masqueraded connection left. */
  declare masqueraded: string | undefined;
  declare helper: 'ftp' | undefined;
  /** What a helper shifted, and where it saw lines begin; shared by those that have none. */
  declare adjustment: Readonly<Record<Direction, SeqAdjustment>>;
  declare lines: Readonly<Record<Direction, Lines>>;
  /** What was said last of its packets, each way. */
  declare sighted: Sighted | undefined;
  declare sightedBack: Sighted | undefined;
  /** Its number in the table, which alone writes it; 0 for none. */
  declare row: number;

  /** One without any history, to be begun or taken from another. */
  constructor() {
    super();
    this.id = 0;
    // not whole numbers: V8 would take them for such, and what has others for another class of objects
    this.created = Number.NEGATIVE_INFINITY;
    this.master = undefined;
    this.tcp = NOT_TCP;
    this.timeout = Number.POSITIVE_INFINITY;
    this.expires = Number.POSITIVE_INFINITY;
    this.status = 0;
    this.session = undefined;
    this.nat64 = undefined;
    this.ftp64 = undefined;
    this.masqueraded = undefined;
    this.helper = undefined;
    this.adjustment = NO_ADJUSTMENT;
    this.lines = NO_LINES;
    this.sighted = undefined;
    this.sightedBack = undefined;
    this.row = 0;
  }

  /** In the table, which it enters only when its first packet has passed everything (LNX-HOOK-8). */
  get confirmed(): boolean {
    return (this.status & CONFIRMED) !== 0;
  }

  get seenReply(): boolean {
    return (this.status & SEEN_REPLY) !== 0;
  }

  get assured(): boolean {
    return (this.status & ASSURED) !== 0;
  }

  /** Its source differs outside. */
  get snat(): boolean {
    return (this.status & SNAT) !== 0;
  }

  /** Its destination differs outside. */
  get dnat(): boolean {
    return (this.status & DNAT) !== 0;
  }

  /** The binding of a side is settled, be it that nothing is translated; a settled side never asks the rules again. */
  get sourceBound(): boolean {
    return (this.status & SOURCE_BOUND) !== 0;
  }

  get destinationBound(): boolean {
    return (this.status & DESTINATION_BOUND) !== 0;
  }
}

/**
 * An unconfirmed connection that a packet opens, of an object that is new, or that is plain and in no table. A packet
 * without a tuple opens none: that fails.
 */
export function openConnection(connection: Connection, packet: Packet, id: ConnectionId, now: Millis): Connection {
  if (hasPorts(packet) && isIp4(packet.src) && isIp4(packet.dst)) connection.beginFlow(packet);
  else connection.begin(tupleOf(packet) ?? fail('a packet that no connection can have'));
  connection.id = id;
  connection.created = now;
  connection.master = undefined;
  connection.tcp = packet.kind === 'tcp' ? newTcpTracking() : NOT_TCP;
  connection.timeout = 0;
  connection.expires = Number.POSITIVE_INFINITY;
  connection.status = 0;
  connection.masqueraded = undefined;
  connection.row = 0;
  return connection;
}

/**
 * Whether it is no more than its first packet has made of most connections: there is nothing to it but its tuples, its
 * lifetime and its translation.
 */
export function isPlain(connection: Connection): boolean {
  const { wide, tcp, status, master, session, nat64, helper, sighted, sightedBack } = connection;
  if (wide !== undefined || tcp !== NOT_TCP || (status & (SEEN_REPLY | ASSURED)) !== 0) return false;
  if (master !== undefined) return false;
  if (session !== undefined || nat64 !== undefined || helper !== undefined) return false;
  return sighted === undefined && sightedBack === undefined;
}

/** Somebody has answered it properly; and a NAT with mappings never ends a connection to make room (RFC 6888 REQ-11 D). */
export function isWorthKeeping({ assured, session }: Connection): boolean {
  return assured || session?.behaviour !== undefined;
}

/** Whether its binding on a side is settled. */
export function isBound({ status }: Connection, side: Side): boolean {
  return (status & (side === 'source' ? SOURCE_BOUND : DESTINATION_BOUND)) !== 0;
}

/** The other direction. */
export function opposite(direction: Direction): Direction {
  return direction === 'original' ? 'reply' : 'original';
}

/** Lets a helper look at what a connection says. */
export function giveHelper(connection: Connection, helper: 'ftp'): void {
  connection.helper = helper;
  connection.adjustment = { original: noAdjustment(), reply: noAdjustment() };
  connection.lines = { original: newLines(), reply: newLines() };
}

/** Gives the copy of a connection, the same each time it is asked: tables that share a connection share its copy. */
export type CopyConnection = (connection: Connection) => Connection;

/** For one copy of a node, with all that holds its connections. */
export function connectionCopier(): CopyConnection {
  const copies = new Map<Connection, Connection>();
  return (connection) => {
    const known = copies.get(connection);
    if (known !== undefined) return known;
    const copy = copyAlone(connection);
    copies.set(connection, copy);
    return copy;
  };
}

/** Field by field: a table may hold a million. Tables put it in its place. */
function copyAlone(connection: Connection): Connection {
  const { helper, session, tcp } = connection;
  const copy = new Connection();
  copy.take(connection);
  copy.id = connection.id;
  copy.created = connection.created;
  copy.master = connection.master;
  copy.timeout = connection.timeout;
  copy.expires = connection.expires;
  copy.status = connection.status;
  copy.session = session === undefined ? undefined : { ...session };
  copy.nat64 = connection.nat64;
  copy.ftp64 = connection.ftp64;
  copy.masqueraded = connection.masqueraded;
  copy.helper = helper;
  copy.tcp = copyTcpTracking(tcp);
  if (helper !== undefined) Object.assign(copy, copyOfHelp(connection));
  return copy;
}

function copyOfHelp({ adjustment, lines }: Connection): Pick<Connection, 'adjustment' | 'lines'> {
  return {
    adjustment: { original: { ...adjustment.original }, reply: { ...adjustment.reply } },
    lines: { original: { starts: [...lines.original.starts] }, reply: { starts: [...lines.reply.starts] } },
  };
}

/** Gives the connection a new lifetime from now on. */
export function refresh(connection: Connection, timeout: Millis, now: Millis): void {
  connection.timeout = timeout;
  if (connection.confirmed) connection.expires = now + timeout;
}

const NAMES = new Map<number, ProtocolName>();
for (const [name, number] of Object.entries(PROTOCOL)) NAMES.set(number, name as ProtocolName);

/** The connection in the words of `conntrack -L`. */
export function rowOf(connection: Connection): FlowRow {
  const { id, original, reply, expires, helper, session, tcp } = connection;
  const status: FlowRow['status'][number][] = [];
  if (!connection.seenReply) status.push('UNREPLIED');
  if (connection.assured) status.push('ASSURED');
  if (connection.master !== undefined) status.push('EXPECTED');
  if (connection.snat) status.push('SNAT');
  if (connection.dnat) status.push('DNAT');
  if (connection.nat64 !== undefined) status.push('NAT64');
  const protocol = NAMES.get(original.protocol) ?? String(original.protocol);
  if (tcp === NOT_TCP) return { id, protocol, original, reply, status, expires };
  const row = { id, protocol, tcpState: session?.state ?? tcp.state, original, reply, status, expires };
  return helper === undefined ? row : { ...row, helper };
}
