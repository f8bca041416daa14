/** What made the difference between two probes of one flow: the first decision at which they part, and what stopped one. */
import { parsePath } from '../sim/base/path.ts';
import type { Design } from '../sim/design/design.ts';
import type { Analysis } from './analysis.ts';
import type { DifferenceKind } from './diff.ts';
import { cutLinks } from './doubt.ts';
import type { Decision } from './evidence.ts';
import type { Flow } from './flows.ts';
import type { Probe } from './probe.ts';
import { wiringOf } from './wiring.ts';

export interface Sides<T> {
  readonly before: T;
  readonly after: T;
}

/** A place that had another say before than after; on one side only, where it is new or gone. */
export interface Cause {
  readonly side: 'before' | 'after';
  /** Undefined for a place of the network itself: a link, or a node that is not there. */
  readonly node?: string;
  readonly place: string;
  /** What people call the rule. */
  readonly name?: string;
  readonly says: string;
}

export function causesOf(
  kind: DifferenceKind,
  flow: Flow,
  probes: Sides<Probe | undefined>,
  sides: Sides<Analysis>,
): readonly Cause[] {
  const { before, after } = probes;
  if (before === undefined || after === undefined) {
    const side = before === undefined ? 'before' : 'after';
    return [{ side, place: `nodes.${flow.from}`, says: `there is no node ${flow.from}` }];
  }
  const links = [
    ...linkCauses('before', before, sides.before, sides.after),
    ...linkCauses('after', after, sides.after, sides.before),
  ];
  const parted = partingOf({ before, after }, sides);
  const stops = {
    before: kind === 'gained' || kind === 'stopped' ? stopOf(before) : undefined,
    after: kind === 'lost' || kind === 'stopped' ? stopOf(after) : undefined,
  };
  return [
    ...decided(
      'before',
      stops.before ?? (isBeside(parted.before, stops.after) ? parted.before : undefined),
      sides.before,
    ),
    ...decided('after', stops.after ?? (isBeside(parted.after, stops.before) ? parted.after : undefined), sides.after),
    ...links,
  ];
}

/** The decision that took the place of a stop is one of the same node; without a stop any may be. */
function isBeside(decision: Decision | undefined, stop: Decision | undefined): boolean {
  return stop === undefined || decision?.node === stop.node;
}

function decided(side: Cause['side'], decision: Decision | undefined, { whole }: Analysis): Cause[] {
  if (decision === undefined) return [];
  const { node, place, says } = decision;
  const part = partAt(whole, node, place);
  const name = typeof part === 'object' && part !== null && 'name' in part ? String(part.name) : undefined;
  return [{ side, node, place, says, ...(name === undefined ? {} : { name }) }];
}

/** What ended a flow, in the words of its result. */
function stopOf({ result, places }: Probe): Decision | undefined {
  const { blockedAt: node, blockedBy: place, outcome = '' } = result;
  if (node === undefined || place === undefined) return undefined;
  return (
    places.find((each) => each.node === node && each.place === place) ?? { node, place, stage: 'link', says: outcome }
  );
}

/** The first decisions that are not the same on both sides. */
function partingOf(probes: Sides<Probe>, sides: Sides<Analysis>): Sides<Decision | undefined> {
  const [old, now] = [probes.before.places, probes.after.places];
  for (let i = 0; i < Math.max(old.length, now.length); i++) {
    const [before, after] = [old[i], now[i]];
    const same =
      before !== undefined &&
      after !== undefined &&
      decisionKey(before, sides.before.whole) === decisionKey(after, sides.after.whole);
    if (!same) return { before, after };
  }
  return { before: undefined, after: undefined };
}

/** Equal for decisions of the same rule, wherever in its list it stands. */
export function decisionKey({ node, place, stage, says }: Decision, design: Design): string {
  const part = partAt(design, node, place);
  return JSON.stringify([node, stage, says, part ?? place]);
}

function partAt(design: Design, node: string, place: string): unknown {
  return (parsePath(place) ?? []).reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? at[step as keyof typeof at] : undefined,
    design.nodes[node],
  );
}

/** Links on the way of one side that the other does not have, or has down. */
function linkCauses(side: Cause['side'], { path }: Probe, here: Analysis, there: Analysis): Cause[] {
  const others = wiringOf(there.whole).named;
  const own = wiringOf(here.whole).named;
  const cut = cutLinks(there.whole, there.wiring);
  return [...new Set([...path.there.links, ...path.back.links])].flatMap((name): Cause[] => {
    const other = others.get(name);
    const isUp = other !== undefined && (cut.get(name) ?? other.up);
    if (isUp) return [];
    const state = other === undefined ? 'not there' : 'down';
    const says = `link ${name}, ${state} ${side === 'before' ? 'after' : 'before'}`;
    return [{ side, place: `links[${own.get(name)?.index}]`, says }];
  });
}
