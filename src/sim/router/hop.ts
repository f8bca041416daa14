import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import { LINUX } from '../program/order.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Step } from '../trace/trace.ts';
import { type End, GO_ON, isWhy, type Passage, type RouterState, type StageResult, type Trail } from './passage.ts';
import { again, isFirst, type Memory, type Recalled, recallable, retell } from './recall.ts';
import { ORDER, waysOf } from './stages.ts';

/** A packet at the door: arrived by an interface, or made here when there is none. */
export function enter(
  packet: Packet,
  arrivedBy: string | undefined,
  tracked?: Passage['tracked'],
  cut?: Passage['cut'],
): Passage {
  return {
    packet,
    in: arrivedBy,
    out: undefined,
    nextHop: undefined,
    tracked,
    notrack: false,
    cut,
    arrived: undefined,
    turned: false,
  };
}

/** A walk as it is kept until somebody wants to see its steps. */
export interface Walk {
  readonly in: string | undefined;
  readonly packet: Packet;
  said: Readonly<Trail>;
  /** It went as another one had, and what was said then is to be told again. */
  again: boolean;
  end: End['verdict'];
}

/** Where a walk is written down that begins. */
export function beginWalk({ in: arrivedBy, packet }: Passage): Walk {
  return { in: arrivedBy, packet, said: NOTHING, again: false, end: 'drop' };
}

const NOTHING: Trail = [];

/**
 * Walks a packet through one node: `arrive` until routing says where, then `transit` or `local` to the end; what starts
 * here walks `origin`. This is the only place that walks the lists, and the only one that keeps what stages say, where it
 * is given something to write on. Once all is known that the rest depends on, a walk that is remembered stands for it.
 */
export function runHop(start: Passage, node: RouterState, now: Millis, walk?: Walk): End {
  const ways = node.ways?.program === node.program ? node.ways : waysOf(node.program);
  node.ways = ways;
  const trail: Trail | undefined = walk === undefined ? undefined : [];
  const mayRecall = node.recalls && isFirst(start);
  let memory: Memory | undefined;
  let way = start.in === undefined ? ways.origin : ways.through;
  let passage = start;
  let end: End | undefined;
  for (let at = 0; end === undefined && at < way.stages.length; at++) {
    if (mayRecall && at === way.known + 1) {
      memory = ways.walks ?? passage.tracked?.memory;
      const recalled = memory?.find(passage, node.program);
      if (recalled !== undefined && (walk === undefined || recalled.said !== undefined)) {
        return repeat(recalled, passage, walk);
      }
    }
    const result: StageResult = way.stages[at]?.(passage, node, now) ?? GO_ON;
    trail?.push(result.why);
    if (result.verdict === 'pass') continue;
    if (result.passage.packet !== passage.packet) trail?.push(result.passage.packet);
    passage = result.passage;
    if (result.verdict === 'local') way = ways.stay;
    else if (result.verdict !== 'next') end = result;
  }
  end ??= { verdict: 'deliver', passage };
  if (end.verdict === 'drop' || end.verdict === 'hold') forget(passage, node);
  if (memory !== undefined) keepWalk(memory, start, end, node.program, trail);
  if (walk !== undefined && trail !== undefined) {
    walk.said = trail;
    walk.end = end.verdict;
  }
  return end;
}

/** Goes the way of a walk that is remembered. */
function repeat(recalled: Recalled, passage: Passage, walk: Walk | undefined): End {
  if (walk !== undefined) {
    walk.said = recalled.said ?? NOTHING;
    walk.again = true;
    walk.end = recalled.verdict;
  }
  return again(recalled, passage);
}

/** Remembers a walk, unless its end depends on more than what others like it have in common. */
function keepWalk(memory: Memory, start: Passage, end: End, program: NodeProgram, trail: Trail | undefined): void {
  const { tracked } = end.passage;
  const connection = tracked?.connection;
  if (tracked !== undefined && tracked.memory !== memory) return;
  if (connection !== undefined && (connection.helper !== undefined || connection.nat64 !== undefined)) return;
  const recalled = recallable(start, end, program, trail);
  if (recalled !== undefined) memory.keep(recalled);
}

/** The steps of a walk. */
export function stepsOf({ in: arrivedBy, packet, said, again: told, end }: Walk): Step[] {
  const trail = told ? retell(packet, said.filter(isWhy)) : said;
  const whys = trail.filter(isWhy);
  const stays = whys[LINUX.arrive.length - 1]?.kind === 'local';
  const list = ORDER[arrivedBy === undefined ? 'origin' : stays ? 'stay' : 'through'];
  const steps: Step[] = [];
  let before = packet;
  for (const [at, each] of trail.entries()) {
    if (!isWhy(each)) continue;
    const next = trail[at + 1];
    const after = next === undefined || isWhy(next) ? before : next;
    const stage = list[steps.length] ?? fail('a walk longer than its way');
    const verdict = steps.length === whys.length - 1 ? STEP[end] : 'next';
    steps.push({ stage, verdict, why: each, before, after });
    before = after;
  }
  return steps;
}

const STEP: Readonly<Record<End['verdict'], Step['verdict']>> = {
  deliver: 'next',
  transmit: 'next',
  drop: 'drop',
  wait: 'steal',
  hold: 'steal',
  merged: 'steal',
};

/** LNX-HOOK-8: a first packet that dies on the way leaves no entry. */
function forget({ tracked }: Passage, { conntrack }: RouterState): void {
  const connection = tracked?.connection;
  if (connection !== undefined && !connection.confirmed) conntrack.release(connection);
}
