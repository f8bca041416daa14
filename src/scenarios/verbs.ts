/** The verbs of a scenario that send packets: the client program that each runs. */
import { ANY4, ANY6, family, type Ip, isIp4, showIp } from '../sim/addr/ip.ts';
import { fail } from '../sim/base/fail.ts';
import { mix } from '../sim/base/rng.ts';
import { type Millis, parseDuration } from '../sim/base/time.ts';
import { icmpTypeNumber } from '../sim/design/icmp.ts';
import type { App } from '../sim/host/app/app.ts';
import { connectClient } from '../sim/host/app/connect.ts';
import { fetchClient } from '../sim/host/app/fetch.ts';
import { ftpClient } from '../sim/host/app/ftp-client.ts';
import { mapClient } from '../sim/host/app/pcp/client.ts';
import { PCP_PORT } from '../sim/host/app/pcp/message.ts';
import { pingClient } from '../sim/host/app/ping.ts';
import { sendClient } from '../sim/host/app/send.ts';
import { discoverClient } from '../sim/host/app/stun/discover.ts';
import { STUN_TESTS } from '../sim/host/app/stun/plan.ts';
import { transactionOf } from '../sim/host/app/stun/transaction.ts';
import { tracerouteClient } from '../sim/host/app/traceroute.ts';
import { flagsOf, PROTOCOL } from '../sim/packet/packet.ts';
import type { World } from '../sim/world/world.ts';
import { lookUp, resolve } from './lookup.ts';
import { type Ran, run } from './program.ts';
import { punch } from './punch.ts';
import type { Step } from './schema.ts';

type ArgumentsOf<V extends string> = Step extends infer S
  ? S extends { readonly [K in V]: infer A }
    ? A
    : never
  : never;
/** A verb that sends packets, with its arguments. */
export type Act = {
  [V in Sending]: {
    readonly verb: V;
    readonly with: ArgumentsOf<V>;
  };
}[Sending];
type Sending = 'connect' | 'send' | 'ping' | 'traceroute' | 'resolve' | 'fetch' | 'ftp' | 'stun' | 'punch' | 'map';

/** Runs the program behind a verb and lets what is still on its way arrive. */
export function act(world: World, step: Act): Ran {
  switch (step.verb) {
    case 'connect':
      return connect(world, step.with);
    case 'send':
      return send(world, step.with);
    case 'ping':
      return ping(world, step.with);
    case 'traceroute':
      return traceroute(world, step.with);
    case 'resolve':
      return resolve(world, step.with.from, step.with.name, step.with.type ?? 'A');
    case 'fetch':
      return fetch(world, step.with);
    case 'ftp':
      return ftp(world, step.with);
    case 'stun':
      return stun(world, step.with);
    case 'punch':
      return punch(world, step.with);
    case 'map':
      return map(world, step.with);
  }
}

/** Runs what `make` gives for the address of `to`; a name that does not resolve has the outcome `otherwise`. */
function at(
  world: World,
  { from, to }: { from: string; to: string },
  otherwise: string,
  make: (ip: Ip) => App<unknown>,
): Ran {
  const found = lookUp(world, from, to);
  if (found.kind === 'address') return run(world, from, make(found.ip), found.ip);
  const { program, finding } = found.ran;
  const reason = finding.more?.reason ?? `the name "${to}" does not resolve: ${finding.outcome}`;
  return { program, finding: { ...finding, outcome: otherwise, more: { ...finding.more, reason } }, unresolved: true };
}

function connect(world: World, step: ArgumentsOf<'connect'>): Ran {
  const { port, protocol = 'tcp', sourcePort, bytes, timeout } = step;
  return at(world, step, 'unreachable', (ip) =>
    connectClient({
      protocol,
      to: { ip, port },
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(bytes === undefined ? {} : { bytes }),
      ...timed(timeout),
    }),
  );
}

function send(world: World, step: ArgumentsOf<'send'>): Ran {
  const { protocol, port, sourcePort, payload, ttl, tcpFlags } = step;
  return at(world, step, 'dropped', (to) =>
    sendClient({
      to,
      protocol: typeof protocol === 'number' ? protocol : PROTOCOL[protocol],
      ...(port === undefined ? {} : { port }),
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(payload === undefined ? {} : { payload: new TextEncoder().encode(payload) }),
      ...(ttl === undefined ? {} : { ttl }),
      ...(tcpFlags === undefined ? {} : { tcpFlags: flagsOf(tcpFlags) }),
      ...(step.icmpType === undefined ? {} : { icmpType: typeNumber(step.icmpType, to) }),
    }),
  );
}

function typeNumber(type: string | number, to: Ip): number {
  return icmpTypeNumber(type, family(to)) ?? fail(`unchecked ICMP type ${type}`);
}

function ping(world: World, step: ArgumentsOf<'ping'>): Ran {
  const { count, timeout } = step;
  const id = world.draw(step.from, 1, 65535);
  return at(world, step, 'unreachable', (to) =>
    pingClient({ to, id, ...(count === undefined ? {} : { count }), ...timed(timeout) }),
  );
}

function traceroute(world: World, step: ArgumentsOf<'traceroute'>): Ran {
  const { maxHops } = step;
  return at(world, step, 'unreachable', (to) =>
    tracerouteClient({ to, ...(maxHops === undefined ? {} : { maxHops }) }),
  );
}

function fetch(world: World, { from, url }: ArgumentsOf<'fetch'>): Ran {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  const found = lookUp(world, from, hostname.replace(/^\[|\]$/g, ''));
  if (found.kind === 'failed') return { ...found.ran, unresolved: true };
  const to = { ip: found.ip, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) };
  return run(world, from, fetchClient({ to, host, path: pathname + search }), to.ip);
}

function ftp(world: World, step: ArgumentsOf<'ftp'>): Ran {
  const { port = 21, mode, encrypted, bytes } = step;
  return at(world, step, 'control-failed', (ip) =>
    ftpClient({
      to: { ip, port },
      mode,
      ...(encrypted === undefined ? {} : { encrypted }),
      ...(bytes === undefined ? {} : { bytes }),
    }),
  );
}

function stun(world: World, step: ArgumentsOf<'stun'>): Ran {
  const { from, port = 3478, tests = STUN_TESTS.filter((test) => test !== 'lifetime') } = step;
  const id = world.draw(from, 0, 0xffff_ffff);
  return at(world, step, 'unreachable', (ip) => {
    const local = world.program(from).sourceFor(ip) ?? (isIp4(ip) ? ANY4 : ANY6);
    return discoverClient({ server: { ip, port }, local, tests, id });
  });
}

function map(world: World, step: ArgumentsOf<'map'>): Ran {
  const { by = 'pcp', exact = false, externalPort, from, lifetime = '2h', port, protocol } = step;
  const to = step.via ?? gatewayOf(world, from);
  if (to === undefined) {
    return {
      program: undefined,
      finding: { outcome: 'unreachable', more: { reason: `${from} has no default gateway` } },
    };
  }
  // The same for every request about this mapping, as a program that goes on running would have it.
  const nonce = transactionOf(mix(0, `${from} ${protocol}/${port}`), port);
  return at(world, { from, to }, 'unreachable', (ip) => {
    const local = world.program(from).sourceFor(ip) ?? (isIp4(ip) ? ANY4 : ANY6);
    const ends = { server: { ip, port: PCP_PORT }, local, protocol, port };
    const wish = externalPort === undefined ? { externalPort: port } : { externalPort };
    const duration = parseDuration(lifetime) ?? fail(`unchecked duration ${lifetime}`);
    return mapClient({ by, exact, lifetime: duration, nonce, ...ends, ...wish });
  });
}

/** Where a node sends what it has no other way for. */
function gatewayOf(world: World, node: string): string | undefined {
  const { fib } = world.program(node);
  const found = fib.routes.find(
    ({ prefix, type, via }) => prefix.length === 0 && type === 'unicast' && via !== undefined,
  );
  return found?.via === undefined ? undefined : showIp(found.via);
}

function timed(text: string | undefined): { readonly timeout?: Millis } {
  const timeout = text === undefined ? undefined : parseDuration(text);
  return timeout === undefined ? {} : { timeout };
}
