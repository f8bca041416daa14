import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign } from '../../src/arbitraries/design.ts';
import { jsonSchemaOfFile } from '../../src/scenarios/json-schema.ts';
import { scenarioFileSchema } from '../../src/scenarios/schema.ts';
import { anyMutation, mutate } from '../arbitraries/mutation.ts';
import { EXAMPLE } from './example.ts';

const published = jsonSchemaOfFile();
const accepts = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false, allErrors: true }).compile(
  published,
);

/** What the two say about one document. */
function verdicts(document: unknown): { ajv: boolean; zod: boolean } {
  return { ajv: accepts(document), zod: scenarioFileSchema.safeParse(document).success };
}

describe('the published JSON Schema', () => {
  it('is up to date (npm run schema writes it)', async () => {
    await expect(`${JSON.stringify(published, null, 2)}\n`).toMatchFileSnapshot('../../scenario.schema.json');
  });

  it('is draft 2020-12 and says what every field of a network means', () => {
    expect(published.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    const silent = Object.entries(published.$defs ?? {}).filter(
      ([, each]) => typeof each !== 'object' || !each.description,
    );
    expect(silent).toEqual([]);
  });

  it('accepts the example that uses every field', () => {
    expect(verdicts(EXAMPLE)).toEqual({ ajv: true, zod: true });
  });

  it('accepts generated networks, as the schema in code does', () => {
    fc.assert(
      fc.property(anyDesign({ faults: true, dhcp: true }), (design) => {
        expect(verdicts({ networks: { generated: design } })).toEqual({ ajv: true, zod: true });
      }),
      { numRuns: 40 },
    );
  });

  it('agrees with the schema in code about documents whose structure is spoilt', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyMutation(), (mutation) => {
        const { ajv, zod } = verdicts(mutate(EXAMPLE, mutation));
        expect(zod).toBe(ajv);
        if (!ajv) refused += 1;
      }),
      { numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(75);
  });
});
