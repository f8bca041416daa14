import { fail } from '../base/fail.ts';
import type { Place } from '../program/program.ts';
import type { DropReason } from './fate.ts';
import type { Why } from './trace.ts';

/** Why a packet was dropped, and the place in the node's design that did it. */
export interface Drop {
  readonly reason: DropReason;
  readonly place: Place;
  readonly detail: string;
}

/** Reads the drop out of a stage's reasons; a stage that drops without saying so is a broken invariant. */
export function dropOf(why: Why): Drop {
  if (why.kind === 'refused') return { reason: why.reason, place: why.place, detail: why.detail };
  if (why.kind !== 'filter') return fail(`a stage dropped a packet and said ${why.kind}`);
  const { decision, chain } = why;
  const place = decision.place ?? `firewall.${chain}.policy`;
  const named = decision.name === undefined ? '' : ` "${decision.name}"`;
  return place.endsWith('.policy')
    ? { reason: 'policy', place, detail: `no rule of ${chain} decided, and its policy is drop` }
    : { reason: 'rule', place, detail: `${place}${named} says ${decision.verdict}` };
}
