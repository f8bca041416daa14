/** One flow tried out: what came of it, the way it went, and what decided. */

import { run } from '../scenarios/program.ts';
import { type Result, resultOf } from '../scenarios/result.ts';
import { runStep } from '../scenarios/run.ts';
import type { Step } from '../scenarios/schema.ts';
import { type Ip, parseIp } from '../sim/addr/ip.ts';
import { fail } from '../sim/base/fail.ts';
import { resolveClient } from '../sim/host/app/resolve.ts';
import type { Packet } from '../sim/packet/packet.ts';
import { familyOf, type Journey, journeysOf } from '../sim/trace/journey.ts';
import type { Trace } from '../sim/trace/trace.ts';
import type { World } from '../sim/world/world.ts';
import { type Decision, decisionsIn, type Path, pathOf, type Rewrite, rewritesIn } from './evidence.ts';
import type { Flow } from './flows.ts';

export interface Probe {
  readonly flow: Flow;
  readonly result: Result;
  /** The other side answered as a service does: connected, replied, or an answer to the question. */
  readonly reached: boolean;
  readonly path: Path;
  /** What rules rewrote, in order. */
  readonly translations: readonly Rewrite[];
  /** Places in the design that decided something, in order: rules, routes, translations, and what stopped it. */
  readonly places: readonly Decision[];
  /** Names of the nodes at which anything happened. */
  readonly touched: ReadonlySet<string>;
  /** Interfaces (`NODE:INTERFACE`) that packets left by, or waited to. */
  readonly used: ReadonlySet<string>;
  /** Every address that a packet came from or went to, and the one that was asked for: what was looked up in tables of routes. */
  readonly spoken: ReadonlySet<Ip>;
}

/** What a run had to do with. */
export type Reach = Pick<Probe, 'touched' | 'used' | 'spoken'>;

/** Runs a flow as a session of its own; the world is used up by it. */
export function probe(world: World, flow: Flow): Probe {
  const begin = world.recorded;
  const result = carryOut(world, flow);
  const events = world.since(begin);
  const family = familyIn(events, flow);
  return {
    flow,
    result,
    reached: isReached(result),
    path: pathOf(world, family, flow.from),
    translations: rewritesIn(family),
    places: decisionsIn(family),
    ...reachOf(events, flow),
  };
}

function carryOut(world: World, flow: Flow): Result {
  if (flow.app === 'dns' && flow.protocol === 'udp') return ask(world, flow);
  const done = runStep(world, stepOf(flow), 0);
  return 'issues' in done ? fail(`a probe cannot change the design: ${flow.from}`) : done.result;
}

/** The step of a scenario that does the same; a name server is asked with a datagram. */
export function stepOf({ from, address: to, protocol, port: given, app }: Flow): Step {
  if (protocol === 'icmp') return { ping: { from, to, count: 1 } };
  const port = given ?? fail('a connection to no port');
  return app === 'stun' ? { stun: { from, to, port, tests: ['mapping'] } } : { connect: { from, to, port, protocol } };
}

/** One question to a name server, for a name that it knows where it knows any. */
function ask(world: World, { from, address, name = 'name.invalid' }: Flow): Result {
  const to = parseIp(address) ?? fail(`"${address}" is not an address`);
  const begin = world.recorded;
  const started = world.now;
  world.mark(0, 'resolve');
  const ran = run(world, from, resolveClient({ servers: [to], name, attempts: 1 }), to);
  const elapsed = world.now - started;
  world.settle();
  return resultOf('resolve', ran, world.since(begin), elapsed);
}

const ANSWERS: ReadonlySet<string> = new Set(['connected', 'replied', 'resolved', 'nxdomain', 'measured']);

/** SERVFAIL is an answer too, unless there was nobody to ask. */
function isReached({ outcome = '', server }: Result): boolean {
  return ANSWERS.has(outcome) || (outcome === 'servfail' && server !== undefined);
}

/** The packets of the client's program, the first that was started, and all that came of them. */
function familyIn(events: Trace, { from }: Flow): readonly Journey[] {
  const first = events.find((event) => event.kind === 'born' && event.node === from && event.by.endsWith(' #1'));
  return first?.kind === 'born' ? familyOf(journeysOf(events), first.by) : [];
}

/** Where anything happened, and by which interfaces packets left or waited to. */
export function reachOf(events: Trace, flow?: Flow): Reach {
  const touched = new Set(flow === undefined ? [] : [flow.from]);
  const used = new Set<string>();
  const asked = flow === undefined ? undefined : parseIp(flow.address);
  const spoken = new Set(asked === undefined ? [] : [asked]);
  const hear = ({ src, dst }: Packet): void => {
    spoken.add(src).add(dst);
  };
  for (const event of events) {
    if (event.kind === 'fate') touched.add(event.fate.node);
    else if (event.kind === 'wire') touched.add(nodeIn(event.from)).add(nodeIn(event.to));
    else if ('node' in event) touched.add(event.node);
    if (event.kind === 'born' || event.kind === 'wire') hear(event.value);
    if (event.kind !== 'hop') continue;
    if (event.out !== undefined) used.add(`${event.node}:${event.out}`);
    for (const { before, after } of event.steps) if (before !== after) hear(after);
  }
  return { touched, used, spoken };
}

function nodeIn(end: string): string {
  return end.slice(0, end.indexOf(':'));
}
