/**
 * The transmission control block: all that one end of a connection knows, as a readonly value.
 *
 *        1         2          3          4                       1          2          3
 *   ─────────┬──────────┬──────────┬──────────              ──────────┬──────────┬──────────
 *         SND.UNA    SND.NXT    SND.UNA+SND.WND                    RCV.NXT    RCV.NXT+RCV.WND
 *
 * Read RFC 9293 §3.3.1 first; fields that it names bear its names.
 */
import type { Millis } from '../../base/time.ts';
import type { IcmpReport, SocketError } from '../app/app.ts';
import { type Bytes, NO_BYTES } from './bytes.ts';
import { type Congestion, type Flight, openWindow } from './congestion.ts';
import type { State } from './machine.ts';
import type { Piece } from './reassembly.ts';
import { distance, type Segment } from './segment.ts';
import { type RoundTrip, UNMEASURED } from './timer.ts';

/** Absolute times at which the connection acts of itself. */
export interface Deadlines {
  readonly retransmit: Millis | undefined;
  /** The peer's window is shut: ask again. */
  readonly persist: Millis | undefined;
  /** A delayed acknowledgement is due. */
  readonly acknowledge: Millis | undefined;
  /** TIME-WAIT, or the wait for a FIN after `close`, is over. */
  readonly end: Millis | undefined;
}

/** Nothing to wait for. */
export const NO_DEADLINES: Deadlines = {
  retransmit: undefined,
  persist: undefined,
  acknowledge: undefined,
  end: undefined,
};

/** What a connection is made with. */
export interface TcbInit {
  readonly iss: number;
  /** The longest payload that this end takes in one segment, by the MTU of the interface: what it says in its SYN. */
  readonly receiveMss: number;
  /** The longest payload that the path takes, by its path MTU. */
  readonly pathMss: number;
  /** What a peer that says nothing takes: 536 for IPv4, 1220 for IPv6 (RFC 9293 §3.7.1). */
  readonly defaultMss: number;
}

export interface Tcb extends TcbInit {
  readonly state: State;
  /** Came from LISTEN; the application hears of it in ESTABLISHED. */
  readonly passive: boolean;

  readonly sndUna: number;
  /** Goes back to SND.UNA when the retransmission timer runs out. */
  readonly sndNxt: number;
  /** The highest that SND.NXT has been. */
  readonly sndMax: number;
  /** Scaled, in bytes. */
  readonly sndWnd: number;
  readonly sndWl1: number;
  readonly sndWl2: number;
  /** MAX.SND.WND (RFC 5961 §5.2). */
  readonly maxWnd: number;
  /** Shift of the windows that the peer sends. */
  readonly sndScale: number;
  /** The longest payload to send: what peer and path take, at least 48. */
  readonly mss: number;
  readonly peerMss: number;
  /** From SND.UNA on, once the SYN is acknowledged. */
  readonly outgoing: Bytes;
  /** The application is done sending: FIN follows the last byte. */
  readonly finishing: boolean;
  /** The application has closed the socket: nobody reads what comes. */
  readonly orphaned: boolean;

  readonly irs: number;
  readonly rcvNxt: number;
  /** The furthest RCV.NXT + RCV.WND that was advertised. */
  readonly rcvEdge: number;
  /** Shift of the windows that this end sends. */
  readonly rcvScale: number;
  /**
   * Both SYNs permitted SACK. Blocks are sent; of those that come only `peerHas` is kept, and duplicates are not told
   * (D-SACK).
   */
  readonly sackPermitted: boolean;
  /** Where the first piece begins that the peer has got out of order: what is sent again ends there (as Linux). */
  readonly peerHas: number | undefined;
  /** Both SYNs spoke of a window shift. */
  readonly scaled: boolean;
  /** In order, and not yet read by the application, in bytes. */
  readonly unread: number;
  readonly pieces: readonly Piece[];
  /** Where the last segment began that came out of order. */
  readonly latest: number;
  /** Data segments since the last acknowledgement. */
  readonly unacknowledged: number;

  readonly deadlines: Deadlines;
  readonly trip: RoundTrip;
  /** A segment that is being timed: what acknowledges it, and when it was sent (RFC 6298 §3: never one sent twice). */
  readonly timing: { readonly until: number; readonly since: Millis } | undefined;
  /** Retransmissions in a row by the timer. */
  readonly retries: number;
  readonly firstRetry: Millis | undefined;
  /** Questions about a shut window: since it shut, and since the last answer. */
  readonly probes: { readonly asked: number; readonly unanswered: number };
  readonly lastSent: Millis;
  readonly lastChallenge: Millis | undefined;
  readonly congestion: Congestion;
  /** What ICMP reported and TCP survived; it is the cause if the connection times out later. */
  readonly softError: { readonly error: SocketError; readonly icmp: IcmpReport } | undefined;
}

/** What every connection begins with. */
const BLANK = {
  state: 'CLOSED',
  sndWnd: 0,
  sndWl1: 0,
  sndWl2: 0,
  maxWnd: 0,
  sndScale: 0,
  outgoing: NO_BYTES,
  finishing: false,
  orphaned: false,
  irs: 0,
  rcvNxt: 0,
  rcvEdge: 0,
  rcvScale: 0,
  sackPermitted: false,
  peerHas: undefined,
  scaled: false,
  unread: 0,
  pieces: [],
  latest: 0,
  unacknowledged: 0,
  deadlines: NO_DEADLINES,
  trip: UNMEASURED,
  timing: undefined,
  retries: 0,
  firstRetry: undefined,
  probes: { asked: 0, unanswered: 0 },
  lastChallenge: undefined,
  softError: undefined,
} as const satisfies Partial<Tcb>;

/** A connection that has sent nothing yet and heard nothing. */
export function makeTcb(init: TcbInit, passive: boolean, now: Millis): Tcb {
  const { iss, defaultMss, pathMss, receiveMss } = init;
  return copyOf({
    ...BLANK,
    iss,
    defaultMss,
    pathMss,
    receiveMss,
    passive,
    sndUna: iss,
    sndNxt: iss,
    sndMax: iss,
    mss: defaultMss,
    peerMss: defaultMss,
    lastSent: now,
    congestion: openWindow(defaultMss, iss, 0),
  });
}

/** How far the receive window may open, in bytes: as many full segments as a window without a shift can speak of. */
export function receiveSpace({ receiveMss }: TcbInit): number {
  return Math.floor(65_535 / receiveMss) * receiveMss;
}

/** What congestion control asks about. */
export function flightOf({ mss, sndUna, sndMax }: Tcb): Flight {
  return { mss, una: sndUna, max: sndMax, bytes: distance(sndUna, sndMax) };
}

/** The earliest of a connection's deadlines. */
export function deadlineOf({ deadlines }: Tcb): Millis | undefined {
  const times = [deadlines.retransmit, deadlines.persist, deadlines.acknowledge, deadlines.end];
  const due = times.filter((time) => time !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/** What the application is to hear. */
export type Notice =
  /** The handshake is complete. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'data'; readonly payload: Uint8Array }
  | { readonly kind: 'ended' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: SocketError; readonly icmp?: IcmpReport };

/** One event in the life of a connection, worked through step by step: the block so far, and what came out. */
export interface Turn {
  readonly tcb: Tcb;
  readonly segments: readonly Segment[];
  readonly notices: readonly Notice[];
  /** An acknowledgement is owed before the turn ends. */
  readonly owing: boolean;
  /** Why TCP had no use for the segment that came, if so. */
  readonly discarded: string | undefined;
}

/** A turn in which nothing has happened yet. */
export function beginTurn(tcb: Tcb): Turn {
  return { tcb, segments: [], notices: [], owing: false, discarded: undefined };
}

/** A copy, made field by field: V8 spreads an object of so many fields ten times slower. */
function copyOf(tcb: Tcb): Tcb {
  return {
    iss: tcb.iss,
    receiveMss: tcb.receiveMss,
    pathMss: tcb.pathMss,
    defaultMss: tcb.defaultMss,
    state: tcb.state,
    passive: tcb.passive,
    sndUna: tcb.sndUna,
    sndNxt: tcb.sndNxt,
    sndMax: tcb.sndMax,
    sndWnd: tcb.sndWnd,
    sndWl1: tcb.sndWl1,
    sndWl2: tcb.sndWl2,
    maxWnd: tcb.maxWnd,
    sndScale: tcb.sndScale,
    mss: tcb.mss,
    peerMss: tcb.peerMss,
    outgoing: tcb.outgoing,
    finishing: tcb.finishing,
    orphaned: tcb.orphaned,
    irs: tcb.irs,
    rcvNxt: tcb.rcvNxt,
    rcvEdge: tcb.rcvEdge,
    rcvScale: tcb.rcvScale,
    sackPermitted: tcb.sackPermitted,
    peerHas: tcb.peerHas,
    scaled: tcb.scaled,
    unread: tcb.unread,
    pieces: tcb.pieces,
    latest: tcb.latest,
    unacknowledged: tcb.unacknowledged,
    deadlines: tcb.deadlines,
    trip: tcb.trip,
    timing: tcb.timing,
    retries: tcb.retries,
    firstRetry: tcb.firstRetry,
    probes: tcb.probes,
    lastSent: tcb.lastSent,
    lastChallenge: tcb.lastChallenge,
    congestion: tcb.congestion,
    softError: tcb.softError,
  };
}

/** The turn with other values in the block. */
export function change({ tcb, segments, notices, owing, discarded }: Turn, fields: Partial<Tcb>): Turn {
  return { tcb: Object.assign(copyOf(tcb), fields), segments, notices, owing, discarded };
}

/** The turn with other deadlines; undefined takes one away. */
export function schedule(turn: Turn, deadlines: Partial<Deadlines>): Turn {
  return change(turn, { deadlines: { ...turn.tcb.deadlines, ...deadlines } });
}

/** The turn with one more segment to send. */
export function emit(turn: Turn, segment: Segment): Turn {
  return { ...turn, segments: [...turn.segments, segment] };
}

/** The turn with one more word to the application. */
export function notify(turn: Turn, notice: Notice): Turn {
  return { ...turn, notices: [...turn.notices, notice] };
}

/** The turn of a segment that was of no use, and why. */
export function discard(turn: Turn, discarded: string): Turn {
  return { ...turn, discarded };
}
