/**
 * Finds the routers on the way by sending datagrams that live longer and longer, to ports that nobody listens on.
 *
 * Read RFC 792 (time exceeded, destination unreachable) and RFC 4443 §3 first. One probe a hop; a hop that is silent for
 * `wait` is passed over, but what it says later still counts as long as the program runs. Virtual time costs nothing, so
 * it goes on to the last hop however many are silent, and then waits 4 s: long enough for a router that looked for a
 * neighbour in vain (3 s) to report it.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import { family, type Ip, showIp } from '../../addr/ip.ts';
import { type Millis, showDuration } from '../../base/time.ts';
import { ICMP_ERROR, type IcmpErrorName } from '../../packet/icmp-error.ts';
import { type App, type AppCommand, type AppEvent, type IcmpReport, type Reaction, react } from './app.ts';
import { pattern } from './stream/bytes.ts';

export interface TracerouteConfig {
  readonly to: Ip;
  /** Default 30. */
  readonly maxHops?: number;
  /** Destination port of the first probe, one more for each further; default 33434. */
  readonly port?: number;
  /** For the answer of one hop; default 1 s. */
  readonly wait?: Millis;
}

interface Probe {
  readonly sent: Millis;
  readonly from?: Ip;
  readonly rtt?: Millis;
  /** The mark of the error that ended the way. */
  readonly mark?: string;
}

export interface TracerouteState {
  /** In order of their TTL, from 1. */
  readonly probes: readonly Probe[];
  readonly local?: Endpoint;
}

type Settings = Required<TracerouteConfig>;

const LAST_WAIT: Millis = 4000;

/** The marks of traceroute(8); any other error is `!` and its code. */
const MARKS: readonly (readonly [mark: string, errors: readonly IcmpErrorName[]])[] = [
  ['!N', ['netUnreachable']],
  ['!H', ['hostUnreachable']],
  ['!P', ['protocolUnreachable']],
  ['!F', ['fragmentationNeeded']],
  ['!X', ['adminProhibited', 'netProhibited', 'hostProhibited']],
];

/**
 * Outcomes: `reached` when the target says that the port is closed (or answers), `unreachable` on any other error but
 * time exceeded (in `icmp`) or without a route, `timeout` after the last hop. `hops`: `{ ttl, from, rtt?, mark? }` each,
 * where a hop that kept silent has a `from` of null and an error that ended the way has its mark.
 */
export function tracerouteClient(config: TracerouteConfig): App<TracerouteState> {
  const settings = { maxHops: 30, port: 33434, wait: 1000, ...config };
  return {
    name: 'traceroute',
    start: (now) => probe({ probes: [] }, settings, now),
    handle: (state, event, now) => handle(state, event, settings, now),
  };
}

function handle(state: TracerouteState, event: AppEvent, settings: Settings, now: Millis): Reaction<TracerouteState> {
  switch (event.kind) {
    case 'bound':
      return react({ ...state, local: event.local }, send(Number(event.socket), settings));
    case 'datagram':
      return end(upTo(event.socket, answered(state, event.socket, { from: event.from.ip }, now)), 'reached');
    case 'failed':
      if (event.icmp === undefined) return end({ ...state, probes: state.probes.slice(0, -1) }, 'unreachable');
      return judge(state, { socket: event.socket, icmp: event.icmp }, settings, now);
    case 'timer':
      return advance(state, settings, now);
    default:
      return react(state);
  }
}

function advance(state: TracerouteState, settings: Settings, now: Millis): Reaction<TracerouteState> {
  return state.probes.length < settings.maxHops ? probe(state, settings, now) : end(state, 'timeout');
}

/** Each probe has a socket of its own, which is named by its TTL. */
function probe(state: TracerouteState, { to, port, wait, maxHops }: Settings, now: Millis): Reaction<TracerouteState> {
  const ttl = state.probes.length + 1;
  return react(
    { ...state, probes: [...state.probes, { sent: now }] },
    { kind: 'timer', name: 'next', after: ttl < maxHops ? wait : Math.max(wait, LAST_WAIT) },
    { kind: 'bind', socket: `${ttl}`, port: 0, peer: { ip: to, port: port + ttl - 1 } },
  );
}

/** 60 bytes in all over IPv4, as traceroute(8) sends. */
function send(ttl: number, { to, port }: Settings): AppCommand {
  return { kind: 'send', socket: `${ttl}`, to: { ip: to, port: port + ttl - 1 }, ttl, payload: pattern(32) };
}

interface Heard {
  readonly socket: string;
  readonly icmp: IcmpReport;
}

function judge(state: TracerouteState, { socket, icmp }: Heard, settings: Settings, now: Millis) {
  const { from } = icmp;
  const name = nameOf(icmp);
  if (name === 'timeExceeded') {
    const known = answered(state, socket, { from }, now);
    return Number(socket) === state.probes.length ? advance(known, settings, now) : react(known);
  }
  if (name === 'portUnreachable' && from === settings.to) {
    return end(upTo(socket, answered(state, socket, { from }, now)), 'reached');
  }
  const mark = MARKS.find(([, errors]) => errors.some((error) => error === name))?.[0] ?? `!${icmp.code}`;
  return end(upTo(socket, answered(state, socket, { from, mark }, now)), 'unreachable', icmp);
}

/** The first name by which the family knows this type and code. */
function nameOf({ type, code, from }: IcmpReport): IcmpErrorName | undefined {
  const names = Object.keys(ICMP_ERROR[4]) as IcmpErrorName[];
  const errors = ICMP_ERROR[family(from)];
  return names.find((name) => errors[name].type === type && errors[name].code === code);
}

/** The probe of this socket with what came back for it; the first answer counts. */
function answered(state: TracerouteState, socket: string, what: Pick<Probe, 'from' | 'mark'>, now: Millis) {
  const probes = state.probes.map((probe, i) =>
    `${i + 1}` === socket && probe.from === undefined ? { ...probe, ...what, rtt: now - probe.sent } : probe,
  );
  return { ...state, probes };
}

/** Hops behind the one that ended the way are none. */
function upTo(socket: string, state: TracerouteState): TracerouteState {
  return { ...state, probes: state.probes.slice(0, Number(socket)) };
}

function end(state: TracerouteState, outcome: string, icmp?: IcmpReport): Reaction<TracerouteState> {
  const hops = state.probes.map(({ from, rtt, mark }, i) => ({
    ttl: i + 1,
    from: from === undefined ? null : showIp(from),
    ...(rtt === undefined ? {} : { rtt: showDuration(rtt) }),
    ...(mark === undefined ? {} : { mark }),
  }));
  const finding = {
    outcome,
    ...(icmp === undefined ? {} : { icmp }),
    ...(state.local === undefined ? {} : { local: state.local }),
    more: { hops },
  };
  return react(state, { kind: 'finish', finding });
}
