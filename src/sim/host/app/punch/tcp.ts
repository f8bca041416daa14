/**
 * A peer that punches a hole for TCP: from one port it speaks to the rendezvous, listens, and connects to every endpoint
 * where its peer may be, again and again until both have a connection over which requests are answered. It looks at the
 * SYNs that reach its port, since the source of one may be an endpoint of its peer that nobody could tell it.
 *
 * Read RFC 5128 §3.4 and RFC 5382 §4.3 and §7.1 (REQ-4) first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import type { Millis } from '../../../base/time.ts';
import { FLAG, type Packet } from '../../../packet/packet.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react, type SocketName } from '../app.ts';
import { concat, NOTHING, sameBytes } from '../stream/bytes.ts';
import { drop, put } from '../stream/table.ts';
import type { StunMessage } from '../stun/message.ts';
import { takeStun } from '../stun/stream.ts';
import { transactionOf } from '../stun/transaction.ts';
import { check, confirm, readCheck, readIntroduction, register } from './message.ts';
import { candidatesFrom, type Meeting, type PeerConfig, reportOf, STRANGERS, sameEndpoint } from './peer.ts';

/** A connection, or an attempt at one. */
interface Line {
  readonly remote: Endpoint;
  /** What has come of a message that is not whole yet. */
  readonly bytes: Uint8Array;
  readonly open: boolean;
}

export interface TcpPeerState extends Meeting {
  readonly lines: ReadonlyMap<SocketName, Line>;
  readonly attempts: number;
  /** The endpoint that it connects to instead of what it was told, and since which round. */
  readonly aim: { readonly at: Endpoint; readonly since: number } | undefined;
  readonly round: number;
  /** A request of the peer has been answered. */
  readonly answered: boolean;
  /** From the rendezvous, a message that is not whole yet. */
  readonly letter: Uint8Array;
}

export interface TcpPeerConfig extends PeerConfig {
  /** For all its connections. */
  readonly port: number;
}

/** Attempts that failed are begun again so often; SYNs are sent again by the kernel after 1, 3 and 7 s. */
const INTERVAL: Millis = 1000;
const PATIENCE: Millis = 8000;
const ROUNDS = 15;
/** How long a peer keeps to an endpoint that it heard from. */
const STUBBORN_ROUNDS = 4;

/** Outcomes: `direct` or `failed`, with what `reportOf` tells. */
export function tcpPeer(config: TcpPeerConfig): App<TcpPeerState> {
  const { local: address, port } = config;
  const state = { lines: new Map(), attempts: 0, aim: undefined, round: 0, answered: false, letter: NOTHING };
  return {
    name: 'punch',
    start: () => react({ ...STRANGERS, ...state }, { kind: 'listen', socket: 'door', port, address }),
    handle: (before, event) => handle(before, event, config),
  };
}

function handle(state: TcpPeerState, event: AppEvent, config: TcpPeerConfig): Reaction<TcpPeerState> {
  switch (event.kind) {
    case 'bound':
      return react(
        state,
        { kind: 'raw', socket: 'window', level: 'ip' },
        { kind: 'connect', socket: 'rendezvous', to: config.rendezvous, from: fromOf(config) },
        { kind: 'timer', name: 'rendezvous', after: PATIENCE },
      );
    case 'packet':
      return watch(state, event.packet, config);
    case 'connected':
      return event.socket === 'rendezvous'
        ? announce(state, event.local, config)
        : speak(state, event.socket, event.peer, config);
    case 'accepted':
      return speak(state, event.socket, event.peer, config);
    case 'data':
      return event.socket === 'rendezvous'
        ? meet(state, event.payload, config)
        : read(state, event.socket, event.payload, config);
    case 'timer':
      return event.name === 'rendezvous' ? finish(state) : knock(state, config);
    case 'ended':
      return react(state, { kind: 'close', socket: event.socket });
    case 'closed':
      return react({ ...state, lines: drop(state.lines, event.socket) });
    case 'failed':
      return lose(state, event);
    default:
      return react(state);
  }
}

function fromOf({ local: ip, port }: TcpPeerConfig) {
  return { ip, port };
}

/** A line that failed is tried again with the next round; without the door or the rendezvous there is nothing to do. */
function lose(state: TcpPeerState, { error, socket }: Extract<AppEvent, { kind: 'failed' }>): Reaction<TcpPeerState> {
  if (socket === 'door' || (socket === 'rendezvous' && state.told?.peer === undefined)) return finish(state, error);
  return react({ ...state, lines: drop(state.lines, socket) });
}

function announce(state: TcpPeerState, own: Endpoint, config: TcpPeerConfig): Reaction<TcpPeerState> {
  const payload = register(transactionOf(config.id, 0), config.name, own);
  return react(state, { kind: 'write', socket: 'rendezvous', payload });
}

function meet(state: TcpPeerState, chunk: Uint8Array, config: TcpPeerConfig): Reaction<TcpPeerState> {
  const { messages, rest } = takeStun(concat(state.letter, chunk));
  const told = messages.map(readIntroduction).findLast((each) => each !== undefined) ?? state.told;
  const after = { ...state, letter: rest, told };
  if (told?.peer === undefined || state.told?.peer !== undefined) return react(after);
  const begun = knock({ ...after, candidates: candidatesFrom(told, config.direct) }, config);
  return react(begun.state, { kind: 'cancel', name: 'rendezvous' }, ...begun.commands);
}

/** One round: begins an attempt at each endpoint that has none. */
function knock(state: TcpPeerState, config: TcpPeerConfig): Reaction<TcpPeerState> {
  if (state.round === ROUNDS) return finish(state);
  const begun = state.settled === undefined ? reach(state, config) : react(state);
  const timer: AppCommand = { kind: 'timer', name: 'again', after: INTERVAL };
  return react({ ...begun.state, round: state.round + 1 }, ...begun.commands, timer);
}

/**
 * Where to connect to. Attempts at two endpoints that are the same port of the peer disturb each other there, so that who
 * hears its peer from another endpoint than it was told gives that one up, and keeps to the other one for a while: where
 * both NATs take new ports, each would chase the other for ever.
 */
function targetsOf({ aim, candidates }: TcpPeerState): readonly Endpoint[] {
  return aim === undefined ? candidates : [aim.at];
}

function reach(before: TcpPeerState, config: TcpPeerConfig): Reaction<TcpPeerState> {
  const { commands, state } = giveUp(before);
  let { attempts, lines } = state;
  const busy = [...lines.values()].map(({ remote }) => remote);
  const connects = targetsOf(state)
    .filter((each) => !isIn(busy, each))
    .map((to): AppCommand => {
      const socket = `line ${++attempts}`;
      lines = put(lines, socket, { remote: to, bytes: NOTHING, open: false });
      return { kind: 'connect', socket, to, from: fromOf(config) };
    });
  return react({ ...state, attempts, lines }, ...commands, ...connects);
}

/** Ends the attempts at what is no target any more. */
function giveUp(state: TcpPeerState): Reaction<TcpPeerState> {
  const targets = targetsOf(state);
  const vain = [...state.lines].filter(([, { open, remote }]) => !open && !isIn(targets, remote)).map(([name]) => name);
  const aborts = vain.map((socket): AppCommand => ({ kind: 'abort', socket }));
  return react({ ...state, lines: vain.reduce(drop, state.lines) }, ...aborts);
}

function isIn(list: readonly Endpoint[], one: Endpoint): boolean {
  return list.some((each) => sameEndpoint(each, one));
}

/** A SYN shows an endpoint of the peer, even where the connection that it asks for can never be. */
function watch(state: TcpPeerState, packet: Packet, config: TcpPeerConfig): Reaction<TcpPeerState> {
  if (packet.kind !== 'tcp' || packet.dport !== config.port || state.told?.peer === undefined) return react(state);
  if ((packet.flags & (FLAG.syn | FLAG.ack)) !== FLAG.syn) return react(state);
  const source = { ip: packet.src, port: packet.sport };
  const after = heardFrom(state, source);
  const { aim, candidates, round, settled } = state;
  const keeps = aim !== undefined && round < aim.since + STUBBORN_ROUNDS;
  if (settled !== undefined || keeps || isIn(candidates, source)) return react(after);
  return giveUp({ ...after, aim: { at: source, since: round } });
}

/** The latest source stands last. */
function heardFrom(state: TcpPeerState, source: Endpoint): TcpPeerState {
  return { ...state, heard: [...state.heard.filter((each) => !sameEndpoint(each, source)), source] };
}

/** A connection is there: asks who is at the other end. */
function speak(
  state: TcpPeerState,
  socket: SocketName,
  remote: Endpoint,
  config: TcpPeerConfig,
): Reaction<TcpPeerState> {
  const payload = check(transactionOf(config.id, 1), config.name, false);
  const lines = put(state.lines, socket, { remote, bytes: NOTHING, open: true });
  return react({ ...state, lines }, { kind: 'write', socket, payload });
}

function read(
  state: TcpPeerState,
  socket: SocketName,
  chunk: Uint8Array,
  config: TcpPeerConfig,
): Reaction<TcpPeerState> {
  const line = state.lines.get(socket);
  if (line === undefined) return react(state);
  const { messages, rest } = takeStun(concat(line.bytes, chunk));
  let after = react<TcpPeerState>({ ...state, lines: put(state.lines, socket, { ...line, bytes: rest }) });
  for (const message of messages) {
    const next = judge(after.state, message, { socket, line }, config);
    after = { state: next.state, commands: [...after.commands, ...next.commands] };
  }
  const { answered, settled } = after.state;
  return answered && settled !== undefined
    ? react(after.state, ...after.commands, { kind: 'finish', finding: reportOf(after.state) })
    : after;
}

function judge(
  state: TcpPeerState,
  message: StunMessage,
  { line, socket }: { readonly line: Line; readonly socket: SocketName },
  config: TcpPeerConfig,
): Reaction<TcpPeerState> {
  const asked = readCheck(message);
  if (asked === undefined) {
    const mine = message.kind === 'success' && sameBytes(message.transaction, transactionOf(config.id, 1));
    return react(mine ? { ...heardFrom(state, line.remote), settled: state.settled ?? line.remote } : state);
  }
  if (asked.from !== config.peer) return react(state, { kind: 'close', socket });
  const payload = confirm(message, line.remote);
  return react({ ...heardFrom(state, line.remote), answered: true }, { kind: 'write', socket, payload });
}

function finish(state: TcpPeerState, error?: string): Reaction<TcpPeerState> {
  return react(state, { kind: 'finish', finding: reportOf(state, error) });
}
