/**
 * The TCP tracker: judges each segment by the state of its connection and by sequence numbers, and gives the connection
 * its next state and lifetime, as Linux 6.18 does (LNX-TCP).
 *
 * Read RFC 9293 §3.3 and §3.10, RFC 5961 and RFC 7323 §2 first.
 */
import type { Millis } from '../../base/time.ts';
import type { TimeoutName } from '../../design/design.ts';
import { FLAG, type Tcp } from '../../packet/packet.ts';
import type { Tracking } from '../../program/program.ts';
import { type Connection, type Direction, opposite, refresh } from '../connection.ts';
import { ASSURED } from '../status.ts';
import { ACCEPTED, invalid, type Outcome, type Sighting } from './outcome.ts';
import { before } from './sequence.ts';
import { kindOf, resetEnd, type SegmentKind, type TcpState, type TcpTracking, TRANSITIONS } from './tcp-state.ts';
import { endOf, judgeWindow, liftedEnd, readSynOptions } from './tcp-window.ts';

/** Retransmissions without an answer after which a connection lives no longer than `tcpMaxRetrans`. */
const MAX_RETRANSMISSIONS = 3;

const TIMEOUTS: Readonly<Record<TcpState, TimeoutName>> = {
  NONE: 'tcpSynSent',
  SYN_SENT: 'tcpSynSent',
  SYN_RECV: 'tcpSynRecv',
  ESTABLISHED: 'tcpEstablished',
  FIN_WAIT: 'tcpFinWait',
  CLOSE_WAIT: 'tcpCloseWait',
  LAST_ACK: 'tcpLastAck',
  TIME_WAIT: 'tcpTimeWait',
  CLOSE: 'tcpClose',
  SYN_SENT2: 'tcpSynSent',
};

const NAMES: Readonly<Record<SegmentKind, string>> = {
  syn: 'SYN',
  synAck: 'SYN+ACK',
  fin: 'FIN',
  ack: 'ACK',
  rst: 'RST',
};

/** Judges a segment of a connection, or the one that opens it. */
export function trackTcp(segment: Tcp, sighting: Sighting): Outcome {
  const kind = kindOf(segment.flags);
  if (kind === undefined) return invalid('no TCP sends this combination of flags');
  const { connection, direction, tracking } = sighting;
  const { tcp } = connection;
  const next = TRANSITIONS[direction][kind][tcp.state];
  if (tcp.state === 'NONE') {
    if (next === 'invalid') return invalid(`${NAMES[kind]} that belongs to no connection`);
    if (kind === 'ack' && !tracking.loose)
      return invalid('ACK that belongs to no connection, and tracking is not loose');
    open(segment, tcp);
  }
  if (next === 'invalid') return invalid(`${NAMES[kind]} from this side does not fit ${tcp.state}`);
  if (next === 'SYN_SENT' && (tcp.state === 'TIME_WAIT' || tcp.state === 'CLOSE')) {
    if (mayReopen(tcp, direction)) return { kind: 'reopened' };
    return ignore(segment, kind, tcp, sighting);
  }
  if (next === 'ignore') return ignore(segment, kind, tcp, sighting);
  if (isChallenge(kind, tcp, direction, next)) {
    tcp.last.challenge = false;
    return { kind: 'accepted', detail: 'ACK that may challenge a SYN: no change' };
  }
  if (next === 'SYN_SENT2') tcp.simultaneous = true;
  if (next === 'SYN_RECV' && direction === 'reply' && kind === 'ack' && tcp.simultaneous) {
    return proceed(segment, kind, tcp, { ...sighting, next: 'ESTABLISHED' });
  }
  return kind === 'rst' ? judgeReset(segment, tcp, sighting) : proceed(segment, kind, tcp, { ...sighting, next });
}

/** What the first segment says: a SYN begins at the beginning, any other in the middle of what nobody has seen. */
function open(segment: Tcp, { ends: { original, reply } }: TcpTracking): void {
  original.end = original.maxEnd = endOf(segment);
  original.maxWindow = segment.window || 1;
  if (segment.flags & FLAG.syn) {
    readSynOptions(original, segment);
  } else {
    original.maxEnd = liftedEnd(original);
    original.sackPermitted = original.liberal = reply.sackPermitted = reply.liberal = true;
  }
}

/** A connection that was closed or aborted may be opened again by a SYN (RFC 9293 §3.6.1). */
function mayReopen({ ends, last }: TcpTracking, direction: Direction): boolean {
  if (ends.original.closing || ends.reply.closing) return true;
  return last.direction === direction && last.kind === 'rst';
}

/** RFC 5961 §4: what looks like the last ACK may be the answer to a SYN that was let through in LAST_ACK. */
function isChallenge(kind: SegmentKind, { state, last }: TcpTracking, direction: Direction, next: TcpState): boolean {
  if (next !== 'TIME_WAIT' || state !== 'LAST_ACK' || kind !== 'ack') return false;
  return last.direction !== direction && last.kind === 'syn' && last.challenge;
}

/** Lets a segment through without believing it, but remembers it: the answer to it shows who was right. */
function ignore(segment: Tcp, kind: SegmentKind, tcp: TcpTracking, sighting: Sighting): Outcome {
  const { last } = tcp;
  const { direction } = sighting;
  const answers = kind === 'synAck' && last.kind === 'syn' && last.direction !== direction && segment.ack === last.end;
  if (answers) {
    resynchronise(tcp, direction);
    return proceed(segment, kind, tcp, { ...sighting, next: 'SYN_RECV', from: 'SYN_SENT' });
  }
  Object.assign(last, { kind, direction, seq: segment.seq, end: endOf(segment), window: segment.window });
  if (kind === 'syn' && direction === 'original') {
    last.scale = 0;
    last.offersScale = last.sackPermitted = tcp.simultaneous = false;
    readSynOptions(last, segment);
    last.challenge = tcp.state === 'LAST_ACK';
  }
  if (tcp.state === 'SYN_SENT' && kind === 'ack') last.ack = segment.ack;
  return { kind: 'accepted', detail: `${NAMES[kind]} in ${tcp.state}: passed without believing it` };
}

/** The far end took a SYN that was let through unbelieved: what it said is now what is known of its sender. */
function resynchronise({ ends, last }: TcpTracking, direction: Direction): void {
  const asker = ends[last.direction];
  resetEnd(asker);
  asker.end = asker.maxEnd = last.end;
  asker.maxWindow = last.window || 1;
  asker.scale = last.scale;
  asker.offersScale = last.offersScale;
  asker.sackPermitted = last.sackPermitted;
  asker.liberal = last.challenge = false;
  resetEnd(ends[direction]);
}

/** The state goes on to `next`; `from` is where it is taken to come from when that is not what it is. */
interface Step extends Sighting {
  readonly next: TcpState;
  readonly from?: TcpState;
}

function isEstablished({ state }: TcpTracking, { assured }: Connection): boolean {
  return state === 'ESTABLISHED' && assured;
}

/** The ends are closing: they may have begun anew with the same ports, and what is known of them is stale. */
export const CLOSING: ReadonlySet<TcpState> = new Set(['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE']);

/**
 * RFC 5961 §3: only a reset at the very next sequence number closes an established connection at once; another one in
 * the window may draw a challenge, so the state stays while the lifetime shrinks.
 */
function judgeReset(segment: Tcp, tcp: TcpTracking, sighting: Sighting): Outcome {
  const { connection, direction } = sighting;
  const { last } = tcp;
  let next: TcpState = 'CLOSE';
  if (CLOSING.has(tcp.state)) return settle('rst', tcp, { ...sighting, next });
  const expected = tcp.ends[opposite(direction)].maxAck;
  if (expected !== undefined && last.kind !== 'syn') {
    const established = isEstablished(tcp, connection);
    if (segment.seq === 0 && !established) return proceed(segment, 'rst', tcp, { ...sighting, next });
    if (before(segment.seq, expected)) return invalid('RST of data that is acknowledged already');
    const inTrain = last.kind === 'ack' && last.direction === direction && segment.seq === last.end;
    const exact = segment.seq === expected || inTrain;
    if (!established || exact) return proceed(segment, 'rst', tcp, { ...sighting, next });
    next = tcp.state;
  }
  const refusesSyn = connection.seenReply && last.kind === 'syn' && last.direction !== direction;
  const refusesAck = !connection.assured && last.kind === 'ack';
  if ((refusesSyn || refusesAck) && segment.ack === last.end) return settle('rst', tcp, { ...sighting, next });
  const answersChallenge = last.kind === 'ack' && last.direction === 'reply' && segment.seq === last.ack;
  if (tcp.state === 'SYN_SENT' && answersChallenge) return settle('rst', tcp, { ...sighting, next });
  return proceed(segment, 'rst', tcp, { ...sighting, next });
}

/** Judges the segment by the windows of both ends and, if it is in them, takes the step. */
function proceed(segment: Tcp, kind: SegmentKind, tcp: TcpTracking, step: Step): Outcome {
  const judged = judgeWindow(segment, kind, tcp, step);
  if (judged.verdict === 'ignored') return { kind: 'accepted', detail: judged.detail };
  if (judged.verdict === 'invalid') {
    shrink(kind, tcp, step);
    return invalid(judged.detail);
  }
  return settle(kind, tcp, step);
}

/** Both ends closed, though out of window: a connection that tracking lost sight of shall not linger for days. */
function shrink(kind: SegmentKind, { last }: TcpTracking, { connection, direction, tracking, now }: Step): void {
  if (!connection.assured || (kind !== 'rst' && kind !== 'fin')) return;
  if (last.direction === direction || (last.kind !== 'fin' && last.kind !== 'rst')) {
    last.kind = kind;
    last.direction = direction;
    return;
  }
  const left = connection.expires - now;
  if (left < 120_000 || left <= tracking.timeouts.tcpUnacknowledged) return;
  refresh(connection, tracking.timeouts.tcpUnacknowledged, now);
}

/** Takes the step: state, lifetime, and whether the connection is worth keeping when the table is full. */
function settle(kind: SegmentKind, tcp: TcpTracking, step: Step): Outcome {
  const { connection, direction, next, now, tracking, from = tcp.state } = step;
  tcp.last.kind = kind;
  tcp.last.direction = direction;
  tcp.state = next;
  if (from !== next && next === 'FIN_WAIT') tcp.ends[direction].closing = true;
  let timeout = lifetime(kind, tcp, tracking);
  if (!connection.seenReply) {
    if (kind === 'rst') return { kind: 'destroyed', detail: 'RST before any answer: the connection is gone' };
    if (kind === 'syn' && from === 'SYN_SENT') return ACCEPTED;
    if (next === 'ESTABLISHED') timeout = Math.min(timeout, tracking.timeouts.tcpUnacknowledged);
  } else if (next === 'ESTABLISHED' && (from === 'SYN_RECV' || from === 'ESTABLISHED')) {
    connection.status |= ASSURED;
  }
  refresh(connection, timeout, now);
  return ACCEPTED;
}

function lifetime(kind: SegmentKind, tcp: TcpTracking, { timeouts }: Tracking): Millis {
  const usual = timeouts[TIMEOUTS[tcp.state]];
  const { original, reply } = tcp.ends;
  if (tcp.retransmissions >= MAX_RETRANSMISSIONS && usual > timeouts.tcpMaxRetrans) return timeouts.tcpMaxRetrans;
  if (kind === 'rst') return timeouts.tcpClose;
  if ((original.unacknowledged || reply.unacknowledged) && usual > timeouts.tcpUnacknowledged) {
    return timeouts.tcpUnacknowledged;
  }
  return tcp.last.window === 0 ? Math.min(usual, timeouts.tcpMaxRetrans) : usual;
}
