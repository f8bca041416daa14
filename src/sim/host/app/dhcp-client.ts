/**
 * A DHCP client for one interface. Read RFC 2131 §4.4 first; its figure 5 is the `Phase` below.
 *
 * It sends and hears raw frames, since before it has an address no socket could, and goes on so afterwards; its socket
 * on port 68 is there to renew by unicast, and so that the answers do not meet a closed port. It never gives up: in the
 * end it asks every 64 s.
 */
import { ANY4, type Ip4, LIMITED_BROADCAST, showIp } from '../../addr/ip.ts';
import { mix } from '../../base/rng.ts';
import { type Millis, showDuration } from '../../base/time.ts';
import { type Packet, udp } from '../../packet/packet.ts';
import { type App, type AppCommand, type AppEvent, type Reaction, react } from './app.ts';
import { type Held, heldFrom } from './dhcp/lease.ts';
import { DHCP_OPTION, type DhcpMessage, decodeDhcp, encodeDhcp } from './dhcp-message.ts';

export interface DhcpClientConfig {
  readonly interface: string;
  /** Hardware address of the interface, unsigned 48 bits; transaction ids follow from it. */
  readonly mac: number;
  readonly hostname?: string;
}

/** A phase in which a message is sent until it is answered. */
interface Asking {
  readonly kind: 'selecting' | 'requesting' | 'rebooting' | 'renewing' | 'rebinding';
  readonly message: Pick<DhcpMessage, 'type'> & Partial<DhcpMessage>;
  /** The server to ask alone; else all are asked. */
  readonly server?: Ip4;
  /** When the phase ends by itself. */
  readonly until?: Millis;
}

/** `idle` while the link is down; `resting` for a moment after a server took the address away. */
type Phase = Asking | { readonly kind: 'idle' | 'resting' | 'bound' };

export interface DhcpClientState {
  readonly phase: Phase;
  readonly held: Held | undefined;
  /** The last address, to be asked for again. */
  readonly wish: Ip4 | undefined;
  readonly xid: number;
  /** How many transactions there were. */
  readonly transactions: number;
  /** Messages sent in this phase. */
  readonly tries: number;
  /** When the transaction began, and when its last message was sent. */
  readonly began: Millis;
  readonly asked: Millis;
}

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
/** Doubled with each try up to 64 s (RFC 2131 §4.1), without its random second. */
const FIRST_RETRY: Millis = 4000;
const LAST_RETRY: Millis = 64_000;
const MAX_TRIES = { requesting: 4, rebooting: 2 } as const;
const REST: Millis = 1000;
/** Between messages that renew a lease, at least (RFC 2131 §4.4.5). */
const RENEW_RETRY: Millis = 60_000;
const RAW = 'raw';
const OWN = 'own';
const WANTED = [DHCP_OPTION.mask, DHCP_OPTION.routers, DHCP_OPTION.resolvers, DHCP_OPTION.lease];

export function dhcpClient(config: DhcpClientConfig): App<DhcpClientState> {
  return {
    name: 'dhcp client',
    start: (now) => {
      const phase = { kind: 'idle' } as const;
      const blank = {
        phase,
        held: undefined,
        wish: undefined,
        xid: 0,
        transactions: 0,
        tries: 0,
        began: now,
        asked: now,
      };
      const { state, commands } = discover(blank, config, now);
      return react(
        state,
        { kind: 'raw', socket: RAW, level: 'packet' },
        { kind: 'bind', socket: OWN, port: CLIENT_PORT, interface: config.interface },
        ...commands,
      );
    },
    handle: (state, event, now) => handle(state, event, config, now),
  };
}

function handle(
  state: DhcpClientState,
  event: AppEvent,
  config: DhcpClientConfig,
  now: Millis,
): Reaction<DhcpClientState> {
  switch (event.kind) {
    case 'packet': {
      const message = event.interface === config.interface ? heard(event.packet) : undefined;
      const ours = message?.mac === config.mac && message.xid === state.xid;
      return ours ? receive(state, message, config, now) : react(state);
    }
    case 'timer':
      return ring(state, event.name, config, now);
    case 'link':
      return event.interface === config.interface ? follow(state, event.up, config, now) : react(state);
    case 'failed':
      return react(state, { kind: 'note', text: `${event.socket}: ${event.error}` });
    default:
      return react(state);
  }
}

function heard(packet: Packet): DhcpMessage | undefined {
  return packet.kind === 'udp' && packet.dport === CLIENT_PORT ? decodeDhcp(packet.payload) : undefined;
}

/** A link that is up already has only changed its address, which was this program's own doing. */
function follow(state: DhcpClientState, up: boolean, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const { phase, held } = state;
  if (!up) return react({ ...state, phase: { kind: 'idle' } }, ...silence());
  if (phase.kind !== 'idle') return react(state);
  if (held === undefined) return discover(state, config, now);
  const message = { type: 'request', requested: held.address } as const;
  return transact(state, { kind: 'rebooting', message }, config, now);
}

function silence(): AppCommand[] {
  return ['retry', 'renew', 'rebind'].map((name) => ({ kind: 'cancel', name }));
}

function discover(state: DhcpClientState, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const wish = state.wish === undefined ? {} : { requested: state.wish };
  return transact(state, { kind: 'selecting', message: { type: 'discover', ...wish } }, config, now);
}

/** Begins a phase under a new transaction id. */
function transact(state: DhcpClientState, phase: Asking, config: DhcpClientConfig, now: Millis) {
  const transactions = state.transactions + 1;
  const xid = mix(config.mac, `${config.interface} ${transactions}`) >>> 0;
  return transmit({ ...state, xid, transactions, tries: 0, began: now }, phase, config, now);
}

/** Sends the message of the phase, and sets the time for the next. */
function transmit(
  state: DhcpClientState,
  phase: Asking,
  config: DhcpClientConfig,
  now: Millis,
): Reaction<DhcpClientState> {
  const message: DhcpMessage = {
    xid: state.xid,
    secs: Math.min(Math.floor((now - state.began) / 1000), 0xffff),
    broadcast: phase.server === undefined,
    ciaddr: ANY4,
    yiaddr: ANY4,
    giaddr: ANY4,
    mac: config.mac,
    wanted: WANTED,
    ...(config.hostname === undefined ? {} : { hostname: config.hostname }),
    ...phase.message,
  };
  const wait = retryAfter(phase, state.tries, now);
  return react(
    { ...state, phase, tries: state.tries + 1, asked: now },
    wait === undefined ? { kind: 'cancel', name: 'retry' } : { kind: 'timer', name: 'retry', after: wait },
    carry(message, phase, config.interface),
  );
}

function retryAfter({ until }: Asking, tries: number, now: Millis): Millis | undefined {
  if (until === undefined) return Math.min(FIRST_RETRY * 2 ** tries, LAST_RETRY);
  const half = (until - now) / 2;
  return half >= RENEW_RETRY ? half : undefined;
}

function carry(message: DhcpMessage, { server }: Asking, name: string): AppCommand {
  const payload = encodeDhcp(message);
  if (server !== undefined) return { kind: 'send', socket: OWN, to: { ip: server, port: SERVER_PORT }, payload };
  const ports = { sport: CLIENT_PORT, dport: SERVER_PORT };
  const packet = udp({ src: message.ciaddr, dst: LIMITED_BROADCAST, ...ports, df: false, payload });
  return { kind: 'inject', socket: RAW, packet, interface: name };
}

function receive(
  state: DhcpClientState,
  message: DhcpMessage,
  config: DhcpClientConfig,
  now: Millis,
): Reaction<DhcpClientState> {
  const { kind } = state.phase;
  if (kind === 'selecting') {
    const offered = message.type === 'offer' ? heldFrom(message, now) : undefined;
    if (offered === undefined) return react(state);
    const { server, address: requested } = offered;
    const phase = { kind: 'requesting', message: { type: 'request', server, requested } } as const;
    return transmit({ ...state, tries: 0 }, phase, config, now);
  }
  if (kind === 'idle' || kind === 'resting' || kind === 'bound') return react(state);
  if (message.type === 'nak') {
    const rest = { kind: 'timer', name: 'retry', after: REST } as const;
    const { state: without, commands } = lose(state, config, 'the server refused the address');
    return react({ ...without, phase: { kind: 'resting' } }, ...commands, rest);
  }
  const held = message.type === 'ack' ? heldFrom(message, state.asked) : undefined;
  return held === undefined ? react(state) : adopt(state, held, config, now);
}

function adopt(state: DhcpClientState, held: Held, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const { address, lease } = held;
  const left = Number.isFinite(held.expires) ? `for ${showDuration(held.expires - now)}` : 'for ever';
  return react(
    { ...state, phase: { kind: 'bound' }, held, wish: address },
    { kind: 'cancel', name: 'retry' },
    { kind: 'configure', interface: config.interface, lease },
    ...clock(held, now),
    { kind: 'note', text: `bound to ${showIp(address)} ${left}` },
  );
}

function clock({ renewal, rebinding, expires }: Held, now: Millis): AppCommand[] {
  const times = [
    ['renew', renewal],
    ['rebind', rebinding],
    ['expire', expires],
  ] as const;
  return times.map(([name, at]) =>
    Number.isFinite(at) ? { kind: 'timer', name, after: Math.max(at - now, 0) } : { kind: 'cancel', name },
  );
}

/** The client without its address. */
function lose(state: DhcpClientState, config: DhcpClientConfig, why: string): Reaction<DhcpClientState> {
  return react(
    { ...state, held: undefined },
    { kind: 'configure', interface: config.interface, lease: undefined },
    ...silence(),
    { kind: 'cancel', name: 'expire' },
    { kind: 'note', text: why },
  );
}

function ring(state: DhcpClientState, timer: string, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const { held } = state;
  if (timer === 'retry' || held === undefined) return retry(state, config, now);
  if (timer === 'expire') return expire(state, config, now);
  const message = { type: 'request', ciaddr: held.address } as const;
  const phase: Asking =
    timer === 'renew'
      ? { kind: 'renewing', message, server: held.server, until: held.rebinding }
      : { kind: 'rebinding', message, until: held.expires };
  return transact(state, phase, config, now);
}

function retry(state: DhcpClientState, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const { phase, tries, held } = state;
  if (!('message' in phase)) return discover(state, config, now);
  if ((phase.kind !== 'requesting' && phase.kind !== 'rebooting') || tries < MAX_TRIES[phase.kind]) {
    return transmit(state, phase, config, now);
  }
  // RFC 2131 §3.2: nobody objects, so the rest of the lease is used up.
  if (phase.kind === 'rebooting' && held !== undefined) {
    return react({ ...state, phase: { kind: 'bound' } }, ...clock(held, now));
  }
  return discover(state, config, now);
}

function expire(state: DhcpClientState, config: DhcpClientConfig, now: Millis): Reaction<DhcpClientState> {
  const { state: without, commands } = lose(state, config, 'the lease is over');
  if (state.phase.kind === 'idle') return react(without, ...commands);
  const anew = discover(without, config, now);
  return react(anew.state, ...commands, ...anew.commands);
}
