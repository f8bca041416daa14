/** One section of the catalogue as tests: each requirement against each profile, and the page against both. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROFILE_NAMES } from '../../../src/sim/design/profiles.ts';
import type { Section } from './catalogue.ts';
import { type Cell, measure, reasonOf } from './measure.ts';
import { type Measured, showSection } from './page.ts';

/** The section as it is published. */
function published({ title }: Section): string {
  const page = readFileSync(new URL('../../../docs/requirements.md', import.meta.url), 'utf8');
  const [, after = ''] = page.split(`## ${title}\n`);
  const [body = ''] = after.split('\n## ');
  return `## ${title}\n${body}`.trimEnd();
}

/** Declares the tests of a section. */
export function declareSection(section: Section): void {
  const measured = new Map<string, Map<string, Cell>>();
  describe(section.title, () => {
    describe.each(section.rows.map((row) => ({ ...row, row })))('$id $text', ({ id, row }) => {
      it.each(PROFILE_NAMES)('%s', (name) => {
        const cell = measure(row, name);
        measured.set(id, (measured.get(id) ?? new Map<string, Cell>()).set(name, cell));
        const why = reasonOf(name, id);
        // whoever deviates says why; whoever does not has nothing to explain
        if (cell.kind === 'deviates') expect(why, cell.seen).toBeDefined();
        else expect(why).toBeUndefined();
      });
    });

    it('is published as it was measured', () => {
      expect(published(section)).toBe(showSection(section, measured as Measured).trimEnd());
    });
  });
}
