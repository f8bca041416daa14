/**
 * The states of a connection, and the ways between them. LISTEN is a socket of its own (`Listener`), a connection in
 * CLOSED is gone; a reset or giving up leads there from everywhere.
 *
 *   active ──▶ SYN-SENT ──▶ SYN-RECEIVED ◀── passive
 *                  └──────────────┴─▶ ESTABLISHED
 *            FIN-WAIT-1 ◀── CLOSE ─────────┴──── rcv FIN ──▶ CLOSE-WAIT
 *       rcv ACK ┌──┴──┐ rcv FIN                                   │ CLOSE
 *   FIN-WAIT-2 ◀┘     └▶ CLOSING                               LAST-ACK
 *       └─▶ TIME-WAIT ◀─────┘                                     │
 *                └──────────────────▶ CLOSED ◀────────────────────┘
 *
 * Read RFC 9293 §3.3.2 (figure 5) first.
 */
import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import type { Segment } from './segment.ts';
import { change, emit, NO_DEADLINES, type Notice, notify, schedule, type Turn } from './tcb.ts';
import { FIN_WAIT, TIME_WAIT } from './timer.ts';

export type State =
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'CLOSED';

/** What moves a connection; CLOSE is the application's, whether by `shutdown` or `close`. */
export type Trigger = 'rcv SYN' | 'rcv SYN,ACK' | 'rcv ACK of SYN' | 'CLOSE' | 'rcv FIN' | 'rcv ACK of FIN' | 'timeout';

const DIAGRAM: Readonly<Record<State, Partial<Readonly<Record<Trigger, State>>>>> = {
  'SYN-SENT': { 'rcv SYN': 'SYN-RECEIVED', 'rcv SYN,ACK': 'ESTABLISHED' },
  'SYN-RECEIVED': { 'rcv ACK of SYN': 'ESTABLISHED' },
  ESTABLISHED: { CLOSE: 'FIN-WAIT-1', 'rcv FIN': 'CLOSE-WAIT' },
  'FIN-WAIT-1': { 'rcv ACK of FIN': 'FIN-WAIT-2', 'rcv FIN': 'CLOSING' },
  'FIN-WAIT-2': { 'rcv FIN': 'TIME-WAIT' },
  'CLOSE-WAIT': { CLOSE: 'LAST-ACK' },
  CLOSING: { 'rcv ACK of FIN': 'TIME-WAIT' },
  'LAST-ACK': { 'rcv ACK of FIN': 'CLOSED' },
  'TIME-WAIT': { timeout: 'CLOSED' },
  CLOSED: {},
};

/** What happens on the way into a state. */
const ENTER: Partial<Readonly<Record<State, (turn: Turn, now: Millis) => Turn>>> = {
  ESTABLISHED: (turn, now) => {
    const connected = notify(turn, { kind: 'connected' });
    return turn.tcb.finishing ? move(connected, 'CLOSE', now) : connected;
  },
  'FIN-WAIT-2': (turn, now) => (turn.tcb.orphaned ? schedule(turn, { end: now + FIN_WAIT }) : turn),
  'TIME-WAIT': (turn, now) => {
    const waiting = change(turn, { deadlines: { ...NO_DEADLINES, end: now + TIME_WAIT } });
    return notify(waiting, { kind: 'closed' });
  },
};

/** Follows the diagram; an arrow that is not there fails. */
export function move(turn: Turn, trigger: Trigger, now: Millis): Turn {
  const { state } = turn.tcb;
  const next = DIAGRAM[state][trigger] ?? fail(`no way out of ${state} by ${trigger}`);
  if (next === 'CLOSED') return vanish(turn, state === 'TIME-WAIT' ? undefined : { kind: 'closed' });
  const moved = change(turn, { state: next });
  return ENTER[next]?.(moved, now) ?? moved;
}

/** Whether the diagram has that arrow. */
export function canMove({ tcb }: Turn, trigger: Trigger): boolean {
  return DIAGRAM[tcb.state][trigger] !== undefined;
}

/** The connection is gone, with a last word to the application; one that has closed its socket hears `closed` whatever it was. */
export function vanish(turn: Turn, notice: Notice | undefined): Turn {
  const gone = change({ ...turn, owing: false }, { state: 'CLOSED', deadlines: NO_DEADLINES });
  if (notice === undefined) return gone;
  return notify(gone, turn.tcb.orphaned ? { kind: 'closed' } : notice);
}

/** Gone, and the peer is told. */
export function reset(turn: Turn, segment: Segment, notice: Notice | undefined): Turn {
  return vanish(emit(turn, segment), notice);
}
