/** What tracking makes of a packet, in the words of `ct state`. */
import type { DropReason } from '../trace/fate.ts';
import type { Why } from '../trace/trace.ts';
import type { Connection, Direction } from './connection.ts';
import { LastWalk, type Memory } from './recall.ts';
import { NOT_TCP } from './track/tcp-state.ts';

/** What a packet is to the connections that are known. */
export interface Tracked {
  readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked';
  readonly connection?: Connection;
  readonly direction?: Direction;
  /** Why it is what it is, in words. */
  readonly detail: string;
  /** The packet cannot be tracked and may not pass. */
  readonly drop?: { readonly reason: DropReason; readonly place: string; readonly detail: string };
  /** Where it is said more than once. */
  readonly why?: Why;
  /** The last walk of a packet that it was said of. */
  readonly memory?: Memory;
}

/** What was said last of the packets of one direction of a connection, and the state of TCP that it was said in. */
export interface Sighted {
  readonly tcpState: string;
  readonly tracked: Tracked;
}

/**
 * A packet of a connection that is known. The next one is mostly said the same of: then it is the same value, which
 * spares the words.
 */
export function followed(connection: Connection, direction: Direction, state: Tracked['state']): Tracked {
  const tcpState = connection.session?.state ?? connection.tcp.state;
  connection.sighted ??= { original: undefined, reply: undefined };
  const last = connection.sighted[direction];
  if (last !== undefined && last.tracked.state === state && last.tcpState === tcpState) return last.tracked;
  const said = { state, connection, direction, detail: describe(state, connection) };
  const tracked = { ...said, why: whyTracked(said), memory: new LastWalk() };
  connection.sighted[direction] = { tcpState, tracked };
  return tracked;
}

/** The state of a packet of a connection that travels this way. */
export function stateOf({ seenReply, master }: Connection, direction: Direction): Tracked['state'] {
  if (direction === 'reply' || seenReply) return 'established';
  return master === undefined ? 'new' : 'related';
}

/** What there is to say of a packet in this state. */
export function describe(state: Tracked['state'], { id, master, tcp, session, confirmed }: Connection): string {
  const tcpState = tcp === NOT_TCP ? '' : `, ${session?.state ?? tcp.state}`;
  if (!confirmed)
    return state === 'related' ? `expected by connection ${master}${tcpState}` : `a new connection${tcpState}`;
  return state === 'new' ? `connection ${id}, not answered yet${tcpState}` : `connection ${id}${tcpState}`;
}

/** The same for the record. */
export function whyTracked({ state, detail, direction, connection, why }: Tracked): Why {
  if (why !== undefined) return why;
  if (direction === undefined || connection === undefined) return { kind: 'tracked', state, detail };
  return { kind: 'tracked', state, detail, direction, connection: connection.id };
}
