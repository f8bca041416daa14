/** From the egress of one node to the door of the next. */
import { family, type Ip, isMulticast } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { type End, look } from '../router/passage.ts';
import type { LossReason } from '../trace/fate.ts';
import type { PacketId } from '../trace/trace.ts';
import { NO_NUMBER } from './entry.ts';
import { neighbourKey, RESOLUTION_TIME } from './neighbours.ts';
import type { Outlet, RunningNode } from './node.ts';
import { isUp, type Joint, linkAt, lookAt, type Moving, movingFrom, type State, wireOf } from './state.ts';

/**
 * Puts a packet on the link of its interface, where others have gone to its next hop before it; false for none. Walks
 * that are remembered have one end for each way out, and others one of their own: who ends alike leaves alike.
 */
export function transmitAgain(state: State, node: RunningNode, leaving: Moving, end: End): boolean {
  const { lastOutlet } = node;
  if (lastOutlet !== undefined && lastOutlet.end === end && lastOutlet.epoch === state.epoch) {
    pass(state, lastOutlet, leaving);
    return true;
  }
  const outlet = outletOf(state, node, leaving);
  if (outlet === undefined) return false;
  outlet.end = end;
  node.lastOutlet = outlet;
  pass(state, outlet, leaving);
  return true;
}

/** The way that others have gone to its next hop. */
function outletOf({ epoch }: State, node: RunningNode, { out, nextHop }: Moving): Outlet | undefined {
  if (nextHop === undefined) return undefined;
  const known = node.lastOutlet?.nextHop === nextHop ? node.lastOutlet : node.outlets.get(nextHop);
  return known !== undefined && known.epoch === epoch && known.out === out ? known : undefined;
}

/** Puts a packet on the link of its interface, towards its next hop. */
export function transmit(state: State, node: RunningNode, leaving: Moving): void {
  const { out = fail('no way out'), nextHop = fail('no next hop') } = leaving;
  if (out === 'lo') return loop(state, node, leaving);
  const joint = linkAt(state, node.name, out);
  if (joint === undefined || !isUp(state, joint.link) || !node.up) return unanswered(state, node, leaving);
  if (node.router.program.isBroadcast(nextHop) || isMulticast(nextHop)) return flood(state, joint, leaving);
  const to = joint.others.find((end) => answersAt(state, end, nextHop));
  if (to === undefined) {
    if (!node.neighbours.believesIn(out, nextHop, state.now)) return unanswered(state, node, leaving);
    return lose(state, node.name, leaving.id, 'noNeighbour', joint.link.name);
  }
  const found = node.neighbours.find(out, nextHop);
  const wire = wireOf(state, joint);
  const outlet = { epoch: state.epoch, out, nextHop, from: joint, to, wire, found, peer: undefined, end: undefined };
  keep(node, outlet);
  pass(state, outlet, leaving);
}

/** Most nodes have one way out that is used: the others stand in a table. */
function keep(node: RunningNode, outlet: Outlet): void {
  const last = node.lastOutlet;
  if (last !== undefined) {
    node.outlets.set(last.nextHop, last);
    node.outlets.set(outlet.nextHop, outlet);
  }
  node.lastOutlet = outlet;
}

/** To a next hop that answers. */
function pass(state: State, outlet: Outlet, leaving: Moving): void {
  const { found } = outlet;
  found.at = state.now;
  found.doubted = undefined;
  carry(state, outlet, leaving);
}

/** Through the loopback interface a packet keeps what tracking knows of it. */
function loop(state: State, node: RunningNode, { id, packet, tracked }: Moving): void {
  const back = movingFrom(node.name, state.now, id, packet);
  back.kind = 'arrive';
  back.in = 'lo';
  back.tracked = tracked;
  state.queue.push(back);
}

/** Whether an end of a link, and its node, are up. */
function isUpAt(state: State, end: Joint): boolean {
  const { up, program } = lookAt(state, end.node);
  return up && (program.interfaces.get(end.interface)?.up ?? false);
}

/**
 * Whether an end of a link is up and answers for an address. Linux answers ARP for every address of the node, on any
 * interface; neighbour discovery only for those of the interface.
 */
function answersAt(state: State, end: Joint, ip: Ip): boolean {
  const { up, program } = lookAt(state, end.node);
  const by = program.interfaces.get(end.interface);
  if (!up || by?.up !== true) return false;
  return family(ip) === 4 ? program.owns(ip) : by.addresses.some((own) => own.ip === ip);
}

/** From one end of a link to another; an outlet where others have gone that way before. */
type Course =
  | Outlet
  | (Pick<Outlet, 'from' | 'to' | 'wire'> & { readonly peer?: undefined; readonly epoch?: undefined });

/** The passage that is over becomes the one to come. */
function carry(state: State, course: Course, leaving: Moving): void {
  const { from, to, wire } = course;
  const { id, packet } = leaving;
  if (leaving.seen !== packet) look(leaving);
  const at = wire.pass(from.node, leaving.length, state.now);
  const { link } = from;
  if (typeof at === 'string') return lose(state, from.node, id, at, link.name);
  const { recorder } = state;
  if (recorder.listens) {
    recorder.wire({
      kind: 'wire',
      packet: id,
      value: packet,
      link: link.index,
      from: from.text,
      to: to.text,
      arrives: at,
      time: state.now,
      sequence: NO_NUMBER,
    });
  }
  leaving.kind = 'arrive';
  leaving.time = at;
  leaving.node = to.node;
  leaving.in = to.interface;
  leaving.via = course.epoch === undefined ? undefined : course;
  leaving.out = undefined;
  leaving.nextHop = undefined;
  leaving.tracked = undefined;
  leaving.notrack = false;
  leaving.cut = undefined;
  leaving.arrived = undefined;
  leaving.turned = false;
  state.queue.push(leaving);
}

/** A broadcast: one copy, a packet of its own, for each of the others; alone on the segment it is heard by nobody. */
function flood(state: State, from: Joint, leaving: Moving): void {
  const [first, ...others] = from.others.filter((end) => isUpAt(state, end));
  if (first === undefined) return lose(state, from.node, leaving.id, 'noNeighbour', from.link.name);
  const wire = wireOf(state, from);
  for (const to of others) {
    const id = state.recorder.born(state.now, {
      node: from.node,
      value: leaving.packet,
      cause: leaving.id,
      by: 'broadcast',
    });
    carry(state, { from, to, wire }, movingFrom(from.node, state.now, id, leaving.packet));
  }
  carry(state, { from, to: first, wire }, leaving);
}

/** Nobody answers for the next hop: the packet waits until the kernel gives up asking. */
function unanswered(state: State, node: RunningNode, leaving: Moving): void {
  const { id, out = '', nextHop = fail('no next hop') } = leaving;
  const key = neighbourKey(out, nextHop);
  if (node.neighbours.wait(key, { id, passage: leaving })) {
    state.queue.push({
      kind: 'unanswered',
      time: state.now + RESOLUTION_TIME,
      priority: 1,
      sequence: 0,
      node: node.name,
      key,
    });
  }
}

export function lose(state: State, node: string, id: PacketId, reason: LossReason, detail: string): void {
  const place = reason === 'noNeighbour' ? 'neighbour' : 'link';
  state.recorder.fate(state.now, id, { kind: 'lost', node, reason, place, detail });
}
