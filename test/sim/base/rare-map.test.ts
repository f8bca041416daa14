import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RareMap } from '../../../src/sim/base/rare-map.ts';

const anyDeed = fc.record({
  deed: fc.constantFrom('set', 'set', 'delete', 'clear'),
  key: fc.integer({ min: 0, max: 4 }),
  value: fc.nat(),
});

describe('a map that is mostly empty', () => {
  it('does what a map does, in the same order', () => {
    fc.assert(
      fc.property(fc.array(anyDeed), (deeds) => {
        const [rare, map] = [new RareMap<number, number>(), new Map<number, number>()];
        for (const { deed, key, value } of deeds) {
          if (deed === 'set') rare.set(key, value);
          if (deed === 'set') map.set(key, value);
          if (deed === 'delete') expect(rare.delete(key)).toBe(map.delete(key));
          if (deed === 'clear') rare.clear();
          if (deed === 'clear') map.clear();
          expect([...rare]).toEqual([...map]);
          expect([[...rare.keys()], [...rare.values()]]).toEqual([[...map.keys()], [...map.values()]]);
          expect([rare.size, rare.has(key), rare.get(key)]).toEqual([map.size, map.has(key), map.get(key)]);
        }
        expect([...new RareMap(rare)]).toEqual([...map]);
      }),
    );
  });

  it.each([
    ['few', 3],
    ['many', 9],
  ])('goes on past what is deleted meanwhile, of %s', (_, count) => {
    const keys = Array.from({ length: count }, (_each, i) => i);
    const map = new RareMap(keys.map((key) => [key, key] as const));
    const seen: number[] = [];
    for (const key of map.keys()) {
      seen.push(key);
      map.delete(key);
      if (key === 0) map.delete(1);
    }
    expect(seen).toEqual(keys.filter((key) => key !== 1));
    expect(map.size).toBe(0);
  });
});
