/**
 * The table of connections: each is found by the tuple of either direction, and those of one inside endpoint together.
 * Timeouts are lazy: what has expired is never found, and goes when it is met. Where all that has expired must go at
 * once, deadlines in order say what that is.
 */
import { type Endpoint, endpointAt } from '../../addr/endpoint.ts';
import { ip4, isIp4 } from '../../addr/ip.ts';
import type { Millis } from '../../base/time.ts';
import { PROTOCOL, type Tcp, type Udp } from '../../packet/packet.ts';
import { reversed, sourceOf, type Tuple, withEnd } from '../../packet/tuple.ts';
import { withPort } from '../../packet/tuple-pair.ts';
import { type Connection, type CopyConnection, type Direction, isWorthKeeping, type Side } from '../connection.ts';
import { Deadlines } from './deadlines.ts';
import { BOUND, FlowRows, LISTED } from './rows.ts';
import { SOURCE, TupleIndex, WHOLE, wordsOf } from './tuple-index.ts';

/** A connection, and which way a packet with the tuple asked for would travel in it. */
export interface Found {
  readonly connection: Connection;
  readonly direction: Direction;
}

/** Holds connections by tuple and by source; the only place where either index changes. */
export class Flows {
  /** A row is free again once it is in neither index. */
  #rows = new FlowRows();
  #byTuple = new TupleIndex(this.#rows, WHOLE);
  /** The newest of the connections whose source is bound, confirmed or not, by the endpoint they came from. */
  #bySource = new TupleIndex(this.#rows, SOURCE);
  /** Rows: 0 for none. */
  #oldest = 0;
  #newest = 0;
  #size = 0;
  /** How many have come. */
  #places = 0;
  /** All that stand before it are worth keeping when the table is full. */
  #keepable = 0;
  readonly #deadlines = new Deadlines();
  readonly #onRemove: (connection: Connection, at: Millis) => void;

  /** `onRemove` hears of each connection that leaves the table, and when it did. */
  constructor(onRemove: (connection: Connection, at: Millis) => void) {
    this.#onRemove = onRemove;
  }

  copy(copyOf: CopyConnection, onRemove: (connection: Connection, at: Millis) => void): Flows {
    const copy = new Flows(onRemove);
    copy.#rows = this.#rows.copy(copyOf);
    copy.#byTuple = this.#byTuple.copy(copy.#rows);
    copy.#bySource = this.#bySource.copy(copy.#rows);
    copy.#oldest = this.#oldest;
    copy.#newest = this.#newest;
    copy.#size = this.#size;
    copy.#places = this.#places;
    copy.#keepable = this.#keepable;
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  /** All, oldest first, the expired included; the one that was given last may be removed. */
  *all(): IterableIterator<Connection> {
    let next = this.#oldest;
    while (next !== 0) {
      const row = next;
      next = this.#rows.newer(row);
      yield this.#rows.at(row);
    }
  }

  find(tuple: Tuple, now: Millis): Found | undefined {
    return this.#found(this.#byTuple.get(tuple), now);
  }

  /** The same for the tuple of a packet of IPv4. */
  findFlow({ kind, src, dst, sport, dport }: Tcp | Udp, now: Millis): Found | undefined {
    const from = (src as number) | 0;
    const to = (dst as number) | 0;
    return this.#found(this.#byTuple.find(from, to, (sport << 16) | dport, PROTOCOL[kind] << 16), now);
  }

  #found(reference: number, now: Millis): Found | undefined {
    const row = reference >> 1;
    if (!this.#lives(row, now)) return undefined;
    return { connection: this.#rows.at(row), direction: (reference & 1) === 1 ? 'reply' : 'original' };
  }

  /** Whether one has the tuple of the answers to this one. */
  hasAnswer(tuple: Tuple, now: Millis): boolean {
    return this.#lives(this.#byTuple.get(reversed(tuple)) >> 1, now);
  }

  /** Whether one has the answers of this connection, which is not there yet. */
  hasReplyOf({ wide, replySrc, replyDst, replyPorts, replyRest }: Connection, now: Millis): boolean {
    const index = this.#byTuple;
    const found = wide === undefined ? index.find(replySrc, replyDst, replyPorts, replyRest) : index.get(wide.reply);
    return this.#lives(found >> 1, now);
  }

  /** The same, were one end of it beyond here. */
  hasReplyWith(connection: Connection, side: Side, end: Endpoint, now: Millis): boolean {
    return this.#lives(this.#referenceWith(connection, side, end) >> 1, now);
  }

  /** The connection that has these answers. */
  findReplyWith(connection: Connection, side: Side, end: Endpoint, now: Millis): Found | undefined {
    return this.#found(this.#referenceWith(connection, side, end), now);
  }

  #referenceWith(connection: Connection, side: Side, { ip, port }: Endpoint): number {
    const { wide, replySrc, replyDst, replyRest } = connection;
    const index = this.#byTuple;
    if (wide !== undefined || !isIp4(ip)) return index.get(reversed(withEnd(connection.beyond, side, ip, port)));
    const src = side === 'source' ? replySrc : ip | 0;
    const dst = side === 'source' ? ip | 0 : replyDst;
    return index.find(src, dst, withPort(connection, side, port), replyRest);
  }

  /** Whether a row is somebody's; what has expired goes. */
  #lives(row: number, now: Millis): boolean {
    if (row === 0) return false;
    const expires = this.#rows.expiresAt(row);
    if (expires > now) return true;
    this.remove(this.#rows.at(row), expires);
    return false;
  }

  /** Puts a connection into the table; false where another one has its answers. */
  insert(connection: Connection, now: Millis): boolean {
    const row = this.#rowOf(connection);
    const { wide } = connection;
    this.#rows.write(connection);
    const before = this.#byTuple.set(2 * row + 1, wide?.reply);
    if (this.#lives(before >> 1, now)) {
      this.#byTuple.set(before, wide?.reply);
      return false;
    }
    this.#append(row);
    // who speaks to himself has one tuple, and what comes counts as an answer
    if (this.#byTuple.set(2 * row, wide?.original) === 2 * row + 1) this.#byTuple.set(2 * row + 1, wide?.reply);
    this.hasten(connection);
    return true;
  }

  /** The connection may expire before what was last said. */
  hasten({ expires, row }: Connection): void {
    this.#deadlines.hasten(expires, row, this.#size);
  }

  remove(connection: Connection, at: Millis): void {
    const { row, wide } = connection;
    if (!this.#rows.is(row, LISTED)) return;
    this.#unlink(row);
    this.#byTuple.delete(2 * row, wide?.original);
    this.#byTuple.delete(2 * row + 1, wide?.reply);
    this.unbind(connection);
    this.#onRemove(connection, at);
  }

  /** Nobody holds the connection any longer: true if it is no object any more, so that this one may become another. */
  rest(connection: Connection): boolean {
    return this.#rows.rest(connection);
  }

  /** Lets later connections from the same endpoint find this one. */
  bind(connection: Connection): void {
    const { wide } = connection;
    const row = this.#rowOf(connection);
    const newest = this.#bySource.set(2 * row, wide && sourceOf(wide.original)) >> 1;
    this.#rows.bind(row, newest);
  }

  unbind(connection: Connection): void {
    const { row } = connection;
    if (row === 0) return;
    if (this.#rows.is(row, BOUND)) this.#leave(connection);
    if (!this.#rows.is(row, LISTED)) this.#rows.release(connection);
  }

  #leave(connection: Connection): void {
    const rows = this.#rows;
    const { row, wide } = connection;
    const source = wide && sourceOf(wide.original);
    const newest = this.#newestFrom(connection);
    const peer = rows.peer(row);
    if (newest === row) {
      this.#bySource.delete(2 * row, source);
      if (peer !== 0) this.#bySource.set(2 * peer, source);
    } else {
      let before = newest;
      while (before !== 0 && rows.peer(before) !== row) before = rows.peer(before);
      if (before !== 0) rows.setPeer(before, peer);
    }
    rows.setPeer(row, 0);
    rows.unmark(row, BOUND);
  }

  #newestFrom({ wide, src, ports, rest }: Connection): number {
    const index = this.#bySource;
    return (
      (wide === undefined
        ? index.find(src, 0, ports & SOURCE.ports, rest & SOURCE.rest)
        : index.get(sourceOf(wide.original))) >> 1
    );
  }

  /** Its row: the one that it has, or a free one. */
  #rowOf(connection: Connection): number {
    return connection.row === 0 ? this.#rows.take(connection) : connection.row;
  }

  /** The row of the newest of the live connections from an endpoint; 0 for none. */
  fromSource(protocol: number, from: Endpoint, now: Millis): number {
    const rows = this.#rows;
    const newest = this.#bound(protocol, from);
    let isStale = false;
    for (let peer = newest; peer !== 0; peer = rows.peer(peer)) isStale ||= rows.expiresAt(peer) <= now;
    if (!isStale) return newest;
    const dead: Connection[] = [];
    for (let peer = newest; peer !== 0; peer = rows.peer(peer)) {
      if (rows.expiresAt(peer) <= now) dead.push(rows.at(peer));
    }
    for (const peer of dead.reverse()) this.remove(peer, peer.expires);
    return this.#bound(protocol, from);
  }

  #bound(protocol: number, { ip, port }: Endpoint): number {
    if (isIp4(ip)) return this.#bySource.find(ip | 0, 0, port << 16, protocol << 16) >> 1;
    return this.#bySource.get({ protocol, src: ip, dst: ip, sport: port, dport: 0 }) >> 1;
  }

  /** The row of the next older connection from the same endpoint; 0 for none. */
  peerOf(row: number): number {
    return this.#rows.peer(row);
  }

  /** Where answers to the connection of a row go. */
  answeredAt(row: number): Endpoint {
    const wide = this.#rows.object(row)?.wide;
    if (wide !== undefined) return endpointAt(wide.reply.dst, wide.reply.dport);
    const { words } = this.#rows;
    const at = wordsOf(row);
    return endpointAt(ip4((words[at + 5] as number) >>> 0), (words[at + 6] as number) & 0xffff);
  }

  /** Removes what has expired, in the order in which it did. */
  expire(now: Millis): void {
    const rows = this.#rows;
    for (const row of this.#deadlines.due(rows, this.#oldest, now)) this.remove(rows.at(row), rows.expiresAt(row));
  }

  /** The oldest connection that may go when the table is full; what is worth keeping stays so. */
  firstToGo(): Connection | undefined {
    const rows = this.#rows;
    let next = this.#keepable === 0 ? this.#oldest : this.#keepable;
    while (next !== 0) {
      const object = rows.object(next);
      // there is nothing to a connection that is none that would make it worth keeping
      if (object === undefined || !isWorthKeeping(object)) break;
      next = rows.newer(next);
    }
    this.#keepable = next === 0 ? this.#newest : next;
    return next === 0 ? undefined : rows.at(next);
  }

  #append(row: number): void {
    this.#places = (this.#places + 1) | 0;
    this.#rows.append(row, this.#newest, this.#places);
    if (this.#newest === 0) this.#oldest = row;
    this.#newest = row;
    this.#size += 1;
  }

  #unlink(row: number): void {
    const rows = this.#rows;
    const [older, newer] = [rows.older(row), rows.newer(row)];
    if (older === 0) this.#oldest = newer;
    else rows.setNewer(older, newer);
    if (newer === 0) this.#newest = older;
    else rows.setOlder(newer, older);
    if (this.#keepable === row) this.#keepable = newer === 0 ? older : newer;
    rows.unmark(row, LISTED);
    this.#size -= 1;
  }
}
