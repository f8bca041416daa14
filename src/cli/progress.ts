/** How far a long run is. */
export interface Progress {
  /** Takes note of where the run is now, and shows it when it is time to. */
  at(text: string): void;
  /** Takes the line away, so that something else can be written. */
  clear(): void;
}

/** `line`: one line that changes, on a terminal. `lines`: lines that stay, ever further apart. */
export type ProgressStyle = 'line' | 'lines' | 'none';

const ERASE = '\r\x1b[2K';
/** A line changes at most so often, or writing would cost more than the run. */
const REFRESH = 50;
/** The first line that stays comes after a second, each next after twice as long. */
const FIRST = 1000;

/** Shows progress on a stream; `clock` gives milliseconds. */
export function progressOn(
  stream: { write(text: string): unknown },
  style: ProgressStyle,
  clock: () => number,
): Progress {
  const begun = clock();
  let due = begun + (style === 'lines' ? FIRST : 0);
  let shown = false;
  return {
    at(text) {
      const now = clock();
      if (style === 'none' || now < due) return;
      stream.write(style === 'line' ? `${ERASE}${text}` : `${text}\n`);
      shown = style === 'line';
      due = style === 'line' ? now + REFRESH : now + (now - begun);
    },
    clear() {
      if (shown) stream.write(ERASE);
      shown = false;
    },
  };
}
