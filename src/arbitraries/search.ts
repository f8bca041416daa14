/** Looking for a counterexample, and shrinking it. */
import fc from 'fast-check';

export interface SearchOptions {
  readonly runs: number;
  readonly seed: number;
  /** The most values that are tried while shrinking. */
  readonly shrinks?: number;
}

export interface Search<T> {
  /** How many values held, until one did not. */
  readonly runs: number;
  /** The smallest value found for which the law does not hold. */
  readonly found?: T;
}

/** Tries a law on many values; the same seed tries the same ones. What the law throws is thrown on. */
export function search<T>(
  values: fc.Arbitrary<T>,
  law: (value: T) => boolean,
  { runs, seed, shrinks = 300 }: SearchOptions,
): Search<T> {
  let left: number | undefined;
  let thrown: { readonly error: unknown } | undefined;
  const property = fc.property(values, (value) => {
    if (thrown !== undefined || left === 0) return true;
    if (left !== undefined) left -= 1;
    try {
      if (law(value)) return true;
    } catch (error) {
      thrown = { error };
      return true;
    }
    left ??= shrinks;
    return false;
  });
  const details = fc.check(property, { numRuns: runs, seed });
  if (thrown !== undefined) throw thrown.error;
  const found = details.counterexample?.[0];
  return { runs: details.numRuns, ...(found === undefined ? {} : { found }) };
}
