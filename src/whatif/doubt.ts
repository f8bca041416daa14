/**
 * What an edit can have changed: the nodes and interfaces whose part in a flow may be another than before. README.md
 * says why everything else may be kept.
 */
import type { ChangeItem } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { findLink, type Link } from '../sim/design/topology.ts';
import type { World } from '../sim/world/world.ts';
import { type Probe, reachOf } from './probe.ts';
import { wiringOf } from './wiring.ts';

/** A world at rest, with what led to it. */
export interface Basis {
  /** As it was written: without the outside. */
  readonly design: Design;
  readonly world: World;
  readonly wiring: readonly ChangeItem[];
}

/** Nodes and interfaces (`NODE:INTERFACE`) that may behave otherwise; or everything. */
export interface Doubt {
  readonly everything: boolean;
  readonly nodes: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
}

/** Whether what a flow did is what it would do now. */
export function stillHolds({ touched, used }: Pick<Probe, 'touched' | 'used'>, doubt: Doubt): boolean {
  if (doubt.everything) return false;
  for (const node of touched) if (doubt.nodes.has(node)) return false;
  for (const end of used) if (doubt.ends.has(end)) return false;
  return true;
}

/** What may be different between two worlds at rest. */
export function doubtBetween(before: Basis, after: Basis): Doubt {
  if (before.world.now !== after.world.now) return EVERYTHING;
  const { nodes, facing } = changedNodes(before, after);
  const ends = changedEnds(before, after, facing);
  const settled = [before, after].map(({ world }) => reachOf(world.trace));
  const doubt = { everything: false, nodes, ends };
  if (settled.every((reach) => stillHolds(reach, doubt))) return doubt;
  // addresses were leased otherwise than before: whoever took part has another past
  for (const { touched, used } of settled) {
    for (const node of touched) nodes.add(node);
    for (const end of used) ends.add(end);
  }
  return doubt;
}

const EVERYTHING: Doubt = { everything: true, nodes: new Set(), ends: new Set() };

/** `facing`: those that their neighbours may find otherwise, by their interfaces or by being up. */
interface ChangedNodes {
  readonly nodes: Set<string>;
  readonly facing: ReadonlySet<string>;
}

function changedNodes(before: Basis, after: Basis): ChangedNodes {
  const nodes = new Set<string>();
  const facing = new Set<string>();
  const [old, now] = [before.world.design.nodes, after.world.design.nodes];
  const [downBefore, downAfter] = [downNodes(before.wiring), downNodes(after.wiring)];
  for (const name of Object.keys(old)) {
    if (!Object.hasOwn(now, name)) {
      nodes.add(name);
      facing.add(name);
      continue;
    }
    const [program, compiled] = [before.world.program(name), after.world.program(name)];
    const isTurned = downBefore.has(name) !== downAfter.has(name);
    if (old[name] !== now[name] || program !== compiled || isTurned) nodes.add(name);
    if (program.interfaces !== compiled.interfaces || isTurned) facing.add(name);
  }
  for (const name of Object.keys(now)) {
    if (Object.hasOwn(old, name)) continue;
    nodes.add(name);
    facing.add(name);
  }
  return { nodes, facing };
}

function downNodes(wiring: readonly ChangeItem[]): ReadonlySet<string> {
  const down = new Set<string>();
  for (const item of wiring) {
    if ('nodeDown' in item) down.add(item.nodeDown);
    else if ('nodeUp' in item) down.delete(item.nodeUp);
  }
  return down;
}

/** Interfaces whose link is another, or has another state or another end that answers otherwise. */
function changedEnds(before: Basis, after: Basis, facing: ReadonlySet<string>): Set<string> {
  const changed = new Set<string>();
  const isSame = before.design.links === after.design.links && before.wiring.length === 0 && after.wiring.length === 0;
  if (isSame && facing.size === 0) return changed;
  const [old, now] = [linksByEnd(before), linksByEnd(after)];
  for (const [end, { told, nodes }] of old) {
    if (now.get(end)?.told !== told || nodes.some((node) => facing.has(node))) changed.add(end);
  }
  for (const end of now.keys()) if (!old.has(end)) changed.add(end);
  return changed;
}

interface Told {
  readonly told: string;
  readonly nodes: readonly string[];
}

function linksByEnd({ world, wiring }: Basis): ReadonlyMap<string, Told> {
  const cut = cutLinks(world.design, wiring);
  const found = new Map<string, Told>();
  for (const link of wiringOf(world.design).links) {
    const told = { told: describe(link, cut), nodes: link.ends.map(({ node }) => node) };
    for (const { node, interface: name } of link.ends) found.set(`${node}:${name}`, told);
  }
  return found;
}

/** Everything about a link but its place in the list. */
function describe({ index: _, up, ...link }: Link, cut: ReadonlyMap<string, boolean>): string {
  return JSON.stringify([link, cut.get(link.name) ?? up]);
}

/** Links that are up or down whatever the design says, by name. */
export function cutLinks(design: Design, wiring: readonly ChangeItem[]): ReadonlyMap<string, boolean> {
  const cut = new Map<string, boolean>();
  for (const item of wiring) {
    const which = 'linkDown' in item ? item.linkDown : 'linkUp' in item ? item.linkUp : undefined;
    const link = which === undefined ? undefined : findLink(design, which);
    if (link !== undefined) cut.set(link.name, 'linkUp' in item);
  }
  return cut;
}
