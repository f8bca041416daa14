/** Values by number are what a map would hold, in the same order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Numbered } from '../../../src/sim/base/numbered.ts';

describe('values by number', () => {
  it('are those of a map, in the order of their numbers', () => {
    const deed = fc.oneof(
      // mostly the next number, now and then a gap
      { weight: 6, arbitrary: fc.record({ does: fc.constant('add'), by: fc.constantFrom(1, 1, 1, 1, 1, 63, 5000) }) },
      { weight: 5, arbitrary: fc.record({ does: fc.constant('delete'), by: fc.nat(300) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('change'), by: fc.nat(300) }) },
    );
    const start = fc.constantFrom(0, 1, 60, 2 ** 31 - 40, 2 ** 40);
    fc.assert(
      fc.property(start, fc.array(deed, { maxLength: 400 }), (first, deeds) => {
        const values = new Numbered<string>();
        const model = new Map<number, string>();
        let last = first;
        for (const { does, by } of deeds) {
          const known = [...model.keys()].at(by % Math.max(1, model.size)) ?? first;
          if (does === 'add') {
            last += by;
            values.set(last, `${last}`);
            model.set(last, `${last}`);
          } else if (does === 'delete') {
            values.delete(known);
            model.delete(known);
          } else if (model.has(known)) {
            values.set(known, 'changed');
            model.set(known, 'changed');
          }
          expect(values.size).toBe(model.size);
          expect(values.get(known)).toBe(model.get(known));
        }
        expect([...values]).toEqual([...model]);
        expect(values.get(last + 1)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});
