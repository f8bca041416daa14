/**
 * Sessions of a NAT that has a behaviour of its own: how long each lives, and the states of TCP as seen from between
 * the ends, by who is inside. Probes of idle connections are not sent: the lifetime is that of both states together.
 *
 * Read RFC 6146 §3.5 and RFC 7857 §2 first, and RFC 4787 §4.3 for what refreshes a session.
 */
import type { Millis } from '../../base/time.ts';
import type { Behaviour, LifetimeName } from '../../design/behaviour.ts';
import { FLAG, type Packet, type Tcp } from '../../packet/packet.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { type Connection, type Direction, refresh } from '../connection.ts';
import { ASSURED } from '../status.ts';
import type { Outcome } from '../track/outcome.ts';

/** The states of RFC 6146 §3.5.2.2, with inside for its IPv6 and outside for its IPv4. */
export type SessionState =
  | 'INSIDE_INIT'
  | 'OUTSIDE_INIT'
  | 'ESTABLISHED'
  | 'INSIDE_FIN'
  | 'OUTSIDE_FIN'
  | 'BOTH_FIN'
  | 'TRANS';

/** Mutable; only what tracks it writes to it. */
export interface Session {
  /** Ids of the mappings that it uses: one, or two where both ends are inside. */
  readonly mappings: readonly number[];
  /** Which way packets from inside travel; either way where both ends are inside. */
  readonly outbound: Direction | 'both';
  /** Whose lifetimes it has, as it was when the session began; undefined: the kernel's, and its states too. */
  readonly behaviour: Behaviour | undefined;
  /** TCP whose lifetime is the behaviour's. */
  state: SessionState | undefined;
}

/** What a segment is for the machine. */
function kindOf({ flags }: Tcp): 'syn' | 'fin' | 'rst' | 'other' {
  if (flags & FLAG.rst) return 'rst';
  if (flags & FLAG.syn) return 'syn';
  return flags & FLAG.fin ? 'fin' : 'other';
}

interface Step {
  readonly state: SessionState;
  /** Undefined: the lifetime runs on. */
  readonly life: 'tcpTransitory' | 'tcpEstablished' | undefined;
}

const stay = (state: SessionState): Step => ({ state, life: undefined });
const ESTABLISHED: Step = { state: 'ESTABLISHED', life: 'tcpEstablished' };
const OPPOSITE = { inside: 'outside', outside: 'inside' } as const;
type From = keyof typeof OPPOSITE;
const INIT = { inside: 'INSIDE_INIT', outside: 'OUTSIDE_INIT' } as const;
const FIN = { inside: 'INSIDE_FIN', outside: 'OUTSIDE_FIN' } as const;

/** The next state and lifetime after a segment that was sent from inside, or from outside. */
export function advanceTcp(state: SessionState, segment: Tcp, from: From): Step {
  const kind = kindOf(segment);
  switch (state) {
    case 'INSIDE_INIT':
    case 'OUTSIDE_INIT':
      if (kind !== 'syn') return stay(state);
      return state === INIT[from] ? { state, life: 'tcpTransitory' } : ESTABLISHED;
    case 'ESTABLISHED':
      if (kind === 'fin') return stay(FIN[from]);
      return kind === 'rst' ? { state: 'TRANS', life: 'tcpTransitory' } : ESTABLISHED;
    case 'INSIDE_FIN':
    case 'OUTSIDE_FIN':
      if (kind === 'fin' && state === FIN[OPPOSITE[from]]) return { state: 'BOTH_FIN', life: 'tcpTransitory' };
      return { state, life: 'tcpEstablished' };
    case 'BOTH_FIN':
      return stay(state);
    case 'TRANS':
      return kind === 'rst' ? stay(state) : ESTABLISHED;
  }
}

/** Makes a new connection a session under a behaviour; `life` bounds the lifetime of one that was begun outside. */
export function govern(
  connection: Connection,
  session: Pick<Session, 'mappings' | 'outbound'>,
  behaviour: Behaviour,
  { met = false, left }: { readonly met?: boolean; readonly left?: Millis },
): void {
  const { timeouts, refresh: how } = behaviour;
  const { protocol } = connection.original;
  const tcp = protocol === PROTOCOL.tcp;
  const opening = session.outbound === 'reply' ? 'OUTSIDE_INIT' : 'INSIDE_INIT';
  const state = tcp ? (met ? 'ESTABLISHED' : opening) : undefined;
  connection.session = { ...session, behaviour, state };
  const full = tcp
    ? timeouts[met ? 'tcpEstablished' : 'tcpTransitory']
    : timeouts[lifetimeOf(protocol, remotePort(connection, session))];
  const bounded = session.outbound === 'reply' && !tcp && how === 'outbound' ? (left ?? full) : full;
  connection.timeout = Math.min(full, bounded);
}

function lifetimeOf(protocol: number, port: number): LifetimeName {
  switch (protocol) {
    case PROTOCOL.udp:
      return port < 1024 ? 'udpWellKnown' : 'udp';
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return 'icmp';
    default:
      return 'generic';
  }
}

/** A further packet of a session: its next state, and a new lifetime where the packet gives it one. */
export function trackSession(
  packet: Packet,
  connection: Connection,
  session: Session,
  { behaviour, direction, now }: { readonly behaviour: Behaviour; readonly direction: Direction; readonly now: Millis },
): Outcome {
  const { timeouts, tcp } = behaviour;
  const from = session.outbound === 'both' ? endOf(direction) : session.outbound === direction ? 'inside' : 'outside';
  if (direction === 'reply') connection.status |= ASSURED;
  if (packet.kind === 'tcp' && session.state !== undefined) {
    const opens = (packet.flags & (FLAG.syn | FLAG.ack)) === FLAG.syn;
    if (opens && from === 'outside' && session.state === 'INSIDE_INIT' && !tcp.simultaneousOpen) {
      return { kind: 'refused', detail: 'this NAT does not let both ends open a connection at once' };
    }
    const { state, life } = advanceTcp(session.state, packet, from);
    session.state = state;
    if (life !== undefined) refresh(connection, timeouts[life], now);
    return { kind: 'accepted' };
  }
  const way = session.outbound === 'both' || from === 'inside' ? 'outbound' : 'inbound';
  if (session.outbound === 'both' || behaviour.refresh === 'both' || behaviour.refresh === way) {
    refresh(connection, timeouts[lifetimeOf(connection.protocol, remotePort(connection, session))], now);
  }
  return { kind: 'accepted' };
}

/** Where both ends are inside, the one that began counts as inside. */
function endOf(direction: Direction): From {
  return direction === 'original' ? 'inside' : 'outside';
}

/** The port of the end that is outside. */
function remotePort({ original }: Connection, { outbound }: Pick<Session, 'outbound'>): number {
  return outbound === 'reply' ? original.sport : original.dport;
}
