/**
 * The clock reaches a deadline of a connection: retransmission, a shut window, a delayed acknowledgement, the end.
 *
 * Read RFC 6298 §5 and RFC 9293 §3.8.3 first.
 */
import type { Millis } from '../../base/time.ts';
import { onTimeout } from './congestion.ts';
import { sendSyn, sendSynAck } from './handshake.ts';
import { move, vanish } from './machine.ts';
import { change, type Deadlines, flightOf, type Notice, schedule, type Tcb, type Turn } from './tcb.ts';
import {
  backOff,
  GIVE_UP_AFTER,
  GIVE_UP_ORPHAN_AFTER,
  HANDSHAKE_RETRIES,
  isLongest,
  PROBE_RETRIES,
  probeWait,
} from './timer.ts';
import { probe, resend } from './transmit.ts';

const ON_TIME: readonly (readonly [keyof Deadlines, (turn: Turn, now: Millis) => Turn])[] = [
  ['end', endWait],
  ['retransmit', retransmit],
  ['persist', persist],
  ['acknowledge', (turn) => ({ ...schedule(turn, { acknowledge: undefined }), owing: true })],
];

/** Does what is due by now, in a fixed order; nothing when nothing is. */
export function expire(turn: Turn, now: Millis): Turn {
  let acted = turn;
  for (const [deadline, act] of ON_TIME) {
    const due = acted.tcb.deadlines[deadline];
    if (due !== undefined && due <= now) acted = act(acted, now);
  }
  return acted;
}

/** TIME-WAIT is over, or the FIN of the peer never came to a socket that was closed. */
function endWait(turn: Turn, now: Millis): Turn {
  return turn.tcb.state === 'TIME-WAIT' ? move(turn, 'timeout', now) : vanish(turn, { kind: 'closed' });
}

function retransmit(turn: Turn, now: Millis): Turn {
  const { state } = turn.tcb;
  if (state === 'SYN-SENT' || state === 'SYN-RECEIVED') return retransmitHandshake(turn, now);
  const { congestion, firstRetry, retries, trip } = turn.tcb;
  if (isTooLate(turn.tcb, now)) return giveUp(turn);
  const shrunk = change(turn, {
    congestion: onTimeout(congestion, flightOf(turn.tcb), retries === 0),
    ...{ trip: backOff(trip), retries: retries + 1, firstRetry: firstRetry ?? now },
  });
  return resend(shrunk, now);
}

/** Linux reckons by time since the first retransmission, not by their number; an orphan ends at the longest timeout. */
function isTooLate({ firstRetry, orphaned, trip }: Tcb, now: Millis): boolean {
  if (firstRetry === undefined) return false;
  const patience = orphaned ? GIVE_UP_ORPHAN_AFTER : GIVE_UP_AFTER;
  return now - firstRetry >= patience || (orphaned && isLongest(trip.rto));
}

function retransmitHandshake(turn: Turn, now: Millis): Turn {
  const { passive, retries, state } = turn.tcb;
  const again = change(turn, { retries: retries + 1, timing: undefined });
  if (state === 'SYN-SENT') return retries < HANDSHAKE_RETRIES.syn ? sendSyn(again, now) : giveUp(turn);
  const most = passive ? HANDSHAKE_RETRIES.synAck : HANDSHAKE_RETRIES.simultaneous;
  if (retries < most) return sendSynAck(again, now);
  return passive ? vanish(turn, undefined) : giveUp(turn);
}

/** The cause is what ICMP reported on the way, if anything was. */
function giveUp(turn: Turn): Turn {
  const { softError } = turn.tcb;
  const notice: Notice = { kind: 'failed', ...(softError ?? { error: 'timeout' }) };
  return vanish(turn, notice);
}

/** A peer that answers may keep its window shut for ever; one that does not, or that nobody waits for, is given up. */
function persist(turn: Turn, now: Millis): Turn {
  const { orphaned, probes, trip } = turn.tcb;
  const most = orphaned ? PROBE_RETRIES.orphan : PROBE_RETRIES.connected;
  const hopeless = orphaned && isLongest(probeWait(trip, probes.asked));
  return probes.unanswered >= most || hopeless ? giveUp(turn) : probe(turn, now);
}
