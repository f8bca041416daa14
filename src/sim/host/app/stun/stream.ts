/** STUN over a stream: messages stand one after the other (RFC 8489 §6.2.2). */
import { decodeStun, type StunMessage, stunLength } from './message.ts';

/** The messages that have come whole, those that cannot be read left out, and what follows them. */
export function takeStun(bytes: Uint8Array): { readonly messages: readonly StunMessage[]; readonly rest: Uint8Array } {
  const messages: StunMessage[] = [];
  let rest = bytes;
  for (let end = stunLength(rest); end !== undefined && end <= rest.length; end = stunLength(rest)) {
    const message = decodeStun(rest.subarray(0, end));
    if (message !== undefined) messages.push(message);
    rest = rest.subarray(end);
  }
  return { messages, rest };
}
