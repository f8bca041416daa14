/** The client of behaviour discovery: one probe after the other, each sent again until it is answered or given up. */
import type { Endpoint } from '../../../addr/endpoint.ts';
import { type Ip, showIp } from '../../../addr/ip.ts';
import { type Millis, showDuration } from '../../../base/time.ts';
import type { Packet } from '../../../packet/packet.ts';
import {
  type App,
  type AppCommand,
  type AppEvent,
  type Finding,
  type Reaction,
  react,
  type SocketName,
} from '../app.ts';
import { sameBytes } from '../stream/bytes.ts';
import { put } from '../stream/table.ts';
import { ATTRIBUTE, addressIn, BINDING, decodeStun, encodeStun, hiddenIn, type StunMessage } from './message.ts';
import {
  type Answers,
  type Behaviour,
  conclude,
  type Heard,
  nextProbe,
  PATIENCE,
  type Probe,
  type StunTest,
  type Subject,
} from './plan.ts';
import { transactionOf } from './transaction.ts';

export interface DiscoverConfig {
  readonly server: Endpoint;
  /** The client's own address. */
  readonly local: Ip;
  readonly tests: readonly StunTest[];
  /** Begins the numbers of its requests, 32 bits. */
  readonly id: number;
}

export interface DiscoverState {
  readonly answers: Answers;
  readonly locals: ReadonlyMap<SocketName, Endpoint>;
  readonly probe: Probe;
  /** Requests begun so far. */
  readonly count: number;
  /** How often the present one was sent. */
  readonly sent: number;
}

/** The first wait for an answer; each further one is twice as long (RFC 8489 §6.2.1). */
const RTO: Millis = 500;
/** So that two losses in a row are no silence, and a neighbour that does not answer (3 s) is still heard of. */
const TRIES = 4;

/**
 * Outcomes: `measured` with the fields of `Behaviour`, `timeout` when the server does not answer, `unreachable` when there
 * is no way to it.
 */
export function discoverClient(config: DiscoverConfig): App<DiscoverState> {
  const { local, server } = config;
  const probe: Probe = { name: 'M1', socket: 'main', to: server, hearsAt: 'main' };
  return {
    name: 'stun client',
    start: () => react({ answers: new Map(), locals: new Map(), probe, count: 0, sent: 0 }, open('main', local)),
    handle: (state, event) => handle(state, event, config),
  };
}

function open(socket: SocketName, address: Ip): AppCommand {
  return { kind: 'bind', socket, port: 0, address };
}

function handle(state: DiscoverState, event: AppEvent, config: DiscoverConfig): Reaction<DiscoverState> {
  switch (event.kind) {
    case 'bound':
      return transmit({ ...state, locals: put(state.locals, event.socket, event.local) }, config);
    case 'datagram':
      return hear(state, event, config);
    case 'packet':
      return see(state, event.packet, config);
    case 'timer':
      if (state.sent < TRIES) return transmit(state, config);
      return proceed(state, 'silence', config);
    case 'failed':
      return react(state, { kind: 'finish', finding: { outcome: 'unreachable', more: { error: event.error } } });
    default:
      return react(state);
  }
}

/** Sends the present probe, once more. */
function transmit(state: DiscoverState, config: DiscoverConfig): Reaction<DiscoverState> {
  const { count, probe, sent } = state;
  const payload = encodeStun(requestFor(probe, transactionOf(config.id, count)));
  return react(
    { ...state, sent: sent + 1 },
    { kind: 'timer', name: 'again', after: RTO * 2 ** sent },
    { kind: 'send', socket: probe.socket, to: probe.to, payload },
  );
}

/** Bits of CHANGE-REQUEST (RFC 5780 §7.2). */
const CHANGE = { port: 2, both: 6 } as const;

function requestFor({ change, responsePort: port }: Probe, transaction: Uint8Array): StunMessage {
  const attributes = [
    ...(change === undefined ? [] : [{ type: ATTRIBUTE.changeRequest, value: Uint8Array.of(0, 0, 0, CHANGE[change]) }]),
    ...(port === undefined ? [] : [{ type: ATTRIBUTE.responsePort, value: Uint8Array.of(port >> 8, port & 255) }]),
  ];
  return { kind: 'request', method: BINDING, transaction, attributes };
}

function hear(
  state: DiscoverState,
  { from, payload, socket }: Extract<AppEvent, { kind: 'datagram' }>,
  config: DiscoverConfig,
): Reaction<DiscoverState> {
  const { count, probe } = state;
  const message = decodeStun(payload);
  if (message === undefined || socket !== probe.hearsAt || probe.seen === true) return react(state);
  if (!sameBytes(message.transaction, transactionOf(config.id, count))) return react(state);
  if (message.kind !== 'success') return proceed(state, 'silence', config);
  const mapped = hiddenIn(message, ATTRIBUTE.xorMappedAddress) ?? addressIn(message, ATTRIBUTE.mappedAddress);
  const other = addressIn(message, ATTRIBUTE.otherAddress);
  const told = { ...(mapped === undefined ? {} : { mapped }), ...(other === undefined ? {} : { other }) };
  return proceed(state, { from, ...told }, config);
}

/** A request that turned round at the NAT. */
function see(state: DiscoverState, packet: Packet, config: DiscoverConfig): Reaction<DiscoverState> {
  const { count, locals, probe } = state;
  const local = locals.get(probe.hearsAt);
  if (packet.kind !== 'udp' || probe.seen !== true) return react(state);
  if (packet.dst !== local?.ip || packet.dport !== local.port) return react(state);
  const message = decodeStun(packet.payload);
  if (message?.kind !== 'request' || !sameBytes(message.transaction, transactionOf(config.id, count))) {
    return react(state);
  }
  return proceed(state, { from: { ip: packet.src, port: packet.sport } }, config);
}

function proceed(state: DiscoverState, found: Heard | 'silence', config: DiscoverConfig): Reaction<DiscoverState> {
  const answers = put(state.answers, state.probe.name, found);
  const subject: Subject = { ...config, locals: state.locals };
  const probe = nextProbe(answers, subject);
  if (probe === undefined) return finish({ ...state, answers }, conclude(answers, subject));
  const after: DiscoverState = { ...state, answers, probe, count: state.count + 1, sent: 0 };
  if (!state.locals.has(probe.socket)) {
    const window: AppCommand[] = probe.name === 'H1' ? [{ kind: 'raw', socket: 'window', level: 'packet' }] : [];
    return react(after, { kind: 'cancel', name: 'again' }, ...window, open(probe.socket, config.local));
  }
  // A transmission follows the timer; `sent` is still 0 then.
  if (probe.wait !== undefined) return react(after, { kind: 'timer', name: 'again', after: probe.wait });
  return transmit(after, config);
}

function finish(state: DiscoverState, behaviour: Behaviour | undefined): Reaction<DiscoverState> {
  const local = state.locals.get('main');
  const used = local === undefined ? {} : { local };
  const finding: Finding = behaviour === undefined ? { outcome: 'timeout', ...used } : { ...tell(behaviour), ...used };
  return react(state, { kind: 'finish', finding });
}

function tell(behaviour: Behaviour): Finding {
  const { lifetime, mapped, ...rest } = behaviour;
  const spoken = lifetime === undefined ? undefined : showLifetime(lifetime);
  const more = {
    ...rest,
    mapped: { address: showIp(mapped.ip), port: mapped.port },
    ...(spoken === undefined ? {} : { lifetime: spoken }),
  };
  return { outcome: 'measured', more, says: describe(behaviour, spoken) };
}

function showLifetime(lifetime: Millis | 'endless'): string {
  return lifetime === 'endless' ? `over ${showDuration(PATIENCE)}` : showDuration(lifetime);
}

function describe({ filtering, hairpin, mapped, mapping, reason }: Behaviour, lifetime: string | undefined): string {
  const hairpins = {
    'external-source': 'hairpins',
    'internal-source': 'hairpins with the internal source',
    none: 'does not hairpin',
  };
  const facts = [
    ...(mapping === undefined || mapping === 'none' ? [] : [`${mapping} mapping`]),
    ...(filtering === undefined ? [] : [`${filtering} filtering`]),
    ...(hairpin === undefined ? [] : [hairpins[hairpin]]),
    ...(lifetime === undefined ? [] : [`mappings last ${lifetime}`]),
  ];
  const seen = `The server sees ${showIp(mapped.ip)} port ${mapped.port}${mapping === 'none' ? ': no NAT' : ''}.`;
  const found = facts.length === 0 ? '' : ` Between the two: ${facts.join(', ')}.`;
  return `${seen}${found}${reason === undefined ? '' : ` Not all could be measured: ${reason}.`}`;
}
