/**
 * The named profiles of NATs, with the source of each figure, as a page.
 *
 *     npm run profiles
 */
import { writeFileSync } from 'node:fs';
import { showProfiles } from './profiles/page.ts';

writeFileSync(new URL('../docs/profiles.md', import.meta.url), showProfiles());
