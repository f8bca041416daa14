/** DNS over a stream: each message after its length in two bytes. Read RFC 1035 §4.2.2 first. */
import { concat } from '../stream/bytes.ts';

export function withLength(message: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(message.length >> 8, message.length & 255), message);
}

/** The whole messages at the beginning, and what follows them. */
export function takeMessages(bytes: Uint8Array): { messages: readonly Uint8Array[]; rest: Uint8Array } {
  const messages: Uint8Array[] = [];
  let rest = bytes;
  for (;;) {
    const [high = 0, low = 0] = rest;
    const end = 2 + high * 256 + low;
    if (rest.length < 2 || rest.length < end) return { messages, rest };
    messages.push(rest.subarray(2, end));
    rest = rest.subarray(end);
  }
}
