/** A node's tables at one moment, in the words of the tools that show them (conntrack, ip route, ss), JSON-ready. */
import { showIp } from '../addr/ip.ts';
import { showPrefix } from '../addr/prefix.ts';
import { showDuration } from '../base/time.ts';
import { showEndpoint, showRemote } from '../packet/show.ts';
import type { Tuple } from '../packet/tuple.ts';
import type { FlowRow } from '../trace/trace.ts';
import { nodeOf, type State } from './state.ts';

export interface TupleRow {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** ICMP identifier. */
  readonly id?: number;
}

export interface ConnectionRow {
  readonly protocol: string;
  /** TCP only. */
  readonly state?: string;
  readonly original: TupleRow;
  readonly reply: TupleRow;
  readonly status: FlowRow['status'];
  readonly helper?: string;
  /** What is left of the timeout. */
  readonly timeout: string;
}

/** A mapping of a NAT that has a behaviour of its own, or one that a client asked for. */
export interface MappingTableRow {
  readonly protocol: string;
  readonly inside: string;
  readonly outside: string;
  /** The destinations that it is good for, where not for all: an address or an endpoint. */
  readonly remote?: string;
  readonly kind: 'dynamic' | 'explicit';
  readonly sessions: number;
  readonly timeout: string;
}

export interface Tables {
  readonly connections: readonly ConnectionRow[];
  readonly mappings: readonly MappingTableRow[];
  readonly expectations: readonly {
    readonly source: string;
    readonly destination: string;
    readonly port: number;
    readonly timeout: string;
  }[];
  readonly leases: readonly {
    readonly interface: string;
    readonly address: string;
    readonly server: string;
    readonly timeout: string;
  }[];
  readonly routes: readonly {
    readonly to: string;
    readonly type: string;
    readonly via?: string;
    readonly interface?: string;
    readonly metric: number;
    readonly place: string;
  }[];
  readonly sockets: readonly {
    readonly protocol: string;
    readonly local?: string;
    readonly remote?: string;
    readonly state: string;
    readonly app?: string;
  }[];
}

export function tablesOf(state: State, name: string): Tables {
  const { router, host, leases } = nodeOf(state, name);
  const { now } = state;
  return {
    connections: router.conntrack.rows(now).map((row) => connectionRow(row, now)),
    mappings: router.conntrack.mappings
      .rows(now)
      .map(({ protocol, inside, outside, remote, kind, sessions, expires }) => ({
        protocol,
        inside: showEndpoint(inside.ip, inside.port),
        outside: showEndpoint(outside.ip, outside.port),
        ...(remote === undefined ? {} : { remote: showRemote(remote) }),
        kind,
        sessions,
        timeout: showDuration(expires - now),
      })),
    expectations: router.conntrack.expectationRows(now).map(({ from, to, expires }) => ({
      source: showIp(from),
      destination: showIp(to.ip),
      port: to.port,
      timeout: showDuration(expires - now),
    })),
    leases: [...leases].map(([by, lease]) => ({
      interface: by,
      address: showIp(lease.address),
      server: showIp(lease.server),
      timeout: showDuration(Math.max(0, lease.expires - now)),
    })),
    routes: router.program.fib.routes.map((route) => ({
      to: showPrefix(route.prefix),
      type: route.type,
      ...(route.via === undefined ? {} : { via: showIp(route.via) }),
      ...(route.out === undefined ? {} : { interface: route.out }),
      metric: route.metric,
      place: route.place,
    })),
    sockets: host.sockets().map(({ protocol, local, remote, state: status, app }) => ({
      protocol,
      ...(local === undefined ? {} : { local: showEndpoint(local.ip, local.port) }),
      ...(remote === undefined ? {} : { remote: showEndpoint(remote.ip, remote.port) }),
      state: status,
      ...(app === undefined ? {} : { app }),
    })),
  };
}

export function connectionRow(row: FlowRow, now: number): ConnectionRow {
  return {
    protocol: row.protocol,
    ...(row.tcpState === undefined ? {} : { state: row.tcpState }),
    original: tupleRow(row.original),
    reply: tupleRow(row.reply),
    status: row.status,
    ...(row.helper === undefined ? {} : { helper: row.helper }),
    timeout: showDuration(Math.max(0, row.expires - now)),
  };
}

function tupleRow({ src, dst, sport, dport, type }: Tuple): TupleRow {
  const addresses = { source: showIp(src), destination: showIp(dst) };
  if (type !== undefined) return { ...addresses, id: sport };
  return sport === 0 && dport === 0 ? addresses : { ...addresses, sourcePort: sport, destinationPort: dport };
}
