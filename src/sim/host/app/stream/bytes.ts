/** Bytes as applications handle them: joined, compared, and read as text. */

export const NOTHING = new Uint8Array(0);

/** All of them in one array; a lone non-empty one comes back as it is. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const full = parts.filter((part) => part.length > 0);
  const [only = NOTHING] = full;
  if (full.length < 2) return only;
  const whole = new Uint8Array(full.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of full) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** One character per byte, so that any bytes survive the way to text and back (ISO 8859-1). */
export function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The inverse of `fromLatin1`; of a character beyond U+00FF the low eight bits are kept. */
export function toLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * What programs send when only the amount matters: the beginning of a fixed sequence that has every value and no two
 * stretches of 256 bytes alike within 64 KiB, so that loss, repetition and disorder all show.
 */
export function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = patternAt(i);
  return bytes;
}

/** Whether bytes are that sequence from this place on. */
export function isPattern(bytes: Uint8Array, from: number): boolean {
  return bytes.every((byte, i) => byte === (patternAt(from + i) & 255));
}

function patternAt(i: number): number {
  return i * 167 + (i >>> 8) * 13 + (i >>> 16) * 7;
}
