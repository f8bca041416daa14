/**
 * The three-way handshake, from either end or from both at once.
 *
 * Read RFC 9293 §3.5, §3.10.7.2 and §3.10.7.3 first.
 */
import type { Millis } from '../../base/time.ts';
import { openWindow } from './congestion.ts';
import { move, vanish } from './machine.ts';
import { advance, has, refusalOf, type Segment, type SynOptions, segment } from './segment.ts';
import { beginTurn, change, discard, emit, makeTcb, receiveSpace, schedule, type TcbInit, type Turn } from './tcb.ts';
import { AFTER_LOST_SYN, IMPATIENT_SYN, measure, synAckWait, synWait } from './timer.ts';

/** The window shift of this end: what Linux derives from the largest receive buffer it may grow to (6 MiB). */
const WINDOW_SHIFT = 7;
/** `tcp_min_snd_mss`: less is never sent at once, whatever the peer says. */
const MIN_MSS = 48;

/** Opens a connection: SYN-SENT, with the SYN sent. */
export function open(init: TcbInit, now: Millis): Turn {
  const opened: Turn = beginTurn({ ...makeTcb(init, false, now), state: 'SYN-SENT' });
  return sendSyn(change(opened, { timing: { until: advance(init.iss, 1), since: now } }), now);
}

/** Answers a SYN that came to LISTEN: SYN-RECEIVED, with the SYN-ACK sent. Data beside the SYN is left for later. */
export function answerSyn(init: TcbInit, syn: Segment, now: Millis): Turn {
  const heard = hearSyn(beginTurn({ ...makeTcb(init, true, now), state: 'SYN-RECEIVED' }), syn);
  return sendSynAck(change(heard, { timing: { until: advance(init.iss, 1), since: now } }), now);
}

/** The SYN, also when it is sent again. Its window has no shift yet. */
export function sendSyn(turn: Turn, now: Millis): Turn {
  const { iss, receiveMss, retries } = turn.tcb;
  const options: SynOptions = { mss: receiveMss, scale: WINDOW_SHIFT, sackPermitted: true };
  const syn = segment(['syn'], iss, { window: receiveSpace(turn.tcb), options });
  const next = advance(iss, 1);
  const sent = change(emit(turn, syn), { sndNxt: next, sndMax: next, lastSent: now });
  return schedule(sent, { retransmit: now + synWait(retries) });
}

/** The SYN-ACK, also when it is sent again; it offers what the SYN offered. */
export function sendSynAck(turn: Turn, now: Millis): Turn {
  const { iss, receiveMss, rcvNxt, retries, sackPermitted, scaled } = turn.tcb;
  const options: SynOptions = { mss: receiveMss, scale: scaled ? WINDOW_SHIFT : undefined, sackPermitted };
  const window = receiveSpace(turn.tcb);
  const synAck = segment(['syn', 'ack'], iss, { ack: rcvNxt, window, options });
  const next = advance(iss, 1);
  const rcvEdge = advance(rcvNxt, window);
  const sent = change(emit(turn, synAck), { sndNxt: next, sndMax: next, rcvEdge, lastSent: now });
  return schedule(sent, { retransmit: now + synAckWait(retries) });
}

/** Takes over what the peer's SYN says. The window in it is not scaled (RFC 7323 §2.2). */
function hearSyn(turn: Turn, syn: Segment): Turn {
  const { tcb } = turn;
  const options = syn.options ?? { mss: undefined, scale: undefined, sackPermitted: false };
  const peerMss = options.mss ?? tcb.defaultMss;
  const scaled = options.scale !== undefined;
  const rcvNxt = advance(syn.seq, 1);
  return change(turn, {
    ...{
      irs: syn.seq,
      rcvNxt,
      rcvEdge: advance(rcvNxt, receiveSpace(tcb)),
      peerMss,
      mss: mssFor(peerMss, tcb.pathMss),
    },
    ...{ scaled, sndScale: options.scale ?? 0, sackPermitted: options.sackPermitted },
    ...{ sndWnd: syn.window, sndWl1: syn.seq, sndWl2: syn.ack, maxWnd: syn.window },
  });
}

/** The longest payload to send, by what the peer and the path take. */
export function mssFor(peerMss: number, pathMss: number): number {
  return Math.max(Math.min(peerMss, pathMss), MIN_MSS);
}

/**
 * The handshake is done on this end: the first measurement of the round trip, and the congestion window that depends on
 * how often the SYN was lost. Windows are scaled from now on, the persistent state of the handshake is forgotten.
 */
export function establish(turn: Turn, trigger: 'rcv SYN,ACK' | 'rcv ACK of SYN', now: Millis): Turn {
  const { iss, mss, retries, scaled, timing, trip } = turn.tcb;
  const measured = timing === undefined ? AFTER_LOST_SYN : measure(trip, now - timing.since);
  const begun = change(turn, {
    ...{ sndUna: advance(iss, 1), rcvScale: scaled ? WINDOW_SHIFT : 0, trip: measured, timing: undefined },
    ...{ congestion: openWindow(mss, iss, retries), retries: 0, firstRetry: undefined },
  });
  return move(schedule(begun, { retransmit: undefined }), trigger, now);
}

/** A segment arrives in SYN-SENT (RFC 9293 §3.10.7.3). */
export function arriveInSynSent(turn: Turn, arrived: Segment, now: Millis): Turn {
  const { tcb } = turn;
  const acknowledges = has(arrived, 'ack');
  const acceptable = acknowledges && arrived.ack === tcb.sndMax;
  if (acknowledges && !acceptable) return refuseOld(turn, arrived, now);
  if (has(arrived, 'rst')) {
    return acceptable
      ? vanish(turn, { kind: 'failed', error: 'refused' })
      : discard(turn, 'RST without an ACK of the SYN');
  }
  if (!has(arrived, 'syn')) return discard(turn, 'neither SYN nor RST in SYN-SENT');
  const heard = hearSyn(turn, arrived);
  if (acceptable) return { ...establish(heard, 'rcv SYN,ACK', now), owing: true };
  const timing = { until: tcb.sndMax, since: now };
  const simultaneous = change(move(heard, 'rcv SYN', now), { retries: 0, timing });
  return sendSynAck(simultaneous, now);
}

/**
 * An ACK of something else: the peer still has an older connection of these ports. It is reset, and the SYN goes out
 * again at once if that has not happened yet (as Linux), since the old connection is gone then.
 */
function refuseOld(turn: Turn, arrived: Segment, now: Millis): Turn {
  const refused = discard(turn, 'ACK of something else than the SYN');
  if (has(arrived, 'rst')) return refused;
  const told = emit(refused, refusalOf(arrived));
  return turn.tcb.retries === 0 ? schedule(told, { retransmit: now + IMPATIENT_SYN }) : told;
}
