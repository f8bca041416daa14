/** Keeps what was made from a design's objects, so that an edit makes anew only what it touched. */

interface Kept<Input, Result> {
  readonly input: Input;
  readonly result: Result;
}

/**
 * A function that remembers its last result for each object and label. It is asked again only when the rest of its input
 * differs by `same`; objects that are gone are forgotten.
 */
export function remember<Key extends object, Input, Result>(
  make: (key: Key, label: string, input: Input) => Result,
  same: (a: Input, b: Input) => boolean,
): (key: Key, label: string, input: Input) => Result {
  const kept = new WeakMap<Key, Map<string, Kept<Input, Result>>>();
  return (key, label, input) => {
    const labelled = kept.get(key) ?? new Map<string, Kept<Input, Result>>();
    const last = labelled.get(label);
    if (last !== undefined && same(last.input, input)) return last.result;
    const result = make(key, label, input);
    kept.set(key, labelled.set(label, { input, result }));
    return result;
  };
}
