/** Pieces of packets that wait at a node for the others. */
import { family } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { PATIENCE } from '../packet/fragment.ts';
import type { Packet } from '../packet/packet.ts';
import { fragmentKey } from '../packet/tuple.ts';
import type { PacketId } from '../trace/trace.ts';
import type { RunningNode } from './node.ts';
import type { State } from './state.ts';

/** Kept by the reassembler; its number waits here for a fate. */
export function keepPiece(state: State, node: RunningNode, piece: Packet, id: PacketId): void {
  if (piece.kind !== 'other') return fail('only fragments wait for others');
  const key = fragmentKey(piece);
  const known = node.pieces.get(key);
  if (known !== undefined) {
    known.ids.push(id);
    return;
  }
  const deadline = state.now + PATIENCE[family(piece.src)];
  node.pieces.set(key, { ids: [id], deadline });
  state.queue.push({ kind: 'pieces', time: deadline, priority: 1, sequence: 0, node: node.name });
}

/** Those that have waited for this one, which are forgotten. */
export function takePieces(node: RunningNode, piece: Packet): readonly PacketId[] {
  if (piece.kind !== 'other') return fail('only fragments wait for others');
  const key = fragmentKey(piece);
  const ids = node.pieces.get(key)?.ids ?? [];
  node.pieces.delete(key);
  return ids;
}

/** Pieces whose others have not come in time. */
export function forgetPieces(state: State, node: RunningNode): void {
  node.router.reassembler.expire(state.now);
  for (const [key, { ids, deadline }] of node.pieces) {
    if (deadline > state.now) continue;
    node.pieces.delete(key);
    const fate = { kind: 'dropped', node: node.name, reason: 'reassemblyTimeout', place: 'fragments' } as const;
    for (const id of ids) state.recorder.fate(state.now, id, { ...fate, detail: 'the other pieces did not come' });
  }
}
