import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { mix, Rng } from '../../../src/sim/base/rng.ts';

const draws = (rng: Rng, count = 8): number[] => Array.from({ length: count }, () => rng.int(0, 1_000_000));
const anySeed = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('Rng.int', () => {
  it('draws the same numbers today as ever', () => {
    expect(draws(new Rng(1), 5)).toEqual([481_499, 573_198, 899_947, 651_056, 510_230]);
    expect(draws(new Rng(1).split('gw'), 5)).toEqual([816_848, 444_186, 414_359, 492_127, 338_576]);
  });

  it('draws the same from the same seed', () => {
    fc.assert(
      fc.property(anySeed, (seed) => {
        expect(draws(new Rng(seed))).toEqual(draws(new Rng(seed)));
      }),
    );
  });

  it('draws differently from another seed', () => {
    fc.assert(
      fc.property(anySeed, anySeed, (a, b) => {
        fc.pre(a !== b);
        expect(draws(new Rng(a))).not.toEqual(draws(new Rng(b)));
      }),
    );
  });

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(anySeed, fc.maxSafeInteger(), fc.nat({ max: 2 ** 40 }), (seed, from, span) => {
        fc.pre(from + span <= Number.MAX_SAFE_INTEGER);
        const drawn = new Rng(seed).int(from, from + span);
        expect(Number.isSafeInteger(drawn)).toBe(true);
        expect(drawn >= from && drawn <= from + span).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('reaches both ends and all between, about equally often', () => {
    const rng = new Rng(5);
    const seen = new Map<number, number>();
    for (let i = 0; i < 6_000; i++) {
      const drawn = rng.int(-2, 3);
      seen.set(drawn, (seen.get(drawn) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    // 1000 expected each; five standard deviations are 144.
    for (const times of seen.values()) expect(Math.abs(times - 1_000)).toBeLessThan(144);
  });

  it('has one answer for a span of one', () => {
    expect(new Rng(9).int(7, 7)).toBe(7);
  });

  it.each([
    [1, 0],
    [5, -5],
    [Number.NaN, 3],
  ])('finds no integer from %d to %d', (from, to) => {
    expect(() => new Rng(1).int(from, to)).toThrow(InternalError);
  });
});

describe('Rng.chance', () => {
  it('never happens at 0, always at 1', () => {
    const rng = new Rng(3);
    for (let i = 0; i < 2_000; i++) expect([rng.chance(0), rng.chance(1)]).toEqual([false, true]);
  });

  it.each([0.001, 0.01, 0.3, 0.5, 0.99])('happens about as often as it says at %d', (probability) => {
    const rng = new Rng(11);
    const runs = 20_000;
    let hits = 0;
    for (let i = 0; i < runs; i++) if (rng.chance(probability)) hits += 1;
    const deviation = Math.sqrt(runs * probability * (1 - probability));
    expect(Math.abs(hits - runs * probability)).toBeLessThan(5 * deviation);
  });

  it('draws nothing for a probability of 0, so that adding a lossless link changes no other draw', () => {
    const asked = new Rng(4);
    asked.chance(0);
    expect(draws(asked)).toEqual(draws(new Rng(4)));
  });
});

describe('Rng.split', () => {
  it('gives the same stream for the same seed and label, whatever was drawn before', () => {
    fc.assert(
      fc.property(anySeed, fc.string(), fc.nat({ max: 20 }), (seed, label, before) => {
        const used = new Rng(seed);
        draws(used, before);
        expect(draws(used.split(label))).toEqual(draws(new Rng(seed).split(label)));
      }),
    );
  });

  it('leaves the stream it came from as it was', () => {
    fc.assert(
      fc.property(anySeed, fc.string(), (seed, label) => {
        const parent = new Rng(seed);
        draws(parent.split(label));
        expect(draws(parent)).toEqual(draws(new Rng(seed)));
      }),
    );
  });

  it('gives different streams for different labels, seeds and nestings', () => {
    const streams = [
      new Rng(1),
      new Rng(1).split(''),
      new Rng(1).split('a'),
      new Rng(1).split('b'),
      new Rng(1).split('ab'),
      new Rng(1).split('ba'),
      new Rng(1).split('a').split('b'),
      new Rng(1).split('b').split('a'),
      new Rng(2).split('a'),
      new Rng(2).split('b'),
    ].map((rng) => draws(rng).join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('keeps near seeds apart under near labels', () => {
    const labels = ['a', 'b', 'c', 'd', 'n1', 'n2', 'n10'];
    const seeds = Array.from({ length: 100 }, (_, seed) => seed);
    const streams = seeds.flatMap((seed) => labels.map((label) => mix(seed, label)));
    expect(new Set(streams).size).toBe(seeds.length * labels.length);
  });

  it('gives a thousand nodes a thousand streams', () => {
    const root = new Rng(1);
    const streams = Array.from({ length: 1_000 }, (_, i) => draws(root.split(`n${i}`), 3).join());
    expect(new Set(streams).size).toBe(1_000);
  });
});

describe('mix', () => {
  it('is a signed 32-bit integer that depends on every character and every bit of the seed', () => {
    fc.assert(
      fc.property(anySeed, fc.string({ minLength: 1 }), fc.nat(), fc.nat({ max: 31 }), (seed, label, place, bit) => {
        const hash = mix(seed, label);
        const at = place % label.length;
        const changed = label.slice(0, at) + String.fromCharCode(label.charCodeAt(at) ^ 1) + label.slice(at + 1);
        expect(hash).toBe(hash | 0);
        expect(mix(seed, changed)).not.toBe(hash);
        expect(mix(seed ^ (1 << bit), label)).not.toBe(hash);
      }),
      { numRuns: 300 },
    );
  });
});
