/** "Did you mean": the known word that is closest to one that is not known. */

/**
 * How many letters must be added, removed, changed or swapped with their neighbour to get from one word to the other
 * (optimal string alignment), upper and lower case being alike.
 */
export function editDistance(a: string, b: string): number {
  const from = a.toLowerCase();
  const to = b.toLowerCase();
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = above;
    above = row;
  }
  return at(above, to.length);
}

function at(row: readonly number[], i: number): number {
  return row[i] as number;
}

/** Longer words are no names that anyone mistyped, and comparing them takes quadratic time. */
const LONGEST = 64;

/**
 * The candidate closest to `word`: of several, the one that begins most like it, then the first. Undefined when none is
 * close, which means that at most one letter in three differs.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: { candidate: string; distance: number; agree: number } | undefined;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word, candidate);
    const agree = commonStart(word.toLowerCase(), candidate.toLowerCase());
    if (distance > limit) continue;
    if (best === undefined || distance < best.distance || (distance === best.distance && agree > best.agree)) {
      best = { candidate, distance, agree };
    }
  }
  return best?.candidate;
}

/** How many letters two words have in common from the start. */
function commonStart(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  return i;
}

/** The hint of an Issue about an unknown word: `did you mean "gw"?`, or undefined when nothing known is close. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(word, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}
