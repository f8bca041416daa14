/** A queue of bytes as a value: what was written and not yet acknowledged. */

export interface Bytes {
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks, in bytes. */
  readonly length: number;
}

/** The empty queue. */
export const NO_BYTES: Bytes = { chunks: [], length: 0 };

/** The queue with a chunk behind it; the chunk is kept, not copied. */
export function append(bytes: Bytes, chunk: Uint8Array): Bytes {
  if (chunk.length === 0) return bytes;
  return { chunks: [...bytes.chunks, chunk], length: bytes.length + chunk.length };
}

/** The queue without its first `count` bytes. */
export function dropFirst(bytes: Bytes, count: number): Bytes {
  if (count === 0) return bytes;
  if (count >= bytes.length) return NO_BYTES;
  let left = count;
  let at = 0;
  for (const chunk of bytes.chunks) {
    if (left < chunk.length) break;
    left -= chunk.length;
    at += 1;
  }
  const chunks = bytes.chunks.slice(at);
  const [first] = chunks;
  if (first !== undefined) chunks[0] = first.subarray(left);
  return { chunks, length: bytes.length - count };
}

/** A copy of `count` bytes from offset `from` on; fewer when the queue ends before. */
export function copy(bytes: Bytes, from: number, count: number): Uint8Array {
  const end = Math.min(from + count, bytes.length);
  const copied = new Uint8Array(Math.max(end - from, 0));
  let start = 0;
  for (const chunk of bytes.chunks) {
    if (start >= end) break;
    const part = chunk.subarray(Math.max(from - start, 0), end - start);
    copied.set(part, Math.max(start - from, 0));
    start += chunk.length;
  }
  return copied;
}
