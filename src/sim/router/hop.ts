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

export interface Hop {
  readonly steps: readonly Step[];
  readonly end: End;
}

/** A packet at the door: arrived by an interface, or made here when there is none. */
export function enter(packet: Packet, arrivedBy: string | undefined): Passage {
  return {
    packet,
    in: arrivedBy,
    out: undefined,
    nextHop: undefined,
    tracked: undefined,
    notrack: false,
    cut: undefined,
  };
}

/**
 * Walks a packet through one node: `arrive` until routing says where, then `transit` or `local` to the end; what starts
 * here walks `origin`. This is the only place that knows the lists, and the only one that writes down steps.
 */
export function runHop(start: Passage, node: RouterState, now: Millis): Hop {
  const steps: Step[] = [];
  let passage = start;
  let list: readonly StageName[] = start.in === undefined ? LINUX.origin : [...LINUX.arrive, ...LINUX.transit];
  for (let at = 0; at < list.length; at++) {
    const stage = list[at] ?? fail('a hole in the order of stages');
    const before = passage.packet;
    const result = STAGES[stage](passage, node, now);
    passage = result.passage;
    steps.push({ stage, verdict: STEP[result.verdict], why: result.why, before, after: passage.packet });
    if (result.verdict === 'local') {
      list = LINUX.local;
      at = -1;
    } else if (result.verdict !== 'next') {
      if (result.verdict === 'drop' || result.verdict === 'hold') forget(passage, node);
      return { steps, end: result };
    }
  }
  return { steps, end: { verdict: 'deliver', passage } };
}

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
