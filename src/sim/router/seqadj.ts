/**
 * Sequence numbers after a helper changed the length of a payload: later segments of that side are shifted, and so is
 * what the other side acknowledges. Offsets accumulate; a retransmission of what came before the newest change takes the
 * offset before it.
 *
 * Read RFC 9293 §3.4, RFC 2018 and RFC 6384 §11 first.
 */
import type { Tcp } from '../packet/packet.ts';
import { FLAG } from '../packet/packet.ts';
import { withAck, withOptions, withSeq } from '../packet/rewrite.ts';
import { mapSackEdges } from '../packet/tcp-options.ts';
import { advance, after, before } from './track/sequence.ts';

/** The shift of one direction, in bytes; `at` is the sequence number, as sent, of the segment that changed last. */
export interface SeqAdjustment {
  at: number;
  earlier: number;
  later: number;
}

/** Nothing was rewritten yet. */
export function noAdjustment(): SeqAdjustment {
  return { at: 0, earlier: 0, later: 0 };
}

/** Whether nothing was ever rewritten. */
export function isSteady({ earlier, later }: SeqAdjustment): boolean {
  return earlier === 0 && later === 0;
}

/** Notes that the segment beginning at `seq` became `by` bytes longer; once only, however often it is sent again. */
export function addAdjustment(adjustment: SeqAdjustment, seq: number, by: number): void {
  if (by === 0) return;
  if (adjustment.earlier !== adjustment.later && !before(adjustment.at, seq)) return;
  adjustment.at = seq;
  adjustment.earlier = adjustment.later;
  adjustment.later += by;
}

/** How far a sequence number, as sent, is shifted. */
export function offsetAt(adjustment: SeqAdjustment, seq: number): number {
  return after(seq, adjustment.at) ? adjustment.later : adjustment.earlier;
}

/** A shifted number (an acknowledgement, a SACK edge) as its sender meant it. */
function undone(adjustment: SeqAdjustment, seq: number): number {
  return advance(seq, -offsetAt(adjustment, advance(seq, -adjustment.earlier)));
}

/** The segment as it goes on: `own` shifts what its sender sends, `other` what its receiver sent. */
export function adjust(segment: Tcp, own: SeqAdjustment, other: SeqAdjustment): Tcp {
  const moved = withSeq(segment, advance(segment.seq, offsetAt(own, segment.seq)));
  if ((segment.flags & FLAG.ack) === 0) return moved;
  const acked = withAck(moved, undone(other, segment.ack));
  if (segment.options.length === 0) return acked;
  return withOptions(
    acked,
    mapSackEdges(segment.options, (edge) => undone(other, edge)),
  );
}
