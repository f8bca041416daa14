/** A mapping between an inside endpoint and an outside one. Read RFC 4787 §2 and RFC 6146 §3.1 first. */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Prefix } from '../../addr/prefix.ts';
import type { Millis } from '../../base/time.ts';
import type { Dependence } from '../../design/behaviour.ts';
import { showProtocol } from '../../packet/show.ts';
import { keyFor, type Dependence as Reach } from '../../packet/tuple.ts';
import type { MappingRow } from '../../trace/trace.ts';
import type { Connection, Direction } from '../connection.ts';

/** A part of the outside: an endpoint, or an address with any port. */
export interface Remote {
  readonly ip: Endpoint['ip'];
  readonly port: number | undefined;
}

/** One end of a session that uses a mapping. */
export interface SessionEnd {
  /** Who is spoken to, as seen outside. */
  readonly remote: Endpoint;
  /** Which way packets from inside travel in the connection. */
  readonly outbound: Direction;
}

/** What was asked for by a client, rather than made by its packets. */
export interface Lease {
  readonly expires: Millis;
  /** Who may use it from outside: everybody when there is none. */
  readonly filter: readonly { readonly prefix: Prefix; readonly port: number | undefined }[] | undefined;
}

/** Mutable, and changed only by `Mappings`. */
export interface Mapping {
  readonly id: number;
  readonly protocol: number;
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  /** The destinations it is good for; all of them when undefined. */
  readonly remote: Remote | undefined;
  readonly created: Millis;
  /** Connections that live by it. */
  readonly sessions: Map<Connection, SessionEnd>;
  lease: Lease | undefined;
}

/** The destinations that share a mapping with this one. An ICMP query has no port but its own identifier. */
export function remoteOf(dependence: Dependence, { ip, port }: Endpoint, isIcmp: boolean): Remote | undefined {
  if (dependence === 'endpoint-independent') return undefined;
  return { ip, port: dependence === 'address-dependent' || isIcmp ? undefined : port };
}

/** Whether an endpoint lies in a part of the outside. */
export function isIn(remote: Remote | undefined, { ip, port }: Endpoint): boolean {
  return remote === undefined || (remote.ip === ip && (remote.port === undefined || remote.port === port));
}

/** The key of an endpoint, and of as much of the other side as is given. */
export function keyOfEndpoint(protocol: number, { ip, port }: Endpoint, remote?: Remote): string {
  const reach: Reach = remote === undefined ? 'none' : remote.port === undefined ? 'address' : 'addressAndPort';
  return keyFor(reach, { protocol, src: ip, sport: port, dst: remote?.ip ?? ip, dport: remote?.port ?? 0 });
}

/** When it ends if nothing refreshes it: its lease, or the longest-lived of its sessions. */
export function expiryOf({ lease, sessions }: Mapping): Millis {
  let last = lease?.expires ?? Number.NEGATIVE_INFINITY;
  for (const { expires } of sessions.keys()) last = Math.max(last, expires);
  return last;
}

/** Whether the inside end of a session has ever sent to the outside one. */
export function hasSent(connection: Connection, { outbound }: SessionEnd): boolean {
  return outbound === 'original' || connection.seenReply;
}

/** What a mapping is, as traces show it. */
export function describeMapping(mapping: Mapping): MappingRow {
  const { id, protocol, inside, outside, remote, lease } = mapping;
  return {
    id,
    protocol: showProtocol(protocol),
    inside,
    outside,
    ...(remote === undefined ? {} : { remote }),
    kind: lease === undefined ? 'dynamic' : 'explicit',
  };
}
