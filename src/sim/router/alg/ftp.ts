/**
 * The FTP helper: reads in a control connection which data connection will come, expects it, and where the control
 * connection is translated rewrites what it says (LNX-FTP). It also keeps the sequence numbers of both ends in step.
 *
 * Read RFC 959 §3.3, RFC 2428, RFC 2663 §6 and RFC 6384 §11 first.
 */
import { family, type Ip, showIp } from '../../addr/ip.ts';
import type { Millis } from '../../base/time.ts';
import { type Packet, PROTOCOL, type Tcp } from '../../packet/packet.ts';
import { withPayload } from '../../packet/rewrite.ts';
import type { DropReason } from '../../trace/fate.ts';
import { type Connection, type Direction, opposite } from '../connection.ts';
import type { Conntrack } from '../conntrack.ts';
import type { Expectation } from '../expectations.ts';
import { addAdjustment, adjust, isSteady } from '../seqadj.ts';
import { advance } from '../track/sequence.ts';
import { type FtpCommand, readCommand, writeEndpoint } from './ftp-command.ts';
import { beginsLine, rememberLine } from './lines.ts';

/** What was done. */
export interface Told {
  readonly detail: string;
  /** The line as it came, and as it goes on where it was rewritten. */
  readonly before?: string;
  readonly after?: string;
}

interface Passed<P extends Packet> {
  readonly kind: 'pass';
  readonly packet: P;
  readonly told?: Told;
  readonly expectation?: Expectation;
}

interface Dropped {
  readonly kind: 'drop';
  readonly reason: DropReason;
  readonly detail: string;
}

/** What the helper made of a packet. */
export type Helped = Passed<Packet> | Dropped;

/** A packet of a connection, where it is about to leave (or be delivered) and the connection to be confirmed. */
export interface Helping {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: Millis;
}

/** Lets the connection's helper see the packet, then shifts its sequence numbers by what was rewritten before. */
export function help(conntrack: Conntrack, packet: Packet, helping: Helping, look: Look = inspect): Helped {
  if (packet.kind !== 'tcp') return { kind: 'pass', packet };
  const { connection, direction } = helping;
  if (connection.helper === undefined) return pass(packet);
  const own = connection.adjustment[direction];
  const other = connection.adjustment[opposite(direction)];
  const helped = look(conntrack, packet, helping);
  if ((isSteady(own) && isSteady(other)) || helped.kind === 'drop') return helped;
  return { ...helped, packet: adjust(helped.packet, own, other) };
}

/** What was made of a segment of a control connection. */
export type Inspected = Passed<Tcp> | Dropped;
type Look = (conntrack: Conntrack, segment: Tcp, helping: Helping) => Inspected;

function pass(packet: Tcp): Passed<Tcp> {
  return { kind: 'pass', packet };
}

/** Both ends must have spoken, and the segment begin a line that is known to begin there. */
function inspect(conntrack: Conntrack, segment: Tcp, helping: Helping): Inspected {
  const { connection, direction } = helping;
  const { payload, seq } = segment;
  if (payload.length === 0 || (direction === 'original' && !connection.seenReply)) return pass(segment);
  const lines = connection.lines[direction];
  const command = beginsLine(lines, seq) ? readCommand(payload, direction, family(segment.src)) : undefined;
  if (command === 'partial')
    return { kind: 'drop', reason: 'helperIncomplete', detail: 'half an FTP command, or one that cannot be read' };
  const helped = command === undefined ? pass(segment) : expect(conntrack, segment, command, helping);
  if (payload.at(-1) === NEWLINE) rememberLine(lines, advance(seq, payload.length));
  return helped;
}

const NEWLINE = 10;

/** Expects what the command announces, unless it speaks of another host than the one that says it (LNX-FTP-7). */
function expect(
  conntrack: Conntrack,
  segment: Tcp,
  command: FtpCommand,
  { connection, direction, now }: Helping,
): Inspected {
  const speaker = connection[direction].src;
  if (command.ip !== undefined && command.ip !== speaker) {
    const detail = `${command.form} names ${showIp(command.ip)}, not its sender: nothing is expected`;
    return { ...pass(segment), told: { detail } };
  }
  const translated = connection.snat || connection.dnat;
  const { src, dst } = connection[opposite(direction)];
  const follow = translated ? { direction: opposite(direction), port: command.port } : undefined;
  const wanted: Expectation = {
    master: connection,
    protocol: PROTOCOL.tcp,
    src,
    dst,
    port: command.port,
    expires: now + conntrack.tracking.timeouts.expectation,
    follow,
  };
  const expectation = announce(conntrack, wanted, now);
  if (expectation === undefined) {
    return { kind: 'drop', reason: 'natExhausted', detail: `no port is left to expect what ${command.form} announces` };
  }
  const detail = `${showIp(src)} may connect once to ${showIp(dst)} port ${expectation.port}`;
  const before = lineOf(segment.payload);
  if (!translated) return { ...pass(segment), told: { detail, before }, expectation };
  const packet = rewrite(segment, command, dst, expectation.port);
  addAdjustment(connection.adjustment[direction], segment.seq, packet.payload.length - segment.payload.length);
  return { ...pass(packet), told: { detail, before, after: lineOf(packet.payload) }, expectation };
}

const MAX_TRIES = 128;

/**
 * Tries the port asked for; where addresses are translated another one above it may stand in (LNX-FTP-11). Port 0 is
 * expected and then taken for a failure.
 */
function announce(conntrack: Conntrack, wanted: Expectation, now: Millis): Expectation | undefined {
  const above = 65_535 - wanted.port;
  let expectation = wanted;
  for (let left = Math.min(above, MAX_TRIES); ; left--) {
    const outcome = conntrack.expectations.add(expectation, now);
    if (outcome === 'added') return wanted.follow !== undefined && expectation.port === 0 ? undefined : expectation;
    if (outcome === 'full' || wanted.follow === undefined || left <= 0) return undefined;
    expectation = { ...wanted, port: wanted.port + conntrack.rng.int(0, above - 1) };
  }
}

function rewrite(segment: Tcp, { form, at, length }: FtpCommand, ip: Ip, port: number): Tcp {
  const { payload } = segment;
  const endpoint = new TextEncoder().encode(writeEndpoint(form, ip, port));
  const changed = new Uint8Array(payload.length - length + endpoint.length);
  changed.set(payload.subarray(0, at));
  changed.set(endpoint, at);
  changed.set(payload.subarray(at + length), at + endpoint.length);
  return withPayload(segment, changed);
}

/** The first line, without its end. */
function lineOf(payload: Uint8Array): string {
  return new TextDecoder('latin1').decode(payload).split('\r\n', 1).join('');
}
