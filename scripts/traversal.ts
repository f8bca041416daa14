/**
 * The traversal matrix: every pair of profiles tried, and published (docs/traversal.md, docs/traversal.svg).
 *
 *     npm run traversal
 */
import { writeFileSync } from 'node:fs';
import { PROFILE_NAMES } from '../src/sim/design/profiles.ts';
import { tryAll } from '../src/whatif/traversal/matrix.ts';
import { showPage } from './traversal/page.ts';
import { drawMatrix } from './traversal/svg.ts';

const pairings = tryAll(PROFILE_NAMES);
writeFileSync(new URL('../docs/traversal.md', import.meta.url), showPage(pairings));
writeFileSync(new URL('../docs/traversal.svg', import.meta.url), drawMatrix(pairings));
const odd = pairings.filter(({ cell, outcome }) => (cell === 'D') !== (outcome === 'direct'));
for (const { one, two, protocol, cell, outcome } of odd)
  console.log(`${one} × ${two} ${protocol}: ${cell}, but ${outcome}`);
console.log(`${pairings.length} pairs, ${odd.length} other than predicted`);
if (odd.length > 0) process.exitCode = 1;
