/**
 * What a connection sends: data as far as window and congestion allow, FIN behind the last byte, acknowledgements, and
 * questions about a shut window. The Nagle algorithm is off.
 *
 * Read RFC 9293 §3.8.6 and RFC 5681 §4 first.
 */
import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import type { FlagName } from '../../packet/packet.ts';
import type { SackBlock } from '../../packet/tcp-options.ts';
import { copy } from './bytes.ts';
import { allowance, onIdle } from './congestion.ts';
import { blocksOf } from './reassembly.ts';
import { advance, distance, type Segment, sackLength, segment } from './segment.ts';
import { change, emit, receiveSpace, schedule, type Tcb, type Turn } from './tcb.ts';
import { CHALLENGE_INTERVAL, probeWait } from './timer.ts';

/** The states in which FIN is on its way, or waits for its turn. */
function finishes({ state }: Tcb): boolean {
  return state === 'FIN-WAIT-1' || state === 'CLOSING' || state === 'LAST-ACK';
}

/** The states in which there may be something to send. */
function speaks(tcb: Tcb): boolean {
  return finishes(tcb) || tcb.state === 'ESTABLISHED' || tcb.state === 'CLOSE-WAIT';
}

/**
 * RCV.WND as it would be advertised now, in units of the shift. It opens only where there is room for a segment (RFC 9293
 * §3.8.6.2.2), rounded up to a unit; else it closes as data comes in, rounded down to one (RFC 7323 §2.4).
 */
export function nextWindow(tcb: Tcb): number {
  const space = receiveSpace(tcb);
  const free = space - tcb.unread;
  const open = distance(tcb.rcvNxt, tcb.rcvEdge);
  const unit = 2 ** tcb.rcvScale;
  const opens = free >= open && free >= Math.min(tcb.receiveMss, space / 2);
  return opens ? Math.ceil(free / unit) : Math.floor(open / unit);
}

const NO_BLOCKS: readonly SackBlock[] = [];

function sackOf({ latest, pieces, sackPermitted }: Tcb): readonly SackBlock[] {
  return sackPermitted && pieces.length > 0 ? blocksOf(pieces, latest) : NO_BLOCKS;
}

/** The longest payload of a segment now: options take their room (RFC 9293 §3.7.1). */
function payloadRoom(tcb: Tcb): number {
  return tcb.mss - sackLength(sackOf(tcb).length);
}

const NO_PAYLOAD = new Uint8Array(0);

/** A segment of an open connection: the acknowledgement and the window are filled in. */
function speak(turn: Turn, names: readonly FlagName[], seq: number, payload: Uint8Array = NO_PAYLOAD): Turn {
  const { rcvEdge, rcvNxt, rcvScale } = turn.tcb;
  const window = nextWindow(turn.tcb);
  const sack = sackOf(turn.tcb);
  const said = segment(names, seq, { ack: rcvNxt, window, payload, sack: sack.length === 0 ? undefined : sack });
  const edge = advance(rcvNxt, window << rcvScale);
  const furthest = distance(rcvEdge, edge) > 0 ? edge : rcvEdge;
  const deadlines = { ...turn.tcb.deadlines, acknowledge: undefined };
  const { tcb, segments, notices, discarded } = change(emit(turn, said), {
    rcvEdge: furthest,
    unacknowledged: 0,
    deadlines,
  });
  return { tcb, segments, notices, owing: false, discarded };
}

/** A bare acknowledgement. */
export function acknowledge(turn: Turn): Turn {
  return speak(turn, ['ack'], turn.tcb.sndMax);
}

/**
 * An acknowledgement for a segment that does not belong (RFC 5961), unless one went out within the last 500 ms: two
 * confused ends would answer each other for ever (Linux `tcp_invalid_ratelimit`).
 */
export function challenge(turn: Turn, now: Millis): Turn {
  const { lastChallenge } = turn.tcb;
  if (lastChallenge !== undefined && now - lastChallenge < CHALLENGE_INTERVAL) return turn;
  return acknowledge(change(turn, { lastChallenge: now }));
}

/** Ends a turn: sends what may go, then what is owed. */
export function settle(turn: Turn, now: Millis): Turn {
  const sent = speaks(turn.tcb) ? transmit(turn, now) : turn;
  return sent.owing ? acknowledge(sent) : sent;
}

interface Portion {
  readonly bytes: number;
  readonly fin: boolean;
}

/** Sends new segments, or old ones after SND.NXT went back, until window or congestion says no. */
function transmit(turn: Turn, now: Millis): Turn {
  let sent = restartAfterIdle(turn, now);
  for (let next = portion(sent.tcb, false); next !== undefined; next = portion(sent.tcb, false)) {
    sent = sendPortion(sent, next, now);
  }
  return watchWindow(sent, now);
}

function restartAfterIdle(turn: Turn, now: Millis): Turn {
  const { congestion, lastSent, mss, sndMax, sndUna, trip } = turn.tcb;
  const idle = sndMax === sndUna && now - lastSent > trip.rto;
  return idle ? change(turn, { congestion: onIdle(congestion, mss) }) : turn;
}

/**
 * The next portion to send. Data goes in full segments; less only at the end of what is queued, or, with nothing in
 * flight, when it is half of the largest window seen (RFC 9293 §3.8.6.2.1), or when `forced`.
 */
function portion(tcb: Tcb, forced: boolean): Portion | undefined {
  const offset = distance(tcb.sndUna, tcb.sndNxt);
  const left = tcb.outgoing.length - offset;
  const room = roomFor(tcb) - offset;
  if (left < 0 || room <= 0) return undefined;
  const fin = finishes(tcb);
  if (left === 0) return fin ? { bytes: 0, fin } : undefined;
  const wanted = Math.min(left, payloadRoom(tcb), gapFrom(tcb, tcb.sndNxt));
  const bytes = Math.min(wanted, room);
  const worthwhile = bytes === wanted || forced || (offset === 0 && bytes * 2 >= tcb.maxWnd);
  return worthwhile ? { bytes, fin: fin && bytes === left && bytes < room } : undefined;
}

/** How many bytes lie between `seq` and what the peer has got out of order. */
function gapFrom({ peerHas }: Tcb, seq: number): number {
  const gap = peerHas === undefined ? 0 : distance(seq, peerHas);
  return gap > 0 ? gap : Number.POSITIVE_INFINITY;
}

/** How much may be in flight. What has been sent once may be sent again even if the window has shrunk since. */
function roomFor(tcb: Tcb): number {
  const window = Math.max(tcb.sndWnd, distance(tcb.sndUna, tcb.sndMax));
  return Math.min(window, allowance(tcb.congestion, tcb.mss));
}

function sendPortion(turn: Turn, { bytes, fin }: Portion, now: Millis): Turn {
  const { tcb } = turn;
  const offset = distance(tcb.sndUna, tcb.sndNxt);
  const sndNxt = advance(tcb.sndNxt, bytes + (fin ? 1 : 0));
  const fresh = distance(tcb.sndMax, tcb.sndNxt) >= 0;
  const sndMax = distance(tcb.sndMax, sndNxt) > 0 ? sndNxt : tcb.sndMax;
  const timing = tcb.timing ?? (fresh ? { until: sndNxt, since: now } : undefined);
  const said = speak(turn, flagsFor(tcb, offset, { bytes, fin }), tcb.sndNxt, copy(tcb.outgoing, offset, bytes));
  const retransmit = tcb.deadlines.retransmit ?? now + tcb.trip.rto;
  const deadlines = { ...said.tcb.deadlines, retransmit, persist: undefined };
  return change(said, { sndNxt, sndMax, timing, lastSent: now, deadlines });
}

/** PSH where the queue ends (RFC 9293 §3.9.1.2). */
function flagsFor({ outgoing }: Tcb, offset: number, { bytes, fin }: Portion): FlagName[] {
  const push = bytes > 0 && offset + bytes === outgoing.length;
  return [...(fin ? (['fin'] as const) : []), ...(push ? (['psh'] as const) : []), 'ack'];
}

/** Sends the first unacknowledged segment again, whatever the congestion window; SND.NXT stays. */
export function retransmitFirst(turn: Turn, now: Millis): Turn {
  const { tcb } = turn;
  const sent = distance(tcb.sndUna, tcb.sndMax);
  const bytes = Math.min(payloadRoom(tcb), tcb.outgoing.length, sent, gapFrom(tcb, tcb.sndUna));
  const fin = finishes(tcb) && bytes === tcb.outgoing.length && sent > bytes;
  const said = speak(turn, flagsFor(tcb, 0, { bytes, fin }), tcb.sndUna, copy(tcb.outgoing, 0, bytes));
  return schedule(change(said, { timing: undefined, lastSent: now }), { retransmit: now + tcb.trip.rto });
}

/** With nothing in flight and something to send that the window has no room for, the persist timer runs. */
function watchWindow(turn: Turn, now: Millis): Turn {
  const { deadlines, outgoing, probes, sndMax, sndUna, trip } = turn.tcb;
  if (sndMax !== sndUna || (outgoing.length === 0 && !finishes(turn.tcb)))
    return deadlines.persist === undefined ? turn : schedule(turn, { persist: undefined });
  return schedule(turn, { persist: deadlines.persist ?? now + probeWait(trip, probes.asked) });
}

/**
 * The persist timer ran out: sends what little the window has room for; into a shut one nothing, but a segment with a
 * sequence number that is already acknowledged, which the peer must answer (as Linux; RFC 9293 §3.8.6.1 would have one
 * byte beyond the window).
 */
export function probe(turn: Turn, now: Millis): Turn {
  const little = portion(turn.tcb, true);
  if (little !== undefined) return sendPortion(turn, little, now);
  const { asked, unanswered } = turn.tcb.probes;
  const probes = { asked: asked + 1, unanswered: unanswered + 1 };
  const said = change(speak(turn, ['ack'], advance(turn.tcb.sndUna, -1)), { probes });
  return schedule(said, { persist: now + probeWait(turn.tcb.trip, probes.asked) });
}

/** The reset of a connection that is given up (RFC 9293 §3.10.5). */
export function resetOf({ sndMax, rcvNxt }: Tcb): Segment {
  return segment(['rst', 'ack'], sndMax, { ack: rcvNxt });
}

/** SND.NXT goes back: all that is in flight is to be sent again, as far as window and congestion allow. */
export function goBack(turn: Turn): Turn {
  return change(turn, { sndNxt: turn.tcb.sndUna, timing: undefined });
}

/** The retransmission timer ran out: what is in flight is lost, and its first segment goes out again (RFC 6298 §5.4). */
export function resend(turn: Turn, now: Millis): Turn {
  const back = schedule(goBack(turn), { retransmit: undefined });
  return sendPortion(back, portion(back.tcb, true) ?? fail('nothing in flight to send again'), now);
}
