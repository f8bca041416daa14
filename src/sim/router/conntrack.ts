/**
 * Connection tracking as Linux 6.18 does it: which connection a packet belongs to, whether it may, and what becomes of
 * the connection. A new one enters the table only when its first packet has passed everything else.
 *
 * Read RFC 2663 §2, RFC 4787 §4.3, RFC 5382 §5 and RFC 5508 first.
 */
import { type Ip, isIp4 } from '../addr/ip.ts';
import type { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import { verifyTransport } from '../packet/checksum.ts';
import { hasPorts, type Icmp, type Packet } from '../packet/packet.ts';
import { tupleOf } from '../packet/tuple.ts';
import type { Tracking } from '../program/program.ts';
import type { ConnectionId, FlowRow } from '../trace/trace.ts';
import { followMaster } from './bindings.ts';
import type { Change } from './change.ts';
import { Connection, type CopyConnection, giveHelper, openConnection, rowOf } from './connection.ts';
import { type Expectation, type ExpectationRow, Expectations, type OnChange } from './expectations.ts';
import { describeMapping, type Mapping } from './mapping/mapping.ts';
import { type Ending, Mappings, type OnMapping } from './mapping/mappings.ts';
import { CONFIRMED, SEEN_REPLY } from './status.ts';
import { Flows, type Found } from './table/flows.ts';
import { classify, judgeError } from './track/icmp.ts';
import { observe } from './track/observe.ts';
import { Begun, followed, stateOf, type Tracked } from './tracked.ts';

/** What the design says about tracking at a node. */
export interface ConntrackSettings {
  readonly tracking: Tracking;
  readonly helpers: ReadonlySet<'ftp'>;
}

/** The tables to go on with, and how to copy what they hold. */
interface Past {
  readonly flows: Flows;
  readonly expectations: Expectations | undefined;
  readonly mappings: Mappings | undefined;
  readonly copyOf: CopyConnection;
}

const FTP = 21;
const NO_CHANGES: readonly Change[] = [];

/** The connections of one node. Mutable; all time comes in as an argument and never goes back. */
export class Conntrack {
  readonly flows: Flows;
  readonly rng: Rng;
  /** Few nodes have any: made when they are first asked for. */
  #expectations: Expectations | undefined;
  #mappings: Mappings | undefined;
  /** Whether anybody asks what has changed. */
  heard = true;
  #opened: ConnectionId = 0;
  #settings: ConntrackSettings;
  #changes: Change[] = [];
  /** What was said of a connection that rests now, and may be said of another. */
  #spare: Begun | undefined;

  constructor({ rng, tracking, helpers }: ConntrackSettings & { readonly rng: Rng }, past?: Past) {
    const ended = (connection: Connection, at: Millis) => this.#ended(connection, at);
    this.flows = past?.flows.copy(past.copyOf, ended) ?? new Flows(ended);
    this.#expectations = past?.expectations?.copy(past.copyOf, this.#onExpectation);
    this.#mappings = past?.mappings?.copy(past.copyOf, this.#onMapping);
    this.rng = rng;
    this.#settings = { tracking, helpers };
  }

  /** The same tables, for another world to go on with; `copyOf` copies what other parts of the node hold as well. */
  copy(copyOf: CopyConnection): Conntrack {
    const past = { flows: this.flows, expectations: this.#expectations, mappings: this.#mappings, copyOf };
    const copy = new Conntrack({ ...this.#settings, rng: this.rng.copy() }, past);
    copy.#opened = this.#opened;
    copy.heard = this.heard;
    copy.#changes = [...this.#changes];
    return copy;
  }

  get expectations(): Expectations {
    this.#expectations ??= new Expectations(this.#onExpectation);
    return this.#expectations;
  }

  get mappings(): Mappings {
    this.#mappings ??= new Mappings(this.#onMapping);
    return this.#mappings;
  }

  /** Whether there are no mappings. */
  get isUnmapped(): boolean {
    return this.#mappings === undefined || this.#mappings.isEmpty;
  }

  get #onExpectation(): OnChange {
    return (...change) => this.#expectationChanged(...change);
  }

  get #onMapping(): OnMapping {
    return (...change) => this.#mappingChanged(...change);
  }

  get tracking(): Tracking {
    return this.#settings.tracking;
  }

  /** After a change of the design: new connections and refreshed ones go by it, the rest stays as it is. */
  configure(settings: ConntrackSettings): void {
    this.#settings = settings;
  }

  /** Finds the packet's connection, or prepares a new one. `local`: it is made here, so checksums and helpers wait. */
  track(packet: Packet, now: Millis, local = false): Tracked {
    const message = packet.kind === 'icmp' ? this.#screen(packet, now, local) : undefined;
    if (message !== undefined) return message;
    if (hasPorts(packet) && isIp4(packet.src)) {
      const found = this.flows.findFlow(packet, now);
      return found === undefined ? this.#begin(packet, now, local) : this.#follow(packet, found, now, local);
    }
    const tuple = tupleOf(packet);
    if (tuple === undefined) return { state: 'invalid', detail: 'a packet that no connection can have' };
    const found = this.flows.find(tuple, now);
    return found === undefined ? this.#begin(packet, now, local) : this.#follow(packet, found, now, local);
  }

  /** Puts a connection whose first packet has passed into the table. `clash`: its answers would be another's. */
  confirm(connection: Connection, now: Millis): 'confirmed' | 'clash' {
    if (connection.confirmed) return 'confirmed';
    connection.expires = now + connection.timeout;
    if (!this.flows.insert(connection, now)) return 'clash';
    connection.status |= CONFIRMED;
    this.#flowChanged(connection, 'new', now);
    return 'confirmed';
  }

  /** The packet that would have opened this connection died: nothing remains of it. */
  release(connection: Connection): void {
    if (connection.confirmed) return;
    this.flows.unbind(connection);
    this.#mappings?.detach(connection, connection.created);
  }

  /** Nobody holds this, nor the connection, any longer; who wants that again finds it in the table. */
  rest(begun: Begun): void {
    if (this.flows.rest(begun.connection)) this.#spare = begun;
  }

  /** What was sent went nowhere, but was sent: its mapping and its filter live by it, and no packet is of it. */
  remember(connection: Connection, now: Millis): void {
    this.flows.unbind(connection);
    connection.status |= CONFIRMED;
    connection.expires = now + connection.timeout;
  }

  /** A restart, or the table emptied by hand. */
  flush(now: Millis): void {
    this.flows.expire(now);
    for (const connection of [...this.flows.all()]) this.flows.remove(connection, now);
    this.#mappings?.reset(now);
  }

  /** Masqueraded connections go with the address that they use; those of a plain `snat` stay (LNX-NAT-8). */
  removeTranslatedTo(ip: Ip, now: Millis): void {
    this.#removeMasqueraded(({ reply }) => reply.dst === ip, now);
    for (const mapping of this.mappings.all(now)) if (mapping.outside.ip === ip) this.endMapping(mapping, now);
  }

  /** Ends a mapping, and every connection that lives by it. */
  endMapping(mapping: Mapping, now: Millis): void {
    for (const connection of [...mapping.sessions.keys()]) this.flows.remove(connection, now);
    this.mappings.remove(mapping, now);
  }

  /** Masqueraded connections go with the interface that they leave by, when it is taken down (LNX-NAT-8). */
  removeMasqueradedBy(out: string, now: Millis): void {
    this.#removeMasqueraded(({ masqueraded }) => masqueraded === out, now);
  }

  #removeMasqueraded(isGone: (connection: Connection) => boolean, now: Millis): void {
    this.flows.expire(now);
    for (const connection of [...this.flows.all()]) {
      if (connection.masqueraded !== undefined && isGone(connection)) this.flows.remove(connection, now);
    }
  }

  /** The table as it is now, oldest first. */
  rows(now: Millis): FlowRow[] {
    this.flows.expire(now);
    return Array.from(this.flows.all(), rowOf);
  }

  expectationRows(now: Millis): ExpectationRow[] {
    this.flows.expire(now);
    return this.expectations.rows(now);
  }

  /** What has changed since the last call, in order. What expired is noticed late, but says when it did. */
  drain(): readonly Change[] {
    const changes = this.#changes;
    if (changes.length === 0) return NO_CHANGES;
    this.#changes = [];
    return changes;
  }

  /** A packet of a connection in the table. */
  #follow(packet: Packet, { connection, direction }: Found, now: Millis, local: boolean): Tracked {
    const { seenReply, assured, expires, tcp, session } = connection;
    const before = session?.state ?? tcp.state;
    const state = stateOf(connection, direction);
    const outcome = observe(packet, { connection, direction, now, tracking: this.tracking }, local);
    if (outcome.kind === 'invalid') return { state: 'invalid', detail: outcome.detail };
    if (outcome.kind === 'refused') {
      const { detail } = outcome;
      return { state: 'invalid', detail, drop: { reason: 'natFiltered', place: 'nat.filtering', detail } };
    }
    if (outcome.kind === 'reopened') {
      this.flows.remove(connection, now);
      return this.track(packet, now, local);
    }
    if (outcome.kind === 'destroyed') this.flows.remove(connection, now);
    if (direction === 'reply') connection.status |= SEEN_REPLY;
    if (connection.expires < expires) this.flows.hasten(connection);
    const changed =
      connection.seenReply !== seenReply || connection.assured !== assured || (session?.state ?? tcp.state) !== before;
    if (changed && outcome.kind === 'accepted') this.#flowChanged(connection, 'update', now);
    if (outcome.detail === undefined) return followed(connection, direction, state);
    return { state, connection, direction, detail: outcome.detail };
  }

  /** ICMP errors, and messages that belong to no connection; undefined for queries and their answers. */
  #screen(message: Icmp, now: Millis, local: boolean): Tracked | undefined {
    if (!local && !verifyTransport(message)) return { state: 'invalid', detail: 'wrong ICMP checksum' };
    const kind = classify(message);
    if (kind.kind === 'query') return undefined;
    if (kind.kind !== 'error') return { state: kind.kind, detail: kind.detail };
    const found = this.flows.find(kind.about, now);
    if (found === undefined) return { state: 'invalid', detail: 'an ICMP error about no connection that is known' };
    const { connection, direction } = found;
    const wrong = judgeError(message, connection[direction]);
    if (wrong !== undefined) return { state: 'invalid', detail: wrong };
    return { state: 'related', connection, direction, detail: `an ICMP error about connection ${connection.id}` };
  }

  /** A packet of no known connection: a new one, unless it cannot open any. */
  #begin(packet: Packet, now: Millis, local: boolean): Tracked {
    if (!this.#makeRoom(now)) {
      const { max } = this.tracking;
      const detail = `all ${max} entries of the connection table are taken`;
      return { state: 'invalid', detail, drop: { reason: 'tableFull', place: 'tracking.max', detail } };
    }
    const expectation = this.#expected(packet, now);
    const { tracking } = this;
    const master = expectation?.master.id;
    const begun = this.#spare ?? new Begun(new Connection());
    this.#spare = undefined;
    const connection = openConnection(begun.connection, packet, ++this.#opened, now);
    connection.master = master;
    const outcome = observe(packet, { connection, direction: 'original', now, tracking }, local);
    if (outcome.kind === 'invalid') return { state: 'invalid', detail: outcome.detail };
    const ftp = packet.kind === 'tcp' && packet.dport === FTP && this.#settings.helpers.has('ftp');
    if (ftp && !local) giveHelper(connection, 'ftp');
    if (expectation !== undefined) followMaster(this, connection, expectation, now);
    return begun.begin();
  }

  #expected(packet: Packet, now: Millis): Expectation | undefined {
    const tuple = this.#expectations === undefined ? undefined : tupleOf(packet);
    return tuple === undefined ? undefined : this.#expectations?.take(tuple, now);
  }

  /** Whether one more fits, at the cost of a connection that nobody has answered properly yet (LNX-MAX-1, -2). */
  #makeRoom(now: Millis): boolean {
    const { max } = this.tracking;
    if (this.flows.size < max) return true;
    this.flows.expire(now);
    if (this.flows.size < max) return true;
    const first = this.flows.firstToGo();
    if (first !== undefined) this.flows.remove(first, now);
    return this.flows.size < max;
  }

  #ended(connection: Connection, at: Millis): void {
    this.#expectations?.removeOf(connection, at);
    this.#mappings?.detach(connection, at);
    this.#flowChanged(connection, 'destroy', at);
  }

  #flowChanged(connection: Connection, change: 'new' | 'update' | 'destroy', at: Millis): void {
    if (this.heard) this.#changes.push({ kind: 'flow', change, row: rowOf(connection), at });
  }

  #mappingChanged(mapping: Mapping, change: 'new' | Ending, at: Millis): void {
    if (this.heard) this.#changes.push({ kind: 'mapping', change, row: describeMapping(mapping), at });
  }

  #expectationChanged(expectation: Expectation, change: 'new' | 'used' | 'expired', at: Millis): void {
    if (!this.heard) return;
    const { src, dst, port, master } = expectation;
    this.#changes.push({ kind: 'expectation', change, from: src, to: { ip: dst, port }, master: master.id, at });
  }
}
