/** Keeps what was made from a design's objects, so that an edit makes anew only what it touched. */

interface Kept<Input, Result> {
  readonly input: Input;
  readonly result: Result;
}

/** As many results are kept of one object: a network and its what-ifs take turns. */
const KEPT = 8;

/**
 * A function that remembers its latest results for each object and label. It is asked again only when the rest of its
 * input differs by `same` from all of theirs; objects that are gone are forgotten.
 */
export function remember<Key extends object, Input, Result>(
  make: (key: Key, label: string, input: Input) => Result,
  same: (a: Input, b: Input) => boolean,
): (key: Key, label: string, input: Input) => Result {
  const all = new WeakMap<Key, Map<string, Kept<Input, Result>[]>>();
  return (key, label, input) => {
    const labelled = all.get(key) ?? new Map<string, Kept<Input, Result>[]>();
    const latest = labelled.get(label) ?? [];
    const found = latest.find((kept) => same(kept.input, input));
    if (found !== undefined && found === latest[0]) return found.result;
    const first = found ?? { input, result: make(key, label, input) };
    const others = latest.filter((kept) => kept !== found).slice(0, KEPT - 1);
    all.set(key, labelled.set(label, [first, ...others]));
    return first.result;
  };
}
