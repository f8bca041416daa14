/**
 * A segment arrives, in any state but SYN-SENT. The checks stand in the order of the RFC; one that discards the segment
 * or ends the connection is the last.
 *
 * Read RFC 9293 §3.10.7.4 and RFC 5961 §3 to §5 first.
 */
import type { Millis } from '../../base/time.ts';
import { FLAG } from '../../packet/packet.ts';
import { acceptAck } from './acknowledged.ts';
import { establish, sendSynAck } from './handshake.ts';
import { canMove, move, reset, vanish } from './machine.ts';
import { insert, takeReady } from './reassembly.ts';
import { advance, distance, has, refusalOf, type Segment, spaceOf } from './segment.ts';
import { change, discard, emit, notify, schedule, type Tcb, type Turn } from './tcb.ts';
import { DELAYED_ACK, TIME_WAIT } from './timer.ts';
import { challenge } from './transmit.ts';

type Check = (turn: Turn, arrived: Segment, now: Millis) => Turn;

/** First to eighth check; the third (security) and the sixth (urgent data) have nothing to do here. */
const CHECKS: readonly Check[] = [checkSequence, checkReset, checkSyn, checkAck, takePayload];

/** Works through the checks. */
export function arrive(turn: Turn, segment: Segment, now: Millis): Turn {
  const arrived = scaleWindow(turn.tcb, crossSyn(turn.tcb, segment));
  if (turn.tcb.state === 'TIME-WAIT') return arriveInTimeWait(turn, arrived, now);
  let checked = turn;
  for (const check of CHECKS) {
    checked = check(checked, arrived, now);
    if (checked.discarded !== undefined || checked.tcb.state === 'CLOSED') break;
  }
  return checked;
}

/** From here on the window of a segment is in bytes; that of a SYN is so already (RFC 7323 §2.2). */
function scaleWindow({ sndScale }: Tcb, one: Segment): Segment {
  return fromSyn(one) ? one : { ...one, window: one.window << sndScale };
}

/**
 * In a simultaneous open the peer's SYN-ACK repeats the SYN that has been taken; what counts is the ACK. RFC 9293 figure 7
 * takes it for acceptable, though its sequence number lies before RCV.NXT.
 */
function crossSyn(tcb: Tcb, one: Segment): Segment {
  const crosses = tcb.state === 'SYN-RECEIVED' && !tcb.passive && has(one, 'syn') && one.seq === tcb.irs;
  if (!crosses || !has(one, 'ack') || one.ack !== tcb.sndMax) return one;
  return { ...one, seq: tcb.rcvNxt, flags: one.flags & ~FLAG.syn };
}

/** Carries what a SYN says, even if `crossSyn` has taken that off. */
function fromSyn({ options }: Segment): boolean {
  return options !== undefined;
}

/** RFC 9293 §3.4, table 6; like Linux it lets a bare ACK stand at the very edge of the window. */
function isAcceptable({ rcvNxt, rcvEdge }: Tcb, one: Segment): boolean {
  const window = distance(rcvNxt, rcvEdge);
  const first = distance(rcvNxt, one.seq);
  const space = spaceOf(one);
  if (space === 0) return first >= 0 && first <= window;
  return first < window && first + space > 0;
}

/** First: the sequence number. What is not acceptable is acknowledged and dropped. */
function checkSequence(turn: Turn, arrived: Segment, now: Millis): Turn {
  const { tcb } = turn;
  if (isAcceptable(tcb, arrived)) return turn;
  const old = distance(tcb.rcvNxt, arrived.seq) < 0;
  if (has(arrived, 'rst')) return discard(turn, 'RST outside of the window');
  if (has(arrived, 'syn')) return repeatsSyn(tcb, arrived) ? answerAgain(turn, now) : refuseSyn(turn, now);
  if (spaceOf(arrived) === 0) return answerBare(turn, old, now);
  return old ? { ...turn, owing: true, discarded: REPEATED } : discard({ ...turn, owing: true }, 'beyond the window');
}

/** Not a word to the user that a packet was lost here: the segment was there before. */
export const REPEATED = 'already received';

/** A question about the window, or an ACK that others have overtaken. */
function answerBare(turn: Turn, old: boolean, now: Millis): Turn {
  return discard(challenge(turn, now), old ? REPEATED : 'beyond the window');
}

function repeatsSyn({ state, irs }: Tcb, arrived: Segment): boolean {
  return state === 'SYN-RECEIVED' && arrived.seq === irs && !has(arrived, 'ack');
}

/** The SYN again: the SYN-ACK must have been lost. */
function answerAgain(turn: Turn, now: Millis): Turn {
  if (!turn.tcb.passive) return discard(challenge(turn, now), REPEATED);
  return discard(sendSynAck(change(turn, { timing: undefined }), now), REPEATED);
}

/** RFC 5961 §4.2. */
function refuseSyn(turn: Turn, now: Millis): Turn {
  return discard(challenge(turn, now), 'SYN on an open connection');
}

/** Second: RST, at exactly RCV.NXT only (RFC 5961 §3.2). A connection that came from LISTEN goes without a word. */
function checkReset(turn: Turn, arrived: Segment, now: Millis): Turn {
  if (!has(arrived, 'rst')) return turn;
  const { passive, rcvNxt, state } = turn.tcb;
  if (arrived.seq !== rcvNxt) return discard(challenge(turn, now), 'RST not at the next sequence number');
  return vanish(turn, passive && state === 'SYN-RECEIVED' ? undefined : { kind: 'failed', error: 'reset' });
}

/** Fourth: a SYN within the window (RFC 5961 §4.2). Before the handshake is over it ends the attempt (as Linux). */
function checkSyn(turn: Turn, arrived: Segment, now: Millis): Turn {
  if (!has(arrived, 'syn')) return turn;
  const { passive, state } = turn.tcb;
  if (state !== 'SYN-RECEIVED' || !passive) return refuseSyn(turn, now);
  return reset(discard(turn, 'another SYN during the handshake'), refusalOf(arrived), undefined);
}

/** Fifth: the ACK field. */
function checkAck(turn: Turn, arrived: Segment, now: Millis): Turn {
  if (!has(arrived, 'ack')) return discard(turn, 'no ACK');
  if (turn.tcb.state !== 'SYN-RECEIVED') return acceptAck(turn, arrived, now);
  if (arrived.ack !== turn.tcb.sndMax) {
    return discard(emit(turn, refusalOf(arrived)), 'ACK of something else than the SYN');
  }
  const { seq, ack, window } = arrived;
  const heard = { sndWnd: window, sndWl1: seq, sndWl2: ack, maxWnd: Math.max(window, turn.tcb.maxWnd) };
  const opened = change(establish(turn, 'rcv ACK of SYN', now), heard);
  return fromSyn(arrived) ? { ...opened, owing: true } : opened;
}

/** Seventh and eighth: the bytes and the FIN, in order. Later ones wait in `pieces`. */
function takePayload(turn: Turn, arrived: Segment, now: Millis): Turn {
  if (spaceOf(arrived) === 0) return turn;
  if (!canMove(turn, 'rcv FIN')) return discard({ ...turn, owing: true }, 'data after FIN');
  const { tcb } = turn;
  const { seq, payload } = trim(tcb, arrived);
  if (tcb.orphaned && payload.length > 0) return refuseData(turn, arrived);
  const fin = has(arrived, 'fin') && payload.length === arrived.payload.length - distance(arrived.seq, seq);
  const gaps = tcb.pieces.length > 0;
  const ready = takeReady(insert(tcb.pieces, { seq, payload, fin }), tcb.rcvNxt);
  const rcvNxt = advance(tcb.rcvNxt, ready.length + (ready.fin ? 1 : 0));
  const unread = tcb.unread + ready.length;
  let taken = change(turn, { rcvNxt, unread, pieces: ready.rest, latest: seq });
  for (const part of ready.payloads) taken = notify(taken, { kind: 'data', payload: part });
  const acknowledged = oweAck(taken, gaps || ready.rest.length > 0, now);
  return ready.fin ? takeFin(acknowledged, now) : acknowledged;
}

/** Only the bytes within the window. */
function trim({ rcvNxt, rcvEdge }: Tcb, { seq, payload }: Segment): { seq: number; payload: Uint8Array } {
  const before = Math.max(distance(seq, rcvNxt), 0);
  const kept = payload.subarray(before, Math.max(distance(seq, rcvEdge), before));
  return { seq: advance(seq, before), payload: kept };
}

/** Nobody will read it: the peer must not believe that it arrived (RFC 9293 §3.6.1). */
function refuseData(turn: Turn, arrived: Segment): Turn {
  return reset(discard(turn, 'data for a closed socket'), refusalOf(arrived), { kind: 'closed' });
}

/**
 * Every second segment is acknowledged at once, a single one after 40 ms, and at once as long as there are gaps
 * (RFC 5681 §4.2). Linux would answer the first segments of a connection at once too.
 */
function oweAck(turn: Turn, gaps: boolean, now: Millis): Turn {
  const unacknowledged = turn.tcb.unacknowledged + 1;
  const counted = change(turn, { unacknowledged });
  if (gaps || unacknowledged >= 2) return { ...counted, owing: true };
  return schedule(counted, { acknowledge: turn.tcb.deadlines.acknowledge ?? now + DELAYED_ACK });
}

/** Where both sides have closed there is nothing that an ACK could wait for (as Linux). */
function takeFin(turn: Turn, now: Millis): Turn {
  const told = turn.tcb.orphaned ? turn : notify(turn, { kind: 'ended' });
  const moved = move(told, 'rcv FIN', now);
  return moved.tcb.state === 'CLOSE-WAIT' ? moved : { ...moved, owing: true };
}

/** TIME-WAIT as Linux keeps it: whatever shows that the peer missed the last ACK gets it again, and the wait begins anew. */
function arriveInTimeWait(turn: Turn, arrived: Segment, now: Millis): Turn {
  const exact = arrived.seq === turn.tcb.rcvNxt;
  if (has(arrived, 'rst'))
    return exact ? vanish(turn, undefined) : discard(turn, 'RST not at the next sequence number');
  const renewed = has(arrived, 'ack') ? schedule(turn, { end: now + TIME_WAIT }) : turn;
  if (exact && spaceOf(arrived) === 0) return renewed;
  return discard(challenge(renewed, now), has(arrived, 'fin') ? REPEATED : 'the connection is over');
}
