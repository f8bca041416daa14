/**
 * The table of connections: each is found by the tuple of either direction, and those of one inside endpoint together.
 * Timeouts are lazy: what has expired is never found, and goes when it is met.
 */
import type { Millis } from '../base/time.ts';
import { sourceOf, type Tuple } from '../packet/tuple.ts';
import { TupleTable } from '../packet/tuple-table.ts';
import type { ConnectionId } from '../trace/trace.ts';
import type { Connection, CopyConnection, Direction } from './connection.ts';

/** A connection, and which way a packet with the tuple asked for would travel in it. */
export interface Found {
  readonly connection: Connection;
  readonly direction: Direction;
}

const NONE: readonly Connection[] = [];

/** Holds connections by tuple and by source; the only place where either index changes. */
export class Flows {
  #byTuple = new TupleTable<Found>();
  readonly #byId = new Map<ConnectionId, Connection>();
  /** Newest last. Connections whose source is bound, confirmed or not, by the endpoint they came from. */
  #bySource = new TupleTable<readonly Connection[]>();
  readonly #onRemove: (connection: Connection, at: Millis) => void;

  /** `onRemove` hears of each connection that leaves the table, and when it did. */
  constructor(onRemove: (connection: Connection, at: Millis) => void) {
    this.#onRemove = onRemove;
  }

  copy(copyOf: CopyConnection, onRemove: (connection: Connection, at: Millis) => void): Flows {
    const copy = new Flows(onRemove);
    copy.#byTuple = this.#byTuple.copy(({ connection, direction }) => ({ connection: copyOf(connection), direction }));
    for (const [id, connection] of this.#byId) copy.#byId.set(id, copyOf(connection));
    copy.#bySource = this.#bySource.copy((peers) => peers.map(copyOf));
    return copy;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All, oldest first, the expired included. */
  all(): IterableIterator<Connection> {
    return this.#byId.values();
  }

  find(tuple: Tuple, now: Millis): Found | undefined {
    const found = this.#byTuple.get(tuple);
    if (found === undefined || found.connection.expires > now) return found;
    this.remove(found.connection, found.connection.expires);
    return undefined;
  }

  insert(connection: Connection): void {
    this.#byId.set(connection.id, connection);
    this.#byTuple.set(connection.original, { connection, direction: 'original' });
    this.#byTuple.set(connection.reply, { connection, direction: 'reply' });
  }

  remove(connection: Connection, at: Millis): void {
    if (!this.#byId.delete(connection.id)) return;
    this.#byTuple.delete(connection.original);
    this.#byTuple.delete(connection.reply);
    this.unbind(connection);
    this.#onRemove(connection, at);
  }

  /** Lets later connections from the same endpoint find this one. */
  bind(connection: Connection): void {
    const source = sourceOf(connection.original);
    const peers = this.#bySource.get(source);
    this.#bySource.set(source, peers === undefined ? [connection] : [...peers, connection]);
  }

  unbind(connection: Connection): void {
    const source = sourceOf(connection.original);
    const peers = this.#bySource.get(source);
    if (peers === undefined) return;
    const left = peers.filter((peer) => peer !== connection);
    if (left.length > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }

  /** Live connections from the endpoint that this tuple comes from, newest first. */
  fromSource(tuple: Tuple, now: Millis): readonly Connection[] {
    const peers = this.#bySource.get(sourceOf(tuple));
    if (peers === undefined) return NONE;
    for (const peer of peers) if (peer.expires <= now) this.remove(peer, peer.expires);
    return peers.filter((peer) => peer.expires > now).reverse();
  }

  /** Removes what has expired, in the order in which it did. */
  expire(now: Millis): void {
    const dead = [...this.all()].filter((connection) => connection.expires <= now);
    dead.sort((a, b) => a.expires - b.expires);
    for (const connection of dead) this.remove(connection, connection.expires);
  }
}
