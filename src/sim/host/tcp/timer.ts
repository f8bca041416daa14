/**
 * How long TCP waits: the retransmission timeout, and when it gives up. Every figure is that of Linux 6.18, measured.
 *
 * Read RFC 6298 and the `tcp_*` entries of Linux' Documentation/networking/ip-sysctl.rst first.
 */
import type { Millis } from '../../base/time.ts';

/** Round-trip time as estimated, and the timeout that follows from it. */
export interface RoundTrip {
  /** Undefined until the first measurement. */
  readonly smoothed: Millis | undefined;
  readonly variation: Millis;
  /** The retransmission timeout, backed off. */
  readonly rto: Millis;
}

const MIN_RTO = 200;
const MAX_RTO = 120_000;
const INITIAL_RTO = 1000;

/** Before any measurement (RFC 6298 §2.1). */
export const UNMEASURED: RoundTrip = { smoothed: undefined, variation: 0, rto: INITIAL_RTO };

/** What data begins with when the handshake measured nothing, because it had to repeat itself (RFC 6298 §5.7). */
export const AFTER_LOST_SYN: RoundTrip = { ...UNMEASURED, rto: 3000 };

/**
 * The estimate with one more measurement, all backing off forgotten (RFC 6298 §2.2, §2.3). Linux takes its minimum of
 * 200 ms as the least variation, so that the timeout stays that much above the round trip.
 */
export function measure({ smoothed, variation }: RoundTrip, sample: Millis): RoundTrip {
  const first = smoothed === undefined;
  const nextVariation = first ? sample / 2 : 0.75 * variation + 0.25 * Math.abs(smoothed - sample);
  const nextSmoothed = first ? sample : 0.875 * smoothed + 0.125 * sample;
  const rto = nextSmoothed + Math.max(MIN_RTO, 4 * nextVariation);
  return { smoothed: nextSmoothed, variation: nextVariation, rto: Math.min(rto, MAX_RTO) };
}

/** The timeout doubled, up to 120 s (RFC 6298 §5.5). */
export function backOff(trip: RoundTrip): RoundTrip {
  return { ...trip, rto: Math.min(trip.rto * 2, MAX_RTO) };
}

/** `tcp_syn_linear_timeouts`: how many retransmissions of a SYN come at the same interval before it doubles. */
const LINEAR_SYNS = 4;

/** How often a handshake segment is sent again: `tcp_syn_retries` 6 beside the linear ones, `tcp_synack_retries` 5. */
export const HANDSHAKE_RETRIES = { syn: 6 + LINEAR_SYNS, synAck: 5, simultaneous: 6 } as const;

/** The wait after the SYN was sent, or sent again `retries` times: 1 1 1 1 1 2 4 8 16 32 64 s. */
export function synWait(retries: number): Millis {
  return INITIAL_RTO * 2 ** Math.max(0, retries - LINEAR_SYNS);
}

/** The wait after the SYN-ACK was sent, or sent again `retries` times: 1 2 4 8 16 32 s. */
export function synAckWait(retries: number): Millis {
  return INITIAL_RTO * 2 ** retries;
}

/** How long `retries` retransmissions would take from the shortest timeout on: what Linux compares the clock with. */
function patience(retries: number): Millis {
  const doublings = Math.floor(Math.log2(MAX_RTO / MIN_RTO));
  if (retries <= doublings) return (2 ** (retries + 1) - 1) * MIN_RTO;
  return (2 ** (doublings + 1) - 1) * MIN_RTO + (retries - doublings) * MAX_RTO;
}

/** `tcp_retries2` 15: how long after the first retransmission a connection is given up (924.6 s). */
export const GIVE_UP_AFTER: Millis = patience(15);
/** The same once the application has closed it: `tcp_orphan_retries`, by default 8 (102.2 s). */
export const GIVE_UP_ORPHAN_AFTER: Millis = patience(8);

/** How often a zero window is asked about without any answer. */
export const PROBE_RETRIES = { connected: 15, orphan: 8 } as const;

/** The wait before the next question about a zero window, after `asked` of them (RFC 9293 §3.8.6.1). */
export function probeWait({ rto }: RoundTrip, asked: number): Millis {
  return Math.min(Math.max(rto, MIN_RTO) * 2 ** asked, MAX_RTO);
}

/** The wait is as long as it gets. */
export function isLongest(wait: Millis): boolean {
  return wait >= MAX_RTO;
}

/** Twice the maximum segment lifetime, as Linux takes it (`TCP_TIMEWAIT_LEN`); RFC 9293 §3.4.2 would have 240 s. */
export const TIME_WAIT: Millis = 60_000;
/** `tcp_fin_timeout`: how long a closed connection waits for the peer's FIN. */
export const FIN_WAIT: Millis = 60_000;
/** How long an acknowledgement is put off (`TCP_DELACK_MIN`); RFC 9293 §3.8.6.3 allows 500 ms. */
export const DELAYED_ACK: Millis = 40;
/** `tcp_invalid_ratelimit`: the least time between two answers to segments that do not belong. */
export const CHALLENGE_INTERVAL: Millis = 500;
/** How soon a SYN is sent again after an answer that belongs to an older connection (`TCP_TIMEOUT_MIN`, two ticks of 4 ms). */
export const IMPATIENT_SYN: Millis = 8;
