/**
 * A STUN server: tells each client its endpoint as seen from here and, with a second address and port, answers from there
 * on demand, so that clients can find out how their NAT behaves.
 *
 * Read RFC 8489 §6.3 and RFC 5780 §6 and §7 first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { family, type Ip } from '../../../addr/ip.ts';
import { fail } from '../../../base/fail.ts';
import type { Millis } from '../../../base/time.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react, type SocketName } from '../app.ts';
import { concat, NOTHING, toLatin1 } from '../stream/bytes.ts';
import { attend, type Streams, wait, welcome } from '../stream/server.ts';
import { put } from '../stream/table.ts';
import {
  ATTRIBUTE,
  type Attribute,
  addressAttribute,
  attributeOf,
  BINDING,
  decodeStun,
  encodeStun,
  hiddenAttribute,
  type StunMessage,
} from './message.ts';
import { takeStun } from './stream.ts';

export interface StunServerConfig {
  /** UDP and TCP. */
  readonly port: number;
  /** Default: every address of the node. */
  readonly address?: Ip;
  /** The second port. */
  readonly alternatePort: number;
  /** Of each family the first and the second address; without them it only tells clients their endpoints. */
  readonly pairs: readonly (readonly [Ip, Ip])[];
}

interface Stream {
  /** The part of a message that has come. */
  readonly bytes: Uint8Array;
  readonly peer: Endpoint;
  readonly local: Endpoint;
}

export interface StunServerState {
  readonly streams: Streams<Stream>;
}

/** For a connection that says nothing. */
const IDLE: Millis = 30_000;

export function stunServer(config: StunServerConfig): App<StunServerState> {
  return {
    name: 'stun',
    start: () => react({ streams: new Map() }, ...doorsOf(config).flatMap(openDoor)),
    handle: (state, event) => handle(state, event, config),
  };
}

/** Where it listens. */
interface Door {
  readonly port: number;
  readonly address?: Ip;
}

function doorsOf({ address, alternatePort, pairs, port }: StunServerConfig): Door[] {
  const ports = pairs.length === 0 ? [port] : [port, alternatePort];
  if (address === undefined) return ports.map((each) => ({ port: each }));
  const addresses = pairs.length === 0 ? [address] : pairs.flat();
  return addresses.flatMap((ip) => ports.map((each) => ({ address: ip, port: each })));
}

function openDoor(door: Door, i: number): AppCommand[] {
  return [
    { kind: 'bind', socket: `udp ${i}`, ...door },
    { kind: 'listen', socket: `tcp ${i}`, ...door },
  ];
}

function handle(state: StunServerState, event: AppEvent, config: StunServerConfig): Reaction<StunServerState> {
  switch (event.kind) {
    case 'datagram':
      return react(state, ...answerDatagram(event, config));
    case 'accepted': {
      const { local, peer, socket } = event;
      return withStreams(welcome(state.streams, socket, { bytes: NOTHING, local, peer }, IDLE));
    }
    case 'data':
      return read(state, event.socket, event.payload, config);
    default:
      return withStreams(attend(state.streams, event));
  }
}

function withStreams({ state: streams, commands }: Reaction<Streams<Stream>>): Reaction<StunServerState> {
  return { state: { streams }, commands };
}

function answerDatagram(event: Extract<AppEvent, { kind: 'datagram' }>, config: StunServerConfig): AppCommand[] {
  const request = decodeStun(event.payload);
  if (request?.kind !== 'request') return [];
  const { from, to } = event;
  const unknown = unknownIn(request, config.pairs.length > 0 ? [...UDP_ONLY, ATTRIBUTE.changeRequest] : UDP_ONLY);
  const wish = attributeOf(request, ATTRIBUTE.changeRequest)?.[3] ?? 0;
  const other = otherOf(to, config) ?? to;
  const origin = { ip: wish & CHANGE_IP ? other.ip : to.ip, port: wish & CHANGE_PORT ? other.port : to.port };
  const port = attributeOf(request, ATTRIBUTE.responsePort);
  const back = port?.length === 2 ? { ip: from.ip, port: (port[0] ?? 0) * 256 + (port[1] ?? 0) } : from;
  if (unknown.length > 0) {
    const payload = encodeStun(refuse(request, unknown));
    return [{ kind: 'send', socket: event.socket, to: from, from: to.ip, payload }];
  }
  const payload = encodeStun(answer(request, { client: from, origin, asked: to }, config));
  return [{ kind: 'send', socket: socketAt(origin, config), to: back, from: origin.ip, payload }];
}

/** Bits of CHANGE-REQUEST (RFC 5780 §7.2). */
const CHANGE_IP = 4;
const CHANGE_PORT = 2;
/** What it understands over every transport; the fields of credentials are not looked at. */
const UNDERSTOOD: readonly number[] = [ATTRIBUTE.username, ATTRIBUTE.messageIntegrity];
const UDP_ONLY: readonly number[] = [ATTRIBUTE.responsePort];

/** Attributes that must be understood, and are not. */
function unknownIn({ attributes }: StunMessage, more: readonly number[]): number[] {
  const known = [...UNDERSTOOD, ...more];
  return attributes.map(({ type }) => type).filter((type) => type < 0x8000 && !known.includes(type));
}

/** The endpoint that differs in both address and port, if there is one. */
function otherOf({ ip, port }: Endpoint, config: StunServerConfig): Endpoint | undefined {
  const pair = config.pairs.find(([first]) => family(first) === family(ip));
  if (pair === undefined) return undefined;
  const [first, second] = pair;
  return { ip: ip === second ? first : second, port: port === config.port ? config.alternatePort : config.port };
}

function socketAt({ ip, port }: Endpoint, config: StunServerConfig): SocketName {
  const at = doorsOf(config).findIndex((door) => door.port === port && (door.address ?? ip) === ip);
  return at < 0 ? fail('no socket to answer from') : `udp ${at}`;
}

interface Scene {
  readonly client: Endpoint;
  /** Where the answer comes from. */
  readonly origin: Endpoint;
  /** Where the request came to. */
  readonly asked: Endpoint;
}

function answer(request: StunMessage, { client, origin, asked }: Scene, config: StunServerConfig): StunMessage {
  if (request.method !== BINDING) return refusal(request, 400, 'Bad Request');
  const other = otherOf(asked, config);
  const attributes = [
    hiddenAttribute(ATTRIBUTE.xorMappedAddress, client, request.transaction),
    addressAttribute(ATTRIBUTE.mappedAddress, client),
    addressAttribute(ATTRIBUTE.responseOrigin, origin),
    ...(other === undefined ? [] : [addressAttribute(ATTRIBUTE.otherAddress, other)]),
  ];
  return { ...request, kind: 'success', attributes };
}

function refuse(request: StunMessage, unknown: readonly number[]): StunMessage {
  const value = Uint8Array.from(unknown.flatMap((type) => [type >> 8, type & 255]));
  return refusal(request, 420, 'Unknown Attribute', { type: ATTRIBUTE.unknownAttributes, value });
}

function refusal(request: StunMessage, code: number, reason: string, ...more: readonly Attribute[]): StunMessage {
  const value = concat(Uint8Array.of(0, 0, Math.floor(code / 100), code % 100), toLatin1(reason));
  return { ...request, kind: 'error', attributes: [{ type: ATTRIBUTE.errorCode, value }, ...more] };
}

/** Over a stream every answer goes back where the request came from. */
function read(
  state: StunServerState,
  socket: SocketName,
  chunk: Uint8Array,
  config: StunServerConfig,
): Reaction<StunServerState> {
  const stream = state.streams.get(socket) ?? fail(`no stream ${socket}`);
  const { messages, rest: bytes } = takeStun(concat(stream.bytes, chunk));
  const answers = messages
    .filter(({ kind }) => kind === 'request')
    .map((request): AppCommand => ({ kind: 'write', socket, payload: respond(request, stream, config) }));
  return react({ streams: put(state.streams, socket, { ...stream, bytes }) }, wait(socket, IDLE), ...answers);
}

function respond(request: StunMessage, { local, peer }: Stream, config: StunServerConfig): Uint8Array {
  const unknown = unknownIn(request, []);
  if (unknown.length > 0) return encodeStun(refuse(request, unknown));
  return encodeStun(answer(request, { client: peer, origin: local, asked: local }, config));
}
