/** The verbs of a scenario, carried out by real programs over the real kernel. */

import type { Step } from '../scenarios/schema.ts';
import { family, parseIp } from '../sim/addr/ip.ts';
import { parseDuration } from '../sim/base/time.ts';
import { icmpTypeNumber } from '../sim/design/icmp.ts';
import { FLAG, PROTOCOL } from '../sim/packet/packet.ts';
import { readConnections, readExpectations } from './conntrack.ts';
import { heardLines } from './control.ts';
import { findArrival, type Heard, heardSince, positionsOf, watching } from './hear.ts';
import type { RunningLab } from './running.ts';
import { findTarget, resolveName } from './target.ts';

/** What became of a step, as far as the kernel can tell: the fields of a simulated result. */
export type LabResult = Readonly<Record<string, unknown>>;

type With<V extends string> = Step extends infer S ? (S extends { readonly [K in V]: infer A } ? A : never) : never;

/** No program runs longer for real, whatever timeout a scenario gives it. */
const LONGEST_S = 30;
/** Bytes of a file that a step fetches when it does not say. */
export const FILE_SIZE = 1024;

/** Runs a step that sends packets; undefined for the other verbs. */
export async function act(lab: RunningLab, step: Step): Promise<LabResult | undefined> {
  if ('connect' in step) return connect(lab, step.connect);
  if ('send' in step) return send(lab, step.send);
  if ('ping' in step) return ping(lab, step.ping);
  if ('traceroute' in step) return traceroute(lab, step.traceroute);
  if ('resolve' in step) return resolve(lab, step.resolve);
  if ('fetch' in step) return fetch(lab, step.fetch);
  if ('ftp' in step) return ftp(lab, step.ftp);
  return undefined;
}

/** The tables of a node. */
export async function inspect(lab: RunningLab, node: string): Promise<LabResult> {
  const agent = lab.agent(node);
  const list = async (...argv: readonly string[]) => (await agent.run(['conntrack', '-L', ...argv])).out;
  const connections = [await list('-o', 'extended', '-f', 'ipv4'), await list('-o', 'extended', '-f', 'ipv6')];
  const expectations = await list('expect');
  return { connections: connections.flatMap(readConnections), expectations: readExpectations(expectations) };
}

interface Ask {
  readonly from: string;
  readonly to: string;
  /** The outcome when `to` is a name that does not resolve. */
  readonly otherwise: string;
  readonly verb: string;
  readonly request: Readonly<Record<string, unknown>>;
  /** Whether a packet is one that this step sent to its target. */
  readonly fits: (packet: Heard) => boolean;
}

/** Lets the agent of `from` act, and says where what it sent was delivered. */
async function ask(lab: RunningLab, { from, to, otherwise, verb, request, fits }: Ask): Promise<LabResult> {
  const agent = lab.agent(from);
  const target = await findTarget(lab.design, from, to, agent);
  if (target.kind === 'none') return { outcome: otherwise };
  const since = await positionsOf(lab.agents);
  const protocol = typeof request.protocol === 'number' ? request.protocol : PROTOCOL.tcp;
  const { value, arrival } = await watching(lab.agents, protocol, () =>
    agent.ask(verb, { to: target.address, ...request }),
  );
  const heard = arrival ?? (await findArrival(lab.agents, since, { from, fits }));
  return withArrival(value as LabResult, heard);
}

const UNSEEN: ReadonlySet<unknown> = new Set(['timeout', 'dropped', 'lost']);

function withArrival({ local, errno, ...result }: LabResult, arrival: { server: string } | undefined): LabResult {
  const outcome = result.outcome === 'silent' ? (arrival === undefined ? 'dropped' : 'delivered') : result.outcome;
  return { ...result, outcome, ...(arrival === undefined || UNSEEN.has(outcome) ? {} : arrival) };
}

function isOpening(packet: Heard): boolean {
  return packet.protocol === PROTOCOL.tcp && ((packet.flags ?? 0) & (FLAG.syn | FLAG.ack)) === FLAG.syn;
}

function isDatagram(size: number): (packet: Heard) => boolean {
  const payload = Array.from({ length: Math.min(size, 64) }, (_, i) => ((i * 167) & 255).toString(16).padStart(2, '0'));
  return (packet) => packet.protocol === PROTOCOL.udp && packet.payload === payload.join('');
}

function connect(lab: RunningLab, step: With<'connect'>): Promise<LabResult> {
  const { from, to, protocol = 'tcp', timeout, ...request } = step;
  return ask(lab, {
    from,
    to,
    otherwise: 'unreachable',
    verb: 'connect',
    request: { ...request, protocol, timeout: seconds(timeout, 5) },
    fits: protocol === 'tcp' ? isOpening : isDatagram(step.bytes ?? 16),
  });
}

async function send(lab: RunningLab, step: With<'send'>): Promise<LabResult> {
  const { from, to, port, sourcePort, payload = '', ttl } = step;
  const given = typeof step.protocol === 'number' ? step.protocol : PROTOCOL[step.protocol];
  const target = await findTarget(lab.design, from, to, lab.agent(from));
  const version = target.kind === 'address' && parseIp(target.address) !== undefined ? versionOf(target.address) : 4;
  const isIcmp = given === PROTOCOL.icmp || given === PROTOCOL.icmpv6;
  const protocol = isIcmp ? (version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6) : given;
  const tcpFlags = (step.tcpFlags ?? ['syn']).reduce((sum, name) => sum | FLAG[name], 0);
  const type = icmpTypeNumber(step.icmpType ?? 'echo-request', version);
  const hex = [...new TextEncoder().encode(payload)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return ask(lab, {
    from,
    to,
    otherwise: 'dropped',
    verb: 'send',
    request: {
      protocol,
      ...(port === undefined ? {} : { port }),
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(ttl === undefined ? {} : { ttl }),
      payload,
      tcpFlags,
      ...(type === undefined ? {} : { icmpType: type }),
    },
    fits: (packet) => {
      if (packet.protocol !== protocol) return false;
      if (protocol === PROTOCOL.tcp) return packet.seq === 1 && packet.flags === tcpFlags;
      return protocol === PROTOCOL.udp ? packet.payload === hex.slice(0, 128) : packet.type === type;
    },
  });
}

function versionOf(address: string): 4 | 6 {
  const ip = parseIp(address);
  return ip === undefined ? 4 : family(ip);
}

function ping(lab: RunningLab, { from, to, count, timeout }: With<'ping'>): Promise<LabResult> {
  return ask(lab, {
    from,
    to,
    otherwise: 'unreachable',
    verb: 'ping',
    request: { ...(count === undefined ? {} : { count }), timeout: seconds(timeout, 5) },
    fits: (packet) =>
      (packet.protocol === PROTOCOL.icmp && packet.type === 8) ||
      (packet.protocol === PROTOCOL.icmpv6 && packet.type === 128),
  });
}

function traceroute(lab: RunningLab, { from, to, maxHops }: With<'traceroute'>): Promise<LabResult> {
  return ask(lab, {
    from,
    to,
    otherwise: 'unreachable',
    verb: 'traceroute',
    request: maxHops === undefined ? {} : { maxHops },
    fits: isDatagram(32),
  });
}

async function resolve(lab: RunningLab, { from, name, type = 'A' }: With<'resolve'>): Promise<LabResult> {
  return { ...(await resolveName(lab.design, { from, name, type }, lab.agent(from))) };
}

async function fetch(lab: RunningLab, { from, url }: With<'fetch'>): Promise<LabResult> {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  const to = hostname.replace(/^\[|\]$/g, '');
  const target = await findTarget(lab.design, from, to, lab.agent(from));
  if (target.kind === 'none') return { outcome: target.outcome ?? 'unreachable' };
  return ask(lab, {
    from,
    to: target.address,
    otherwise: 'unreachable',
    verb: 'fetch',
    request: { port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port), host, path: pathname + search },
    fits: isOpening,
  });
}

async function ftp(lab: RunningLab, step: With<'ftp'>): Promise<LabResult> {
  const { from, to, port = 21, mode, encrypted, bytes } = step;
  const since = await positionsOf(lab.agents);
  const result = await ask(lab, {
    from,
    to,
    otherwise: 'control-failed',
    verb: 'ftp',
    request: { port, mode, encrypted: encrypted ?? false, bytes: bytes ?? FILE_SIZE },
    fits: isOpening,
  });
  const heard = await heardSince(lab.agents, since);
  const arrived = [...heard].flatMap(([node, packets]) =>
    heardLines(
      node,
      packets.map(({ payload }) => payload),
    ),
  );
  return { ...result, arrived };
}

function seconds(text: string | undefined, otherwise: number): number {
  const millis = text === undefined ? undefined : parseDuration(text);
  return Math.min(LONGEST_S, millis === undefined ? otherwise : millis / 1000);
}
