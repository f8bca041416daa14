import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import { LINUX, type StageName } from '../program/order.ts';
import type { Step } from '../trace/trace.ts';
import type { Passage, RouterState, StageResult } from './passage.ts';
import { STAGES } from './stages.ts';

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

/**
 * Walks a packet through one node: `arrive` until routing says where, then `transit` or `local` to the end; what starts
 * here walks `origin`. This is the only place that knows the lists, and the only one that writes down steps, where it is
 * given a place to.
 */
export function runHop(start: Passage, node: RouterState, now: Millis, steps?: Step[]): End {
  let passage = start;
  let list = start.in === undefined ? LINUX.origin : THROUGH;
  for (let at = 0; at < list.length; at++) {
    const stage = list[at] ?? fail('a hole in the order of stages');
    const result = STAGES[stage](passage, node, now);
    if (steps !== undefined) {
      const { verdict, why } = result;
      steps.push({ stage, verdict: STEP[verdict], why, before: passage.packet, after: result.passage.packet });
    }
    passage = result.passage;
    if (result.verdict === 'local') {
      list = LINUX.local;
      at = -1;
    } else if (result.verdict !== 'next') {
      if (result.verdict === 'drop' || result.verdict === 'hold') forget(passage, node);
      return result;
    }
  }
  return { verdict: 'deliver', passage };
}

/** The way of a packet that comes in, unless routing says that it stays. */
const THROUGH: readonly StageName[] = [...LINUX.arrive, ...LINUX.transit];

const STEP: Readonly<Record<StageResult['verdict'], Step['verdict']>> = {
  next: 'next',
  local: 'next',
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
