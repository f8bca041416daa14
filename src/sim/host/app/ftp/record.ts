/**
 * The control connection once AUTH TLS was accepted. Read RFC 4217 first.
 *
 * Everything goes in records shaped as those of TLS 1.2 (type, version, length), their bytes masked by their place in
 * the record: nobody on the way can find a command in them or replace one, which is all that matters to a middlebox. It
 * keeps no secret, and there is no handshake.
 */
import { concat } from '../stream/bytes.ts';

/** Application data of TLS 1.2 (RFC 5246 §6.2.1). */
const HEADER = [0x17, 0x03, 0x03] as const;
const LONGEST = 0x4000;

/** The mask has its high bit set, so that no ASCII text stays ASCII. */
function masked(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte ^ (0x80 | ((i * 29 + 0x35) & 0x7f)));
}

export function seal(bytes: Uint8Array): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LONGEST) {
    const part = bytes.subarray(at, at + LONGEST);
    records.push(Uint8Array.of(...HEADER, part.length >> 8, part.length & 255), masked(part));
  }
  return concat(...records);
}

/** What the whole records at the beginning hold, and the bytes after them; undefined when they are no records. */
export function unseal(bytes: Uint8Array): { readonly plain: Uint8Array; readonly rest: Uint8Array } | undefined {
  const parts: Uint8Array[] = [];
  let rest = bytes;
  for (;;) {
    const [type, major, minor, high = 0, low = 0] = rest;
    const length = high * 256 + low;
    const heads = [type, major, minor].every((byte, i) => byte === undefined || byte === HEADER[i]);
    if (!heads || length > LONGEST) return undefined;
    if (rest.length < 5 || rest.length < 5 + length) return { plain: concat(...parts), rest };
    parts.push(masked(rest.subarray(5, 5 + length)));
    rest = rest.subarray(5 + length);
  }
}
