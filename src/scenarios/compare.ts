/** Holding a result against what a step expects. */
export interface Difference {
  /** Where in the result: `seenAs.port`. Empty for the whole. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/**
 * What differs. Text is short for `{ outcome }`; an object holds when each of its fields does, fields it does not name
 * are free; a list holds when it is as long and each item holds; null holds where there is nothing; anything else must be
 * equal.
 */
export function compare(actual: unknown, expected: unknown): readonly Difference[] {
  return typeof expected === 'string'
    ? differences(actual, { outcome: expected }, '')
    : differences(actual, expected, '');
}

function differences(actual: unknown, expected: unknown, path: string): Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return [{ path, expected, actual }];
    return expected.flatMap((item, i) => differences(actual[i], item, `${path}[${i}]`));
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return [{ path, expected, actual }];
    return Object.entries(expected)
      .filter(([, value]) => value !== undefined)
      .flatMap(([key, value]) => differences(actual[key], value, path === '' ? key : `${path}.${key}`));
  }
  return actual === expected || (expected === null && actual === undefined) ? [] : [{ path, expected, actual }];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "outcome: expected "connected", got "timeout"", one line a difference. */
export function showDifferences(list: readonly Difference[]): string {
  return list
    .map(
      ({ path, expected, actual }) =>
        `${path === '' ? 'result' : path}: expected ${show(expected)}, got ${show(actual)}`,
    )
    .join('\n');
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
