/**
 * The table of mappings, found by either endpoint. One lives as long as a session uses it or its lease runs; what has
 * ended is noticed when it is met, and says when it did.
 *
 * Read RFC 4787 §4.3, RFC 6146 §3.1 and RFC 6888 §3 first.
 */

import type { Endpoint } from '../../addr/endpoint.ts';
import type { Ip } from '../../addr/ip.ts';
import { RareMap } from '../../base/rare-map.ts';
import type { Millis } from '../../base/time.ts';
import { keyOf, type Tuple } from '../../packet/tuple.ts';
import type { MappingRow } from '../../trace/trace.ts';
import type { Connection, CopyConnection } from '../connection.ts';
import {
  describeMapping,
  expiryOf,
  keyOfEndpoint,
  type Lease,
  type Mapping,
  type Remote,
  type SessionEnd,
} from './mapping.ts';
import { Resting } from './resting.ts';
import { type Subscriber, Subscribers } from './subscribers.ts';

/** What a new mapping joins. */
export type NewMapping = Pick<Mapping, 'protocol' | 'inside' | 'outside' | 'remote'>;
/** What a mapping lives by from the beginning. */
export type Holder = Lease | { readonly connection: Connection; readonly end: SessionEnd };
export type Ending = 'expired' | 'removed';
export type OnMapping = (mapping: Mapping, change: 'new' | Ending, at: Millis) => void;

const NONE: readonly Mapping[] = [];

/** The mappings of one node. Mutable. */
export class Mappings {
  readonly subscribers: Subscribers;
  readonly resting: Resting;
  readonly #onChange: OnMapping;
  readonly #byId = new RareMap<number, Mapping>();
  readonly #byInside = new RareMap<string, Mapping[]>();
  readonly #byOutside = new RareMap<string, Mapping[]>();
  /** SYNs from outside that wait for one from inside, with the moment that they give up. */
  readonly #held = new RareMap<string, Millis>();
  #made = 0;

  constructor(onChange: OnMapping, past?: { readonly subscribers: Subscribers; readonly resting: Resting }) {
    this.#onChange = onChange;
    this.subscribers = past?.subscribers ?? new Subscribers();
    this.resting = past?.resting ?? new Resting();
  }

  /** The same table, for another world to go on with. */
  copy(copyOf: CopyConnection, onChange: OnMapping): Mappings {
    const copy = new Mappings(onChange, { subscribers: this.subscribers.copy(), resting: this.resting.copy() });
    for (const mapping of this.#byId.values()) {
      const sessions = new Map([...mapping.sessions].map(([connection, end]) => [copyOf(connection), end]));
      copy.#index({ ...mapping, sessions });
    }
    for (const [key, until] of this.#held) copy.#held.set(key, until);
    copy.#made = this.#made;
    return copy;
  }

  /** Nothing is or was lately mapped here. */
  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  /** All that live, oldest first. */
  all(now: Millis): Mapping[] {
    this.expire(now);
    return [...this.#byId.values()];
  }

  /** The table as it is now, oldest first; `expires` is the end of the lease where there is one. */
  rows(now: Millis): (MappingRow & { readonly sessions: number; readonly expires: Millis })[] {
    return this.all(now).map((mapping) => ({
      ...describeMapping(mapping),
      sessions: mapping.sessions.size,
      expires: mapping.lease?.expires ?? expiryOf(mapping),
    }));
  }

  /** Ends what has run out, in the order in which it did. */
  expire(now: Millis): void {
    const order = Array.from(this.#byId.values(), (mapping) => ({ mapping, expires: expiryOf(mapping) }));
    order.sort((a, b) => a.expires - b.expires);
    for (const { mapping } of order) this.#lives(mapping, now);
  }

  /** The mapping that packets from an inside endpoint to such destinations use. */
  find(protocol: number, inside: Endpoint, remote: Remote | undefined, now: Millis): Mapping | undefined {
    const key = keyOfEndpoint(protocol, inside, remote);
    return this.from(protocol, inside, now).find((each) => keyOfEndpoint(protocol, inside, each.remote) === key);
  }

  /** Every mapping of an inside endpoint. */
  from(protocol: number, inside: Endpoint, now: Millis): readonly Mapping[] {
    if (this.#byId.size === 0) return NONE;
    return this.#living(this.#byInside, keyOfEndpoint(protocol, inside), now);
  }

  /** Every mapping at an outside endpoint: one, unless endpoints are shared. */
  at(protocol: number, outside: Endpoint, now: Millis): readonly Mapping[] {
    if (this.#byId.size === 0) return NONE;
    return this.#living(this.#byOutside, keyOfEndpoint(protocol, outside), now);
  }

  /** What an inside address holds, without what has ended; undefined: nothing. */
  holdings(ip: Ip, now: Millis): Subscriber | undefined {
    for (const id of [...(this.subscribers.find(ip)?.mappings.keys() ?? [])]) {
      const mapping = this.#byId.get(id);
      if (mapping !== undefined) this.#lives(mapping, now);
    }
    return this.subscribers.find(ip);
  }

  /** Whether a lease keeps an outside endpoint for someone else than this inside one. */
  isLeased(protocol: number, outside: Endpoint, inside: Endpoint, now: Millis): boolean {
    if (this.#byId.size === 0) return false;
    const own = keyOfEndpoint(protocol, inside);
    return this.at(protocol, outside, now).some(
      (each) => each.lease !== undefined && keyOfEndpoint(protocol, each.inside) !== own,
    );
  }

  /** Makes a mapping for a session, or for a lease. */
  add(from: NewMapping, now: Millis, holder: Holder): Mapping {
    const mapping: Mapping = { ...from, id: ++this.#made, created: now, sessions: new Map(), lease: undefined };
    if ('connection' in holder) mapping.sessions.set(holder.connection, holder.end);
    else mapping.lease = holder;
    this.#index(mapping);
    this.subscribers.join(mapping);
    this.#onChange(mapping, 'new', now);
    return mapping;
  }

  attach(mapping: Mapping, connection: Connection, end: SessionEnd): void {
    mapping.sessions.set(connection, end);
  }

  /** A connection has ended, and with it the mappings that lived by it alone. */
  detach(connection: Connection, at: Millis): void {
    for (const id of connection.session?.mappings ?? []) {
      const mapping = this.#byId.get(id);
      if (mapping?.sessions.delete(connection) !== true) continue;
      if (mapping.sessions.size === 0 && mapping.lease === undefined) this.#end(mapping, 'expired', at);
    }
  }

  /** Sets a lease, or takes it away; without any session the mapping ends then. */
  lease(mapping: Mapping, lease: Lease | undefined, now: Millis): void {
    mapping.lease = lease;
    if (lease === undefined && mapping.sessions.size === 0) this.#end(mapping, 'removed', now);
  }

  /** Ends a mapping whatever lives by it; its connections are for the caller to end. */
  remove(mapping: Mapping, now: Millis): void {
    this.#end(mapping, 'removed', now);
  }

  /** Restarted: nothing is remembered, not even which ports rest. */
  reset(now: Millis): void {
    for (const mapping of this.all(now)) this.#end(mapping, 'removed', now);
    this.resting.clear();
    this.subscribers.clear();
    this.#held.clear();
  }

  /** Keeps a SYN from outside in mind until then. */
  hold(syn: Tuple, until: Millis): void {
    this.#held.set(keyOf(syn), until);
  }

  /** Whether such a SYN was waiting; it is not any more. */
  meet(syn: Tuple): boolean {
    return this.#held.delete(keyOf(syn));
  }

  #index(mapping: Mapping): void {
    const { protocol, inside, outside } = mapping;
    this.#byId.set(mapping.id, mapping);
    append(this.#byInside, keyOfEndpoint(protocol, inside), mapping);
    append(this.#byOutside, keyOfEndpoint(protocol, outside), mapping);
  }

  #living(index: RareMap<string, Mapping[]>, key: string, now: Millis): Mapping[] {
    return [...(index.get(key) ?? [])].filter((mapping) => this.#lives(mapping, now));
  }

  #lives(mapping: Mapping, now: Millis): boolean {
    const { lease, sessions } = mapping;
    const expires = expiryOf(mapping);
    for (const connection of [...sessions.keys()]) if (connection.expires <= now) sessions.delete(connection);
    if (lease !== undefined && lease.expires <= now) mapping.lease = undefined;
    if (sessions.size > 0 || mapping.lease !== undefined) return true;
    this.#end(mapping, 'expired', expires);
    return false;
  }

  #end(mapping: Mapping, how: Ending, at: Millis): void {
    const { protocol, inside, outside } = mapping;
    if (!this.#byId.delete(mapping.id)) return;
    drop(this.#byInside, keyOfEndpoint(protocol, inside), mapping);
    drop(this.#byOutside, keyOfEndpoint(protocol, outside), mapping);
    this.subscribers.leave(mapping, at);
    this.resting.add(keyOfEndpoint(protocol, outside), at);
    this.#onChange(mapping, how, at);
  }
}

function append(index: RareMap<string, Mapping[]>, key: string, mapping: Mapping): void {
  const there = index.get(key);
  if (there === undefined) index.set(key, [mapping]);
  else there.push(mapping);
}

function drop(index: RareMap<string, Mapping[]>, key: string, mapping: Mapping): void {
  const left = (index.get(key) ?? []).filter((each) => each !== mapping);
  if (left.length === 0) index.delete(key);
  else index.set(key, left);
}
