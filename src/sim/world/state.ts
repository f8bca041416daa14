import { fail } from '../base/fail.ts';
import { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Design } from '../design/design.ts';
import { shortestRoutes } from '../design/graph.ts';
import { type Link, type LinkEnd, linksOf } from '../design/topology.ts';
import type { Finding } from '../host/app/app.ts';
import type { Packet } from '../packet/packet.ts';
import type { Surroundings } from '../program/program.ts';
import type { Tracked } from '../router/conntrack.ts';
import type { Passage } from '../router/passage.ts';
import type { PacketId } from '../trace/trace.ts';
import { makeNode, type RunningNode, recompile } from './node.ts';
import { EventQueue } from './queue.ts';
import { Recorder } from './recorder.ts';
import { Wire } from './wire.ts';

/** What will happen: a packet arrives or starts, a node's timer fires, a next hop turns out not to answer. */
export type Event =
  | {
      readonly kind: 'arrive';
      readonly node: string;
      readonly by: string;
      readonly id: PacketId;
      readonly packet: Packet;
      readonly tracked: Tracked | undefined;
    }
  | {
      readonly kind: 'depart';
      readonly node: string;
      readonly out: string | undefined;
      readonly id: PacketId;
      readonly packet: Packet;
      readonly tracked: Tracked | undefined;
      readonly cut: Passage['cut'];
    }
  | { readonly kind: 'timer'; readonly node: string; readonly timer: number }
  | { readonly kind: 'unanswered'; readonly node: string; readonly key: string }
  | { readonly kind: 'pieces'; readonly node: string };

/** Everything that changes while a world runs. */
export interface State {
  design: Design;
  now: Millis;
  links: readonly Link[];
  wires: Map<number, Wire>;
  readonly seed: Rng;
  readonly nodes: Map<string, RunningNode>;
  /** Links that a change took down or up, over what the design says. */
  readonly cut: Map<string, boolean>;
  readonly queue: EventQueue<Event>;
  readonly recorder: Recorder;
  /** What client programs found out, by program. */
  readonly findings: Map<string, Finding>;
}

/** A world at time zero: tables empty, nothing started. */
export function makeState(design: Design, seed: number): State {
  const state: State = {
    design,
    now: 0,
    links: linksOf(design),
    wires: new Map(),
    seed: new Rng(seed),
    nodes: new Map(),
    cut: new Map(),
    queue: new EventQueue(),
    recorder: new Recorder(),
    findings: new Map(),
  };
  const learned = learn(state);
  for (const name of Object.keys(design.nodes)) {
    state.nodes.set(name, makeNode(design, name, state.seed, learned.get(name) ?? []));
  }
  return state;
}

export function nodeOf(state: State, name: string): RunningNode {
  return state.nodes.get(name) ?? fail(`no node ${name}`);
}

/** The link that an interface hangs on, if any. */
export function linkAt(state: State, end: LinkEnd): Link | undefined {
  return state.links.find((link) =>
    link.ends.some((other) => other.node === end.node && other.interface === end.interface),
  );
}

/** Whether frames pass: not cut, and not written as down. */
export function isUp(state: State, link: Link): boolean {
  return state.cut.get(link.name) ?? link.up;
}

/** A link's behaviour in time, made when it is first used. */
export function wireOf(state: State, link: Link): Wire {
  const known = state.wires.get(link.index);
  if (known !== undefined) return known;
  const wire = new Wire(link, state.seed.split(`link ${link.name}`));
  state.wires.set(link.index, wire);
  return wire;
}

/** Routes that `shortest-path` routing gives each node as things stand. */
export function learn(state: State): ReadonlyMap<string, Surroundings['learned']> {
  if (state.design.routing !== 'shortest-path') return new Map();
  return shortestRoutes(state.design, {
    linkUp: (index) => {
      const link = state.links[index];
      return link !== undefined && isUp(state, link);
    },
    nodeUp: (name) => state.nodes.get(name)?.up ?? true,
  });
}

/** Compiles again what a change of the design, a link or a node touched; compiled tables are kept by identity. */
export function refresh(state: State): void {
  const learned = learn(state);
  for (const node of state.nodes.values()) {
    node.learned = learned.get(node.name) ?? [];
    recompile(node, state.design, state.now);
  }
}
