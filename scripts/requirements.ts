/**
 * What the RFCs ask of NATs, measured on every profile, as a page.
 *
 *     npm run requirements
 */
import { writeFileSync } from 'node:fs';
import { SECTIONS } from '../test/rfc/requirement/catalogue.ts';
import { measureSection, showPage, showSection } from '../test/rfc/requirement/page.ts';

const sections = Object.values(SECTIONS).map((section) => showSection(section, measureSection(section)));
writeFileSync(new URL('../docs/requirements.md', import.meta.url), showPage(sections));
