/**
 * A peer that punches a hole for UDP: it sends to the endpoint that the rendezvous told it, and to every source that it
 * hears its peer from, until a request of its own is answered from the very endpoint that it was sent to.
 *
 * Read RFC 5128 §3.3 and RFC 8445 §7.2.5 first.
 */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { fail } from '../../../base/fail.ts';
import type { Millis } from '../../../base/time.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react } from '../app.ts';
import { sameBytes } from '../stream/bytes.ts';
import { decodeStun, type StunMessage } from '../stun/message.ts';
import { transactionOf } from '../stun/transaction.ts';
import { check, confirm, readCheck, readIntroduction, register } from './message.ts';
import {
  candidatesFrom,
  hearFrom,
  isNews,
  type Meeting,
  type PeerConfig,
  reportOf,
  STRANGERS,
  sameEndpoint,
} from './peer.ts';

export interface UdpPeerState extends Meeting {
  readonly own: Endpoint | undefined;
  /** Where each check went, in order; its number is its place. */
  readonly sent: readonly Endpoint[];
  readonly round: number;
  /** The peer has said that it is settled. */
  readonly peerSettled: boolean;
}

/** Between two registrations, and two rounds of checks. */
const INTERVAL: Millis = 500;
/** How long the rendezvous is asked about the peer. */
const REGISTRATIONS = 12;
const ROUNDS = 8;

/** Outcomes: `direct` or `failed`, with what `reportOf` tells. */
export function udpPeer(config: PeerConfig): App<UdpPeerState> {
  return {
    name: 'punch',
    start: () =>
      react(
        { ...STRANGERS, own: undefined, sent: [], round: 0, peerSettled: false },
        { kind: 'bind', socket: 'hole', port: 0, address: config.local },
      ),
    handle: (state, event) => handle(state, event, config),
  };
}

function handle(state: UdpPeerState, event: AppEvent, config: PeerConfig): Reaction<UdpPeerState> {
  switch (event.kind) {
    case 'bound':
      return announce({ ...state, own: event.local }, config);
    case 'datagram':
      return hear(state, event.payload, event.from, config);
    case 'timer':
      return state.told?.peer === undefined ? announce(state, config) : knock(state, config);
    case 'failed':
      return finish(state, event.error);
    default:
      return react(state);
  }
}

/** Its requests to the rendezvous all have the number that no check has. */
function numberOf({ id }: PeerConfig): Uint8Array {
  return transactionOf(id, 0xffff_ffff);
}

function announce(state: UdpPeerState, config: PeerConfig): Reaction<UdpPeerState> {
  const { own = fail('not bound'), round } = state;
  if (round === REGISTRATIONS) return finish(state);
  const payload = register(numberOf(config), config.name, own);
  return react(
    { ...state, round: round + 1 },
    { kind: 'send', socket: 'hole', to: config.rendezvous, payload },
    { kind: 'timer', name: 'again', after: INTERVAL },
  );
}

/** One round of checks, to all that could be the peer; to the one that answered, once one has. */
function knock(state: UdpPeerState, config: PeerConfig): Reaction<UdpPeerState> {
  if (state.round === ROUNDS) return finish(state);
  const targets = state.settled === undefined ? state.candidates : [state.settled];
  const next = { ...state, round: state.round + 1 };
  return ask(next, targets, config, { kind: 'timer', name: 'again', after: INTERVAL });
}

function ask(
  state: UdpPeerState,
  targets: readonly Endpoint[],
  config: PeerConfig,
  ...more: readonly AppCommand[]
): Reaction<UdpPeerState> {
  const sends = targets.map((to, i): AppCommand => {
    const number = transactionOf(config.id, state.sent.length + i);
    return { kind: 'send', socket: 'hole', to, payload: check(number, config.name, state.settled !== undefined) };
  });
  return react({ ...state, sent: [...state.sent, ...targets] }, ...sends, ...more);
}

function hear(state: UdpPeerState, payload: Uint8Array, from: Endpoint, config: PeerConfig): Reaction<UdpPeerState> {
  const message = decodeStun(payload);
  if (message === undefined) return react(state);
  if (sameBytes(message.transaction, numberOf(config))) return meet(state, message, config);
  const asked = readCheck(message);
  if (asked === undefined) return takeAnswer(state, message, from, config);
  // Behind the same private address on another network may be somebody else's peer.
  if (asked.from !== config.peer) return react(state);
  const answer: AppCommand = { kind: 'send', socket: 'hole', to: from, payload: confirm(message, from) };
  const after = { ...hearFrom(state, from), peerSettled: state.peerSettled || asked.settled };
  if (isDone(after)) return part(after, config, answer);
  const triggered = state.settled === undefined && isNews(state, from) ? [from] : [];
  const asking = ask(after, triggered, config);
  return { ...asking, commands: [answer, ...asking.commands] };
}

function meet(state: UdpPeerState, message: StunMessage, config: PeerConfig): Reaction<UdpPeerState> {
  const told = readIntroduction(message);
  if (told === undefined || state.told?.peer !== undefined) return react(state);
  if (told.peer === undefined) return react({ ...state, told });
  const known = candidatesFrom(told, config.direct);
  const heard = state.candidates.filter((each) => !known.some((other) => sameEndpoint(each, other)));
  return knock({ ...state, told, candidates: [...known, ...heard], round: 0 }, config);
}

/** ICE-3: only an answer from where the request went settles it; any other shows an endpoint to try. */
function takeAnswer(
  state: UdpPeerState,
  message: StunMessage,
  from: Endpoint,
  config: PeerConfig,
): Reaction<UdpPeerState> {
  const to = state.sent.find((_, i) => sameBytes(message.transaction, transactionOf(config.id, i)));
  if (to === undefined || message.kind !== 'success') return react(state);
  const heard = hearFrom(state, from);
  if (!sameEndpoint(to, from)) return ask(heard, isNews(state, from) ? [from] : [], config);
  const after = { ...heard, settled: state.settled ?? from };
  if (isDone(after)) return part(after, config);
  return state.settled === undefined ? ask(after, [from], config) : react(after);
}

function isDone({ peerSettled, settled }: UdpPeerState): boolean {
  return settled !== undefined && peerSettled;
}

/** Tells the peer, which may still wait to hear it. */
function part(state: UdpPeerState, config: PeerConfig, ...first: readonly AppCommand[]): Reaction<UdpPeerState> {
  const last = ask(state, state.settled === undefined ? [] : [state.settled], config);
  return react(last.state, ...first, ...last.commands, { kind: 'finish', finding: reportOf(last.state) });
}

function finish(state: UdpPeerState, error?: string): Reaction<UdpPeerState> {
  return react(state, { kind: 'finish', finding: reportOf(state, error) });
}
