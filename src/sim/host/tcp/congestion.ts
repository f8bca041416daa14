/**
 * How much may be in flight: slow start, congestion avoidance, fast retransmit and NewReno fast recovery.
 *
 *              every ACK                         3rd duplicate ACK
 *   slow start ─────────▶ congestion avoidance ─────────────────▶ fast recovery ──┐
 *       ▲   cwnd ≥ ssthresh        │   ▲                               │         │ partial ACK:
 *       └────────── timeout ───────┴───│───────────────────────────────┘ ◀───────┘ next hole
 *                                      └──────── ACK of all that was in flight ───┘
 *
 * Read RFC 5681 §3, RFC 6582 §3.2, RFC 6928 §2 and RFC 3042 first.
 */
import { advance, distance } from './segment.ts';

export interface Congestion {
  /** In bytes, inflated during fast recovery. */
  readonly cwnd: number;
  /** In bytes; infinite at first. */
  readonly ssthresh: number;
  /** Bytes acknowledged since cwnd last grew, in congestion avoidance. */
  readonly credit: number;
  /** Duplicate ACKs in a row. */
  readonly duplicates: number;
  readonly recovering: boolean;
  /** Recovery is over once this is acknowledged; a new one begins beyond it only (RFC 6582 §3.2). */
  readonly recover: number;
}

/** What the sender knows when it hears an ACK, or does not. */
export interface Flight {
  /** Effective MSS, in bytes. */
  readonly mss: number;
  /** SND.UNA; after an ACK that moved it, the new one. */
  readonly una: number;
  /** The highest sequence number sent so far, plus one. */
  readonly max: number;
  /** Bytes in flight: before the ACK that moved SND.UNA. */
  readonly bytes: number;
}

const DUPLICATES = 3;

/** The initial window of RFC 6928 §2; one segment when the SYN was lost more than once, as Linux (RFC 5681 §3.1: once). */
export function openWindow(mss: number, iss: number, lostSyns: number): Congestion {
  const cwnd = lostSyns > 1 ? mss : initialWindow(mss);
  return { cwnd, ssthresh: Number.POSITIVE_INFINITY, credit: 0, duplicates: 0, recovering: false, recover: iss };
}

function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600));
}

/** How much may be in flight now: two segments more at the first two duplicate ACKs (limited transmit, RFC 3042 §2). */
export function allowance({ cwnd, duplicates, recovering }: Congestion, mss: number): number {
  return recovering ? cwnd : cwnd + Math.min(duplicates, DUPLICATES - 1) * mss;
}

/** What to do about a hole, beside the new state. */
export interface Reckoning {
  readonly congestion: Congestion;
  /** Send the first unacknowledged segment again, at once. */
  readonly retransmit: boolean;
}

/** An ACK came for `acked` new bytes. */
export function onProgress(state: Congestion, acked: number, flight: Flight): Reckoning {
  if (!state.recovering) return { congestion: grow({ ...state, duplicates: 0 }, acked, flight), retransmit: false };
  if (distance(state.recover, flight.una) >= 0) return { congestion: leaveRecovery(state, flight), retransmit: false };
  const deflated = state.cwnd - acked + (acked >= flight.mss ? flight.mss : 0);
  return { congestion: { ...state, cwnd: Math.max(deflated, flight.mss) }, retransmit: true };
}

/** RFC 6582 §3.2 step 3, full acknowledgement, option 1. */
function leaveRecovery(state: Congestion, { mss, una, max }: Flight): Congestion {
  const left = distance(una, max);
  const cwnd = Math.min(state.ssthresh, Math.max(left, mss) + mss);
  return { ...state, cwnd, credit: 0, duplicates: 0, recovering: false };
}

/** RFC 5681 §3.1; a window that the application does not fill is not widened (RFC 7661 §4, as Linux). */
function grow(state: Congestion, acked: number, { mss, bytes }: Flight): Congestion {
  const { cwnd, ssthresh } = state;
  if (cwnd < ssthresh) return bytes * 2 < cwnd ? state : { ...state, cwnd: cwnd + Math.min(acked, mss) };
  if (bytes + mss <= cwnd) return state;
  const credit = state.credit + acked;
  return credit < cwnd ? { ...state, credit } : { ...state, cwnd: cwnd + mss, credit: credit - cwnd };
}

/** A duplicate ACK came: the third begins fast recovery (RFC 5681 §3.2, RFC 6582 §3.2 step 2). */
export function onDuplicate(state: Congestion, flight: Flight): Reckoning {
  const duplicates = state.duplicates + 1;
  if (state.recovering) return { congestion: { ...state, cwnd: state.cwnd + flight.mss }, retransmit: false };
  if (duplicates !== DUPLICATES || distance(state.recover, advance(flight.una, -1)) < 0) {
    return { congestion: { ...state, duplicates: Math.min(duplicates, DUPLICATES) }, retransmit: false };
  }
  const ssthresh = halved(flight);
  const cwnd = ssthresh + DUPLICATES * flight.mss;
  return {
    congestion: { cwnd, ssthresh, credit: 0, duplicates, recovering: true, recover: flight.max },
    retransmit: true,
  };
}

/** The timer ran out: one segment, and slow start again (RFC 5681 §3.1 equation 4; `first` of this segment only). */
export function onTimeout(state: Congestion, flight: Flight, first: boolean): Congestion {
  const ssthresh = first ? halved(flight) : state.ssthresh;
  return { cwnd: flight.mss, ssthresh, credit: 0, duplicates: 0, recovering: false, recover: flight.max };
}

/** After a pause longer than the retransmission timeout the window begins anew (RFC 5681 §4.1). */
export function onIdle(state: Congestion, mss: number): Congestion {
  return { ...state, cwnd: Math.min(state.cwnd, initialWindow(mss)), credit: 0 };
}

function halved({ bytes, mss }: Flight): number {
  return Math.max(Math.floor(bytes / 2), 2 * mss);
}
