/**
 * The table of connections: each is found by the tuple of either direction, and those of one inside endpoint together.
 * Timeouts are lazy: what has expired is never found, and goes when it is met. Where all that has expired must go at
 * once, deadlines in order say what that is.
 */
import { Heap } from '../base/heap.ts';
import type { Millis } from '../base/time.ts';
import { sourceOf, type Tuple } from '../packet/tuple.ts';
import { TupleTable } from '../packet/tuple-table.ts';
import type { Connection, CopyConnection, Direction } from './connection.ts';

/** A connection, and which way a packet with the tuple asked for would travel in it. */
export interface Found {
  readonly connection: Connection;
  readonly direction: Direction;
}

/** When a connection may have expired, if nothing has refreshed it since. */
interface Deadline {
  readonly at: Millis;
  readonly connection: Connection;
}

/** So many deadlines may be out of date, whatever the size of the table. */
const MANY = 1024;

const isSooner = (a: Deadline, b: Deadline) => a.at < b.at;

/** Holds connections by tuple and by source; the only place where either index changes. */
export class Flows {
  /** Both tables hold numbers of rows; a row is free again once it is in neither. */
  #byTuple = new TupleTable();
  /** The newest of the connections whose source is bound, confirmed or not, by the endpoint they came from. */
  #bySource = new TupleTable();
  /** Row 0 is nobody's. */
  #rows: (Connection | undefined)[] = [undefined];
  #free: number[] = [];
  #oldest: Connection | undefined;
  #newest: Connection | undefined;
  #size = 0;
  /** All that stand before it are worth keeping when the table is full. */
  #keepable: Connection | undefined;
  /** Made when it is first asked what has expired. */
  #deadlines: Heap<Deadline> | undefined;
  readonly #onRemove: (connection: Connection, at: Millis) => void;

  /** `onRemove` hears of each connection that leaves the table, and when it did. */
  constructor(onRemove: (connection: Connection, at: Millis) => void) {
    this.#onRemove = onRemove;
  }

  copy(copyOf: CopyConnection, onRemove: (connection: Connection, at: Millis) => void): Flows {
    const copy = new Flows(onRemove);
    copy.#byTuple = this.#byTuple.copy();
    copy.#bySource = this.#bySource.copy();
    copy.#rows = this.#rows.map((row) => (row === undefined ? undefined : withRow(copyOf(row), row, copyOf)));
    copy.#free = [...this.#free];
    for (const connection of this.all()) copy.#append(copyOf(connection));
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  /** All, oldest first, the expired included; the one that was given last may be removed. */
  *all(): IterableIterator<Connection> {
    let next = this.#oldest;
    while (next !== undefined) {
      const connection = next;
      next = connection.newer;
      yield connection;
    }
  }

  find(tuple: Tuple, now: Millis): Found | undefined {
    const connection = this.#rows[this.#byTuple.get(tuple)];
    if (connection === undefined) return undefined;
    if (connection.expires <= now) {
      this.remove(connection, connection.expires);
      return undefined;
    }
    return { connection, direction: connection.isReply(tuple) ? 'reply' : 'original' };
  }

  /** Whether one has the tuple of the answers to this one. */
  hasAnswer(tuple: Tuple, now: Millis): boolean {
    return this.#lives(this.#byTuple.getAnswer(tuple), now);
  }

  /** Whether one has the answers of this connection, which is not there yet. */
  hasReplyOf(connection: Connection, now: Millis): boolean {
    return this.#lives(this.#byTuple.getOf(connection, 'reply'), now);
  }

  #lives(row: number, now: Millis): boolean {
    const connection = this.#rows[row];
    if (connection === undefined || connection.expires > now) return connection !== undefined;
    this.remove(connection, connection.expires);
    return false;
  }

  insert(connection: Connection): void {
    this.#append(connection);
    const row = this.#rowOf(connection);
    this.#byTuple.setOf(connection, 'original', row);
    this.#byTuple.setOf(connection, 'reply', row);
    this.hasten(connection);
  }

  /** The connection may expire before what was last said. */
  hasten(connection: Connection): void {
    if (this.#deadlines === undefined) return;
    // mostly of connections that are gone: nobody has asked for long
    if (this.#deadlines.size > 2 * this.#size + MANY) this.#deadlines = undefined;
    else this.#deadlines.push({ at: connection.expires, connection });
  }

  remove(connection: Connection, at: Millis): void {
    if (!connection.listed) return;
    this.#unlink(connection);
    this.#byTuple.deleteOf(connection, 'original');
    this.#byTuple.deleteOf(connection, 'reply');
    this.unbind(connection);
    this.#onRemove(connection, at);
  }

  /** Lets later connections from the same endpoint find this one. */
  bind(connection: Connection): void {
    connection.peer = this.#rows[this.#bySource.getOf(connection, 'source')];
    connection.bound = true;
    this.#bySource.setOf(connection, 'source', this.#rowOf(connection));
  }

  unbind(connection: Connection): void {
    if (connection.bound) this.#leave(connection);
    if (connection.row === 0 || connection.listed) return;
    this.#rows[connection.row] = undefined;
    this.#free.push(connection.row);
    connection.row = 0;
  }

  #leave(connection: Connection): void {
    const newest = this.#rows[this.#bySource.getOf(connection, 'source')];
    if (newest === connection) {
      if (connection.peer === undefined) this.#bySource.deleteOf(connection, 'source');
      else this.#bySource.setOf(connection, 'source', connection.peer.row);
    } else {
      let before = newest;
      while (before !== undefined && before.peer !== connection) before = before.peer;
      if (before !== undefined) before.peer = connection.peer;
    }
    connection.peer = undefined;
    connection.bound = false;
  }

  /** Its row: the one that it has, or a free one. */
  #rowOf(connection: Connection): number {
    if (connection.row === 0) {
      connection.row = this.#free.pop() ?? this.#rows.length;
      this.#rows[connection.row] = connection;
    }
    return connection.row;
  }

  /** The newest of the live connections from the endpoint that this tuple comes from; the others hang behind it (`peer`). */
  fromSource(tuple: Tuple, now: Millis): Connection | undefined {
    const source = sourceOf(tuple);
    const newest = this.#rows[this.#bySource.get(source)];
    let isStale = false;
    for (let peer = newest; peer !== undefined; peer = peer.peer) isStale ||= peer.expires <= now;
    if (!isStale) return newest;
    const dead: Connection[] = [];
    for (let peer = newest; peer !== undefined; peer = peer.peer) if (peer.expires <= now) dead.push(peer);
    for (const peer of dead.reverse()) this.remove(peer, peer.expires);
    return this.#rows[this.#bySource.get(source)];
  }

  /** Removes what has expired, in the order in which it did. */
  expire(now: Millis): void {
    const deadlines = this.#deadlines ?? this.#schedule();
    const dead = new Set<Connection>();
    for (let next = deadlines.peek(); next !== undefined && next.at <= now; next = deadlines.peek()) {
      deadlines.pop();
      const { connection } = next;
      if (!connection.listed) continue;
      if (connection.expires <= now) dead.add(connection);
      else deadlines.push({ at: connection.expires, connection });
    }
    const inOrder = [...dead].sort((a, b) => a.expires - b.expires || a.place - b.place);
    for (const connection of inOrder) this.remove(connection, connection.expires);
  }

  /** The oldest connection that may go when the table is full; `isKept` never takes back what it has said. */
  firstToGo(isKept: (connection: Connection) => boolean): Connection | undefined {
    let next = this.#keepable ?? this.#oldest;
    while (next !== undefined && isKept(next)) next = next.newer;
    this.#keepable = next ?? this.#newest;
    return next;
  }

  #schedule(): Heap<Deadline> {
    const deadlines = new Heap<Deadline>(isSooner);
    for (const connection of this.all()) deadlines.push({ at: connection.expires, connection });
    this.#deadlines = deadlines;
    return deadlines;
  }

  #append(connection: Connection): void {
    connection.listed = true;
    connection.place = (this.#newest?.place ?? 0) + 1;
    connection.older = this.#newest;
    connection.newer = undefined;
    if (this.#newest === undefined) this.#oldest = connection;
    else this.#newest.newer = connection;
    this.#newest = connection;
    this.#size += 1;
  }

  #unlink(connection: Connection): void {
    const { older, newer } = connection;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (this.#keepable === connection) this.#keepable = newer ?? older;
    connection.listed = false;
    connection.older = undefined;
    connection.newer = undefined;
    this.#size -= 1;
  }
}

/** A copy in the row of its model, and before the copy of the same peer. */
function withRow(copy: Connection, { row, bound, peer }: Connection, copyOf: CopyConnection): Connection {
  copy.row = row;
  copy.bound = bound;
  copy.peer = peer === undefined ? undefined : copyOf(peer);
  return copy;
}
