/** The published traversal matrix: as it is tried now, and as the classes lead to expect. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { showPage } from '../scripts/traversal/page.ts';
import { drawMatrix } from '../scripts/traversal/svg.ts';
import { PROFILE_NAMES } from '../src/sim/design/profiles.ts';
import { tryAll } from '../src/whatif/traversal/matrix.ts';
import { matrixToJson, showMatrix } from '../src/whatif/traversal/table.ts';

const pairings = tryAll(PROFILE_NAMES);
const docs = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');

describe('the traversal matrix', () => {
  it('has every pair of profiles over both transports', () => {
    const count = PROFILE_NAMES.length;
    expect(pairings).toHaveLength(count * (count + 1));
  });

  it('is direct exactly where the classes of both NATs say so', () => {
    expect(pairings.filter(({ cell, outcome }) => (cell === 'D') !== (outcome === 'direct'))).toEqual([]);
  });

  it('says why a relay is needed', () => {
    const relayed = pairings.filter(({ needs }) => needs === 'relay');
    expect(relayed.length).toBeGreaterThan(10);
    for (const { explanation } of relayed) expect(explanation).toMatch(/^No direct way was found: .*\.$/);
  });

  it('is published as it is (npm run traversal)', () => {
    expect(docs('traversal.md')).toBe(showPage(pairings));
    expect(docs('traversal.svg')).toBe(drawMatrix(pairings));
  });

  it('is printed as text and as data', () => {
    const text = showMatrix(pairings);
    expect(text).toMatch(/^udp {2,}1 {2}2/);
    expect(text).toContain('\ntcp ');
    for (const name of PROFILE_NAMES) expect(text).toContain(` ${name} `);
    const data = matrixToJson(pairings);
    expect(data.pairs).toHaveLength(pairings.length);
    expect(data.profiles).toEqual(PROFILE_NAMES);
  });
});
