/** Where lines begin in one direction of a text protocol over TCP, as far as it was seen. */
import { after, before } from '../track/sequence.ts';

/** The two newest positions (sequence numbers) right after a newline. */
export interface Lines {
  readonly starts: number[];
}

const REMEMBERED = 2;

/** Nothing has been seen. */
export function newLines(): Lines {
  return { starts: [] };
}

/** Whether a segment that begins here begins a line; the very first line of a connection is not known to. */
export function beginsLine(lines: Lines, seq: number): boolean {
  return lines.starts.includes(seq);
}

/** Remembers that a line begins here, in place of the older of the two positions, never of a newer one. */
export function rememberLine({ starts }: Lines, seq: number): void {
  if (starts.includes(seq)) return;
  const [first, second] = starts;
  if (first === undefined || second === undefined || starts.length < REMEMBERED) {
    starts.push(seq);
    return;
  }
  const oldest = before(first, second) ? 0 : 1;
  if (after(seq, oldest === 0 ? first : second)) starts[oldest] = seq;
}
