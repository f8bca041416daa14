/** A packet's journey as plain data: what `trace` prints and what its JSON holds. */
import { family, showIp } from '../addr/ip.ts';
import { showPrefix } from '../addr/prefix.ts';
import { showDuration } from '../base/time.ts';
import { showEndpoint, showPacket, showProtocol } from '../packet/show.ts';
import type { Tuple } from '../packet/tuple.ts';
import type { StageName } from '../program/order.ts';
import type { Place, Route } from '../program/program.ts';
import type { Fate } from './fate.ts';
import { finalForm, type Journey } from './journey.ts';
import { remedyFor } from './remedy.ts';
import { CHECKED, type Why } from './trace.ts';

/** Where a place of a node's design stands in the file (`scenarios.json:57`); undefined when there is no file. */
export type Locate = (node: string, place: Place) => string | undefined;

type Hop = Journey['hops'][number];

export interface StageView {
  readonly stage: StageName;
  /** What it decided, in words. */
  readonly says: string;
  /** The place in the node's design that decided, and where that stands in the file. */
  readonly place: string | undefined;
  readonly where: string | undefined;
  /** The packet before and after a rewrite. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface HopView {
  readonly node: string;
  readonly time: string;
  /** The interfaces it came in and went out by. */
  readonly in: string | undefined;
  readonly out: string | undefined;
  /** The far end of the link it went out on: `isp:cust`. */
  readonly to: string | undefined;
  readonly stages: readonly StageView[];
}

export interface FateView {
  readonly kind: Fate['kind'];
  readonly node: string;
  readonly reason?: string;
  readonly place?: string;
  readonly detail?: string | undefined;
  readonly where?: string | undefined;
  /** Who took it. */
  readonly to?: string;
  readonly into?: readonly number[];
  /** What would have let it through. */
  readonly remedy?: string;
}

export interface PacketView {
  readonly packet: number;
  readonly origin: string;
  /** The application or part of the stack that made it. */
  readonly by: string;
  /** The packet that it answers or carries on. */
  readonly cause: number | undefined;
  readonly time: string;
  readonly summary: string;
  readonly hops: readonly HopView[];
  readonly fate: FateView;
}

/** Everything that happened to one packet; stages that had nothing to decide are left out. */
export function viewOf(journey: Journey, locate: Locate): PacketView {
  const { id, born } = journey;
  return {
    packet: id,
    origin: born.node,
    by: born.by,
    cause: born.cause,
    time: showDuration(born.time),
    summary: showPacket(born.value),
    hops: viewHops(journey, locate),
    fate: viewFate(journey, locate),
  };
}

/** Each with the wire that it led to: none on the way through loopback, or when the packet never got that far. */
function viewHops({ hops, wires }: Journey, locate: Locate): HopView[] {
  const views: HopView[] = [];
  let next = 0;
  for (const hop of hops) {
    while (isBefore(wires[next], hop)) next += 1;
    const wire = wires[next];
    const went = isBefore(wire, hops[views.length + 1]);
    views.push(viewHop(hop, went ? wire?.to : undefined, locate));
  }
  return views;
}

/** Whether something happened before another thing, or before the end. */
function isBefore(one: { readonly sequence: number } | undefined, other: { readonly sequence: number } | undefined) {
  return one !== undefined && (other === undefined || one.sequence < other.sequence);
}

function viewHop(hop: Hop, to: string | undefined, locate: Locate): HopView {
  const { node, time, in: arrivedBy, out } = hop;
  return { node, time: showDuration(time), in: arrivedBy, out, to, stages: viewSteps(hop, locate) };
}

function viewSteps({ node, steps }: Hop, locate: Locate): StageView[] {
  const views: StageView[] = [];
  for (const { stage, why, before, after } of steps) {
    const told = why === CHECKED ? undefined : describe(why);
    if (told === undefined || isKnown(views, stage, told.says)) continue;
    const { says, place } = told;
    const where = place === undefined ? undefined : locate(node, place);
    const rewritten = stage !== 'ttl' && before !== after;
    views.push({
      stage,
      says,
      place,
      where,
      before: rewritten ? showPacket(before) : undefined,
      after: rewritten ? showPacket(after) : undefined,
    });
  }
  return views;
}

/** A packet that starts here is routed twice, and mostly goes the same way. */
function isKnown(views: readonly StageView[], stage: StageName, says: string): boolean {
  for (let i = views.length - 1; i >= 0; i--) {
    const view = views[i] as StageView;
    if (view.stage === stage) return view.says === says;
  }
  return false;
}

interface Told {
  readonly says: string;
  readonly place: Place | undefined;
}

function told(says: string, place?: Place): Told {
  return { says, place };
}

/** The states of connection tracking, as the kernel's tools write them. */
const STATES = {
  new: 'NEW',
  established: 'ESTABLISHED',
  related: 'RELATED',
  invalid: 'INVALID',
  untracked: 'UNTRACKED',
} as const;

function describe(why: Why): Told | undefined {
  switch (why.kind) {
    case 'checked':
    case 'fits':
      return undefined;
    case 'waiting':
      return told(why.detail);
    case 'filter':
      return describeFilter(why);
    case 'tracked':
      return told(`${STATES[why.state]}: ${why.detail}`);
    case 'translated':
      return describeTranslation(why);
    case 'carried':
      return describeCarried(why);
    case 'mapped':
      return describeMapped(why);
    case 'helped': {
      const change = why.before === undefined ? '' : `: ${why.before} → ${why.after}`;
      return told(`${why.helper} helper: ${why.detail}${change}`);
    }
    case 'routed':
      return describeRoute(why);
    case 'local':
      return told(`${showIp(why.address)} is here`);
    case 'decremented':
      return told(`${why.ttl + 1} → ${why.ttl}`);
    case 'confirmed':
      return told(`new row ${why.connection}: ${showRow(why)}, expires in ${showDuration(why.timeout)}`);
    case 'sent':
      return told(`to ${showIp(why.nextHop)} by ${why.out}`);
    case 'refused':
      return told(why.detail, why.place);
  }
}

function describeTranslation({ side, from, to, detail, place }: Extract<Why, { kind: 'translated' }>): Told {
  const ends = `${showEndpoint(from.ip, from.port)} → ${showEndpoint(to.ip, to.port)}`;
  return told(`${side} ${ends}${detail === undefined ? '' : ` (${detail})`}`, place);
}

/** Both directions of a connection, as `conntrack -L` has them. */
function showRow({ original, reply }: Extract<Why, { kind: 'confirmed' }>): string {
  return `${showProtocol(original.protocol)} ${showTuple(original)}, back ${showTuple(reply)}`;
}

function showTuple({ src, dst, sport, dport, type }: Tuple): string {
  if (type !== undefined) return `${showIp(src)} > ${showIp(dst)} id ${sport}`;
  return sport === 0 && dport === 0
    ? `${showIp(src)} > ${showIp(dst)}`
    : `${showEndpoint(src, sport)} > ${showEndpoint(dst, dport)}`;
}

function describeFilter({ decision }: Extract<Why, { kind: 'filter' }>): Told {
  const { passed, verdict, name, place } = decision;
  let says = '';
  for (const step of passed) says += `${step.place} ${step.action}, `;
  says += decision.with === undefined ? verdict : `${verdict} with ${decision.with}`;
  return told(name === undefined ? says : `${says} "${name}"`, place);
}

function describeCarried({ from, to, detail, place }: Extract<Why, { kind: 'carried' }>): Told {
  const families = `IPv${family(from.src.ip)} → IPv${family(to.src.ip)}`;
  return told(`${families}: ${showEnds(from)} → ${showEnds(to)} (${detail})`, place);
}

function showEnds({ src, dst }: Extract<Why, { kind: 'carried' }>['from']): string {
  return `${showEndpoint(src.ip, src.port)} > ${showEndpoint(dst.ip, dst.port)}`;
}

function describeMapped({ side, from, to, place }: Extract<Why, { kind: 'mapped' }>): Told {
  if (from === to) return told(`the packet that the error of ${showIp(from)} quotes, as it is known there`, place);
  return told(`${side} ${showIp(from)} → ${showIp(to)}, without state and with the same sum`, place);
}

function describeRoute({ route, among, nextHop }: Extract<Why, { kind: 'routed' }>): Told {
  const known = nextHop === route.via ? routeTexts.get(route) : undefined;
  const via = route.via === undefined || nextHop === undefined ? 'on link' : `via ${showIp(nextHop)}`;
  const says = known ?? `${showPrefix(route.prefix)} ${via} by ${route.out}`;
  if (known === undefined && nextHop === route.via) routeTexts.set(route, says);
  return told(among > 1 ? `${says}, one of ${among} equal` : says, route.place);
}

/** What is said of a route that a packet takes to the next hop that the route names. */
const routeTexts = new WeakMap<Route, string>();

function viewFate(journey: Journey, locate: Locate): FateView {
  const { fate, born } = journey;
  if (fate === undefined) return { kind: 'pending', node: journey.hops.at(-1)?.node ?? born.node };
  switch (fate.kind) {
    case 'dropped':
    case 'lost': {
      const { kind, node, reason, place, detail } = fate;
      const remedy = remedyFor(reason, { node, place, packet: finalForm(journey) });
      return { kind, node, reason, place, detail, where: locate(node, place), remedy };
    }
    case 'reassembled':
      return { kind: 'reassembled', node: fate.node, into: [fate.into] };
    default:
      return fate;
  }
}
