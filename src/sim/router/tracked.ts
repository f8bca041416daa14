/** What tracking makes of a packet, in the words of `ct state`. */
import type { NodeProgram } from '../program/program.ts';
import type { DropReason } from '../trace/fate.ts';
import type { Why } from '../trace/trace.ts';
import type { Asked } from './bindings.ts';
import type { Connection, Direction } from './connection.ts';
import type { Passage } from './passage.ts';
import { type Memory, type Recalled, suits } from './recall.ts';
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
  /** Whether it is a `Begun`, which is sooner found out so than by its class. */
  readonly begins?: true;
}

/**
 * What is said of the packets of one direction of a connection, as long as it is the same: one value for all of them,
 * which finds its words when somebody asks, and remembers the last walk.
 */
export class Sighted implements Tracked, Memory {
  // fields are only declared: see `TuplePair`
  declare readonly state: Tracked['state'];
  declare readonly connection: Connection;
  declare readonly direction: Direction;
  declare readonly tcpState: string;
  declare private words: Why | undefined;
  declare private last: Recalled | undefined;

  constructor(connection: Connection, direction: Direction, state: Tracked['state'], tcpState: string) {
    this.state = state;
    this.connection = connection;
    this.direction = direction;
    this.tcpState = tcpState;
    this.words = undefined;
    this.last = undefined;
  }

  get detail(): string {
    return describe(this.state, this.connection, this.tcpState);
  }

  get why(): Why {
    const { state, detail, direction, connection } = this;
    this.words ??= { kind: 'tracked', state, detail, direction, connection: connection.id };
    return this.words;
  }

  get memory(): Memory {
    return this;
  }

  /** All packets of a connection have the same. */
  portsOf(): number {
    return 0;
  }

  find(passage: Passage, program: NodeProgram): Recalled | undefined {
    return this.last !== undefined && suits(this.last, passage, program) ? this.last : undefined;
  }

  keep(recalled: Recalled): void {
    this.last = recalled;
  }
}

/** What is said of the packet that opens a connection, and what the rules asked for it then. */
export class Begun implements Tracked {
  declare readonly begins: true;
  declare state: Tracked['state'];
  declare readonly connection: Connection;
  declare readonly direction: 'original';
  declare detail: string;
  declare destination: Asked | undefined;
  declare source: Asked | undefined;

  constructor(connection: Connection) {
    this.begins = true;
    this.state = 'new';
    this.connection = connection;
    this.direction = 'original';
    this.detail = '';
    this.destination = undefined;
    this.source = undefined;
  }

  /** To be said once the packet has been looked at. */
  begin(): this {
    const { connection } = this;
    this.state = stateOf(connection, 'original');
    this.detail = describe(this.state, connection);
    this.destination = undefined;
    this.source = undefined;
    return this;
  }
}

/** Whether it is said of a packet that opens a connection. */
export function isBegun(tracked: Tracked | undefined): tracked is Begun {
  return tracked?.begins === true;
}

/** A packet of a connection that is known: mostly the same is said of it as of the one before. */
export function followed(connection: Connection, direction: Direction, state: Tracked['state']): Tracked {
  const tcpState = stateOfTcp(connection);
  const last = direction === 'original' ? connection.sighted : connection.sightedBack;
  if (last !== undefined && last.state === state && last.tcpState === tcpState) return last;
  const sighted = new Sighted(connection, direction, state, tcpState);
  if (direction === 'original') connection.sighted = sighted;
  else connection.sightedBack = sighted;
  return sighted;
}

function stateOfTcp({ session, tcp }: Connection): string {
  return session?.state ?? tcp.state;
}

/** The same, said of the copy of its connection. */
export function withConnection({ state, direction, detail }: Tracked, connection: Connection): Tracked {
  return direction === undefined ? { state, connection, detail } : { state, connection, direction, detail };
}

/** The state of a packet of a connection that travels this way. */
export function stateOf({ seenReply, master }: Connection, direction: Direction): Tracked['state'] {
  if (direction === 'reply' || seenReply) return 'established';
  return master === undefined ? 'new' : 'related';
}

/** What there is to say of a packet in this state. */
export function describe(
  state: Tracked['state'],
  connection: Connection,
  now: string = stateOfTcp(connection),
): string {
  const { id, master, tcp, confirmed } = connection;
  const tcpState = tcp === NOT_TCP ? '' : `, ${now}`;
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
