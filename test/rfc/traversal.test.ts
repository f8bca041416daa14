/** UDP hole punching through every pair of NATs, by their classes alone. */
import { describe, expect, it } from 'vitest';
import { fail } from '../../src/sim/base/fail.ts';
import { DEPENDENCES } from '../../src/sim/design/behaviour.ts';
import { type Cell, type Classes, cellOf, predict } from '../../src/whatif/traversal/predict.ts';

const MAPPINGS = ['EIM', 'ADM', 'APDM'] as const;
const FILTERS = ['EIF', 'ADF', 'APDF'] as const;

interface Nat extends Classes {
  readonly name: string;
  readonly mappingRank: number;
  readonly filterRank: number;
}

const NATS: readonly Nat[] = MAPPINGS.flatMap((mapping, mappingRank) =>
  FILTERS.map((filtering, filterRank) => ({
    name: `${mapping}/${filtering}`,
    mapping: DEPENDENCES[mappingRank] ?? fail('no such class'),
    filtering: DEPENDENCES[filterRank] ?? fail('no such class'),
    mappingRank,
    filterRank,
  })),
);

/** Row by row, columns as rows: EIM/EIF, EIM/ADF, EIM/APDF, ADM/EIF, … APDM/APDF. */
const PUBLISHED = `
  D D D D D D D D D
  D D D D D D D D D
  D D D 1 1 1 1 1 1
  D D 1 D D 1 D D 1
  D D 1 D 1 1 D 1 1
  D D 1 1 1 2 1 1 2
  D D 1 D D 1 d d 2
  D D 1 D 1 1 d 1 2
  D D 1 1 1 2 2 2 2`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(' '));

/** Cells that are otherwise where all packets of an inside endpoint open its filter. */
const BY_ENDPOINT: Readonly<Record<string, Cell>> = {
  'ADM/ADF-ADM/ADF': 'D',
  'ADM/ADF-APDM/ADF': 'D',
  'APDM/ADF-APDM/ADF': 'd',
  'APDM/APDF-APDM/EIF': '1',
  'APDM/APDF-APDM/ADF': '1',
};

const TABLES = new Map(
  (['mapping', 'endpoint'] as const).map((filterScope) => [
    filterScope,
    NATS.map((one) => NATS.map((two) => predict({ ...one, filterScope }, { ...two, filterScope }))),
  ]),
);

function prospect(one: number, two: number, scope: 'mapping' | 'endpoint') {
  return TABLES.get(scope)?.[one]?.[two] ?? fail('no such cell');
}

const cells = NATS.flatMap((one, i) =>
  NATS.map((two, j) => [`HP-${one.name}-${two.name}`, i, j, PUBLISHED[i]?.[j]] as const),
);

describe('hole punching, all pairs, each mapping with a filter of its own', () => {
  it.each(cells)('%s', (_, i, j, published) => {
    expect(cellOf(prospect(i, j, 'mapping'))).toBe(published);
  });
});

describe('hole punching, all pairs, one filter for all mappings of an inside endpoint', () => {
  it.each(cells)('%s', (_, i, j, published) => {
    const [one, two] = [NATS[i]?.name, NATS[j]?.name];
    const changed = BY_ENDPOINT[`${one}-${two}`] ?? BY_ENDPOINT[`${two}-${one}`];
    expect(cellOf(prospect(i, j, 'endpoint'))).toBe(changed ?? published);
  });
});

const SCOPES = ['mapping', 'endpoint'] as const;
const ORDER = 'Dd12';

describe.each(SCOPES)('laws, filters by %s', (scope) => {
  const cell = (i: number, j: number) => cellOf(prospect(i, j, scope));
  const pairs = NATS.flatMap((one, i) => NATS.map((two, j) => ({ one, two, i, j, cell: cell(i, j) })));

  it('is the same whoever is called the first', () => {
    expect(pairs.filter(({ i, j, cell: found }) => found !== cell(j, i))).toEqual([]);
  });

  it('HP-1 EIM with EIF or ADF on one side works with every other side', () => {
    expect(pairs.filter((each) => each.one.mappingRank === 0 && each.one.filterRank < 2 && each.cell !== 'D')).toEqual(
      [],
    );
  });

  it('HP-2 EIM/APDF works with EIM, and fails with every ADM and APDM', () => {
    const row = pairs.filter(({ one }) => one.name === 'EIM/APDF');
    expect(row.filter(({ two, cell: found }) => (found === 'D') !== (two.mappingRank === 0))).toEqual([]);
  });

  it('HP-3 loosening a filter or a mapping on either side never makes it worse', () => {
    const worse = pairs.flatMap(({ one, i, j, cell: tight }) =>
      NATS.flatMap((loose, k) => {
        const looser = loose.mappingRank <= one.mappingRank && loose.filterRank <= one.filterRank;
        return looser && ORDER.indexOf(cell(k, j)) > ORDER.indexOf(tight)
          ? [`${loose.name} instead of ${NATS[i]?.name}`]
          : [];
      }),
    );
    expect(worse).toEqual([]);
  });

  it('ICE-3 checks need at least as much foresight as packets do', () => {
    const odd = pairs.filter(({ i, j }) => prospect(i, j, scope).check < prospect(i, j, scope).flow);
    expect(odd).toEqual([]);
  });
});

describe('what a dagger marks', () => {
  it.each([
    ['APDM/ADF', 'APDM/ADF', 'mapping'],
    ['APDM/APDF', 'APDM/EIF', 'endpoint'],
    ['APDM/APDF', 'APDM/ADF', 'endpoint'],
  ] as const)('%s × %s, filters by %s: 1 for packets, 2 for checks', (one, two, scope) => {
    const [i, j] = [one, two].map((name) => NATS.findIndex((nat) => nat.name === name));
    expect(prospect(i ?? 0, j ?? 0, scope)).toMatchObject({ flow: 1, check: 2 });
  });
});
