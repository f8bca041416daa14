/** Sends echo requests and waits for the replies. Read RFC 792 and RFC 4443 §4 first. */
import type { Endpoint } from '../../addr/endpoint.ts';
import { ANY4, ANY6, type Ip, isIp4 } from '../../addr/ip.ts';
import type { Millis } from '../../base/time.ts';
import { isError, quoteOf } from '../../packet/icmp-error.ts';
import { echo, type Icmp, isEcho } from '../../packet/packet.ts';
import { type App, type AppEvent, type IcmpReport, type Reaction, react } from './app.ts';
import { pattern } from './stream/bytes.ts';

export interface PingConfig {
  readonly to: Ip;
  /** Identifier of all its requests, 16 bits: what NAT takes for the port. */
  readonly id: number;
  /** Default 1. */
  readonly count?: number;
  /** Between requests; default 1 s. */
  readonly interval?: Millis;
  /** After the last request; default 5 s, so that a neighbour that does not answer (3 s) is still heard of. */
  readonly timeout?: Millis;
}

export interface PingState {
  readonly sent: number;
  readonly replied: ReadonlySet<number>;
  /** Sequence numbers that an error came back for. */
  readonly failed: ReadonlySet<number>;
  readonly icmp?: IcmpReport;
  readonly local?: Endpoint;
}

/** Outcomes: `replied` as soon as one reply came, else `unreachable` for an ICMP error or no route, else `timeout`. */
export function pingClient(config: PingConfig): App<PingState> {
  return {
    name: 'ping',
    start: () => {
      const first = request({ sent: 0, replied: new Set(), failed: new Set() }, config);
      return react(first.state, { kind: 'raw', socket: 'icmp', level: 'ip' }, ...first.commands);
    },
    handle: (state, event) => handle(state, event, config),
  };
}

function handle(state: PingState, event: AppEvent, config: PingConfig): Reaction<PingState> {
  switch (event.kind) {
    case 'timer':
      return event.name === 'next' ? request(state, config) : finish(state);
    case 'packet':
      return event.packet.kind === 'icmp' ? hear(state, event.packet, config) : react(state);
    case 'failed':
      return settle({ ...state, failed: new Set(state.failed).add(state.sent) }, config);
    default:
      return react(state);
  }
}

/** Sequence numbers count from 1, as ping(8) has them. */
function request(state: PingState, config: PingConfig): Reaction<PingState> {
  const { to, id, count = 1, interval = 1000, timeout = 5000 } = config;
  const seq = state.sent + 1;
  const src = isIp4(to) ? ANY4 : ANY6;
  return react(
    { ...state, sent: seq },
    seq < count ? { kind: 'timer', name: 'next', after: interval } : { kind: 'timer', name: 'timeout', after: timeout },
    { kind: 'inject', socket: 'icmp', packet: echo({ src, dst: to, id, seq: seq & 0xffff, payload: pattern(56) }) },
  );
}

function hear(state: PingState, packet: Icmp, config: PingConfig): Reaction<PingState> {
  if (isEcho(packet) === 'reply' && packet.src === config.to && packet.rest >>> 16 === config.id) {
    const replied = new Set(state.replied).add(packet.rest & 0xffff);
    return settle({ ...state, replied, local: { ip: packet.dst, port: config.id } }, config);
  }
  const seq = isError(packet) ? quotedSeq(packet, config) : undefined;
  if (seq === undefined) return react(state);
  const icmp = { type: packet.type, code: packet.code, from: packet.src };
  const local = { ip: packet.dst, port: config.id };
  return settle({ ...state, failed: new Set(state.failed).add(seq), icmp, local }, config);
}

/** The sequence number of the request of ours that an error quotes. */
function quotedSeq(packet: Icmp, config: PingConfig): number | undefined {
  const quote = quoteOf(packet);
  if (quote?.id !== config.id || quote.dst !== config.to || quote.type !== (isIp4(config.to) ? 8 : 128))
    return undefined;
  const { buffer, byteOffset } = packet.payload;
  return new DataView(buffer, byteOffset + quote.transport).getUint16(6);
}

/** Ends once every request has its answer. */
function settle(state: PingState, { count = 1 }: PingConfig): Reaction<PingState> {
  const answered = new Set([...state.replied, ...state.failed]).size;
  return state.sent === count && answered >= count ? finish(state) : react(state);
}

function finish(state: PingState): Reaction<PingState> {
  const { icmp, local, sent, replied, failed } = state;
  const outcome = replied.size > 0 ? 'replied' : failed.size > 0 ? 'unreachable' : 'timeout';
  const report = icmp === undefined || outcome === 'replied' ? {} : { icmp };
  const more = { sent, received: replied.size };
  return react(state, {
    kind: 'finish',
    finding: { outcome, ...report, ...(local === undefined ? {} : { local }), more },
  });
}
