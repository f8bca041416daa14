/** Where and why a flow came to its end: the packet among a program's that explains the outcome. */

import type { Packet } from '../packet/packet.ts';
import { showPacket } from '../packet/show.ts';
import type { DropReason, Fate, LossReason } from './fate.ts';
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

/**
 * The first packet that was dropped, else the first that was lost, else nothing. Packets sent to run out of TTL are the
 * way traceroute asks, so they count last.
 */
export function stopOf(family: readonly Journey[]): Stop | undefined {
  const dropped = family.filter(({ fate }) => fate?.kind === 'dropped');
  const journey =
    dropped.find(({ fate }) => fate?.kind === 'dropped' && fate.reason !== 'ttlExpired') ??
    family.find(({ fate }) => fate?.kind === 'lost') ??
    dropped[0];
  return journey === undefined ? undefined : toStop(journey, journey.fate as Ended);
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
  return ['lossyLink', 'linkDown', 'noNeighbour', 'nodeDown', 'notConnected', 'queueFull'].includes(reason);
}
