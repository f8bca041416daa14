/**
 * The one door to a connection: an event goes in, the next block comes out, with what it sends and what it says.
 *
 * Read RFC 9293 §3.10 first.
 */
import { fail, unreachable } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import type { IcmpReport, SocketError } from '../app/app.ts';
import { arrive } from './arrive.ts';
import { append } from './bytes.ts';
import { expire } from './expire.ts';
import { arriveInSynSent, mssFor } from './handshake.ts';
import { canMove, move, reset, vanish } from './machine.ts';
import { distance, type Segment } from './segment.ts';
import { beginTurn, change, discard, schedule, type Tcb, type Turn } from './tcb.ts';
import { FIN_WAIT } from './timer.ts';
import { goBack, nextWindow, resetOf, settle } from './transmit.ts';

export type TcpEvent =
  | { readonly kind: 'segment'; readonly segment: Segment }
  | { readonly kind: 'write'; readonly payload: Uint8Array }
  /** The application has taken so many bytes. */
  | { readonly kind: 'read'; readonly bytes: number }
  /** No more is written; FIN follows. */
  | { readonly kind: 'shutdown' }
  /** Nobody reads any more either. */
  | { readonly kind: 'close' }
  | { readonly kind: 'abort' }
  | { readonly kind: 'tick' }
  /** An ICMP error about a segment with this sequence number. `embryonic`: it ends a handshake that came from LISTEN. */
  | {
      readonly kind: 'icmp';
      readonly seq: number;
      readonly error: SocketError;
      readonly icmp: IcmpReport;
      readonly embryonic: boolean;
    }
  /** A segment with this sequence number was too big; the path takes payloads of at most `pathMss` bytes. */
  | { readonly kind: 'too big'; readonly seq: number; readonly pathMss: number };

/** What the event led to: a new block (in CLOSED it is to be forgotten), segments to send, news for the application. */
export function step(tcb: Tcb, event: TcpEvent, now: Millis): Turn {
  const turn = beginTurn(tcb);
  const acted = act(turn, event, now);
  return acted.tcb.state === 'CLOSED' ? acted : settle(acted, now);
}

function act(turn: Turn, event: TcpEvent, now: Millis): Turn {
  switch (event.kind) {
    case 'segment': {
      const receive = turn.tcb.state === 'SYN-SENT' ? arriveInSynSent : arrive;
      return receive(turn, event.segment, now);
    }
    case 'write':
      return write(turn, event.payload);
    case 'read':
      return read(turn, event.bytes);
    case 'shutdown':
      return finish(turn, now);
    case 'close':
      return close(turn, now);
    case 'abort':
      return abort(turn);
    case 'tick':
      return expire(turn, now);
    case 'icmp':
      return hearError(turn, event);
    case 'too big':
      return shrink(turn, event.seq, event.pathMss);
    default:
      return unreachable(event);
  }
}

/** RFC 9293 §3.10.2. Before the handshake is over the bytes wait. */
function write(turn: Turn, payload: Uint8Array): Turn {
  if (turn.tcb.finishing) return fail('write after shutdown');
  return change(turn, { outgoing: append(turn.tcb.outgoing, payload) });
}

/** RFC 9293 §3.10.3. A window that was shut, or nearly so, is announced when it opens again. */
function read(turn: Turn, bytes: number): Turn {
  const { rcvEdge, rcvNxt, rcvScale, receiveMss, unread } = turn.tcb;
  const taken = change(turn, { unread: unread - bytes });
  const open = distance(rcvNxt, rcvEdge);
  const news = (nextWindow(taken.tcb) << rcvScale) - open >= receiveMss;
  return { ...taken, owing: open < receiveMss && news && canMove(turn, 'rcv FIN') };
}

/** The CLOSE of RFC 9293 §3.10.4, half of it: during the handshake it waits until that is over. */
function finish(turn: Turn, now: Millis): Turn {
  if (turn.tcb.finishing) return turn;
  const finishing = change(turn, { finishing: true });
  return canMove(finishing, 'CLOSE') ? move(finishing, 'CLOSE', now) : finishing;
}

/** close(2): a connection that is not there yet is forgotten, one with unread data is reset (RFC 9293 §3.6.1). */
function close(turn: Turn, now: Millis): Turn {
  const { state, unread } = turn.tcb;
  if (state === 'TIME-WAIT') return turn;
  if (state === 'SYN-SENT') return vanish(turn, { kind: 'closed' });
  if (unread > 0) return reset(turn, resetOf(turn.tcb), { kind: 'closed' });
  const orphaned = finish(change(turn, { orphaned: true }), now);
  return state === 'FIN-WAIT-2' ? schedule(orphaned, { end: now + FIN_WAIT }) : orphaned;
}

/** RFC 9293 §3.10.5: no reset where the peer knows that the end is near, or nothing yet. */
function abort(turn: Turn): Turn {
  if (turn.tcb.state === 'TIME-WAIT') return turn;
  const silent = ['SYN-SENT', 'CLOSING', 'LAST-ACK'].includes(turn.tcb.state);
  return silent ? vanish(turn, { kind: 'closed' }) : reset(turn, resetOf(turn.tcb), { kind: 'closed' });
}

/** Whether a sequence number that an ICMP error quotes is of a segment in flight (RFC 5927 §4.1). */
function isInFlight({ sndMax, sndUna }: Tcb, seq: number): boolean {
  return distance(sndUna, seq) >= 0 && distance(seq, sndMax) >= 0;
}

/** Fatal to a connection attempt, remembered by a connection (RFC 9293 §3.9.2.2, RFC 5461; Linux `tcp_v4_err`). */
function hearError(turn: Turn, event: Extract<TcpEvent, { kind: 'icmp' }>): Turn {
  const { passive, state } = turn.tcb;
  if (!isInFlight(turn.tcb, event.seq)) return discard(turn, 'about nothing that is in flight');
  const { error, icmp } = event;
  if (state === 'SYN-RECEIVED' && passive) {
    return event.embryonic ? vanish(turn, undefined) : discard(turn, 'no reason to end a handshake');
  }
  if (state === 'SYN-SENT' || state === 'SYN-RECEIVED') return vanish(turn, { kind: 'failed', error, icmp });
  return change(turn, { softError: { error, icmp } });
}

/** Path MTU discovery (RFC 1191 §6.5, RFC 8201 §5.4): smaller segments, and all that is in flight again. */
function shrink(turn: Turn, seq: number, pathMss: number): Turn {
  const { iss, mss, peerMss, sndUna } = turn.tcb;
  if (!isInFlight(turn.tcb, seq)) return discard(turn, 'about nothing that is in flight');
  const smaller = Math.min(pathMss, turn.tcb.pathMss);
  const known = change(turn, { pathMss: smaller, mss: mssFor(peerMss, smaller) });
  return sndUna !== iss && known.tcb.mss < mss ? goBack(known) : known;
}
