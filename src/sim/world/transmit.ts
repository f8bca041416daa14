/** From the egress of one node to the door of the next. */
import { family, type Ip, isMulticast } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import type { Link, LinkEnd } from '../design/topology.ts';
import { lengthOf, type Packet } from '../packet/packet.ts';
import type { Passage } from '../router/passage.ts';
import type { LossReason } from '../trace/fate.ts';
import type { PacketId } from '../trace/trace.ts';
import { neighbourKey, RESOLUTION_TIME } from './neighbours.ts';
import type { RunningNode } from './node.ts';
import { isUp, linkAt, lookAt, type Sight, type State, wireOf } from './state.ts';

/** A packet that leaves a node, with the walk that led there. */
export interface Leaving {
  readonly id: PacketId;
  readonly packet: Packet;
  readonly passage: Passage;
}

/** Puts a packet on the link of its interface, towards its next hop. */
export function transmit(state: State, node: RunningNode, leaving: Leaving): void {
  const { out = fail('no way out'), nextHop = fail('no next hop') } = leaving.passage;
  if (out === 'lo') return loop(state, node, leaving);
  const from: LinkEnd = { node: node.name, interface: out };
  const link = linkAt(state, from);
  if (link === undefined || !isUp(state, link) || !node.up) return unanswered(state, node, leaving);
  const ends = othersOn(state, link, from);
  if (node.router.program.isBroadcast(nextHop) || isMulticast(nextHop))
    return flood(state, { link, from, ends }, leaving);
  const to = ends.find((end) => answersFor(lookAt(state, end.node), end.interface, nextHop));
  const key = neighbourKey(out, nextHop);
  if (to === undefined) {
    if (!node.neighbours.believesIn(key, state.now)) return unanswered(state, node, leaving);
    return lose(state, node.name, leaving.id, 'noNeighbour', link.name);
  }
  node.neighbours.find(key, state.now);
  carry(state, { link, from, to }, leaving);
}

/** Through the loopback interface a packet keeps what tracking knows of it. */
function loop(state: State, node: RunningNode, { id, packet, passage }: Leaving): void {
  state.queue.push(state.now, 0, { kind: 'arrive', node: node.name, by: 'lo', id, packet, tracked: passage.tracked });
}

/** The other ends of a link whose interface and node are up. */
function othersOn(state: State, link: Link, from: LinkEnd): readonly LinkEnd[] {
  return link.ends.filter((end) => {
    if (end.node === from.node && end.interface === from.interface) return false;
    const { up, program } = lookAt(state, end.node);
    return up && (program.interfaces.get(end.interface)?.up ?? false);
  });
}

/** Linux answers ARP for every address of the node, on any interface; neighbour discovery only for those of the interface. */
function answersFor({ program }: Sight, by: string, ip: Ip): boolean {
  if (family(ip) === 4) return program.owns(ip);
  return program.interfaces.get(by)?.addresses.some((own) => own.ip === ip) ?? false;
}

function carry(state: State, way: { link: Link; from: LinkEnd; to: LinkEnd }, { id, packet }: Leaving): void {
  const { link, from, to } = way;
  const passed = wireOf(state, link).pass(from.node, lengthOf(packet), state.now);
  if (passed.kind === 'lost') return lose(state, from.node, id, passed.reason, link.name);
  state.recorder.log(state.now, {
    kind: 'wire',
    packet: id,
    value: packet,
    link: link.index,
    from: `${from.node}:${from.interface}`,
    to: `${to.node}:${to.interface}`,
    arrives: passed.at,
  });
  state.queue.push(passed.at, 0, { kind: 'arrive', node: to.node, by: to.interface, id, packet, tracked: undefined });
}

/** A broadcast: one copy, a packet of its own, for each of the others; alone on the segment it is heard by nobody. */
function flood(state: State, way: { link: Link; from: LinkEnd; ends: readonly LinkEnd[] }, leaving: Leaving): void {
  const { link, from, ends } = way;
  const [first, ...others] = ends;
  if (first === undefined) return lose(state, from.node, leaving.id, 'noNeighbour', link.name);
  for (const to of others) {
    const id = state.recorder.born(state.now, {
      node: from.node,
      value: leaving.packet,
      cause: leaving.id,
      by: 'broadcast',
    });
    carry(state, { link, from, to }, { ...leaving, id });
  }
  carry(state, { link, from, to: first }, leaving);
}

/** Nobody answers for the next hop: the packet waits until the kernel gives up asking. */
function unanswered(state: State, node: RunningNode, { id, passage }: Leaving): void {
  const { out = '', nextHop = fail('no next hop') } = passage;
  const key = neighbourKey(out, nextHop);
  if (node.neighbours.wait(key, { id, passage })) {
    state.queue.push(state.now + RESOLUTION_TIME, 1, { kind: 'unanswered', node: node.name, key });
  }
}

export function lose(state: State, node: string, id: PacketId, reason: LossReason, detail: string): void {
  const place = reason === 'noNeighbour' ? 'neighbour' : 'link';
  state.recorder.fate(state.now, id, { kind: 'lost', node, reason, place, detail });
}
