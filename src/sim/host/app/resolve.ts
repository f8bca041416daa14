/** Asks the DNS servers of a node for the addresses of a name. Read RFC 1034 §5.3.1 and resolv.conf(5) first. */
import type { Endpoint } from '../../addr/endpoint.ts';
import { type Ip, showIp } from '../../addr/ip.ts';
import { mix } from '../../base/rng.ts';
import type { Millis } from '../../base/time.ts';
import { type App, type AppEvent, type Finding, type Reaction, react } from './app.ts';
import { follow } from './dns/answer.ts';
import { ask, type Exchange, hear, type Turn, type Verdict } from './dns/exchange.ts';
import { type DnsQuestion, type DnsRecord, isDnsName } from './message-dns.ts';

export interface ResolveConfig {
  /** In the order they are asked. */
  readonly servers: readonly Ip[];
  readonly name: string;
  /** Default A. */
  readonly type?: 'A' | 'AAAA' | 'CNAME';
  /** For each try; default 5 s. */
  readonly timeout?: Millis;
  /** How often the list of servers is gone through; default 2. */
  readonly attempts?: number;
  /** Identifier of the first query; by default it follows from the name. */
  readonly id?: number;
}

export interface ResolveState {
  readonly exchange: Exchange;
  /** How many aliases were asked for on their own, since the server did not follow them. */
  readonly steps: number;
}

const MAX_STEPS = 8;

/**
 * Outcomes: `resolved` with `addresses` (none when the name exists without such records) and the
 * `resolver` that answered; `nxdomain`; `servfail` when servers answered that they cannot; `timeout` when none answered. A name that
 * cannot be asked for, or no servers to ask, gives a `reason`.
 */
export function resolveClient(config: ResolveConfig): App<ResolveState> {
  return {
    name: 'resolve',
    start: () => start(config),
    handle: (state, event) => handle(state, event, config),
  };
}

function start(config: ResolveConfig): Reaction<ResolveState> {
  const { name, type = 'A', servers } = config;
  const turn = put({ name, type }, 0, config);
  const state = { exchange: turn.exchange, steps: 0 };
  if (!isDnsName(name)) return finish(state, { outcome: 'nxdomain', more: { reason: `"${name}" is not a DNS name` } });
  if (servers.length === 0)
    return finish(state, { outcome: 'servfail', more: { reason: 'no resolver is configured' } });
  return react(state, ...turn.commands);
}

function put(question: DnsQuestion, steps: number, config: ResolveConfig): Turn {
  const { servers, timeout = 5000, attempts: rounds = 2, id = mix(0, config.name) & 0xffff } = config;
  const endpoints = servers.map((ip) => ({ ip, port: 53 }));
  // Names of one exchange must not meet late events of another.
  const name = `query${steps}`;
  return ask({ name, question, servers: endpoints, rounds, timeout, id: id + steps * 256 });
}

function handle(state: ResolveState, event: AppEvent, config: ResolveConfig): Reaction<ResolveState> {
  const { exchange, commands, verdict } = hear(state.exchange, event);
  const next = { ...state, exchange };
  if (verdict === undefined) return react(next, ...commands);
  const then = conclude(next, verdict, config);
  return react(then.state, ...commands, ...then.commands);
}

function conclude(state: ResolveState, verdict: Verdict, config: ResolveConfig): Reaction<ResolveState> {
  if (verdict.kind !== 'answer') {
    return finish(state, { outcome: verdict.kind, ...(verdict.icmp === undefined ? {} : { icmp: verdict.icmp }) });
  }
  const { message, server } = verdict;
  const { found, used, end } = follow(state.exchange.question, message.answers);
  if (message.rcode === 'NXDOMAIN')
    return finish(state, { outcome: 'nxdomain', more: { resolver: showIp(server.ip) } });
  if (found.length > 0 || used.length === 0) return finish(state, resolved(found, server));
  if (state.steps === MAX_STEPS) return finish(state, { outcome: 'servfail', more: { reason: 'too many aliases' } });
  const steps = state.steps + 1;
  const turn = put({ ...state.exchange.question, name: end }, steps, config);
  return react({ exchange: turn.exchange, steps }, ...turn.commands);
}

function resolved(found: readonly DnsRecord[], server: Endpoint): Finding {
  const addresses = found.flatMap((record) => ('data' in record ? [showData(record.data)] : []));
  return { outcome: 'resolved', more: { addresses, resolver: showIp(server.ip) } };
}

function showData(data: Ip | string): string {
  return typeof data === 'string' ? data : showIp(data);
}

function finish(state: ResolveState, finding: Finding): Reaction<ResolveState> {
  return react(state, { kind: 'finish', finding });
}
