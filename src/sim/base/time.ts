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

/** Reads `"250ms"`, `"5s"`, `"2h4m"` (units d h m s ms us, largest first); undefined when it is not a duration. */
export function parseDuration(text: string): Millis | undefined {
  const found = text === '' ? null : SHAPE.exec(text);
  if (found === null) return undefined;
  const total = UNITS.reduce((sum, [, millis], i) => sum + Number(found[i + 1] ?? 0) * millis, 0);
  return Number.isFinite(total) ? total : undefined;
}

/** The shortest text that `parseDuration` reads back, to the microsecond: `"2h4m"`, `"1s500ms"`, `"0s"`. */
export function showDuration(millis: Millis): string {
  let micros = Math.round(millis * 1000);
  const parts: string[] = [];
  for (const [name, unit] of UNITS) {
    const size = Math.round(unit * 1000);
    const count = Math.floor(micros / size);
    if (count > 0) parts.push(`${count}${name}`);
    micros -= count * size;
  }
  return parts.length === 0 ? '0s' : parts.join('');
}
