/** A packet's journey as plain data: what `trace` prints and what its JSON holds. */
import { family, showIp } from '../addr/ip.ts';
import { showPrefix } from '../addr/prefix.ts';
import { showDuration } from '../base/time.ts';
import { showEndpoint, showPacket, showProtocol } from '../packet/show.ts';
import type { Tuple } from '../packet/tuple.ts';
import type { StageName } from '../program/order.ts';
import type { Place } from '../program/program.ts';
import type { Fate } from './fate.ts';
import { finalForm, type Journey } from './journey.ts';
import { remedyFor } from './remedy.ts';
import type { Step, Why } from './trace.ts';

/** Where a place of a node's design stands in the file (`scenarios.json:57`); undefined when there is no file. */
export type Locate = (node: string, place: Place) => string | undefined;

type Hop = Journey['hops'][number];

export interface StageView {
  readonly stage: StageName;
  /** What it decided, in words. */
  readonly says: string;
  /** The place in the node's design that decided, and where that stands in the file. */
  readonly place?: string;
  readonly where?: string;
  /** The packet before and after a rewrite. */
  readonly before?: string;
  readonly after?: string;
}

export interface HopView {
  readonly node: string;
  readonly time: string;
  /** The interfaces it came in and went out by. */
  readonly in?: string;
  readonly out?: string;
  /** The far end of the link it went out on: `isp:cust`. */
  readonly to?: string;
  readonly stages: readonly StageView[];
}

export interface FateView {
  readonly kind: Fate['kind'];
  readonly node: string;
  readonly reason?: string;
  readonly place?: string;
  readonly where?: string;
  readonly detail?: string;
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
  readonly cause?: number;
  readonly time: string;
  readonly summary: string;
  readonly hops: readonly HopView[];
  readonly fate: FateView;
}

/** Everything that happened to one packet; stages that had nothing to decide are left out. */
export function viewOf(journey: Journey, locate: Locate): PacketView {
  const { id, born, hops } = journey;
  return {
    packet: id,
    origin: born.node,
    by: born.by,
    ...(born.cause === undefined ? {} : { cause: born.cause }),
    time: showDuration(born.time),
    summary: showPacket(born.value),
    hops: hops.map((hop, i) => viewHop(hop, farEnd(journey, i), locate)),
    fate: viewFate(journey, locate),
  };
}

function viewHop(hop: Hop, to: string | undefined, locate: Locate): HopView {
  return {
    node: hop.node,
    time: showDuration(hop.time),
    ...(hop.in === undefined ? {} : { in: hop.in }),
    ...(hop.out === undefined ? {} : { out: hop.out }),
    ...(to === undefined ? {} : { to }),
    stages: hop.steps.flatMap((step) => viewStep(step, hop.node, locate)).filter(isNews),
  };
}

/** A packet that starts here is routed twice, and mostly goes the same way. */
function isNews({ stage, says }: StageView, i: number, all: readonly StageView[]): boolean {
  const before = all.slice(0, i).findLast((other) => other.stage === stage);
  return before?.says !== says;
}

/** Where the wire that a hop led to ends; none on the way through loopback, or when the packet never got that far. */
function farEnd({ hops, wires }: Journey, i: number): string | undefined {
  const begin = hops[i]?.sequence ?? 0;
  const end = hops[i + 1]?.sequence ?? Number.POSITIVE_INFINITY;
  return wires.find(({ sequence }) => sequence > begin && sequence < end)?.to;
}

function viewStep(step: Step, node: string, locate: Locate): StageView[] {
  const { stage, why, before, after } = step;
  const told = describe(why);
  if (told === undefined) return [];
  const where = told.place === undefined ? undefined : locate(node, told.place);
  const rewritten = stage !== 'ttl' && before !== after;
  return [
    {
      stage,
      says: told.says,
      ...(told.place === undefined ? {} : { place: told.place }),
      ...(where === undefined ? {} : { where }),
      ...(rewritten ? { before: showPacket(before), after: showPacket(after) } : {}),
    },
  ];
}

interface Told {
  readonly says: string;
  readonly place?: Place;
}

function describe(why: Why): Told | undefined {
  switch (why.kind) {
    case 'checked':
      return undefined;
    case 'waiting':
      return { says: why.detail };
    case 'filter':
      return describeFilter(why);
    case 'tracked':
      return { says: `${why.state.toUpperCase()}: ${why.detail}` };
    case 'translated': {
      const [from, to] = [why.from, why.to].map(({ ip, port }) => showEndpoint(ip, port));
      const says = `${why.side} ${from} → ${to}${why.detail === undefined ? '' : ` (${why.detail})`}`;
      return why.place === undefined ? { says } : { says, place: why.place };
    }
    case 'carried':
      return describeCarried(why);
    case 'mapped':
      return describeMapped(why);
    case 'helped':
      return {
        says: `${why.helper} helper: ${why.detail}${why.before === undefined ? '' : `: ${why.before} → ${why.after}`}`,
      };
    case 'routed':
      return describeRoute(why);
    case 'local':
      return { says: `${showIp(why.address)} is here` };
    case 'decremented':
      return { says: `${why.ttl + 1} → ${why.ttl}` };
    case 'fits':
      return undefined;
    case 'confirmed':
      return { says: `new row ${why.connection}: ${showRow(why)}, expires in ${showDuration(why.timeout)}` };
    case 'sent':
      return { says: `to ${showIp(why.nextHop)} by ${why.out}` };
    case 'refused':
      return { says: why.detail, place: why.place };
  }
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
  const passed = decision.passed.map(({ place, action }) => `${place} ${action}`);
  const named = decision.name === undefined ? '' : ` "${decision.name}"`;
  const verdict = decision.with === undefined ? decision.verdict : `${decision.verdict} with ${decision.with}`;
  const says = [...passed, `${verdict}${named}`].join(', ');
  return decision.place === undefined ? { says } : { says, place: decision.place };
}

function describeCarried({ from, to, detail, place }: Extract<Why, { kind: 'carried' }>): Told {
  const ends = ({ src, dst }: typeof from) => `${showEndpoint(src.ip, src.port)} > ${showEndpoint(dst.ip, dst.port)}`;
  const [was, is] = [from, to].map(({ src }) => family(src.ip));
  const says = `IPv${was} → IPv${is}: ${ends(from)} → ${ends(to)} (${detail})`;
  return place === undefined ? { says } : { says, place };
}

function describeMapped({ side, from, to, place }: Extract<Why, { kind: 'mapped' }>): Told {
  if (from === to) return { says: `the packet that the error of ${showIp(from)} quotes, as it is known there`, place };
  return { says: `${side} ${showIp(from)} → ${showIp(to)}, without state and with the same sum`, place };
}

function describeRoute({ route, among, nextHop }: Extract<Why, { kind: 'routed' }>): Told {
  const via = route.via === undefined || nextHop === undefined ? 'on link' : `via ${showIp(nextHop)}`;
  const equal = among > 1 ? `, one of ${among} equal` : '';
  return { says: `${showPrefix(route.prefix)} ${via} by ${route.out}${equal}`, place: route.place };
}

function viewFate(journey: Journey, locate: Locate): FateView {
  const { fate, born } = journey;
  if (fate === undefined) return { kind: 'pending', node: journey.hops.at(-1)?.node ?? born.node };
  switch (fate.kind) {
    case 'delivered':
      return fate;
    case 'dropped':
    case 'lost': {
      const where = locate(fate.node, fate.place);
      const remedy = remedyFor(fate.reason, { node: fate.node, place: fate.place, packet: finalForm(journey) });
      return { ...fate, ...(where === undefined ? {} : { where }), remedy };
    }
    case 'fragmented':
      return fate;
    case 'reassembled':
      return { ...fate, into: [fate.into] };
    case 'pending':
      return fate;
  }
}
