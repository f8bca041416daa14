/** No claim without a test: what docs/fidelity.md names must be there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readPage, rowsIn } from './docs/markdown.ts';

const rows = rowsIn(readPage('docs/fidelity.md')).filter(([first]) => first !== 'behaviour' && first !== 'fact');
const behaviours = rows.filter((row) => row.length === 4);
const facts = rows.filter((row) => row.length === 3);

/** The tests that a cell names: a file, and a part of a title in it. */
function testsIn(cell = ''): { readonly file: string; readonly title: string }[] {
  return [...cell.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));
}

/** The strings of a file of tests, titles among them; those of a scenario file are the names of its scenarios. */
function titlesOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const strings = file.endsWith('.json') ? /"name": "([^"]+)"/g : /`([^`\n]*)`|'((?:[^'\\\n]|\\.)*)'|"([^"\n]*)"/g;
  return [...text.matchAll(strings)].map(([, ...titles]) => titles.find((title) => title !== undefined) ?? '');
}

const allTests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);

describe('every behaviour', () => {
  it.each(behaviours.map((row) => [row[0] ?? '', row] as const))('%s', (_, [, how, what, cell]) => {
    expect(how).toMatch(/^(exact|approximated|not modelled)$/);
    expect(what).not.toBe('');
    expect(testsIn(cell).length).toBeGreaterThan(0);
    for (const { file, title } of testsIn(cell)) expectTest(file, title);
  });

  it('is there', () => {
    expect(behaviours.length).toBeGreaterThan(40);
    expect(new Set(behaviours.map(([, how]) => how))).toEqual(new Set(['exact', 'approximated', 'not modelled']));
  });
});

describe('every numbered fact', () => {
  it.each(facts.map((row) => [row[0] ?? '', row] as const))('%s', (_, [, , cell = '']) => {
    if (/^not modelled: ./.test(cell)) return;
    expect(testsIn(cell).length).toBeGreaterThan(0);
    for (const { file, title } of testsIn(cell)) expectTest(file, title);
  });

  it('is counted without a gap', () => {
    const families = new Set(facts.map(([id = '']) => id.replace(/\d+$/, '')));
    expect(families.size).toBeGreaterThan(10);
    for (const family of families) {
      const members = facts.filter(([id = '']) => id.replace(/\d+$/, '') === family);
      expect(members.map(([id]) => id)).toEqual(members.map((_, i) => `${family}${i + 1}`));
    }
  });

  it('that a test carries is on the page', () => {
    const known = new Set(facts.map(([id]) => id));
    const carried = allTests.flatMap((name) =>
      titlesOf(`test/${name}`).flatMap((title) => title.match(/LNX-[A-Z]+-\d+/g) ?? []),
    );
    expect(carried.length).toBeGreaterThan(80);
    expect([...new Set(carried)].filter((id) => !known.has(id))).toEqual([]);
  });
});

function expectTest(file: string, title: string): void {
  expect(existsSync(join(ROOT, file)), file).toBe(true);
  expect(
    titlesOf(file).filter((found) => found.replaceAll("\\'", "'").includes(title)),
    `${file} "${title}"`,
  ).not.toEqual([]);
}
