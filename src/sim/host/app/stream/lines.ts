import { concat, fromLatin1 } from './bytes.ts';

/** Lines without their ends (LF or CRLF), and the bytes after the last end. */
export interface Lines {
  readonly lines: readonly string[];
  readonly rest: Uint8Array;
}

const LF = 10;

/** Cuts what has come into lines; the way it was split into chunks makes no difference. */
export function takeLines(rest: Uint8Array, chunk: Uint8Array): Lines {
  const bytes = concat(rest, chunk);
  const lines: string[] = [];
  let from = 0;
  // What was left over holds no end of a line, so it is not searched again.
  for (let end = bytes.indexOf(LF, rest.length); end >= 0; end = bytes.indexOf(LF, from)) {
    lines.push(fromLatin1(bytes.subarray(from, end)).replace(/\r$/, ''));
    from = end + 1;
  }
  return { lines, rest: bytes.subarray(from) };
}
