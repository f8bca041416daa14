/** The node that both peers can reach: it sees their endpoints, and tells each about the other. Read RFC 5128 §3.3 first. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import type { Ip } from '../../../addr/ip.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react, type SocketName } from '../app.ts';
import { concat, NOTHING } from '../stream/bytes.ts';
import { put } from '../stream/table.ts';
import { decodeStun, type StunMessage } from '../stun/message.ts';
import { takeStun } from '../stun/stream.ts';
import { introduce, type Known, readRegistration } from './message.ts';

export interface RendezvousConfig {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** A client, and how to speak to it. */
interface Client extends Known {
  readonly socket: SocketName;
  /** Of its last registration: what it is told by and by has this number too. */
  readonly transaction: Uint8Array;
  /** The address that it asked. */
  readonly asked: Ip;
}

export interface RendezvousState {
  readonly clients: ReadonlyMap<string, Client>;
  readonly streams: ReadonlyMap<
    SocketName,
    { readonly bytes: Uint8Array; readonly peer: Endpoint; readonly asked: Ip }
  >;
}

/** Runs until it is stopped; ends by itself, with outcome `failed`, only when its port is taken. */
export function rendezvous({ port, protocol }: RendezvousConfig): App<RendezvousState> {
  return {
    name: 'rendezvous',
    start: () =>
      react(
        { clients: new Map(), streams: new Map() },
        { kind: protocol === 'udp' ? 'bind' : 'listen', socket: 'meeting', port },
      ),
    handle: (state, event) => handle(state, event, protocol),
  };
}

function handle(state: RendezvousState, event: AppEvent, protocol: 'tcp' | 'udp'): Reaction<RendezvousState> {
  switch (event.kind) {
    case 'datagram': {
      const message = decodeStun(event.payload);
      const from = { socket: event.socket, seenAs: event.from, asked: event.to.ip };
      return message === undefined ? react(state) : welcome(state, message, from, protocol);
    }
    case 'accepted': {
      const stream = { bytes: NOTHING, peer: event.peer, asked: event.local.ip };
      return react({ ...state, streams: put(state.streams, event.socket, stream) });
    }
    case 'data':
      return read(state, event.socket, event.payload);
    case 'ended':
      return react(state, { kind: 'close', socket: event.socket });
    case 'failed':
      if (event.socket !== 'meeting' || event.icmp !== undefined) return react(state);
      return react(state, { kind: 'finish', finding: { outcome: 'failed', more: { error: event.error } } });
    default:
      return react(state);
  }
}

function read(state: RendezvousState, socket: SocketName, chunk: Uint8Array): Reaction<RendezvousState> {
  const stream = state.streams.get(socket);
  if (stream === undefined) return react(state);
  const { messages, rest } = takeStun(concat(stream.bytes, chunk));
  let after = react<RendezvousState>({ ...state, streams: put(state.streams, socket, { ...stream, bytes: rest }) });
  for (const message of messages) {
    const next = welcome(after.state, message, { socket, seenAs: stream.peer, asked: stream.asked }, 'tcp');
    after = { state: next.state, commands: [...after.commands, ...next.commands] };
  }
  return after;
}

type Arrival = Pick<Client, 'socket' | 'seenAs' | 'asked'>;

/** Both are told as soon as both are there, so that they begin at the same time. */
function welcome(
  state: RendezvousState,
  message: StunMessage,
  from: Arrival,
  protocol: 'tcp' | 'udp',
): Reaction<RendezvousState> {
  const registration = readRegistration(message);
  if (registration === undefined) return react(state);
  const { name, own } = registration;
  const client: Client = { ...from, own, transaction: message.transaction };
  const clients = put(state.clients, name, client);
  const [other] = [...clients].filter(([each]) => each !== name).map(([, each]) => each);
  const told =
    other === undefined
      ? [tell(client, other, protocol)]
      : [tell(client, other, protocol), tell(other, client, protocol)];
  return react({ ...state, clients }, ...told);
}

function tell(client: Client, peer: Client | undefined, protocol: 'tcp' | 'udp'): AppCommand {
  const payload = introduce(client.transaction, client, peer);
  const { asked, seenAs, socket } = client;
  return protocol === 'tcp'
    ? { kind: 'write', socket, payload }
    : { kind: 'send', socket, to: seenAs, from: asked, payload };
}
