/** From what a program found out and what the trace shows to the Result of a step. */
import { showIp } from '../sim/addr/ip.ts';
import { type Millis, showDuration } from '../sim/base/time.ts';
import { hasPorts } from '../sim/packet/packet.ts';
import { familyOf, finalForm, type Journey, journeysOf } from '../sim/trace/journey.ts';
import { explainStop, type Stop, stopOf } from '../sim/trace/stop.ts';
import type { PacketId, Trace } from '../sim/trace/trace.ts';
import type { Verb } from './expect.ts';
import type { Ran, Stuck } from './program.ts';

/** What became of a step; JSON values only. Fields beyond these are the verb's own (`status`, `hops`, `addresses`, …). */
export interface Result {
  readonly outcome?: string;
  readonly server?: string;
  readonly seenAs?: { readonly address: string; readonly port?: number };
  readonly blockedAt?: string;
  readonly blockedBy?: string;
  readonly icmp?: { readonly type: number; readonly code: number; readonly from: string };
  readonly elapsed: string;
  readonly explanation: string;
  readonly [more: string]: unknown;
}

/** Outcomes that mean that things went as wished. */
export const GOOD: ReadonlySet<string> = new Set([
  'connected',
  'replied',
  'delivered',
  'reached',
  'resolved',
  'fetched',
  'transferred',
  'direct',
  'measured',
  'mapped',
]);

/** Outcomes of hearing nothing. */
const SILENT: ReadonlySet<string> = new Set(['timeout', 'dropped', 'lost', 'data-failed', 'control-failed']);

/** The result of a verb that sent packets; `trace` is what was recorded since the step began. */
export function resultOf(verb: Verb, ran: Ran, trace: Trace, elapsed: Millis): Result {
  const { program, finding } = ran;
  const family = program === undefined ? [] : familyOf(journeysOf(trace), program);
  const outcome = verb === 'send' && finding.outcome === 'silent' ? silence(family) : finding.outcome;
  const told = family.filter(({ born }) => born.time >= (ran.since ?? 0));
  const stop = GOOD.has(outcome) ? undefined : stopOf(told, SILENT.has(outcome));
  // Of three programs at once, none is the server.
  const server = verb === 'punch' ? undefined : serverOf(family, outcome);
  const { icmp, more } = finding;
  const stuck = stop === undefined && family.length === 0 ? ran.stuck : undefined;
  const known = server === undefined ? {} : { server: server.node, ...seen(server.journey) };
  return {
    ...more,
    outcome,
    ...(ran.unresolved === true ? {} : known),
    ...(stuck === undefined ? blocked(outcome, stop, server?.node) : { blockedAt: stuck.node, blockedBy: stuck.place }),
    ...(icmp === undefined ? {} : { icmp: { type: icmp.type, code: icmp.code, from: showIp(icmp.from) } }),
    elapsed: showDuration(elapsed),
    explanation:
      finding.says ?? (stuck === undefined ? explain({ ...more, outcome, ...known }, stop) : explainStuck(stuck)),
  };
}

/** A packet that drew no answer: what became of it, or of what it was cut into, says how it is called. */
function silence(family: readonly Journey[]): string {
  const [root] = family;
  const fates = root === undefined ? [] : carriedOn(family, root.born.by).map(({ fate }) => fate);
  if (fates.some((fate) => fate !== undefined && reached(fate))) return 'delivered';
  return fates.some((fate) => fate?.kind === 'lost') ? 'lost' : 'dropped';
}

/** The node that answered, and the packet of the client that reached it. */
function serverOf(family: readonly Journey[], outcome: string): { node: string; journey: Journey } | undefined {
  const [root] = family;
  if (root === undefined || outcome === 'timeout' || outcome === 'dropped' || outcome === 'lost') return undefined;
  const own = carriedOn(family, root.born.by).filter(({ fate }) => fate !== undefined && reached(fate));
  const first = own.find(({ fate }) => fate?.node !== root.born.node) ?? own[0];
  return first?.fate === undefined ? undefined : { node: first.fate.node, journey: first };
}

/** The packets that a program sent itself, with what they were cut into and put together to on the way. */
function carriedOn(family: readonly Journey[], program: string): Journey[] {
  const own = new Set<PacketId>();
  for (const { id, born } of family) {
    const isPart = born.by === 'fragmentation' || born.by === 'reassembly';
    if (born.by === program || (isPart && born.cause !== undefined && own.has(born.cause))) own.add(id);
  }
  return family.filter(({ id }) => own.has(id));
}

/** It got as far as the sockets of a node, whether or not one was there. */
function reached(fate: NonNullable<Journey['fate']>): boolean {
  return fate.kind === 'delivered' || (fate.kind === 'dropped' && fate.place === 'services');
}

function seen(journey: Journey): { seenAs: { address: string; port?: number } } {
  const packet = finalForm(journey);
  const address = showIp(packet.src);
  return { seenAs: hasPorts(packet) ? { address, port: packet.sport } : { address } };
}

/** Where it ended: at the packet that stopped, or with a server that answered and said no. */
function blocked(
  outcome: string,
  stop: Stop | undefined,
  server: string | undefined,
): { blockedAt?: string; blockedBy?: string } {
  if (stop !== undefined) return { blockedAt: stop.node, blockedBy: stop.place };
  return GOOD.has(outcome) || server === undefined ? {} : { blockedAt: server, blockedBy: 'services' };
}

function explainStuck({ node, place, to }: Stuck): string {
  const why = place === 'routes' ? 'has no route' : `does not send (${place})`;
  return `${node} ${why} to ${to}. A route to ${to} on ${node} would carry its packets on.`;
}

interface Known {
  readonly outcome: string;
  readonly server?: string;
  readonly seenAs?: { readonly address: string };
  readonly reason?: unknown;
  readonly command?: unknown;
}

function explain({ outcome, server, seenAs, reason, command }: Known, stop: Stop | undefined): string {
  const foreign = GOOD.has(outcome) ? undefined : untranslated(command, seenAs?.address);
  if (stop !== undefined) return foreign === undefined ? explainStop(stop) : `${foreign} ${explainStop(stop)}`;
  const why = typeof reason === 'string' ? reason : server === undefined ? undefined : `${server} answered`;
  const said = why === undefined ? outcome : `${outcome}: ${why}`;
  return `${foreign === undefined ? '' : `${foreign} `}${said.replace(/\.*$/, '.')}`;
}

/** An FTP command that names an address by which the server does not know its client. */
function untranslated(command: unknown, seenAs: string | undefined): string | undefined {
  if (typeof command !== 'string' || seenAs === undefined) return undefined;
  const named =
    /^PORT (\d+),(\d+),(\d+),(\d+),/.exec(command)?.slice(1).join('.') ?? /^EPRT \|\d\|([^|]+)\|/.exec(command)?.[1];
  if (named === undefined || named === seenAs) return undefined;
  return `The client said "${command}", but the server knows it as ${seenAs}: no helper on the way put that address in its place.`;
}
