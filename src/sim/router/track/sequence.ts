/** Arithmetic on TCP sequence numbers: unsigned 32 bits that wrap around. Read RFC 9293 §3.4 first. */

/** Whether the first number lies before the second on the shorter way round. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Whether the first number lies behind the second on the shorter way round. */
export function after(a: number, b: number): boolean {
  return before(b, a);
}

/** The number `by` further on, or back. */
export function advance(seq: number, by: number): number {
  return (seq + by) >>> 0;
}
