/**
 * TCP states as connection tracking sees them from between the ends, and how each kind of segment changes them.
 *
 * Read RFC 9293 §3.3 and RFC 5961 first; the table is that of Linux 6.18 (LNX-TCP, section 3).
 */
import { FLAG } from '../../packet/packet.ts';
import type { Direction } from '../connection.ts';

/** The states in the words of `conntrack -L`; NONE: no segment has been judged yet. */
export const TCP_STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const;
export type TcpState = (typeof TCP_STATES)[number];

/** What a segment is for, by its flags; the first that applies. */
export type SegmentKind = 'rst' | 'synAck' | 'syn' | 'fin' | 'ack';

/** What is known of one end. Sequence numbers are as that end sent them. */
export interface TcpEnd {
  /** The highest sequence number sent, plus one. */
  end: number;
  /** The highest that the other end allows to be sent. */
  maxEnd: number;
  /** The largest window offered, scaled; 0: this end has not been heard. */
  maxWindow: number;
  /** The highest acknowledgement sent. */
  maxAck: number | undefined;
  scale: number;
  offersScale: boolean;
  sackPermitted: boolean;
  /** Its segments are never out of window: the connection was picked up in the middle. */
  liberal: boolean;
  /** It sent something that is not acknowledged yet. */
  unacknowledged: boolean;
  /** It began to close. */
  closing: boolean;
}

/** The last segment of note, to tell retransmissions, and answers to segments that were let through unbelieved. */
export interface LastSegment {
  kind: SegmentKind | undefined;
  direction: Direction;
  seq: number;
  ack: number;
  end: number;
  window: number;
  scale: number;
  offersScale: boolean;
  sackPermitted: boolean;
  /** A SYN in LAST_ACK was let through: an ACK may be the challenge of RFC 5961 §4. */
  challenge: boolean;
}

/** All that is known of one TCP connection. Mutable; only the tracker writes to it. */
export interface TcpTracking {
  state: TcpState;
  readonly ends: Record<Direction, TcpEnd>;
  readonly last: LastSegment;
  retransmissions: number;
  simultaneous: boolean;
}

function silentEnd(): TcpEnd {
  return {
    end: 0,
    maxEnd: 0,
    maxWindow: 0,
    maxAck: undefined,
    scale: 0,
    offersScale: false,
    sackPermitted: false,
    liberal: false,
    unacknowledged: false,
    closing: false,
  };
}

/** A connection of which nothing has been seen. */
export function newTcpTracking(): TcpTracking {
  const last: LastSegment = {
    kind: undefined,
    direction: 'original',
    seq: 0,
    ack: 0,
    end: 0,
    window: 0,
    scale: 0,
    offersScale: false,
    sackPermitted: false,
    challenge: false,
  };
  return {
    state: 'NONE',
    ends: { original: silentEnd(), reply: silentEnd() },
    last,
    retransmissions: 0,
    simultaneous: false,
  };
}

/** Stands for the tracking of every connection that is not TCP; nothing ever writes to it. */
export const NOT_TCP: TcpTracking = newTcpTracking();

/** The same history once more, for another world to go on with. */
export function copyTcpTracking(tcp: TcpTracking): TcpTracking {
  if (tcp === NOT_TCP) return NOT_TCP;
  const { original, reply } = tcp.ends;
  return { ...tcp, ends: { original: { ...original }, reply: { ...reply } }, last: { ...tcp.last } };
}

/** Forgets what an end said; only its liberality stays. */
export function resetEnd(end: TcpEnd): void {
  Object.assign(end, { ...silentEnd(), liberal: end.liberal });
}

const { fin, syn, rst, ack, urg } = FLAG;
/** The combinations a TCP may send; PSH, ECE and CWR go with all of them. */
const VALID_FLAGS: ReadonlySet<number> = new Set([
  syn,
  syn | urg,
  syn | ack,
  rst,
  rst | ack,
  fin | ack,
  fin | ack | urg,
  ack,
  ack | urg,
]);

/** Undefined for a combination of flags that no TCP sends. */
export function kindOf(flags: number): SegmentKind | undefined {
  if (!VALID_FLAGS.has(flags & (fin | syn | rst | ack | urg))) return undefined;
  if (flags & rst) return 'rst';
  if (flags & syn) return flags & ack ? 'synAck' : 'syn';
  return flags & fin ? 'fin' : 'ack';
}

/** Invalid here; or passed on unbelieved, since the ends may know better; or the next state. */
export type Transition = 'invalid' | 'ignore' | TcpState;

const no = 'invalid';
const ok = 'ignore';
const SS = 'SYN_SENT';
const SR = 'SYN_RECV';
const ES = 'ESTABLISHED';
const FW = 'FIN_WAIT';
const CW = 'CLOSE_WAIT';
const LA = 'LAST_ACK';
const TW = 'TIME_WAIT';
const CL = 'CLOSE';
const S2 = 'SYN_SENT2';

type Row = Readonly<Record<TcpState, Transition>>;
type T = Transition;

/** One line of the table, in the order of the states. */
function row([none, ss, sr, es, fw, cw, la, tw, cl, s2]: readonly [T, T, T, T, T, T, T, T, T, T]): Row {
  return {
    NONE: none,
    SYN_SENT: ss,
    SYN_RECV: sr,
    ESTABLISHED: es,
    FIN_WAIT: fw,
    CLOSE_WAIT: cw,
    LAST_ACK: la,
    TIME_WAIT: tw,
    CLOSE: cl,
    SYN_SENT2: s2,
  };
}

/** What each kind of segment does to a connection in each state, by the direction in which it travels. */
export const TRANSITIONS: Readonly<Record<Direction, Readonly<Record<SegmentKind, Row>>>> = {
  // .......... NO  SS  SR  ES  FW  CW  LA  TW  CL  S2
  original: {
    syn: row([SS, SS, ok, ok, ok, ok, ok, SS, SS, S2]),
    synAck: row([no, no, SR, no, no, no, no, no, no, SR]),
    fin: row([no, no, FW, FW, LA, LA, LA, TW, CL, no]),
    ack: row([ES, no, ES, ES, CW, CW, TW, TW, CL, no]),
    rst: row([no, CL, CL, CL, CL, CL, CL, CL, CL, CL]),
  },
  reply: {
    syn: row([no, S2, no, no, no, no, no, SS, no, S2]),
    synAck: row([no, SR, ok, ok, ok, ok, ok, ok, ok, SR]),
    fin: row([no, no, FW, FW, LA, LA, LA, TW, CL, no]),
    ack: row([no, ok, SR, ES, CW, CW, TW, TW, CL, ok]),
    rst: row([no, CL, CL, CL, CL, CL, CL, CL, CL, CL]),
  },
};
