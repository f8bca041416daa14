import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import { LINUX } from '../program/order.ts';
import type { Step, Why } from '../trace/trace.ts';
import { CHECKED, type Passage, type RouterState, type StageResult } from './passage.ts';
import { ORDER, waysOf } from './stages.ts';

/** How a packet's walk through one node ended: delivered here, or whatever the last stage said. */
export type End =
  | Exclude<StageResult, { verdict: 'next' | 'local' }>
  | { readonly verdict: 'deliver'; readonly passage: Passage };

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

/** What the stages of a walk said, in order; behind the word of one that changed the packet stands the packet. */
export type Trail = (Why | Packet)[];

/**
 * Walks a packet through one node: `arrive` until routing says where, then `transit` or `local` to the end; what starts
 * here walks `origin`. This is the only place that walks the lists, and the only one that keeps what stages say, where it
 * is given a trail to.
 */
export function runHop(start: Passage, node: RouterState, now: Millis, trail?: Trail): End {
  const ways = waysOf(node.program);
  let passage = start;
  let way = start.in === undefined ? ways.origin : ways.through;
  for (let at = 0; at < way.length; at++) {
    const stage = way[at];
    if (stage === undefined) {
      trail?.push(CHECKED);
      continue;
    }
    const result = stage(passage, node, now);
    if (trail !== undefined) {
      trail.push(result.why);
      if (result.passage.packet !== passage.packet) trail.push(result.passage.packet);
    }
    passage = result.passage;
    if (result.verdict === 'local') way = ways.stay;
    else if (result.verdict !== 'next') {
      if (result.verdict === 'drop' || result.verdict === 'hold') forget(passage, node);
      return result;
    }
  }
  return { verdict: 'deliver', passage };
}

/** A walk that is over, as it is kept until somebody wants to see its steps. */
export interface Walk {
  readonly in: string | undefined;
  readonly packet: Packet;
  readonly trail: Readonly<Trail>;
  readonly end: End['verdict'];
}

/** The steps of a walk. */
export function stepsOf({ in: arrivedBy, packet, trail, end }: Walk): Step[] {
  const whys = trail.filter((each): each is Why => !isPacket(each));
  const stays = whys[LINUX.arrive.length - 1]?.kind === 'local';
  const list = ORDER[arrivedBy === undefined ? 'origin' : stays ? 'stay' : 'through'];
  const steps: Step[] = [];
  let before = packet;
  for (const [at, said] of trail.entries()) {
    if (isPacket(said)) continue;
    const next = trail[at + 1];
    const after = next !== undefined && isPacket(next) ? next : before;
    const stage = list[steps.length] ?? fail('a walk longer than its way');
    const verdict = steps.length === whys.length - 1 ? STEP[end] : 'next';
    steps.push({ stage, verdict, why: said, before, after });
    before = after;
  }
  return steps;
}

function isPacket(said: Why | Packet): said is Packet {
  return 'headerChecksum' in said;
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
