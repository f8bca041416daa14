/**
 * One question put to a list of servers until one answers: the part that a stub resolver and a forwarding server share.
 *
 * Read RFC 1035 §7, RFC 5452 §9 (which answers to believe) and RFC 7766 §5 (TCP after truncation) first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import type { Millis } from '../../../base/time.ts';
import type { AppCommand, AppEvent, IcmpReport } from '../app.ts';
import { canonicalName, type DnsMessage, type DnsQuestion, decodeDns, encodeDns } from '../message-dns.ts';
import { concat, NOTHING } from '../stream/bytes.ts';
import { takeMessages, withLength } from './stream.ts';

export interface ExchangeConfig {
  /** Its sockets and its timer are named `NAME/…`. */
  readonly name: string;
  readonly question: DnsQuestion;
  readonly servers: readonly Endpoint[];
  /** How many times the list is gone through. */
  readonly rounds: number;
  /** For each try. */
  readonly timeout: Millis;
  /** Of the first try, 16 bits; one more for each further. */
  readonly id: number;
}

export interface Exchange extends ExchangeConfig {
  /** Counts from 0 through all rounds. */
  readonly attempt: number;
  /** What has come over TCP; undefined while the try goes over UDP. */
  readonly stream: Uint8Array | undefined;
  /** Some server answered, but with a failure. */
  readonly refused: boolean;
  readonly icmp?: IcmpReport;
}

export type Verdict =
  | { readonly kind: 'answer'; readonly message: DnsMessage; readonly server: Endpoint }
  | { readonly kind: 'servfail' | 'timeout'; readonly icmp?: IcmpReport };

export interface Turn {
  readonly exchange: Exchange;
  readonly commands: readonly AppCommand[];
  readonly verdict?: Verdict;
}

/** The largest answer asked for over UDP, in bytes: what passes nearly everywhere unfragmented. */
export const UDP_SIZE = 1232;

/** Asks the first server. Without servers it has failed at once. */
export function ask(config: ExchangeConfig): Turn {
  return attempt({ ...config, attempt: 0, stream: undefined, refused: false });
}

/** Whether a socket or timer of this name belongs to the exchange. */
export function owns(exchange: ExchangeConfig, name: string): boolean {
  return name.startsWith(`${exchange.name}/`);
}

/** Takes an event of one of its sockets or of its timer. */
export function hear(exchange: Exchange, event: AppEvent): Turn {
  switch (event.kind) {
    case 'bound':
      return send(exchange, event.socket);
    case 'datagram':
      return event.socket === udpOf(exchange) ? judge(exchange, event.payload) : stay(exchange);
    case 'connected':
      return { exchange, commands: [{ kind: 'write', socket: event.socket, payload: withLength(query(exchange)) }] };
    case 'data':
      return read(exchange, event.payload);
    case 'timer':
      return next(exchange);
    case 'failed':
      return failed(exchange, event);
    case 'ended':
      return event.socket === tcpOf(exchange) ? next(exchange) : stay(exchange);
    default:
      return stay(exchange);
  }
}

function stay(exchange: Exchange): Turn {
  return { exchange, commands: [] };
}

function serverOf(exchange: Exchange): Endpoint | undefined {
  return exchange.attempt < exchange.rounds * exchange.servers.length
    ? exchange.servers[exchange.attempt % exchange.servers.length]
    : undefined;
}

/** A fresh socket, and so a fresh port, for each try (RFC 5452 §9.2). */
function udpOf(exchange: Exchange): string {
  return `${exchange.name}/udp${exchange.attempt}`;
}

function tcpOf(exchange: Exchange): string {
  return `${exchange.name}/tcp${exchange.attempt}`;
}

function timerOf(exchange: Exchange): string {
  return `${exchange.name}/timer`;
}

function idOf(exchange: Exchange): number {
  return (exchange.id + exchange.attempt) & 0xffff;
}

function attempt(exchange: Exchange): Turn {
  const peer = serverOf(exchange);
  const { refused, icmp } = exchange;
  if (peer === undefined) {
    const verdict = { kind: refused ? 'servfail' : 'timeout', ...(icmp === undefined ? {} : { icmp }) } as const;
    return { exchange, commands: [], verdict };
  }
  const commands: AppCommand[] = [
    { kind: 'timer', name: timerOf(exchange), after: exchange.timeout },
    { kind: 'bind', socket: udpOf(exchange), port: 0, peer },
  ];
  return { exchange, commands };
}

function query(exchange: Exchange): Uint8Array {
  return encodeDns({
    id: idOf(exchange),
    kind: 'query',
    opcode: 0,
    rcode: 'NOERROR',
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    question: exchange.question,
    answers: [],
    authorities: [],
    udpSize: UDP_SIZE,
  });
}

function send(exchange: Exchange, socket: string): Turn {
  const to = serverOf(exchange);
  if (to === undefined || socket !== udpOf(exchange)) return stay(exchange);
  return { exchange, commands: [{ kind: 'send', socket, to, payload: query(exchange) }] };
}

function read(exchange: Exchange, chunk: Uint8Array): Turn {
  if (exchange.stream === undefined) return stay(exchange);
  const { messages, rest } = takeMessages(concat(exchange.stream, chunk));
  const [first] = messages;
  return first === undefined ? stay({ ...exchange, stream: rest }) : judge(exchange, first);
}

/** What does not answer this question is passed over, for anyone may send it. */
function judge(exchange: Exchange, payload: Uint8Array): Turn {
  const message = decodeDns(payload);
  const server = serverOf(exchange);
  if (message?.kind !== 'response' || message.id !== idOf(exchange) || server === undefined) return stay(exchange);
  if (!sameQuestion(message.question, exchange.question)) return stay(exchange);
  if (message.rcode !== 'NOERROR' && message.rcode !== 'NXDOMAIN') return next({ ...exchange, refused: true });
  if (message.truncated && exchange.stream === undefined) return overTcp(exchange, server);
  return { exchange, commands: closing(exchange), verdict: { kind: 'answer', message, server } };
}

function sameQuestion(a: DnsQuestion | undefined, b: DnsQuestion): boolean {
  return a !== undefined && canonicalName(a.name) === canonicalName(b.name) && a.type === b.type;
}

function overTcp(exchange: Exchange, to: Endpoint): Turn {
  const over = { ...exchange, stream: NOTHING };
  const commands: AppCommand[] = [
    { kind: 'close', socket: udpOf(exchange) },
    { kind: 'timer', name: timerOf(exchange), after: exchange.timeout },
    { kind: 'connect', socket: tcpOf(exchange), to },
  ];
  return { exchange: over, commands };
}

/** An ICMP error, or a connection that failed, ends the try at once. */
function failed(exchange: Exchange, event: Extract<AppEvent, { kind: 'failed' }>): Turn {
  const { socket, icmp } = event;
  if (socket !== udpOf(exchange) && socket !== tcpOf(exchange)) return stay(exchange);
  return next(icmp === undefined ? exchange : { ...exchange, icmp });
}

function closing(exchange: Exchange): AppCommand[] {
  const socket = exchange.stream === undefined ? udpOf(exchange) : tcpOf(exchange);
  return [
    { kind: 'cancel', name: timerOf(exchange) },
    { kind: 'close', socket },
  ];
}

function next(exchange: Exchange): Turn {
  const turn = attempt({ ...exchange, attempt: exchange.attempt + 1, stream: undefined });
  return { ...turn, commands: [...closing(exchange), ...turn.commands] };
}
