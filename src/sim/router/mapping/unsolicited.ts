/**
 * What is said to a packet from outside that nobody here has asked for: to a SYN, nothing for a while, since its sender
 * may be about to be spoken to. Read RFC 5382 §4.3 first.
 */

import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import type { Behaviour } from '../../design/behaviour.ts';
import { tupleOf } from '../../packet/tuple.ts';
import { answerError, answerReset, REJECT_KIND } from '../answer.ts';
import type { Answer, Passage, RouterState, StageResult } from '../passage.ts';

const PORT_UNREACHABLE = REJECT_KIND['icmp-port-unreachable'] ?? fail('no such reject');

/** Drops the packet, or holds it, and says so. */
export function refuseUnsolicited(
  node: RouterState,
  passage: Passage,
  behaviour: Behaviour | undefined,
  { detail, now }: { readonly detail: string; readonly now: Millis },
): StageResult {
  const { packet } = passage;
  const why = { kind: 'refused', reason: 'natFiltered', place: 'nat.filtering', detail } as const;
  const how = packet.kind === 'tcp' ? (behaviour?.tcp.unsolicited ?? 'drop') : 'drop';
  if (how === 'hold' && behaviour !== undefined) {
    const until = now + behaviour.timeouts.tcpIncomingSyn;
    node.conntrack.mappings.hold(tupleOf(packet) ?? fail('a segment without a tuple'), until);
    const waiting = { kind: 'waiting', detail: `${detail}; the SYN is held in case one from inside meets it` } as const;
    const connection = passage.tracked?.connection;
    if (connection !== undefined) node.conntrack.release(connection);
    passage.tracked = undefined;
    return { verdict: 'hold', why: waiting, until };
  }
  const answer =
    how === 'reset'
      ? answerReset(node.program, passage)
      : how === 'reject'
        ? answerError(node.program, passage, PORT_UNREACHABLE)
        : undefined;
  return { verdict: 'drop', why, ...(answer === undefined ? {} : { answer }) };
}

/** What becomes of a SYN when it has been held long enough. */
export interface Released {
  readonly detail: string;
  /** Undefined: a SYN from inside has met it, and nothing is said. */
  readonly answer: Answer | undefined;
}

/** Lets go of a SYN that was held. */
export function release(node: RouterState, passage: Passage): Released {
  const waited = node.conntrack.mappings.meet(tupleOf(passage.packet) ?? fail('a segment without a tuple'));
  if (!waited) return { detail: 'its sender has been spoken to from inside meanwhile', answer: undefined };
  const detail = 'nobody inside spoke to its sender while the SYN was held';
  return { detail, answer: answerError(node.program, passage, PORT_UNREACHABLE) };
}
