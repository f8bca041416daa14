/**
 * The rows of the table of connections: a line of words for each. A connection that nobody looks at lies in its row
 * alone, some hundred bytes in which a collector of garbage finds nothing to do; it is an object only from when somebody
 * does.
 */
import type { Millis } from '../../base/time.ts';
import { Connection, type CopyConnection, isPlain } from '../connection.ts';
import { STATUS_BITS } from '../status.ts';
import { ROW_WORDS, wordsOf } from './tuple-index.ts';

/*
 * Words of a row, behind the packed tuples of both directions: the rows of its neighbours in the lists of the table, its
 * place among all that came, what it is, the interface by which it was masqueraded, and its number.
 */
const OLDER = 8;
const NEWER = 9;
const PEER = 10;
const PLACE = 11;
const STATUS = 12;
const MASQUERADED = 13;
const ID = 14;

/** What it is to the table, a bit for each, above what the connection is to itself while it lies in its row. */
export const LISTED = 1 << STATUS_BITS;
export const BOUND = 2 << STATUS_BITS;
const OWN = LISTED - 1;

/** Moments and times of a row, while its connection lies there. */
const NUMBERS = 3;
const CREATED = 0;
const TIMEOUT = 1;
const EXPIRES = 2;

function numbersOf(row: number): number {
  return (row - 1) * NUMBERS;
}

/**
 * Rows that there is room for at first: V8 keeps so few words where it keeps objects, and more would cost as much as all
 * else that there is to a new flow.
 */
const FEWEST = 1;
const NO_NUMBERS = new Float64Array(0);
/** From so many on there are only twice as many next. */
const MANY = 1 << 16;

/** Row 0 is nobody's, and ends every list. Mutable. */
export class FlowRows {
  words = new Int32Array(FEWEST * ROW_WORDS);
  /** As many as were needed when a connection was last laid down. */
  #numbers = NO_NUMBERS;
  /** Those that are objects. */
  #objects: (Connection | undefined)[] = [undefined];
  #free: number[] = [];
  /** Where masqueraded connections have left, by number; 0 stands for those that are not masqueraded. */
  #interfaces: (string | undefined)[] = [undefined];

  copy(copyOf: CopyConnection): FlowRows {
    const copy = new FlowRows();
    copy.words = this.words.slice();
    copy.#numbers = this.#numbers.slice();
    copy.#objects = this.#objects.map((object) =>
      object === undefined ? undefined : inRow(copyOf(object), object.row),
    );
    copy.#free = [...this.#free];
    copy.#interfaces = [...this.#interfaces];
    return copy;
  }

  /** A row for a connection that has none, with the tuple of its first packet. */
  take(connection: Connection): number {
    const row = (this.#free.length === 0 ? undefined : this.#free.pop()) ?? this.#objects.length;
    const at = wordsOf(row);
    if (at + ROW_WORDS > this.words.length) this.#grow();
    this.#objects[row] = connection;
    connection.row = row;
    const { words } = this;
    words[at] = connection.src;
    words[at + 1] = connection.dst;
    words[at + 2] = connection.ports;
    words[at + 3] = connection.rest;
    words[at + STATUS] = 0;
    return row;
  }

  /** Writes down the tuple of its answers, now that it is settled. */
  write(connection: Connection): void {
    const { words } = this;
    const at = wordsOf(connection.row);
    words[at + 4] = connection.replySrc;
    words[at + 5] = connection.replyDst;
    words[at + 6] = connection.replyPorts;
    words[at + 7] = connection.replyRest;
  }

  /** The row is nobody's from now on. */
  release(connection: Connection): void {
    this.#objects[connection.row] = undefined;
    this.#free.push(connection.row);
    connection.row = 0;
  }

  /** The connection of a row that is somebody's. */
  at(row: number): Connection {
    return this.#objects[row] ?? this.#wake(row);
  }

  /** The same, only if it is an object. */
  object(row: number): Connection | undefined {
    return this.#objects[row];
  }

  expiresAt(row: number): Millis {
    const object = this.#objects[row];
    return object === undefined ? (this.#numbers[numbersOf(row) + EXPIRES] as number) : object.expires;
  }

  /** Lays a connection in its row, if it can lie there; nobody may hold it any longer. */
  rest(connection: Connection): boolean {
    const { row } = connection;
    if (row === 0 || this.#objects[row] !== connection || !connection.confirmed || !isPlain(connection)) return false;
    const first = numbersOf(row);
    if (first + NUMBERS > this.#numbers.length) this.#widen();
    const { words } = this;
    const numbers = this.#numbers;
    numbers[first + CREATED] = connection.created;
    numbers[first + TIMEOUT] = connection.timeout;
    numbers[first + EXPIRES] = connection.expires;
    const at = wordsOf(row);
    const kept = (words[at + STATUS] as number) & (LISTED | BOUND);
    words[at + STATUS] = kept | connection.status;
    words[at + MASQUERADED] = this.#numberOf(connection.masqueraded);
    words[at + ID] = connection.id;
    this.#objects[row] = undefined;
    return true;
  }

  /** Its source is bound from now on, behind that of an older one from the same endpoint (0 for none). */
  bind(row: number, peer: number): void {
    const { words } = this;
    const at = wordsOf(row);
    words[at + PEER] = peer;
    words[at + STATUS] = (words[at + STATUS] as number) | BOUND;
  }

  /** Makes it the newest of all that came, `place` of them, behind the one that was it until now (0 for none). */
  append(row: number, newest: number, place: number): void {
    const { words } = this;
    const at = wordsOf(row);
    words[at + OLDER] = newest;
    words[at + NEWER] = 0;
    words[at + PLACE] = place;
    words[at + STATUS] = (words[at + STATUS] as number) | LISTED;
    if (newest !== 0) words[wordsOf(newest) + NEWER] = row;
  }

  older(row: number): number {
    return this.words[wordsOf(row) + OLDER] as number;
  }

  setOlder(row: number, other: number): void {
    this.words[wordsOf(row) + OLDER] = other;
  }

  newer(row: number): number {
    return this.words[wordsOf(row) + NEWER] as number;
  }

  setNewer(row: number, other: number): void {
    this.words[wordsOf(row) + NEWER] = other;
  }

  /** An older connection from the same endpoint. */
  peer(row: number): number {
    return this.words[wordsOf(row) + PEER] as number;
  }

  setPeer(row: number, other: number): void {
    this.words[wordsOf(row) + PEER] = other;
  }

  place(row: number): number {
    return this.words[wordsOf(row) + PLACE] as number;
  }

  /** Whether it has one of these bits. */
  is(row: number, status: number): boolean {
    return row !== 0 && ((this.words[wordsOf(row) + STATUS] as number) & status) !== 0;
  }

  unmark(row: number, status: number): void {
    const at = wordsOf(row) + STATUS;
    this.words[at] = (this.words[at] as number) & ~status;
  }

  #wake(row: number): Connection {
    const { words } = this;
    const connection = new Connection();
    const at = wordsOf(row);
    connection.src = words[at] as number;
    connection.dst = words[at + 1] as number;
    connection.ports = words[at + 2] as number;
    connection.rest = words[at + 3] as number;
    connection.replySrc = words[at + 4] as number;
    connection.replyDst = words[at + 5] as number;
    connection.replyPorts = words[at + 6] as number;
    connection.replyRest = words[at + 7] as number;
    const numbers = this.#numbers;
    connection.id = words[at + ID] as number;
    connection.created = numbers[numbersOf(row) + CREATED] as number;
    connection.timeout = numbers[numbersOf(row) + TIMEOUT] as number;
    connection.expires = numbers[numbersOf(row) + EXPIRES] as number;
    connection.status = (words[at + STATUS] as number) & OWN;
    connection.masqueraded = this.#interfaces[words[at + MASQUERADED] as number];
    connection.row = row;
    this.#objects[row] = connection;
    return connection;
  }

  #numberOf(name: string | undefined): number {
    if (name === undefined) return 0;
    const interfaces = this.#interfaces;
    for (let number = 1; number < interfaces.length; number++) if (interfaces[number] === name) return number;
    return interfaces.push(name) - 1;
  }

  #grow(): void {
    const more = this.#objects.length < MANY ? 4 : 2;
    const words = new Int32Array(this.words.length * more);
    words.set(this.words);
    this.words = words;
  }

  /** Numbers for as many rows as there are words for. */
  #widen(): void {
    const numbers = new Float64Array((this.words.length / ROW_WORDS) * NUMBERS);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

function inRow(connection: Connection, row: number): Connection {
  connection.row = row;
  return connection;
}
