/** From what a program found out and what the trace shows to the Result of a step. */
import { showIp } from '../sim/addr/ip.ts';
import { type Millis, showDuration } from '../sim/base/time.ts';
import { hasPorts } from '../sim/packet/packet.ts';
import { familyOf, finalForm, type Journey, journeysOf } from '../sim/trace/journey.ts';
import { explainStop, type Stop, stopOf } from '../sim/trace/stop.ts';
import type { Trace } from '../sim/trace/trace.ts';
import type { Verb } from './expect.ts';
import type { Ran } from './program.ts';

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
const GOOD: ReadonlySet<string> = new Set([
  'connected',
  'replied',
  'delivered',
  'reached',
  'resolved',
  'fetched',
  'transferred',
  'direct',
]);

/** The result of a verb that sent packets; `trace` is what was recorded since the step began. */
export function resultOf(verb: Verb, { program, finding }: Ran, trace: Trace, elapsed: Millis): Result {
  const family = program === undefined ? [] : familyOf(journeysOf(trace), program);
  const outcome = verb === 'send' && finding.outcome === 'silent' ? silence(family) : finding.outcome;
  const stop = GOOD.has(outcome) ? undefined : stopOf(family);
  const server = serverOf(family, outcome);
  const { icmp } = finding;
  return {
    outcome,
    ...(server === undefined ? {} : { server: server.node, ...seen(server.journey) }),
    ...(stop === undefined ? {} : { blockedAt: stop.node, blockedBy: stop.place }),
    ...(icmp === undefined ? {} : { icmp: { type: icmp.type, code: icmp.code, from: showIp(icmp.from) } }),
    ...finding.more,
    elapsed: showDuration(elapsed),
    explanation: explain(outcome, stop, server?.node, finding.more?.reason),
  };
}

/** A packet that drew no answer: what became of it says how it is called. */
function silence(family: readonly Journey[]): string {
  const fate = family.at(0)?.fate;
  const stops = family.map((journey) => journey.fate?.kind);
  if (fate === undefined) return 'dropped';
  if (fate.kind === 'lost') return 'lost';
  if (fate.kind === 'fragmented')
    return stops.includes('lost') ? 'lost' : stops.includes('dropped') ? 'dropped' : 'delivered';
  return fate.kind === 'delivered' || (fate.kind === 'dropped' && fate.place === 'services') ? 'delivered' : 'dropped';
}

/** The node that answered, and the packet of the client that reached it. */
function serverOf(family: readonly Journey[], outcome: string): { node: string; journey: Journey } | undefined {
  const [root] = family;
  if (root === undefined || outcome === 'timeout' || outcome === 'dropped' || outcome === 'lost') return undefined;
  const arrived = family.filter(
    ({ born, fate }) => born.by === root.born.by && fate !== undefined && reached(fate) && fate.node !== root.born.node,
  );
  const last =
    arrived.at(-1) ?? family.find(({ born, fate }) => born.by === root.born.by && fate !== undefined && reached(fate));
  return last?.fate === undefined ? undefined : { node: last.fate.node, journey: last };
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

function explain(outcome: string, stop: Stop | undefined, server: string | undefined, reason: unknown): string {
  if (stop !== undefined) return explainStop(stop);
  if (typeof reason === 'string') return `${outcome}: ${reason}.`;
  return server === undefined ? `${outcome}.` : `${outcome}: ${server} answered.`;
}
