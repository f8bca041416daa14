/** Pieces of packets that wait at a node for the others. Read RFC 792 (time exceeded) and RFC 8200 §4.5 first. */
import { family } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import { PATIENCE } from '../packet/fragment.ts';
import type { Packet } from '../packet/packet.ts';
import { fragmentKey } from '../packet/tuple.ts';
import { answerError, REASSEMBLY_EXPIRED } from '../router/answer.ts';
import { enter } from '../router/hop.ts';
import type { Answer, Passage } from '../router/passage.ts';
import type { PacketId } from '../trace/trace.ts';
import type { RunningNode } from './node.ts';
import type { State } from './state.ts';

/** Kept by the reassembler; its number waits here for a fate. */
export function keepPiece(state: State, node: RunningNode, { packet: piece, in: by }: Passage, id: PacketId): void {
  if (piece.kind !== 'other') return fail('only fragments wait for others');
  const key = fragmentKey(piece);
  const head = piece.fragment?.offset === 0 ? { id, by } : undefined;
  const known = node.pieces.get(key);
  if (known !== undefined) {
    known.ids.push(id);
    known.head = head ?? known.head;
    return;
  }
  const deadline = state.now + PATIENCE[family(piece.src)];
  node.pieces.set(key, { ids: [id], deadline, head });
  ring(state, node, deadline);
}

function ring({ queue }: State, { name: node }: RunningNode, time: Millis): void {
  queue.push({ kind: 'pieces', time, priority: 1, sequence: 0, node });
}

/** Those that have waited for this one, which are forgotten. */
export function takePieces(node: RunningNode, piece: Packet): readonly PacketId[] {
  if (piece.kind !== 'other') return fail('only fragments wait for others');
  const key = fragmentKey(piece);
  const ids = node.pieces.get(key)?.ids ?? [];
  node.pieces.delete(key);
  return ids;
}

/** An answer, and the number of the packet that it is about. */
export interface Complaint {
  readonly said: Answer;
  readonly about: PacketId;
}

/** Gives up pieces whose others have not come in time; what their senders are told. */
export function forgetPieces(state: State, node: RunningNode): readonly Complaint[] {
  const complaints = node.router.reassembler.expire(state.now).flatMap((head) => complain(node, head));
  for (const [key, waiting] of node.pieces) {
    if (waiting.deadline > state.now) continue;
    const later = node.router.reassembler.until(key);
    if (later !== undefined) {
      // they contradicted each other, and others have come since
      waiting.deadline = later;
      ring(state, node, later);
      continue;
    }
    node.pieces.delete(key);
    const fate = { kind: 'dropped', node: node.name, reason: 'reassemblyTimeout', place: 'fragments' } as const;
    for (const id of waiting.ids)
      state.recorder.fate(state.now, id, { ...fate, detail: 'the other pieces did not come' });
  }
  return complaints;
}

/**
 * Only where the first piece has come, as it alone says whose the packet was. Over IPv4 the kernel says nothing of pieces
 * that it has kept for a firewall only, on their way to somebody else (`frag_expire_skip_icmp`); over IPv6 it does.
 */
function complain({ pieces, router }: RunningNode, head: Packet): Complaint[] {
  const { program } = router;
  if (head.kind !== 'other' || (family(head.dst) === 4 && !program.owns(head.dst))) return [];
  const { id, by } = pieces.get(fragmentKey(head))?.head ?? fail('a piece that nobody has kept');
  const said = answerError(program, enter(head, by), REASSEMBLY_EXPIRED);
  return said === undefined ? [] : [{ said, about: id }];
}
