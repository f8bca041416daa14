/**
 * Sends one packet and listens for what it brings about. UDP goes through a socket; every other protocol is crafted, so
 * that any flags and types can be sent, as hping and nping do: the node's own TCP knows nothing of it and resets what
 * comes back.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import { ANY4, ANY6, type Ip, isIp4 } from '../../addr/ip.ts';
import { mix } from '../../base/rng.ts';
import type { Millis } from '../../base/time.ts';
import { isError, quoteOf } from '../../packet/icmp-error.ts';
import { FLAG, type Icmp, icmp, other, type Packet, PROTOCOL, protocolOf, tcp } from '../../packet/packet.ts';
import { icmpProtocol, inverseType } from '../../packet/protocol.ts';
import { type App, type AppEvent, type Finding, type Reaction, react } from './app.ts';

export interface SendConfig {
  readonly to: Ip;
  /** IANA number; 1 and 58 both mean the ICMP of the family. */
  readonly protocol: number;
  /** TCP and UDP; default 0. */
  readonly port?: number;
  /** Source port, or the identifier of an ICMP query. Default: an ephemeral one, which follows from the time. */
  readonly sourcePort?: number;
  readonly payload?: Uint8Array;
  readonly ttl?: number;
  /** Flag bits; default SYN. */
  readonly tcpFlags?: number;
  /** Default echo request. */
  readonly icmpType?: number;
  /** Default 4 s, so that a neighbour that does not answer (3 s) is still heard of. */
  readonly wait?: Millis;
}

export interface SendState {
  /** Source port or identifier of what is crafted. */
  readonly source: number;
  readonly local?: Endpoint;
}

/**
 * Outcomes: `replied` by any answer from where it was sent but a refusal, `rejected` by an ICMP error that quotes it (in
 * `icmp`) or a TCP reset, else `silent`, with `error` when it could not even leave.
 */
export function sendClient(config: SendConfig): App<SendState> {
  return {
    name: 'send',
    start: (now) => start(config, now),
    handle: (state, event) => handle(state, event, config),
  };
}

/** The ports that Linux takes from (`ip_local_port_range`); nothing reserves the one that a crafted packet bears. */
const EPHEMERAL = { from: 32_768, to: 60_999 };

function start(config: SendConfig, now: Millis): Reaction<SendState> {
  const { to, protocol, port = 0, sourcePort, wait = 4000 } = config;
  const timer = { kind: 'timer', name: 'wait', after: wait } as const;
  const span = EPHEMERAL.to - EPHEMERAL.from + 1;
  const source = sourcePort ?? EPHEMERAL.from + ((mix(0, `${now}`) >>> 0) % span);
  if (protocol === PROTOCOL.udp) {
    const peer = { ip: to, port };
    return react({ source }, timer, { kind: 'bind', socket: 'client', port: sourcePort ?? 0, peer });
  }
  return react(
    { source },
    timer,
    { kind: 'raw', socket: 'client', level: 'ip' },
    { kind: 'inject', socket: 'client', packet: craft(config, source) },
  );
}

function craft(config: SendConfig, source: number): Packet {
  const { to: dst, protocol, port = 0, payload, ttl, tcpFlags = FLAG.syn } = config;
  const common = { src: isIp4(dst) ? ANY4 : ANY6, dst, ttl, payload };
  if (protocol === PROTOCOL.tcp) {
    const ack = tcpFlags & FLAG.ack ? 1 : 0;
    return tcp({ ...common, sport: source, dport: port, seq: 1, ack, flags: tcpFlags });
  }
  // Sequence number 1, where there is one.
  if (isIcmp(protocol))
    return icmp({ ...common, type: typeOf(config), rest: isQuery(config) ? source * 0x1_0000 + 1 : 0 });
  return other({ ...common, protocol });
}

function isIcmp(protocol: number): boolean {
  return protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6;
}

function typeOf({ to, icmpType }: SendConfig): number {
  return icmpType ?? (isIp4(to) ? 8 : 128);
}

const QUERIES: ReadonlySet<number> = new Set([8, 13, 15, 17, 128]);

function isQuery(config: SendConfig): boolean {
  return QUERIES.has(typeOf(config));
}

function handle(state: SendState, event: AppEvent, config: SendConfig): Reaction<SendState> {
  const { to, port = 0, payload = new Uint8Array(0), ttl } = config;
  switch (event.kind) {
    case 'bound': {
      const hops = ttl === undefined ? {} : { ttl };
      const local = { ...state, local: event.local };
      return react(local, { kind: 'send', socket: 'client', to: { ip: to, port }, payload, ...hops });
    }
    case 'datagram':
      return finish(state, { outcome: 'replied' });
    case 'packet':
      return hear(state, event.packet, config);
    case 'failed':
      return event.icmp === undefined
        ? finish(state, { outcome: 'silent', more: { error: event.error } })
        : finish(state, { outcome: 'rejected', icmp: event.icmp });
    case 'timer':
      return finish(state, { outcome: 'silent' });
    default:
      return react(state);
  }
}

function hear(state: SendState, packet: Packet, config: SendConfig): Reaction<SendState> {
  const { source } = state;
  const local = { ...state, local: { ip: packet.dst, port: source } };
  if (packet.kind === 'icmp' && isError(packet)) {
    const { type, code, src: from } = packet;
    if (!quotes(packet, source, config)) return react(state);
    return finish(local, { outcome: 'rejected', icmp: { type, code, from } });
  }
  if (packet.src !== config.to || !answers(packet, source, config)) return react(state);
  const reset = packet.kind === 'tcp' && (packet.flags & FLAG.rst) !== 0;
  return finish(local, { outcome: reset ? 'rejected' : 'replied' });
}

/** Whether a packet from the target goes back the way of the one sent. */
function answers(packet: Packet, source: number, config: SendConfig): boolean {
  const { protocol, port = 0, to } = config;
  switch (packet.kind) {
    case 'tcp':
      return protocol === PROTOCOL.tcp && packet.sport === port && packet.dport === source;
    case 'icmp': {
      const answer = isIcmp(protocol) && isQuery(config) && packet.type === inverseType(to, typeOf(config));
      return answer && packet.rest >>> 16 === source;
    }
    default:
      return protocolOf(packet) === protocol;
  }
}

/** Whether an ICMP error is about the packet sent, as far as its quote goes. */
function quotes(error: Icmp, source: number, config: SendConfig): boolean {
  const { to, protocol, port = 0 } = config;
  const quote = quoteOf(error);
  if (quote?.dst !== to) return false;
  if (isIcmp(protocol)) {
    if (quote.protocol !== icmpProtocol(to) || quote.type !== typeOf(config)) return false;
    return !isQuery(config) || quote.id === undefined || quote.id === source;
  }
  if (quote.protocol !== protocol) return false;
  return protocol !== PROTOCOL.tcp || (quote.sport === source && quote.dport === port);
}

function finish(state: SendState, finding: Finding): Reaction<SendState> {
  const local = state.local === undefined ? {} : { local: state.local };
  return react(state, { kind: 'finish', finding: { ...finding, ...local } });
}
