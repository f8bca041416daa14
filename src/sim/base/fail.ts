/**
 * One thing wrong with an input, as data. `path` is the place in the document ("networks", "home", "nodes", "gw", …),
 * `hint` says what would be right. Positions (line, column) are added by whoever holds the text.
 */
export interface Issue {
  readonly code: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

/** A broken invariant of the engine itself: never bad input, which is data (`Issue`). */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

export function fail(message: string): never {
  throw new InternalError(message);
}

/** Marks a branch that the type system has shown to be impossible. */
export function unreachable(x: never): never {
  return fail(`impossible case: ${String(x)}`);
}
