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
  const shown = {
    before: stops.before ?? (isPassed(parted.before, stops.after, after) ? parted.before : undefined),
    after: stops.after ?? (isPassed(parted.after, stops.before, before) ? parted.after : undefined),
  };
  return [...decided('before', shown.before, sides.before), ...decided('after', shown.after, sides.after), ...links];
}

/** What a flow met where the stopped one never came had no part in stopping it. */
function isPassed(decision: Decision | undefined, stop: Decision | undefined, stopped: Probe): boolean {
  return stop === undefined || (decision !== undefined && stopped.touched.has(decision.node));
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

/** The first decisions that are not the same on both sides; what only comes later on the other side made no difference. */
function partingOf(probes: Sides<Probe>, sides: Sides<Analysis>): Sides<Decision | undefined> {
  const [old, now] = [probes.before.places, probes.after.places];
  const oldKeys = old.map((each) => decisionKey(each, sides.before.whole));
  const nowKeys = now.map((each) => decisionKey(each, sides.after.whole));
  const longest = Math.max(old.length, now.length);
  for (let i = 0; i < longest; i++) {
    const [was, is] = [oldKeys[i], nowKeys[i]];
    if (was === is) continue;
    return {
      before: was === undefined || nowKeys.includes(was, i) ? undefined : old[i],
      after: is === undefined || oldKeys.includes(is, i) ? undefined : now[i],
    };
  }
  return { before: undefined, after: undefined };
}

/** Equal for decisions of the same rule, wherever in its list it stands, and for the same way on. */
export function decisionKey({ node, place, stage, says }: Decision, design: Design): string {
  const part = stage === 'route' ? undefined : partAt(design, node, place);
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
