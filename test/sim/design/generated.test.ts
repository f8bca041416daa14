import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../../src/sim/design/check.ts';
import { designSchema } from '../../../src/sim/design/design.ts';
import { validate } from '../../../src/sim/design/validate.ts';
import { anyDesign } from '../../arbitraries/design.ts';

describe('generated networks', () => {
  it('fit the schema and pass every check', () => {
    fc.assert(
      fc.property(anyDesign({ faults: true, dhcp: true, learned: true }), (design) => {
        expect(validate(designSchema, design)).toEqual([]);
        expect(check(design)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
