/**
 * How long a session may be silent: what each box on its way remembers, and whether packets still pass after it has
 * forgotten. Lifetimes are read from the tables, and each is tried out on both sides of its end: the session is opened
 * once, and a fork of that world lets the time pass and says one more word, from either end.
 *
 * Read RFC 4787 §4.3, RFC 5382 §5 and RFC 5508 §3.2 first.
 */
import { type Target, targetOf } from '../../scenarios/target.ts';
import { type Ip, showIp } from '../../sim/addr/ip.ts';
import { fail } from '../../sim/base/fail.ts';
import type { Millis } from '../../sim/base/time.ts';
import { type ChangeItem, fork } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { echoServer } from '../../sim/host/app/echo.ts';
import type { Packet } from '../../sim/packet/packet.ts';
import { showEndpoint } from '../../sim/packet/show.ts';
import { familyOf, finalForm, type Journey, journeysOf } from '../../sim/trace/journey.ts';
import { explainStop, stopOf } from '../../sim/trace/stop.ts';
import type { World } from '../../sim/world/world.ts';
import { atRest } from '../rest.ts';
import { clearing, holder, next, type Spoken, sayer } from './session.ts';
import { destinationOf, hasReached, type Measured, measure, type Session } from './silence.ts';
import { memoriesOf } from './states.ts';

/** Who speaks with whom. */
export interface IdleQuestion {
  readonly from: string;
  /** A node, `NODE:INTERFACE` or an address. */
  readonly to: string;
  readonly protocols: readonly Spoken[];
  /** Of TCP and UDP. */
  readonly port: number;
  readonly seed?: number;
  /** Links and nodes that go up or down first. */
  readonly wiring?: readonly ChangeItem[];
}

/** How a session had been used before it fell silent: UDP that was answered once, or whose ends kept talking. */
export type Phase = 'established' | 'answered once' | 'stream' | 'answered';

/** What silence does to one session. */
export type Idle = {
  readonly protocol: Spoken;
  readonly phase: Phase;
  /** As the client called it. */
  readonly target: string;
} & ({ readonly kind: 'blocked'; readonly says: string } | ({ readonly kind: 'measured' } & Measured));

/** Measures sessions of each protocol; a target that is none gives a reason. Links lose nothing meanwhile. */
export function idle(design: Design, question: IdleQuestion): readonly Idle[] | { readonly reason: string } {
  const base = atRest(lossless(design), question.wiring ?? [], question.seed ?? 1);
  const target: Target = targetOf(base, question.from, question.to);
  if (target.kind === 'none') return { reason: target.reason };
  if (target.kind === 'name') return { reason: `"${target.name}" is no node and no address` };
  const { ip } = target;
  return question.protocols.flatMap((protocol) =>
    PHASES[protocol].map((phase) => idleIn(base, question, { protocol, phase, ip })),
  );
}

const PHASES: Readonly<Record<Spoken, readonly Phase[]>> = {
  tcp: ['established'],
  udp: ['answered once', 'stream'],
  icmp: ['answered'],
};

function lossless(design: Design): Design {
  return fork(design, (draft) => {
    for (const link of draft.links ?? []) if ('between' in link) delete link.loss;
  }).design;
}

interface Case {
  readonly protocol: Spoken;
  readonly phase: Phase;
  readonly ip: Ip;
}

function idleIn(base: World, { from, port }: IdleQuestion, { protocol, phase, ip }: Case): Idle {
  const of = { protocol, phase, target: protocol === 'icmp' ? showIp(ip) : showEndpoint(ip, port) };
  const scouted = scout(base.fork(), from, protocol, { ip, port });
  if (typeof scouted === 'string') return { ...of, kind: 'blocked', says: scouted };
  const opened = open(base, from, { protocol, phase, ip, port }, scouted);
  if (typeof opened === 'string') return { ...of, kind: 'blocked', says: opened };
  return { ...of, kind: 'measured', ...measure(opened) };
}

/** Where the first packet of the client ended. */
interface Found {
  readonly server: string;
  readonly port: number;
}

/** Sends the first packet, to see which node it comes to and at which port; or why it comes to none. */
function scout(world: World, from: string, protocol: Spoken, to: { ip: Ip; port: number }): Found | string {
  const begin = world.recorded;
  const program = world.launch(from, holder(protocol, to));
  // so long that a next hop that does not answer is known to be silent
  world.runUntil(world.now + 4000);
  const family = familyOf(journeysOf(world.since(begin)), program);
  const arrived = family.find((journey) => isOwn(journey, from) && journey.fate !== undefined && hasReached(journey));
  if (arrived?.fate !== undefined) return { server: arrived.fate.node, port: destinationOf(finalForm(arrived)).port };
  return explain(family, `${from} has no way to ${showIp(to.ip)}`);
}

function isOwn({ born }: Journey, from: string): boolean {
  return born.node === from && born.cause === undefined;
}

function explain(family: readonly Journey[], otherwise: string): string {
  const stop = stopOf(family, true);
  return stop === undefined ? `${otherwise}.` : explainStop(stop);
}

/** A UDP conversation older than two seconds is a stream to Linux. */
const STREAM_AFTER: Millis = 2500;

/** Opens the session between programs that keep it; a reason when no answer came back. */
function open(base: World, from: string, to: Case & { readonly port: number }, found: Found): Session | string {
  const { protocol, phase } = to;
  const world = base.fork();
  if (protocol !== 'icmp') {
    const issues = world.apply(clearing(world.design, found.server, found.port));
    if (issues.length > 0) return fail(`${found.server} cannot do without its service`);
    world.launch(found.server, echoServer({ protocol, port: found.port }));
  }
  const begin = world.recorded;
  world.launch(from, holder(protocol, to));
  world.settle(4000);
  const first = exchangeOf(world, begin, from, { ...found, protocol });
  if (typeof first === 'string') return first;
  if (phase === 'stream') {
    world.runUntil(world.now + STREAM_AFTER);
    world.launch(from, sayer(next(first.sent)));
    world.settle(4000);
  }
  const last = exchangeOf(world, begin, from, { ...found, protocol });
  if (typeof last === 'string') return last;
  const events = world.since(begin);
  const way = [...new Set([...last.way, ...events.flatMap((event) => (event.kind === 'hop' ? [event.node] : []))])];
  return { world, client: from, server: found.server, ...last, memories: memoriesOf(world, way, events, base.fork()) };
}

interface Exchange {
  /** The client's last packet as it sent it, and as the server got it. */
  readonly sent: Packet;
  readonly heard: Packet;
  readonly spoke: Millis;
  /** The nodes that it passed, in order. */
  readonly way: readonly string[];
}

/** The last packet of the client that came to the server; a reason when the server's answer did not come to the client. */
function exchangeOf(
  world: World,
  begin: number,
  client: string,
  wanted: Found & { readonly protocol: Spoken },
): Exchange | string {
  const { server, port, protocol } = wanted;
  const journeys = [...journeysOf(world.since(begin)).values()].filter(({ born }) => born.value.kind === protocol);
  const between = (one: string, other: string) =>
    journeys.filter((journey) => journey.born.node === one && journey.fate?.node === other && hasReached(journey));
  const last = between(client, server).findLast((journey) => destinationOf(finalForm(journey)).port === port);
  if (last === undefined || between(server, client).length === 0) return explain(journeys, 'No answer came back');
  return {
    sent: last.born.value,
    heard: finalForm(last),
    spoke: last.born.time,
    way: last.hops.map(({ node }) => node),
  };
}
