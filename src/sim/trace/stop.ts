/** Where and why a flow came to its end: the packet among a program's that explains the outcome. */

import { isError } from '../packet/icmp-error.ts';
import { FLAG, type Packet } from '../packet/packet.ts';
import { showPacket } from '../packet/show.ts';
import { type DropReason, type Fate, LOSS_REASONS, type LossReason } from './fate.ts';
import { finalForm, type Journey } from './journey.ts';
import { remedyFor } from './remedy.ts';

export interface Stop {
  readonly node: string;
  readonly place: string;
  readonly reason: DropReason | LossReason;
  readonly detail: string;
  /** As it was when it stopped, and where it came from. */
  readonly packet: Packet;
  readonly origin: string;
}

type Ended = Extract<Fate, { kind: 'dropped' | 'lost' }>;

interface Candidate {
  readonly journey: Journey;
  readonly fate: Ended;
}

/**
 * The packet that explains best why a flow failed, the earliest of its rank: dropped on its way, else lost, else run out
 * of TTL (which is how traceroute asks), else an answer that came too late to be of use. Where the sender heard
 * nothing (`silent`) although that packet drew an answer, it is the answer that tells why, unless a rule had spoken.
 */
export function stopOf(family: readonly Journey[], silent = false): Stop | undefined {
  let best: (Candidate & { readonly rank: number }) | undefined;
  for (const journey of family) {
    const { fate } = journey;
    if (fate?.kind !== 'dropped' && fate?.kind !== 'lost') continue;
    const rank = rankOf(fate, journey.born.value);
    if (best === undefined || rank < best.rank) best = { journey, fate, rank };
  }
  const told =
    silent && best !== undefined && !isRuled(best.fate) ? (silencedAnswer(family, best.journey) ?? best) : best;
  return told === undefined ? undefined : toStop(told.journey, told.fate);
}

/** What a packet drew in answer and its sender never got. */
function silencedAnswer(family: readonly Journey[], { caused }: Journey): Candidate | undefined {
  for (const journey of family) {
    const { fate, id } = journey;
    const stopped = fate?.kind === 'lost' || (fate?.kind === 'dropped' && fate.place !== 'services');
    if (stopped && caused.includes(id)) return { journey, fate };
  }
  return undefined;
}

/** Whether a chain dropped or rejected it: a rejection that arrives changes the outcome, not who brought it about. */
export function isRuled(fate: Fate): fate is Extract<Fate, { kind: 'dropped' }> {
  return fate.kind === 'dropped' && (fate.reason === 'rule' || fate.reason === 'policy');
}

function rankOf(fate: Ended, packet: Packet): number {
  const answer = isError(packet) || (packet.kind === 'tcp' && (packet.flags & FLAG.rst) !== 0);
  if (answer || fate.reason === 'notAccepted') return 3;
  if (fate.reason === 'ttlExpired') return 2;
  return fate.kind === 'lost' ? 1 : 0;
}

function toStop(journey: Journey, fate: Ended): Stop {
  const { node, place, reason, detail = '' } = fate;
  return { node, place, reason, detail, packet: finalForm(journey), origin: journey.born.node };
}

/** Two sentences: what happened to which packet where, and what would have let it through. */
export function explainStop(stop: Stop): string {
  const { node, reason, detail, packet, origin, place } = stop;
  const verb = isLoss(reason) ? 'was lost at' : 'was dropped at';
  return `${origin}'s packet ${showPacket(packet)} ${verb} ${node}: ${detail}. ${remedyFor(reason, { node, place, packet })}`;
}

function isLoss(reason: DropReason | LossReason): boolean {
  return LOSS_REASONS.some((loss) => loss === reason);
}
