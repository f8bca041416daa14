/** Asks the gateway for a mapping, by PCP or by NAT-PMP. Read RFC 6887 §8.1 and §9, RFC 6886 §3.1 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { type Ip, showIp } from '../../../addr/ip.ts';
import { type Millis, showDuration } from '../../../base/time.ts';
import { PROTOCOL } from '../../../packet/protocol.ts';
import { type App, type AppEvent, type Finding, type Reaction, react } from '../app.ts';
import { sameBytes } from '../stream/bytes.ts';
import { anything, decodePcpAnswer, encodePcpRequest } from './message.ts';
import { decodeNatPmpAnswer, encodeNatPmpRequest } from './nat-pmp.ts';

export interface MapConfig {
  readonly by: 'pcp' | 'nat-pmp';
  readonly server: Endpoint;
  /** The client's own address. */
  readonly local: Ip;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** Wanted outside, or nothing at all (PCP); any by default. */
  readonly externalPort?: number;
  readonly exact: boolean;
  /** 0 deletes. */
  readonly lifetime: Millis;
  /** 12 bytes, the same whenever this mapping is asked for again (PCP). */
  readonly nonce: Uint8Array;
}

export interface MapState {
  readonly sent: number;
  /** By NAT-PMP the public address is asked for first. */
  readonly address?: Ip;
}

/** The first wait for an answer; each further one is twice as long (RFC 6887 §8.1.1, RFC 6886 §3.1). */
const FIRST: Readonly<Record<MapConfig['by'], Millis>> = { pcp: 3000, 'nat-pmp': 250 };
const TRIES: Readonly<Record<MapConfig['by'], number>> = { pcp: 3, 'nat-pmp': 6 };

/** Outcomes: `mapped` with the outside endpoint and the lifetime, `refused` with the reason, `timeout`. */
export function mapClient(config: MapConfig): App<MapState> {
  return {
    name: 'map',
    start: () =>
      react({ sent: 0 }, { kind: 'bind', socket: 'client', port: 0, peer: config.server, address: config.local }),
    handle: (state, event) => handle(state, event, config),
  };
}

function handle(state: MapState, event: AppEvent, config: MapConfig): Reaction<MapState> {
  switch (event.kind) {
    case 'bound':
      return ask(state, config);
    case 'timer':
      return state.sent < TRIES[config.by] ? ask(state, config) : finish(state, { outcome: 'timeout' });
    case 'datagram':
      return config.by === 'pcp' ? hearPcp(state, event.payload, config) : hearNatPmp(state, event.payload, config);
    case 'failed': {
      const icmp = event.icmp === undefined ? {} : { icmp: event.icmp };
      return finish(state, {
        outcome: 'timeout',
        ...icmp,
        more: { reason: `the gateway cannot be asked: ${event.error}` },
      });
    }
    default:
      return react(state);
  }
}

function ask(state: MapState, config: MapConfig): Reaction<MapState> {
  const { by, server: to } = config;
  return react(
    { ...state, sent: state.sent + 1 },
    { kind: 'send', socket: 'client', to, payload: requestOf(state, config) },
    { kind: 'timer', name: 'again', after: FIRST[by] * 2 ** state.sent },
  );
}

function requestOf(state: MapState, config: MapConfig): Uint8Array {
  const { exact, externalPort = 0, lifetime, local, nonce, port, protocol } = config;
  const seconds = Math.ceil(lifetime / 1000);
  if (config.by === 'nat-pmp') {
    if (state.address === undefined) return encodeNatPmpRequest({ kind: 'address' });
    const suggestedPort = externalPort;
    return encodeNatPmpRequest({ kind: 'map', protocol, internalPort: port, suggestedPort, lifetime: seconds });
  }
  return encodePcpRequest({
    ...{ nonce, protocol: PROTOCOL[protocol], internalPort: port, lifetime: seconds, client: local },
    ...{ suggested: { ...anything(local), port: externalPort }, preferFailure: exact },
  });
}

function hearPcp(state: MapState, payload: Uint8Array, { nonce }: MapConfig): Reaction<MapState> {
  const answer = decodePcpAnswer(payload);
  if (answer === undefined || !sameBytes(answer.nonce, nonce)) return react(state);
  const { external, lifetime, result } = answer;
  if (result !== 'SUCCESS') return finish(state, { outcome: 'refused', more: { reason: result } });
  return granted(state, external, lifetime);
}

function hearNatPmp(state: MapState, payload: Uint8Array, config: MapConfig): Reaction<MapState> {
  const answer = decodeNatPmpAnswer(payload);
  if (answer === undefined) return react(state);
  if (answer.result !== 'SUCCESS') return finish(state, { outcome: 'refused', more: { reason: answer.result } });
  if (answer.kind === 'address') {
    return state.address === undefined ? ask({ sent: 0, address: answer.address }, config) : react(state);
  }
  if (state.address === undefined || answer.internalPort !== config.port) return react(state);
  return granted(state, { ip: state.address, port: answer.externalPort }, answer.lifetime);
}

function granted(state: MapState, { ip, port }: Endpoint, seconds: number): Reaction<MapState> {
  const lifetime = showDuration(seconds * 1000);
  if (seconds === 0) return finish(state, { outcome: 'mapped', more: { lifetime }, says: 'The mapping was given up.' });
  const external = { address: showIp(ip), port };
  const says = `From outside, ${external.address} port ${port} leads here for ${lifetime}.`;
  return finish(state, { outcome: 'mapped', more: { external, lifetime }, says });
}

function finish(state: MapState, finding: Finding): Reaction<MapState> {
  return react(state, { kind: 'finish', finding });
}
