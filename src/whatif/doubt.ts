/**
 * What an edit can have changed: the nodes and interfaces whose part in a flow may be another than before. README.md
 * says why everything else may be kept.
 */
import type { Ip } from '../sim/addr/ip.ts';
import { comparePrefix } from '../sim/addr/prefix.ts';
import type { ChangeItem } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { findLink, type Link } from '../sim/design/topology.ts';
import type { NodeProgram, Route } from '../sim/program/program.ts';
import type { World } from '../sim/world/world.ts';
import { type Reach, reachOf } from './probe.ts';
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
  /** Nodes that learned other routes, and are otherwise as before: whether those to an address are still the same. */
  readonly rerouted: ReadonlyMap<string, (ip: Ip) => boolean>;
}

/** Whether what a flow did is what it would do now. */
export function stillHolds({ touched, used, spoken }: Reach, { everything, nodes, ends, rerouted }: Doubt): boolean {
  if (everything) return false;
  for (const node of touched) {
    if (nodes.has(node)) return false;
    const isSameWay = rerouted.get(node);
    if (isSameWay === undefined) continue;
    for (const ip of spoken) if (!isSameWay(ip)) return false;
  }
  for (const end of used) if (ends.has(end)) return false;
  return true;
}

/** What may be different between two worlds at rest. */
export function doubtBetween(before: Basis, after: Basis): Doubt {
  if (before.world.now !== after.world.now) return EVERYTHING;
  const { nodes, facing, rerouted } = changedNodes(before, after);
  const ends = changedEnds(before, after, facing);
  const settled = [before, after].map(({ world }) => reachOf(world.trace));
  const doubt = { everything: false, nodes, ends, rerouted };
  if (settled.every((reach) => stillHolds(reach, doubt))) return doubt;
  // addresses were leased otherwise than before: whoever took part has another past
  for (const { touched, used } of settled) {
    for (const node of touched) nodes.add(node);
    for (const end of used) ends.add(end);
  }
  return doubt;
}

const EVERYTHING: Doubt = { everything: true, nodes: new Set(), ends: new Set(), rerouted: new Map() };

/** `facing`: those that their neighbours may find otherwise, by their interfaces or by being up. */
interface ChangedNodes {
  readonly nodes: Set<string>;
  readonly facing: ReadonlySet<string>;
  readonly rerouted: Doubt['rerouted'];
}

function changedNodes(before: Basis, after: Basis): ChangedNodes {
  const nodes = new Set<string>();
  const facing = new Set<string>();
  const rerouted = new Map<string, (ip: Ip) => boolean>();
  const isSameSite = isSameBeside(before.world.design, after.world.design);
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
    const isSameNode = old[name] === now[name] && program.interfaces === compiled.interfaces && !isTurned;
    if (!isSameNode || (program !== compiled && !isSameSite)) nodes.add(name);
    else if (program !== compiled) rerouted.set(name, sameWays(program, compiled));
    if (program.interfaces !== compiled.interfaces || isTurned) facing.add(name);
  }
  for (const name of Object.keys(now)) {
    if (Object.hasOwn(old, name)) continue;
    nodes.add(name);
    facing.add(name);
  }
  return { nodes, facing, rerouted };
}

/** Whether all that nodes are compiled from, besides themselves and what they learn, is the same. */
function isSameBeside(old: Design, now: Design): boolean {
  return old.groups === now.groups && old.publicInternet === now.publicInternet;
}

/** Whether two programs look an address up alike, whichever interface it must leave by. */
function sameWays(before: NodeProgram, after: NodeProgram): (ip: Ip) => boolean {
  const known = new Map<Ip, boolean>();
  const outs = [undefined, ...before.interfaces.keys()];
  return (ip) => {
    const same =
      known.get(ip) ?? outs.every((out) => isSameRoute(before.fib.lookup(ip, out), after.fib.lookup(ip, out)));
    known.set(ip, same);
    return same;
  };
}

function isSameRoute(before: readonly Route[] | undefined, after: readonly Route[] | undefined): boolean {
  if (before === undefined || after === undefined || before.length !== after.length) return before === after;
  return before.every((route, i) => {
    const other = after[i];
    return (
      other !== undefined &&
      comparePrefix(route.prefix, other.prefix) === 0 &&
      route.type === other.type &&
      route.via === other.via &&
      route.out === other.out &&
      route.metric === other.metric &&
      route.source === other.source &&
      route.place === other.place
    );
  });
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
