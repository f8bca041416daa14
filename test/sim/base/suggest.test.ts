import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, suggest } from '../../../src/sim/base/suggest.ts';

/** Words over few letters, so that near ones are common. */
const anyWord = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'D'), maxLength: 7 });

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['gateway', 'gateway', 0],
    ['gateway', 'GateWay', 0],
    ['gatway', 'gateway', 1],
    ['gatteway', 'gateway', 1],
    ['gatawey', 'gateway', 2],
    ['gatewya', 'gateway', 1],
    ['ab', 'ba', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('from %j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same both ways, none for equal words only, and between the difference and the larger of the lengths', () => {
    fc.assert(
      fc.property(anyWord, anyWord, (a, b) => {
        const distance = editDistance(a, b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance === 0).toBe(a.toLowerCase() === b.toLowerCase());
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
      { numRuns: 300 },
    );
  });

  it('is what recursion over the last letters gives', () => {
    const plain = (a: string, b: string): number => {
      if (a === '' || b === '') return a.length + b.length;
      const [x, y] = [a.slice(0, -1), b.slice(0, -1)];
      const swapped = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
      return Math.min(
        plain(x, b) + 1,
        plain(a, y) + 1,
        plain(x, y) + (a.at(-1) === b.at(-1) ? 0 : 1),
        swapped ? plain(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY,
      );
    };
    const anyShort = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(fc.property(anyShort, anyShort, (a, b) => editDistance(a, b) === plain(a, b)));
  });
});

describe('suggest', () => {
  const words = ['accept', 'drop', 'reject', 'masquerade', 'snat', 'dnat'];
  it.each([
    ['acept', 'accept'],
    ['ACCEPT', 'accept'],
    ['masqerade', 'masquerade'],
    ['masqerad', 'masquerade'],
    ['dorp', 'drop'],
    ['nat', 'snat'],
    ['drpo', 'drop'],
    ['dp', undefined],
    ['zzz', undefined],
    ['', undefined],
    ['accept', undefined],
    [`${'a'.repeat(65)}`, undefined],
  ])('for %j says %j', (word, expected) => {
    expect(suggest(word, words)).toBe(expected);
  });

  it('takes the closest; of equally close ones that which begins most like it, then the first; never the word itself', () => {
    const common = (a: string, b: string): number => {
      const parting = [...a].findIndex((_, i) => a[i]?.toLowerCase() !== b[i]?.toLowerCase());
      return parting < 0 ? a.length : parting;
    };
    fc.assert(
      fc.property(anyWord, fc.array(anyWord, { maxLength: 8 }), (word, candidates) => {
        const limit = Math.max(1, Math.floor(word.length / 3));
        const near = candidates
          .filter((candidate) => candidate !== word && editDistance(word, candidate) <= limit)
          .sort((a, b) => editDistance(word, a) - editDistance(word, b) || common(word, b) - common(word, a));
        expect(suggest(word, candidates)).toBe(near[0]);
      }),
      { numRuns: 500 },
    );
  });

  it('goes by the beginning among equally close words', () => {
    expect(suggest('inut', ['nut', 'input'])).toBe('input');
    expect(suggest('gx', ['gw', 'g1'])).toBe('gw');
  });

  it('reads a long word that is just short enough, and no longer one', () => {
    expect(suggest('a'.repeat(64), ['a'.repeat(63)])).toBe('a'.repeat(63));
    expect(suggest('a'.repeat(65), ['a'.repeat(64)])).toBeUndefined();
  });
});

describe('didYouMean', () => {
  it('asks about the closest word, or nothing', () => {
    expect(didYouMean('gv', ['isp', 'gw'])).toBe('did you mean "gw"?');
    expect(didYouMean('laptop', ['isp', 'gw'])).toBeUndefined();
  });
});
