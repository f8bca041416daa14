/**
 * A DNS server: records of its own, and for every other name a cache in front of the servers it forwards to.
 *
 * Read RFC 1034 §4.3, RFC 1035 §4.2, RFC 2308 and RFC 7766 first, and RFC 6147 for DNS64. Servers that forward in a circle are stopped by the
 * tries: who asks the same again while an answer is awaited waits with the others, and all are told SERVFAIL in the end.
 */
import type { Ip } from '../../addr/ip.ts';
import type { Prefix } from '../../addr/prefix.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppEvent, type Reaction, react, type SocketName } from './app.ts';
import { owns } from './dns/exchange.ts';
import { type Asker, advance, type Desk, inTurn, refusal, reply, type Scene, work } from './dns/job.ts';
import { takeMessages } from './dns/stream.ts';
import { type DnsRecords, makeZone } from './dns/zone.ts';
import { decodeDns, type Rcode } from './message-dns.ts';
import { concat, NOTHING } from './stream/bytes.ts';
import { attend, type Streams, wait, welcome } from './stream/server.ts';
import { put } from './stream/table.ts';

export interface DnsConfig {
  /** UDP and TCP. */
  readonly port: number;
  /** Default: every address of the node. */
  readonly address?: Ip;
  readonly records: DnsRecords;
  /** Servers for names that have no records here, in the order they are asked; without any such names do not exist. */
  readonly forward: readonly Ip[];
  /** Makes addresses of IPv6 with this prefix for names that have only such of IPv4 (RFC 6147). */
  readonly dns64?: Prefix;
  /** Of its own records and denials; whole seconds count. */
  readonly ttl: Millis;
}

export interface DnsState extends Desk {
  /** Connections, each with the part of a message that has come. */
  readonly streams: Streams<Uint8Array>;
}

/** For a connection without queries (RFC 7766 §6.2.3). */
const IDLE: Millis = 30_000;

export function dnsServer(config: DnsConfig): App<DnsState> {
  const { port, address, forward, dns64 } = config;
  const ttl = Math.floor(config.ttl / 1000);
  // All it knows is one zone, so that its denials are those of the root.
  const soa = { type: 'SOA', name: '.', ttl, minimum: ttl } as const;
  const zone = makeZone(config.records, ttl);
  const at = { port, ...(address === undefined ? {} : { address }) };
  return {
    name: 'dns',
    start: () =>
      react(
        { cache: new Map(), pending: new Map(), forwarded: 0, streams: new Map() },
        { kind: 'bind', socket: 'udp', ...at },
        { kind: 'listen', socket: 'tcp', ...at },
      ),
    handle: (state, event, now) => handle(state, event, { zone, soa, forward, dns64, now }),
  };
}

function handle(state: DnsState, event: AppEvent, scene: Scene): Reaction<DnsState> {
  const name = event.kind === 'timer' ? event.name : 'socket' in event ? event.socket : '';
  const asked = [...state.pending].find(([, { exchange }]) => owns(exchange, name));
  if (asked !== undefined) return withDesk(state, advance(state, asked[0], event, scene));
  switch (event.kind) {
    case 'datagram': {
      const asker = { kind: 'udp', socket: event.socket, to: event.from, from: event.to.ip } as const;
      return receive(state, asker, event.payload, scene);
    }
    case 'accepted':
      return withStreams(state, welcome(state.streams, event.socket, NOTHING, IDLE));
    case 'data':
      return read(state, event.socket, event.payload, scene);
    default:
      return withStreams(state, attend(state.streams, event));
  }
}

function withDesk({ streams }: DnsState, { state, commands }: Reaction<Desk>): Reaction<DnsState> {
  return { state: { ...state, streams }, commands };
}

function withStreams(state: DnsState, { state: streams, commands }: Reaction<DnsState['streams']>): Reaction<DnsState> {
  return { state: { ...state, streams }, commands };
}

function read(state: DnsState, socket: SocketName, chunk: Uint8Array, scene: Scene): Reaction<DnsState> {
  const { messages, rest } = takeMessages(concat(state.streams.get(socket) ?? NOTHING, chunk));
  const first = react({ ...state, streams: put(state.streams, socket, rest) }, wait(socket, IDLE));
  return inTurn(first, messages, (so, bytes) => receive(so, { kind: 'tcp', socket }, bytes, scene));
}

function receive(state: DnsState, asker: Asker, bytes: Uint8Array, scene: Scene): Reaction<DnsState> {
  const query = decodeDns(bytes);
  if (query === undefined || query.kind === 'response' || (query.kind === 'garbled' && query.response)) {
    return react(state);
  }
  const refuse = (rcode: Rcode) => react(state, reply(asker, refusal(query, rcode), query));
  if (query.kind === 'garbled') return refuse('FORMERR');
  const { question, opcode } = query;
  if (opcode !== 0) return refuse('NOTIMP');
  if (question === undefined) return refuse('FORMERR');
  // No zone is handed out whole (RFC 5936 §4.2), and of other classes there is nothing.
  if (question.class !== undefined || question.type === 'AXFR' || question.type === 'IXFR') return refuse('REFUSED');
  return withDesk(state, work(state, { asker, query, question, prefix: [] }, scene));
}
