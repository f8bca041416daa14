/** One event at a time: walks packets through nodes, hands them to hosts, and queues what comes of it. */
import { showIp } from '../addr/ip.ts';
import { fail, unreachable } from '../base/fail.ts';
import type { HostOutput, Outgoing } from '../host/output.ts';
import type { Timer } from '../host/timers.ts';
import { isError } from '../packet/icmp-error.ts';
import type { Packet } from '../packet/packet.ts';
import { answerError, HOST_UNREACHABLE } from '../router/answer.ts';
import { runHop } from '../router/hop.ts';
import { release } from '../router/mapping/unsolicited.ts';
import { isOpening } from '../router/opening.ts';
import type { Answer, End, Passage } from '../router/passage.ts';
import { identOf } from '../router/stage/egress.ts';
import type { Fate, LossReason } from '../trace/fate.ts';
import type { PacketId, Why } from '../trace/trace.ts';
import { dropOf } from '../trace/verdict.ts';
import { carryOut } from './mapping.ts';
import type { Waiting } from './neighbours.ts';
import type { RunningNode } from './node.ts';
import { forgetPieces, keepPiece, takePieces } from './pieces.ts';
import { type Event, findNode, isUp, linkAt, type Moving, movingFrom, recompile, type State } from './state.ts';
import { lose, transmit, transmitAgain } from './transmit.ts';

/** Takes the next event from the queue, moves the clock to it and lets it happen. */
export function step(state: State): void {
  const event = state.queue.pop() ?? fail('nothing left to happen');
  if (event.kind === 'arrive' && event.via !== undefined && event.via.epoch === state.epoch) {
    const { via } = event;
    const peer = via.peer ?? findNode(state, event.node);
    if (peer !== undefined) {
      via.peer = peer;
      state.now = event.time;
      // nothing has gone down since it was sent
      return comeIn(state, peer, event);
    }
  }
  const known = state.nodes.mine(event.node);
  if (event.kind === 'timer' && (known ?? state.nodes.see(event.node))?.host.wants(event.timer) !== true) return;
  state.now = event.time;
  const node = known ?? findNode(state, event.node);
  if (node !== undefined) happen(state, node, event);
  else if ('id' in event) lose(state, event.node, event.id, 'nodeDown', `${event.node} is no more`);
}

/**
 * Packets sent by hand set out from a node, one right behind the other: now, if nothing has to go before them, as if they
 * had been put in the queue and taken out again.
 */
export function setOut(state: State, node: RunningNode, packets: readonly Packet[]): void {
  const first = state.recorder.bornTogether(state.now, node.name, packets);
  const mustWait = state.queue.isDue(state.now);
  for (let i = 0; i < packets.length; i++) {
    const moving = movingFrom(node.name, state.now, first + i, packets[i] as Packet);
    if (mustWait) state.queue.push(moving);
    else walk(state, node, moving);
  }
}

function happen(state: State, node: RunningNode, event: Event): void {
  switch (event.kind) {
    case 'arrive':
      return arrive(state, node, event);
    case 'depart':
      return walk(state, node, event);
    case 'timer':
      return spread(state, node, node.host.expire(event.timer, state.now));
    case 'unanswered':
      return giveUp(state, node, node.neighbours.take(event.key));
    case 'held':
      return letGo(state, node, event.id);
    case 'pieces':
      for (const { said, about } of forgetPieces(state, node)) answer(state, node, said, about);
      return;
    default:
      return unreachable(event);
  }
}

function arrive(state: State, node: RunningNode, event: Moving): void {
  const { id, in: by = 'lo' } = event;
  if (!node.up || !(by === 'lo' || node.router.program.interfaces.get(by)?.up === true)) {
    return lose(state, node.name, id, 'nodeDown', `${node.name}:${by} is down`);
  }
  comeIn(state, node, event);
}

function comeIn(state: State, node: RunningNode, moving: Moving): void {
  if (node.sniffs) spread(state, node, node.host.sniff(moving.packet, moving.in ?? 'lo', state.now), moving.id);
  walk(state, node, moving);
}

/** One packet through one node, written down, and what comes of it. */
function walk(state: State, node: RunningNode, moving: Moving): void {
  const { recorder } = state;
  const walk = recorder.walk(state.now, moving.id, node.name, moving);
  const end = runHop(moving, node.router, state.now, walk);
  if (walk !== undefined) {
    recorder.hop(walk, end.verdict === 'transmit' ? moving.out : undefined);
    recorder.change(state.now, node.name, node.router.drain());
  }
  if (end.verdict === 'transmit' && end.pieces === undefined) leave(state, node, moving, end);
  else conclude(state, node, moving, end);
}

/** What comes of a packet whose walk through a node is over. */
function conclude(state: State, node: RunningNode, moving: Moving, end: End): void {
  const { id, packet } = moving;
  switch (end.verdict) {
    case 'deliver':
      return deliver(state, node, moving);
    case 'transmit':
      return leaveCut(state, node, moving, end.pieces ?? fail('no pieces'));
    case 'drop': {
      const mute = isMute(state, moving, end.answer);
      state.recorder.fate(state.now, id, fateOfDrop(node, end.why));
      if (end.answer !== undefined && !mute) answer(state, node, end.answer, id);
      return;
    }
    case 'hold':
      node.held.set(id, moving);
      return state.queue.push({ kind: 'held', time: end.until, priority: 1, sequence: 0, node: node.name, id });
    case 'wait':
      return keepPiece(state, node, moving, id);
    case 'merged': {
      const { packet: value, size, ident } = end.whole;
      const whole = state.recorder.born(state.now, { node: node.name, value, cause: id, by: 'reassembly' });
      for (const piece of [...takePieces(node, packet), id]) {
        state.recorder.fate(state.now, piece, { kind: 'reassembled', node: node.name, into: whole });
      }
      const next = movingFrom(node.name, state.now, whole, value);
      next.in = moving.in;
      next.cut = { size, ident };
      return walk(state, node, next);
    }
    default:
      return unreachable(end);
  }
}

function fateOfDrop(node: RunningNode, why: Why): Fate {
  const { lastDrop } = node;
  if (lastDrop?.why === why) return lastDrop.fate;
  const { reason, place, detail } = dropOf(why);
  const fate = { kind: 'dropped', node: node.name, reason, place, detail } as const;
  node.lastDrop = { why, fate };
  return fate;
}

/** The kernel says one ICMP message at a time: one that is stopped on its way out draws no other (`icmp_xmit_lock`). */
function isMute({ recorder }: State, { id, in: arrivedBy }: Moving, answer?: Answer): boolean {
  if (answer?.packet.kind !== 'icmp' || arrivedBy !== undefined) return false;
  return recorder.unfinished.get(id)?.by === 'icmp';
}

function leave(state: State, node: RunningNode, moving: Moving, end: End): void {
  const { tracked } = moving;
  if (transmitAgain(state, node, moving, end)) letRest(node, tracked);
  else transmit(state, node, moving);
}

/** The same in pieces, each a packet of its own. */
function leaveCut(state: State, node: RunningNode, { id, out, nextHop }: Moving, pieces: readonly Packet[]): void {
  const into = pieces.map((value) =>
    state.recorder.born(state.now, { node: node.name, value, cause: id, by: 'fragmentation' }),
  );
  state.recorder.fate(state.now, id, { kind: 'fragmented', node: node.name, into });
  for (const [i, packet] of pieces.entries()) {
    const piece = movingFrom(node.name, state.now, into[i] ?? fail('no number'), packet);
    piece.out = out;
    piece.nextHop = nextHop;
    transmit(state, node, piece);
  }
}

/** What has gone out by a wire holds no connection any longer: one that it has opened is the table's alone. */
function letRest({ router }: RunningNode, tracked: Passage['tracked']): void {
  if (isOpening(tracked) && tracked.connection.confirmed) router.conntrack.rest(tracked);
}

function deliver(state: State, node: RunningNode, { id, in: by = 'lo', packet }: Moving): void {
  const output = node.host.receive(packet, by, state.now);
  state.recorder.fate(state.now, id, fateOf(node, output));
  spread(state, node, output, id);
}

function fateOf(node: RunningNode, { reception }: HostOutput): Fate {
  if (reception === undefined) return fail('a packet vanished in its host');
  return reception.kind === 'delivered'
    ? { kind: 'delivered', node: node.name, to: reception.to }
    : { kind: 'dropped', node: node.name, reason: reception.reason, place: 'services', detail: reception.detail };
}

/** Carries out what a host came up with. */
export function spread(state: State, node: RunningNode, output: HostOutput, cause?: PacketId): void {
  const { configured, finished, notes, packets, requests, timers } = output;
  for (let i = 0; i < packets.length; i++) depart(state, node, packets[i] as Outgoing, cause);
  for (let i = 0; i < timers.length; i++) wind(state, node, timers[i] as Timer);
  if (notes.length + finished.length + requests.length + configured.length > 0) publish(state, node, output, cause);
}

function wind({ queue }: State, { name: node }: RunningNode, { id: timer, at: time }: Timer): void {
  queue.push({ kind: 'timer', time, priority: 1, sequence: 0, node, timer });
}

/** What an answer holds beside packets and timers: mostly nothing. */
function publish(state: State, node: RunningNode, output: HostOutput, cause: PacketId | undefined): void {
  for (const { app, text } of output.notes) state.recorder.log(state.now, { kind: 'note', node: node.name, app, text });
  for (const { app, finding } of output.finished) state.findings.set(app, finding);
  for (const { app, request } of output.requests) {
    const outcome = carryOut(node.router, request, state.now);
    state.recorder.change(state.now, node.name, node.router.drain());
    spread(state, node, node.host.mapped(app, request.id, outcome, state.now), cause);
  }
  for (const { interface: name, lease } of output.configured) {
    if (lease === undefined) node.leases.delete(name);
    else node.leases.set(name, lease);
    recompile(state, node.name);
  }
}

/** What a host sends, or the stages of a node answer. */
interface Departure extends Omit<Outgoing, 'cause'> {
  readonly cause: Outgoing['cause'] | 'reset';
  readonly tracked?: Passage['tracked'];
}

function depart(state: State, node: RunningNode, sent: Departure, cause: PacketId | undefined): void {
  const { packet, interface: out, fragment, tracked } = sent;
  const by = sent.app ?? sent.cause;
  if (by === 'icmp' && isLimited(node, packet, state.now)) return;
  const id = state.recorder.born(state.now, { node: node.name, value: packet, cause, by });
  const cut = fragment === undefined ? undefined : { size: fragment, ident: identOf(packet, node.router) };
  const moving = movingFrom(node.name, state.now, id, packet);
  if (out !== undefined) {
    moving.out = out;
    moving.nextHop = packet.dst;
  }
  moving.tracked = tracked;
  moving.cut = cut;
  state.queue.push(moving);
}

/** The kernel's own errors are limited where the design says so, never those to itself. */
function isLimited({ router, limiter }: RunningNode, packet: Packet, now: number): boolean {
  const { icmpRateLimit, owns } = router.program;
  return icmpRateLimit && isError(packet) && !owns(packet.dst) && !limiter.allows(packet.dst, now);
}

function answer(state: State, node: RunningNode, { packet, tracked }: Answer, cause: PacketId): void {
  const by = packet.kind === 'tcp' ? 'reset' : 'icmp';
  depart(state, node, { packet, interface: undefined, app: undefined, cause: by, fragment: undefined, tracked }, cause);
}

/** LNX-FWD-7: everything that waited fails at once, each with its own error to its sender. */
function giveUp(state: State, node: RunningNode, waiting: readonly Waiting[]): void {
  for (const { id, passage } of waiting) {
    const [reason, detail] = whyUnanswered(state, node, passage);
    lose(state, node.name, id, reason, detail);
    const said = answerError(node.router.program, passage, HOST_UNREACHABLE);
    if (said !== undefined) answer(state, node, said, id);
  }
}

function whyUnanswered(state: State, node: RunningNode, passage: Passage): readonly [LossReason, string] {
  const { nextHop = fail('no next hop'), out = '' } = passage;
  const link = linkAt(state, node.name, out)?.link;
  if (!node.up) return ['nodeDown', `${node.name} is down`];
  if (link === undefined) return ['notConnected', `${node.name}:${out} is on no link`];
  if (!isUp(state, link)) return ['linkDown', `link ${link.name} is down`];
  return ['noNeighbour', `nobody on ${link.name} answers for ${showIp(nextHop)}`];
}

/** NAT has held a SYN long enough. */
function letGo(state: State, node: RunningNode, id: PacketId): void {
  const passage = node.held.get(id) ?? fail('nothing is held under this number');
  node.held.delete(id);
  if (!node.up) return lose(state, node.name, id, 'nodeDown', `${node.name} is down`);
  const { detail, answer: said } = release(node.router, passage);
  const fate = { kind: 'dropped', node: node.name, reason: 'natFiltered', place: 'nat.filtering', detail } as const;
  state.recorder.fate(state.now, id, fate);
  if (said !== undefined) answer(state, node, said, id);
}
