/** What the packets of one session tell: the way they went, what was rewritten, and what decided. */
import { type Ip, showIp } from '../sim/addr/ip.ts';
import { showPrefix } from '../sim/addr/prefix.ts';
import { showEndpoint } from '../sim/packet/show.ts';
import type { StageName } from '../sim/program/order.ts';
import type { Place, Route } from '../sim/program/program.ts';
import type { Journey } from '../sim/trace/journey.ts';
import type { Step, Why } from '../sim/trace/trace.ts';
import { dropOf } from '../sim/trace/verdict.ts';
import type { World } from '../sim/world/world.ts';
import { wiringOf } from './wiring.ts';

/** A way through the network: each node that was reached, and the links between them by name. */
export interface Leg {
  readonly nodes: readonly string[];
  readonly links: readonly string[];
}

/** The way of the first packet, and of the first that answered it; neither node nor link where nothing went. */
export interface Path {
  readonly there: Leg;
  readonly back: Leg;
}

/** A rewrite by a rule. Ports that the box may choose freely are left out. */
export interface Rewrite {
  readonly node: string;
  readonly side: 'source' | 'destination';
  readonly from: string;
  readonly to: string;
  readonly place: Place;
}

/** A place in a node's design that had a say. */
export interface Decision {
  readonly node: string;
  readonly place: Place;
  readonly stage: StageName | 'link';
  /** What it said: a verdict, a route, `translate`, or the reason why the packet ended. */
  readonly says: string;
}

const NOWHERE: Leg = { nodes: [], links: [] };

export function pathOf(world: World, family: readonly Journey[], from: string): Path {
  const [first] = family;
  if (first === undefined) return { there: NOWHERE, back: NOWHERE };
  const answer = family.find(({ born }) => born.node !== from && born.by !== 'fragmentation');
  return { there: legOf(world, first, family), back: answer === undefined ? NOWHERE : legOf(world, answer, family) };
}

/** A packet that is cut goes on as its first piece, and pieces as the whole. */
function legOf(world: World, journey: Journey, family: readonly Journey[]): Leg {
  const { links } = wiringOf(world.design);
  const nodes = [journey.born.node];
  const used: string[] = [];
  for (let at: Journey | undefined = journey; at !== undefined; at = goesOnAs(at, family)) {
    for (const { to, link } of at.wires) {
      nodes.push(to.slice(0, to.indexOf(':')));
      used.push(links[link]?.name ?? '');
    }
  }
  return { nodes, links: used };
}

function goesOnAs({ fate }: Journey, family: readonly Journey[]): Journey | undefined {
  const next = fate?.kind === 'fragmented' ? fate.into[0] : fate?.kind === 'reassembled' ? fate.into : undefined;
  return next === undefined ? undefined : family.find(({ id }) => id === next);
}

export function rewritesIn(family: readonly Journey[]): readonly Rewrite[] {
  return distinct(
    steps(family).flatMap(({ node, step: { why } }) =>
      why.kind === 'translated' && why.place !== undefined && why.by === 'rule'
        ? [rewriteOf(node, why, why.place)]
        : why.kind === 'carried' && why.place !== undefined
          ? bothEnds(node, why, why.place)
          : [],
    ),
  );
}

/** The source port is the client's to choose and the box's to change; the destination is asked for. */
function rewriteOf(node: string, { side, from, to }: Extract<Why, { kind: 'translated' }>, place: Place): Rewrite {
  const show =
    side === 'source' ? ({ ip }: typeof from) => showIp(ip) : ({ ip, port }: typeof from) => showEndpoint(ip, port);
  return { node, side, from: show(from), to: show(to), place };
}

/** From one family to the other, source and destination at once. */
function bothEnds(node: string, { from, to }: Extract<Why, { kind: 'carried' }>, place: Place): Rewrite[] {
  const { src, dst } = { src: showIp(from.src.ip), dst: showEndpoint(from.dst.ip, from.dst.port) };
  return [
    { node, side: 'source', from: src, to: showIp(to.src.ip), place },
    { node, side: 'destination', from: dst, to: showEndpoint(to.dst.ip, to.dst.port), place },
  ];
}

export function decisionsIn(family: readonly Journey[]): readonly Decision[] {
  const decided = steps(family).flatMap(({ node, step }) => decisionsOf(step).map((each) => ({ node, ...each })));
  const lost = family.flatMap(({ fate }): Decision[] =>
    fate?.kind === 'lost' ? [{ node: fate.node, place: fate.place, stage: 'link', says: fate.reason }] : [],
  );
  return distinct([...decided, ...lost]);
}

function decisionsOf({ stage, verdict, why }: Step): Omit<Decision, 'node'>[] {
  if (why.kind === 'filter') {
    const { place, passed, verdict: says } = why.decision;
    const on = passed.map(({ place: at, action }) => ({ place: at, stage, says: action as string }));
    return place === undefined ? on : [...on, { place, stage, says }];
  }
  if (verdict === 'drop') {
    const { place, reason } = dropOf(why);
    return [{ place, stage, says: reason }];
  }
  if (why.kind === 'routed') return [{ place: why.route.place, stage, says: showRoute(why.route, why.nextHop) }];
  const translates = why.kind === 'translated' || why.kind === 'carried' || why.kind === 'mapped';
  return translates && why.place !== undefined ? [{ place: why.place, stage, says: 'translate' }] : [];
}

function showRoute({ prefix, via, out }: Route, nextHop: Ip | undefined): string {
  const how = via === undefined || nextHop === undefined ? 'on link' : `via ${showIp(nextHop)}`;
  return `${showPrefix(prefix)} ${how} by ${out}`;
}

function steps(family: readonly Journey[]): { readonly node: string; readonly step: Step }[] {
  return family.flatMap(({ hops }) =>
    hops.flatMap(({ node, steps: walked }) => walked.map((step) => ({ node, step }))),
  );
}

/** The first of each, flat objects being the same when their values are. */
function distinct<T extends object>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [Object.values(item).join('\n'), item])).values()];
}
