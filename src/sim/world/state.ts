import { fail } from '../base/fail.ts';
import { RareMap } from '../base/rare-map.ts';
import { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Design } from '../design/design.ts';
import { shortestRoutes } from '../design/graph.ts';
import { type Link, type LinkEnd, linksOf } from '../design/topology.ts';
import type { Finding } from '../host/app/app.ts';
import { FIRST_PACKETS, type Packet } from '../packet/packet.ts';
import { compileNode } from '../program/compile.ts';
import type { NodeProgram, Surroundings } from '../program/program.ts';
import type { Passage } from '../router/passage.ts';
import type { PacketId } from '../trace/trace.ts';
import { ownNode } from './fork.ts';
import { type Outlet, RunningNode, reprogram } from './node.ts';
import { type Due, EventQueue } from './queue.ts';
import { Recorder, type RecordLevel } from './recorder.ts';
import { SharedTable } from './shared.ts';
import { plainWire, Wire } from './wire.ts';

/**
 * A packet that comes to a node, or starts there: its passage through the node, and the event that begins it. Once it has
 * left, and nobody has kept it, it is what comes to the next node.
 */
export interface Moving extends Passage, Due {
  kind: 'arrive' | 'depart';
  time: Millis;
  node: string;
  in: string | undefined;
  readonly id: PacketId;
  /** The way by which it comes; undefined: from this node itself, or as one of many. */
  via: Outlet | undefined;
}

/** A packet that starts at a node, or comes there by its loopback interface. */
export function movingFrom(node: string, time: Millis, id: PacketId, packet: Packet): Moving {
  return {
    kind: 'depart',
    time,
    priority: 0,
    sequence: 0,
    node,
    id,
    via: undefined,
    packet,
    in: undefined,
    out: undefined,
    nextHop: undefined,
    tracked: undefined,
    notrack: false,
    cut: undefined,
    arrived: undefined,
    turned: false,
    seen: undefined,
    isFlow: false,
    length: 0,
    isSound: false,
  };
}

/** So that V8 takes times for fractions from the start, and all that move for objects of one shape. */
export const FIRST_MOVING: readonly Moving[] = FIRST_PACKETS.map((packet) => movingFrom('', 0.5, 0, packet));

/** What will happen: a packet arrives or starts, a node's timer fires, a next hop turns out not to answer. */
export type Event = Due &
  (
    | Moving
    | { readonly kind: 'timer'; readonly node: string; readonly timer: number }
    | { readonly kind: 'unanswered'; readonly node: string; readonly key: string }
    | { readonly kind: 'held'; readonly node: string; readonly id: PacketId }
    | { readonly kind: 'pieces'; readonly node: string }
  );

/** Everything that changes while a world runs. */
export interface State {
  design: Design;
  now: Millis;
  links: readonly Link[];
  joints: Joints;
  /** Grows with each change of links, of nodes' being up, and of programs, and with each fork. */
  epoch: number;
  /** By the index of the link. */
  readonly wires: SharedTable<number, Wire>;
  readonly seed: Rng;
  /** Those that something has happened at; the others are as they were made. */
  readonly nodes: SharedTable<string, RunningNode>;
  /** Programs of nodes at which nothing has happened, as far as others have looked at them; forks share what they find. */
  programs: Map<string, NodeProgram>;
  /** The names of all nodes, in the order in which they came. */
  order: readonly string[];
  /** Routes that `shortest-path` routing has found; undefined until somebody asks. */
  learned: Learned | undefined;
  /** Links that a change took down or up, over what the design says. */
  readonly cut: RareMap<string, boolean>;
  readonly queue: EventQueue<Event>;
  readonly recorder: Recorder;
  /** Whether nodes remember walks. */
  readonly recalls: boolean;
  /** What client programs found out, by program. */
  readonly findings: RareMap<string, Finding>;
}

/** Routes learned, by node. */
export type Learned = ReadonlyMap<string, Surroundings['learned']>;

/** A world at time zero: tables empty, nothing started. */
export function makeState(
  design: Design,
  seed: number,
  { record = 'full', recalls = true }: { readonly record?: RecordLevel; readonly recalls?: boolean } = {},
): State {
  const links = linksOf(design);
  return {
    design,
    now: 0,
    links,
    joints: jointsOf(links),
    epoch: 0,
    wires: new SharedTable(),
    seed: new Rng(seed),
    nodes: new SharedTable(),
    programs: new Map(),
    order: Object.keys(design.nodes),
    learned: undefined,
    cut: new RareMap(),
    queue: new EventQueue(),
    recorder: new Recorder(record),
    recalls,
    findings: new RareMap(),
  };
}

/** The node, for something to happen at it: made when it is first asked for, and never one that another world shares. */
export function nodeOf(state: State, name: string): RunningNode {
  return findNode(state, name) ?? fail(`no node ${name}`);
}

/** The same; undefined when the design has no such node. */
export function findNode(state: State, name: string): RunningNode | undefined {
  return state.nodes.mine(name) ?? takeNode(state, name);
}

/** One that is shared, or is not made yet. */
function takeNode(state: State, name: string): RunningNode | undefined {
  const known = state.nodes.own(name, (shared) => ownNode(state, shared));
  const compiled = known === undefined ? state.programs.get(name) : undefined;
  if (known !== undefined || (compiled === undefined && !Object.hasOwn(state.design.nodes, name))) return known;
  const { recalls, recorder, seed } = state;
  const program = compiled ?? programOf(state, name);
  const made = new RunningNode(program, { seed, recalls, heard: recorder.level === 'full' });
  state.nodes.set(name, made);
  return made;
}

/** What others see of a node. */
export interface Sight {
  readonly up: boolean;
  readonly program: NodeProgram;
}

/** Looks at a node that the design has, at which nothing happens by this. */
export function lookAt(state: State, name: string): Sight {
  const known = state.nodes.see(name);
  if (known !== undefined) return { up: known.up, program: known.router.program };
  return { up: true, program: programOf(state, name) };
}

/** The program of a node at which nothing has happened yet. */
function programOf(state: State, name: string): NodeProgram {
  const known = state.programs.get(name);
  if (known !== undefined) return known;
  const program = compileNode(state.design, name, { leases: NO_LEASES, learned: learnedBy(state, name) });
  state.programs.set(name, program);
  return program;
}

const NO_LEASES = new Map<string, never>();

/** The link that an interface hangs on, if any. */
export function linkAt({ joints }: State, node: string, name: string): Joint | undefined {
  return joints.get(node)?.get(name);
}

/** Where an interface hangs on a link. */
export interface Joint extends LinkEnd {
  readonly link: Link;
  /** Its name in a trace. */
  readonly text: string;
  readonly others: readonly Joint[];
  /** The link's behaviour in time, where nothing that happens changes it: forks share it. */
  readonly plain: Wire | undefined;
}

export type Joints = ReadonlyMap<string, ReadonlyMap<string, Joint>>;

/** Every joint, by node and interface. */
export function jointsOf(links: readonly Link[]): Joints {
  const found = new Map<string, Map<string, Joint>>();
  for (const link of links) {
    const plain = plainWire(link);
    const all: (Joint & { others: readonly Joint[] })[] = link.ends.map((end) => ({
      node: end.node,
      interface: end.interface,
      link,
      text: `${end.node}:${end.interface}`,
      others: [],
      plain,
    }));
    for (const joint of all) {
      joint.others = all.filter((other) => other !== joint);
      const known = found.get(joint.node) ?? new Map<string, Joint>();
      found.set(joint.node, known.set(joint.interface, joint));
    }
  }
  return found;
}

/** Whether frames pass: not cut, and not written as down. */
export function isUp(state: State, link: Link): boolean {
  return state.cut.get(link.name) ?? link.up;
}

/** A link's behaviour in time, made when it is first used. */
export function wireOf(state: State, { link, plain }: Joint): Wire {
  if (plain !== undefined) return plain;
  const known = state.wires.own(link.index, (wire) => wire.copy());
  if (known !== undefined) return known;
  const wire = new Wire(link, state.seed.split(`link ${link.name}`));
  state.wires.set(link.index, wire);
  return wire;
}

/** What a node has learned by `shortest-path` routing. */
export function learnedBy(state: State, name: string): Surroundings['learned'] {
  state.learned ??= learn(state);
  return state.learned.get(name) ?? NOTHING;
}

const NOTHING: Surroundings['learned'] = [];

/** Routes that `shortest-path` routing gives each node as things stand. */
export function learn(state: State): Learned {
  if (state.design.routing !== 'shortest-path') return new Map();
  return shortestRoutes(state.design, {
    linkUp: (index) => {
      const link = state.links[index];
      return link !== undefined && isUp(state, link);
    },
    nodeUp: (name) => state.nodes.see(name)?.up ?? true,
  });
}

/**
 * Compiles again what a change of the design, a link or a node touched; compiled tables are kept by identity. Gives the
 * names of the nodes whose program is another now.
 */
export function refresh(state: State): ReadonlySet<string> {
  state.epoch += 1;
  state.learned = undefined;
  state.programs = new Map();
  return new Set(state.order.filter((name) => recompile(state, name)));
}

/** Brings a node up to date with its design and surroundings; false when nothing is new. */
export function recompile(state: State, name: string): boolean {
  const known = state.nodes.see(name);
  if (known === undefined) return false;
  const program = compileNode(state.design, name, {
    leases: new Map(known.leases),
    learned: learnedBy(state, name),
  });
  if (program === known.router.program) return false;
  state.epoch += 1;
  reprogram(nodeOf(state, name), program, state.now);
  return true;
}
