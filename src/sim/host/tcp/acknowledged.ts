/**
 * The ACK field of a segment in a synchronized state: what it acknowledges, what it says about the window, and what
 * follows for congestion control.
 *
 * Read RFC 9293 §3.10.7.4 (fifth check), RFC 5961 §5.2 and RFC 5681 §2 (duplicate ACK) first.
 */
import type { Millis } from '../../base/time.ts';
import { dropFirst } from './bytes.ts';
import { onDuplicate, onProgress, type Reckoning } from './congestion.ts';
import { move } from './machine.ts';
import { advance, distance, type Segment, spaceOf } from './segment.ts';
import { change, discard, flightOf, type Tcb, type Turn } from './tcb.ts';
import { measure } from './timer.ts';
import { challenge, retransmitFirst } from './transmit.ts';

/** Takes the ACK and the window of a segment; the window is in bytes. */
export function acceptAck(turn: Turn, arrived: Segment, now: Millis): Turn {
  const { maxWnd, sndMax, sndUna } = turn.tcb;
  const ahead = distance(sndUna, arrived.ack);
  if (distance(sndMax, arrived.ack) > 0) return discard(challenge(turn, now), 'ACK of data never sent');
  if (ahead < -maxWnd) return discard(challenge(turn, now), 'ACK of long ago');
  if (ahead < 0) return turn;
  const duplicate = isDuplicate(turn.tcb, arrived);
  const peerHas = pieceOf(turn.tcb, arrived);
  const seen = peerHas === turn.tcb.peerHas ? turn : change(turn, { peerHas });
  const updated = updateWindow(seen, arrived);
  if (ahead > 0) return release(updated, arrived.ack, now);
  return duplicate ? follow(updated, onDuplicate(updated.tcb.congestion, flightOf(updated.tcb)), now) : updated;
}

/** Where the first of the pieces begins that a segment acknowledges selectively. */
function pieceOf({ sackPermitted, sndMax }: Tcb, { ack, sack = [] }: Segment): number | undefined {
  if (!sackPermitted || sack.length === 0) return undefined;
  const begins = sack.map(({ left }) => distance(ack, left));
  const first = Math.min(...begins.filter((ahead) => ahead > 0 && ahead < distance(ack, sndMax)));
  return Number.isFinite(first) ? advance(ack, first) : undefined;
}

/** RFC 5681 §2. */
function isDuplicate({ sndMax, sndUna, sndWnd }: Tcb, arrived: Segment): boolean {
  return sndMax !== sndUna && spaceOf(arrived) === 0 && arrived.ack === sndUna && arrived.window === sndWnd;
}

/** Only from a segment that is newer than the one that gave the window so far. Any answer shows that the peer is alive. */
function updateWindow(turn: Turn, { seq, ack, window }: Segment): Turn {
  const { maxWnd, probes, sndWl1, sndWl2 } = turn.tcb;
  const newer = distance(sndWl1, seq) > 0 || (seq === sndWl1 && distance(sndWl2, ack) >= 0);
  if (!newer) return change(turn, { probes: { asked: probes.asked, unanswered: 0 } });
  return change(turn, {
    sndWnd: window,
    sndWl1: seq,
    sndWl2: ack,
    maxWnd: Math.max(window, maxWnd),
    probes: { asked: window > 0 ? 0 : probes.asked, unanswered: 0 },
  });
}

/** SND.UNA moves up to `ack`. The retransmission timer starts again, or stops when nothing is left (RFC 6298 §5.2, §5.3). */
function release(turn: Turn, ack: number, now: Millis): Turn {
  const { tcb } = turn;
  const acked = distance(tcb.sndUna, ack);
  const timed = tcb.timing !== undefined && distance(tcb.timing.until, ack) >= 0 ? tcb.timing : undefined;
  const trip = timed === undefined ? tcb.trip : measure(tcb.trip, now - timed.since);
  const moved = change(turn, {
    sndUna: ack,
    sndNxt: distance(tcb.sndNxt, ack) > 0 ? ack : tcb.sndNxt,
    outgoing: dropFirst(tcb.outgoing, acked),
    timing: timed === undefined ? tcb.timing : undefined,
    trip,
    retries: 0,
    firstRetry: undefined,
    softError: undefined,
    deadlines: { ...tcb.deadlines, retransmit: ack === tcb.sndMax ? undefined : now + trip.rto },
  });
  const flight = { mss: tcb.mss, una: ack, max: tcb.sndMax, bytes: distance(tcb.sndUna, tcb.sndMax) };
  const followed = follow(moved, onProgress(tcb.congestion, acked, flight), now);
  return acked > tcb.outgoing.length ? move(followed, 'rcv ACK of FIN', now) : followed;
}

function follow(turn: Turn, { congestion, retransmit }: Reckoning, now: Millis): Turn {
  const reckoned = change(turn, { congestion });
  return retransmit ? retransmitFirst(reckoned, now) : reckoned;
}
