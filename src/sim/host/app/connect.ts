/** Opens a connection, or sends a datagram and waits for its echo. */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppCommand, type AppEvent, type Finding, type Reaction, react } from './app.ts';
import { isPattern, pattern } from './stream/bytes.ts';

export interface ConnectConfig {
  readonly protocol: 'tcp' | 'udp';
  readonly to: Endpoint;
  /** Default: an ephemeral port. */
  readonly sourcePort?: number;
  /** How many bytes must come back as they were sent. Default: none over TCP, where the handshake is enough; 16 over UDP. */
  readonly bytes?: number;
  /** For all of it; default 5 s, so that a neighbour that does not answer (3 s) is still heard of. */
  readonly timeout?: Millis;
}

export interface ConnectState {
  readonly local?: Endpoint;
  /** In bytes. */
  readonly received: number;
  /** What came back so far is what was sent. */
  readonly echo: boolean;
  /** Everything came back, and the connection is being closed. */
  readonly done: boolean;
}

/** The largest payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM = 65_507;

/**
 * Outcomes: `connected`, `refused`, `reset`, `unreachable`, `timeout`. Where bytes were sent, `connected` tells how many
 * were `sent` and `received`, and whether they are an echo (`echoed`): a server may answer otherwise.
 */
export function connectClient(config: ConnectConfig): App<ConnectState> {
  return {
    name: 'connect',
    start: () => start(config),
    handle: (state, event) => handle(state, event, config),
  };
}

/** What the failure of a client's only socket means for its step. Failures of the node itself are named in `error`. */
export function whyNot(event: Extract<AppEvent, { kind: 'failed' }>): Finding {
  const icmp = event.icmp === undefined ? {} : { icmp: event.icmp };
  switch (event.error) {
    case 'refused':
    case 'reset':
    case 'unreachable':
    case 'timeout':
      return { outcome: event.error, ...icmp };
    default:
      return { outcome: 'unreachable', ...icmp, more: { error: event.error } };
  }
}

function start({ protocol, to, sourcePort, timeout = 5000 }: ConnectConfig): Reaction<ConnectState> {
  const from = sourcePort === undefined ? {} : { from: { port: sourcePort } };
  return react(
    { received: 0, echo: true, done: false },
    { kind: 'timer', name: 'timeout', after: timeout },
    protocol === 'tcp'
      ? { kind: 'connect', socket: 'client', to, ...from }
      : { kind: 'bind', socket: 'client', port: sourcePort ?? 0, peer: to },
  );
}

function amountOf({ bytes, protocol }: ConnectConfig): number {
  return bytes ?? (protocol === 'tcp' ? 0 : 16);
}

function handle(state: ConnectState, event: AppEvent, config: ConnectConfig): Reaction<ConnectState> {
  switch (event.kind) {
    case 'bound':
    case 'connected':
      return speak({ ...state, local: event.local }, config);
    case 'data':
    case 'datagram':
      return hear(state, event.payload, config);
    case 'ended':
      return connected(state, config);
    case 'failed':
      return state.done ? connected(state, config) : finish(state, whyNot(event));
    case 'timer':
      return state.done ? connected(state, config) : finish(state, { outcome: 'timeout' });
    default:
      return react(state);
  }
}

function speak(state: ConnectState, config: ConnectConfig): Reaction<ConnectState> {
  const payload = pattern(amountOf(config));
  if (config.protocol === 'tcp') {
    return payload.length === 0 ? connected(state, config) : react(state, { kind: 'write', socket: 'client', payload });
  }
  const sends: AppCommand[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += MAX_DATAGRAM) {
    sends.push({ kind: 'send', socket: 'client', to: config.to, payload: payload.subarray(at, at + MAX_DATAGRAM) });
  }
  return react(state, ...sends);
}

function hear(state: ConnectState, payload: Uint8Array, config: ConnectConfig): Reaction<ConnectState> {
  const received = state.received + payload.length;
  const heard = { ...state, received, echo: state.echo && isPattern(payload, state.received) };
  if (received < amountOf(config)) return react(heard);
  if (config.protocol === 'udp') return connected(heard, config);
  return react({ ...heard, done: true }, { kind: 'shutdown', socket: 'client' });
}

function connected(state: ConnectState, config: ConnectConfig): Reaction<ConnectState> {
  const { received, echo } = state;
  const sent = amountOf(config);
  if (sent === 0 && config.protocol === 'tcp') return finish(state, { outcome: 'connected' });
  return finish(state, { outcome: 'connected', more: { sent, received, echoed: echo && received === sent } });
}

function finish(state: ConnectState, finding: Finding): Reaction<ConnectState> {
  const local = state.local === undefined ? {} : { local: state.local };
  return react(state, { kind: 'finish', finding: { ...finding, ...local } });
}
