import { fail } from './fail.ts';

/** Virtual time and durations: milliseconds, fractions allowed (a microsecond is 0.001). */
export type Millis = number;

const UNITS: readonly (readonly [name: string, millis: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
  ['us', 0.001],
];
const SHAPE =
  /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?(?:(\d+(?:\.\d+)?)us)?$/;

/**
 * Reads `"250ms"`, `"5s"`, `"2h4m"` (units d h m s ms us, largest first), to the microsecond; undefined when it is not
 * a duration.
 */
export function parseDuration(text: string): Millis | undefined {
  const found = text === '' ? null : SHAPE.exec(text);
  if (found === null) return undefined;
  const total = UNITS.reduce((sum, [, millis], i) => sum + Number(found[i + 1] ?? 0) * millis, 0);
  // Binary fractions: 9 × 0.001 is not 0.009, and equal texts must give equal times.
  return Number.isFinite(total * 1000) ? Math.round(total * 1000) / 1000 : undefined;
}

/** The shortest text that `parseDuration` reads back, to the microsecond: `"2h4m"`, `"1s500ms"`, `"0s"`. Below zero fails. */
export function showDuration(millis: Millis): string {
  if (!Number.isFinite(millis) || millis < 0) return fail(`${millis} is not a duration`);
  const micros = Math.round(millis * 1000);
  const at = Math.imul(micros, 0x9e37_79b1) >>> 26;
  if (shown[at] !== micros) {
    shown[at] = micros;
    texts[at] = showMicros(micros);
  }
  return texts[at] as string;
}

/* The same few moments are written again and again: the last text of each hash is kept, for what stands beside it. */
const SHOWN = 64;
const shown = new Float64Array(SHOWN);
const texts: string[] = new Array(SHOWN).fill('0s');

function showMicros(total: number): string {
  if (total === 0) return '0s';
  let text = '';
  let micros = total;
  for (let i = 0; micros > 0; i++) {
    const size = SIZES[i] as number;
    if (micros < size) continue;
    const count = Math.floor(micros / size);
    text += count + (NAMES[i] as string);
    micros -= count * size;
  }
  return text;
}

const NAMES = UNITS.map(([name]) => name);
/** In microseconds; the last is one. */
const SIZES = UNITS.map(([, millis]) => Math.round(millis * 1000));
