/**
 * The server of port control on a gateway: clients inside ask it for mappings, by PCP or by NAT-PMP on the same port. The
 * table of mappings is the node's own; what this keeps in mind is whose each one is.
 *
 * Read RFC 6887 §8 and §11, RFC 6886 §3 first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { type Ip, ip4, isIp4, showIp } from '../../../addr/ip.ts';
import type { Millis } from '../../../base/time.ts';
import { PROTOCOL } from '../../../packet/protocol.ts';
import {
  type App,
  type AppCommand,
  type AppEvent,
  type MapOutcome,
  type MapRequest,
  type Reaction,
  react,
} from '../app.ts';
import { sameBytes } from '../stream/bytes.ts';
import { drop, put } from '../stream/table.ts';
import { decodePcpRequest, encodePcpAnswer, type PcpRequest, type ResultName, refusePcp } from './message.ts';
import {
  decodeNatPmpRequest,
  encodeNatPmpAnswer,
  type NatPmpRequest,
  type NatPmpResult,
  refuseNatPmp,
} from './nat-pmp.ts';

export interface PcpServerConfig {
  readonly port: number;
  readonly address?: Ip;
  /** The most mappings one client may have asked for; any number by default. */
  readonly quota?: number;
}

/** A mapping that is somebody's. */
interface Held {
  readonly client: Ip;
  readonly protocol: number;
  readonly port: number;
  /** Of PCP; NAT-PMP has none, and does not ask for it. */
  readonly nonce: Uint8Array | undefined;
  readonly expires: Millis;
}

/** A request that waits for the node's answer, with what its client is told then. */
type Pending = { readonly to: Endpoint; readonly from: Ip } & (
  | { readonly kind: 'pcp'; readonly request: PcpRequest; readonly lifetime: number }
  | { readonly kind: 'nat-pmp'; readonly request: NatPmpRequest; readonly lifetime: number }
);

export interface PcpServerState {
  readonly begun: Millis;
  readonly held: ReadonlyMap<string, Held>;
  readonly pending: ReadonlyMap<string, Pending>;
  readonly asked: number;
}

/** Lifetimes that are given, in seconds (RFC 6887 §15). */
const SHORTEST = 120;
const LONGEST = 86_400;

export function pcpServer(config: PcpServerConfig): App<PcpServerState> {
  const { address, port } = config;
  const at = { port, ...(address === undefined ? {} : { address }) };
  return {
    name: 'pcp',
    start: (now) =>
      react({ begun: now, held: new Map(), pending: new Map(), asked: 0 }, { kind: 'bind', socket: 'clients', ...at }),
    handle: (state, event, now) => handle(state, event, { config, now }),
  };
}

interface Scene {
  readonly config: PcpServerConfig;
  readonly now: Millis;
}

function handle(state: PcpServerState, event: AppEvent, scene: Scene): Reaction<PcpServerState> {
  switch (event.kind) {
    case 'datagram':
      return event.payload[0] === 0 ? hearNatPmp(state, event, scene) : hearPcp(state, event, scene);
    case 'mapping':
      return conclude(state, event.id, event.outcome, scene.now);
    case 'failed':
      return react(state, { kind: 'note', text: `port ${scene.config.port}: ${event.error}` });
    default:
      return react(state);
  }
}

type Datagram = Extract<AppEvent, { kind: 'datagram' }>;

function reply({ from, to }: { readonly from: Ip; readonly to: Endpoint }, payload: Uint8Array): AppCommand {
  return { kind: 'send', socket: 'clients', to, from, payload };
}

function epochOf({ begun }: PcpServerState, now: Millis): number {
  return Math.floor((now - begun) / 1000);
}

function hearPcp(state: PcpServerState, event: Datagram, scene: Scene): Reaction<PcpServerState> {
  const request = decodePcpRequest(event.payload);
  if (request === undefined) return react(state);
  const ends = { to: event.from, from: event.to.ip };
  const refuse = (result: ResultName) => {
    const payload = refusePcp(event.payload, result, epochOf(state, scene.now));
    return react(state, reply(ends, payload));
  };
  if (typeof request === 'string') return refuse(request);
  const wrong = refusalOf(state, request, event.from.ip, scene);
  if (wrong !== undefined) return refuse(wrong);
  const lifetime = request.lifetime === 0 ? 0 : Math.min(Math.max(request.lifetime, SHORTEST), LONGEST);
  const { internalPort, preferFailure, protocol, suggested } = request;
  return ask(
    state,
    { kind: 'pcp', request, lifetime, ...ends },
    { protocol, inside: { ip: event.from.ip, port: internalPort }, suggested, exact: preferFailure },
  );
}

function refusalOf(state: PcpServerState, request: PcpRequest, client: Ip, scene: Scene): ResultName | undefined {
  const { internalPort, lifetime, nonce, protocol } = request;
  if (request.client !== client) return 'ADDRESS_MISMATCH';
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return 'UNSUPP_PROTOCOL';
  if (internalPort === 0) return 'MALFORMED_REQUEST';
  const held = state.held.get(keyOf(client, protocol, internalPort));
  const lives = held !== undefined && held.expires > scene.now;
  if (lives && (held.nonce === undefined || !sameBytes(held.nonce, nonce))) return 'NOT_AUTHORIZED';
  return lives || lifetime === 0 || !isFull(state, client, scene) ? undefined : 'USER_EX_QUOTA';
}

function isFull({ held }: PcpServerState, client: Ip, { config, now }: Scene): boolean {
  const own = [...held.values()].filter((each) => each.client === client && each.expires > now);
  return own.length >= (config.quota ?? Number.POSITIVE_INFINITY);
}

function keyOf(client: Ip, protocol: number, port: number): string {
  return `${showIp(client)} ${protocol} ${port}`;
}

type Wanted = Pick<Extract<MapRequest, { kind: 'map' }>, 'protocol' | 'inside' | 'suggested' | 'exact'>;

/** Puts a request to the node's table. */
function ask(state: PcpServerState, pending: Pending, wanted: Wanted): Reaction<PcpServerState> {
  const id = `request ${state.asked}`;
  const after = { ...state, asked: state.asked + 1, pending: put(state.pending, id, pending) };
  const { inside, protocol } = wanted;
  const request: MapRequest =
    pending.lifetime === 0
      ? { kind: 'unmap', id, protocol, inside }
      : { kind: 'map', id, lifetime: pending.lifetime * 1000, ...wanted };
  return react(after, { kind: 'map', request });
}

function hearNatPmp(state: PcpServerState, event: Datagram, scene: Scene): Reaction<PcpServerState> {
  const request = decodeNatPmpRequest(event.payload);
  if (request === undefined) return react(state);
  const ends = { to: event.from, from: event.to.ip };
  const epoch = epochOf(state, scene.now);
  if (request === 'UNSUPP_OPCODE') return react(state, reply(ends, refuseNatPmp(event.payload, request, epoch)));
  const refuse = (result: NatPmpResult) => {
    const none = { address: ip4(0), externalPort: 0, lifetime: 0 };
    return react(state, reply(ends, encodeNatPmpAnswer({ ...request, ...none, result, epoch })));
  };
  const client = event.from.ip;
  if (!isIp4(client)) return refuse('NOT_AUTHORIZED');
  if (request.kind === 'address') {
    const id = `request ${state.asked}`;
    const pending = put(state.pending, id, { kind: 'nat-pmp', request, lifetime: 0, ...ends } as const);
    const question: MapRequest = { kind: 'address', id, inside: { ip: client, port: 0 } };
    return react({ ...state, asked: state.asked + 1, pending }, { kind: 'map', request: question });
  }
  const protocol = PROTOCOL[request.protocol];
  const { internalPort: port, lifetime, suggestedPort } = request;
  const held = state.held.get(keyOf(client, protocol, port));
  const lives = held !== undefined && held.expires > scene.now;
  if (lives && held.nonce !== undefined) return refuse('NOT_AUTHORIZED');
  if (lifetime > 0 && !lives && isFull(state, client, scene)) return refuse('NO_RESOURCES');
  return ask(
    state,
    { kind: 'nat-pmp', request, lifetime: Math.min(lifetime, LONGEST), ...ends },
    { protocol, inside: { ip: client, port }, suggested: { ip: ip4(0), port: suggestedPort }, exact: false },
  );
}

/** The node has answered: the client is told. */
function conclude(state: PcpServerState, id: string, outcome: MapOutcome, now: Millis): Reaction<PcpServerState> {
  const pending = state.pending.get(id);
  if (pending === undefined) return react(state);
  const after = { ...state, pending: drop(state.pending, id) };
  const epoch = epochOf(state, now);
  if (pending.kind === 'nat-pmp') return concludeNatPmp(after, pending, outcome, { epoch, now });
  const { lifetime, request } = pending;
  const result = outcome.kind === 'refused' ? PCP_REASONS[outcome.why] : 'SUCCESS';
  const external = outcome.kind === 'mapped' ? outcome.outside : request.suggested;
  const payload = encodePcpAnswer({
    ...request,
    result,
    epoch,
    external,
    lifetime: result === 'SUCCESS' ? lifetime : 30,
  });
  const kept = keep(after, { ...request, client: pending.to.ip, lifetime }, outcome, now);
  return react(kept, reply(pending, payload));
}

const PCP_REASONS = {
  'not-inside': 'NOT_AUTHORIZED',
  taken: 'CANNOT_PROVIDE_EXTERNAL',
  'no-port': 'NO_RESOURCES',
} as const satisfies Readonly<Record<string, ResultName>>;
const NATPMP_REASONS = {
  'not-inside': 'NOT_AUTHORIZED',
  taken: 'NO_RESOURCES',
  'no-port': 'NO_RESOURCES',
} as const satisfies Readonly<Record<string, NatPmpResult>>;

function concludeNatPmp(
  state: PcpServerState,
  { request, lifetime, ...ends }: Extract<Pending, { kind: 'nat-pmp' }>,
  outcome: MapOutcome,
  { epoch, now }: { readonly epoch: number; readonly now: Millis },
): Reaction<PcpServerState> {
  const result = outcome.kind === 'refused' ? NATPMP_REASONS[outcome.why] : 'SUCCESS';
  const outside = outcome.kind === 'mapped' ? outcome.outside : { ip: ip4(0), port: 0 };
  if (request.kind === 'address') {
    return react(state, reply(ends, encodeNatPmpAnswer({ kind: 'address', result, epoch, address: outside.ip })));
  }
  const payload = encodeNatPmpAnswer({ ...request, result, epoch, externalPort: outside.port, lifetime });
  const fields = { client: ends.to.ip, protocol: PROTOCOL[request.protocol], internalPort: request.internalPort };
  return react(keep(state, { ...fields, lifetime, nonce: undefined }, outcome, now), reply(ends, payload));
}

interface Granted {
  readonly client: Ip;
  readonly protocol: number;
  readonly internalPort: number;
  readonly nonce: Uint8Array | undefined;
  /** In seconds. */
  readonly lifetime: number;
}

/** Keeps in mind whose a mapping is, or forgets it. Port 0 stood for all of a client's. */
function keep(state: PcpServerState, granted: Granted, outcome: MapOutcome, now: Millis): PcpServerState {
  const { client, internalPort: port, lifetime, nonce, protocol } = granted;
  if (outcome.kind === 'refused') return state;
  if (outcome.kind === 'mapped') {
    const held = { client, protocol, port, nonce, expires: now + lifetime * 1000 };
    return { ...state, held: put(state.held, keyOf(client, protocol, port), held) };
  }
  const left = [...state.held].filter(
    ([, each]) => each.client !== client || each.protocol !== protocol || (port !== 0 && each.port !== port),
  );
  return { ...state, held: new Map(left) };
}
