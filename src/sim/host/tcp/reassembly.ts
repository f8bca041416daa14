/**
 * Segments that came before their turn. Read RFC 9293 §3.10.7.4 (seventh and eighth check) and RFC 2018 §4 first.
 */
import type { SackBlock } from '../../packet/tcp-options.ts';
import { advance, distance } from './segment.ts';

/** Bytes of the stream, and whether FIN follows them. */
export interface Piece {
  readonly seq: number;
  readonly payload: Uint8Array;
  readonly fin: boolean;
}

/** What is in order now. */
export interface Ready {
  readonly payloads: readonly Uint8Array[];
  /** Of all payloads. */
  readonly length: number;
  readonly fin: boolean;
  /** What still waits for a gap to close. */
  readonly rest: readonly Piece[];
}

/** The pieces with one more, sorted by where they begin; a piece that another holds entirely is left out. */
export function insert(pieces: readonly Piece[], piece: Piece): readonly Piece[] {
  if (pieces.some((other) => holds(other, piece))) return pieces;
  const at = pieces.findIndex((other) => distance(piece.seq, other.seq) > 0);
  return at < 0 ? [...pieces, piece] : [...pieces.slice(0, at), piece, ...pieces.slice(at)];
}

function holds(outer: Piece, inner: Piece): boolean {
  const start = distance(outer.seq, inner.seq);
  if (start < 0 || (inner.fin && !outer.fin)) return false;
  return start + inner.payload.length <= outer.payload.length;
}

/** Takes the pieces that continue the stream at `next`, without what of them came before. */
export function takeReady(pieces: readonly Piece[], next: number): Ready {
  const payloads: Uint8Array[] = [];
  let length = 0;
  for (const [i, { seq, payload, fin }] of pieces.entries()) {
    const known = distance(seq, next) + length;
    if (known < 0) return { payloads, length, fin: false, rest: pieces.slice(i) };
    const fresh = payload.subarray(Math.min(known, payload.length));
    if (fresh.length > 0) payloads.push(fresh);
    length += fresh.length;
    if (fin && known <= payload.length) return { payloads, length, fin: true, rest: [] };
  }
  return { payloads, length, fin: false, rest: [] };
}

/** As many as fit beside no other option. */
const MAX_BLOCKS = 4;

/** What to tell the peer about the pieces that wait: the block with the `latest` first, then from the first gap on (RFC 2018 §4). */
export function blocksOf(pieces: readonly Piece[], latest: number): readonly SackBlock[] {
  const blocks: SackBlock[] = [];
  for (const { seq, payload, fin } of pieces) {
    const right = advance(seq, payload.length + (fin ? 1 : 0));
    const last = blocks.at(-1);
    if (last === undefined || distance(last.right, seq) > 0) blocks.push({ left: seq, right });
    else if (distance(last.right, right) > 0) blocks.splice(-1, 1, { left: last.left, right });
  }
  const isFirst = ({ left, right }: SackBlock) => distance(left, latest) >= 0 && distance(latest, right) > 0;
  const first = blocks.filter(isFirst);
  return [...first, ...blocks.filter((block) => !isFirst(block))].slice(0, MAX_BLOCKS);
}
