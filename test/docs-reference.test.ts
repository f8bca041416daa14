/** What the documentation must not leave out, and must not make up. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../src/cli/exit.ts';
import { OUTCOMES } from '../src/scenarios/expect.ts';
import { jsonSchemaOfFile } from '../src/scenarios/json-schema.ts';
import { LINUX } from '../src/sim/program/order.ts';
import { DROP_REASONS, LOSS_REASONS } from '../src/sim/trace/fate.ts';
import { middlebox } from './cli/command/middlebox.ts';
import { anchorsIn, linksIn, nameIn, PAGES, ROOT, readPage, rowsIn } from './docs/markdown.ts';

/** The rows of one section of a page, by the word that each begins with. */
function section(path: string, title: string): string[][] {
  const { text } = readPage(path);
  const [, body = ''] = new RegExp(`^## ${title}$(.*?)(?=^## |$(?![\\s\\S]))`, 'ms').exec(text) ?? [];
  return rowsIn({ path, text: body }).slice(1);
}

describe('fates', () => {
  it.each([
    ['Reasons for a drop', DROP_REASONS],
    ['Reasons for a loss', LOSS_REASONS],
  ])('%s', (title, reasons) => {
    const rows = section('docs/fates.md', title);
    expect(rows.map(([reason]) => nameIn(reason))).toEqual([...reasons]);
    for (const row of rows) {
      expect(row).toHaveLength(4);
      for (const cell of row) expect(cell).not.toBe('');
    }
  });

  it('names every kind of fate', () => {
    const kinds = rowsIn(readPage('docs/fates.md'))
      .map(([kind]) => nameIn(kind))
      .slice(1, 7);
    expect(kinds).toEqual(['delivered', 'dropped', 'lost', 'fragmented', 'reassembled', 'pending']);
  });
});

describe('architecture', () => {
  const { text } = readPage('docs/architecture.md');

  it('tells what each stage does', () => {
    const rows = section('docs/architecture.md', 'The order of the stages');
    const stages = new Set(Object.values(LINUX).flat());
    expect(rows.map(([stage]) => nameIn(stage)).toSorted()).toEqual([...stages].toSorted());
  });

  it.each(Object.entries(LINUX))('draws the stages of %s in order', (_, stages: readonly string[]) => {
    expect(text).toContain(stages.join(' '));
  });

  it('names folders that are there', () => {
    const folders = section('docs/architecture.md', 'Floors').flatMap(([, cell = '']) => [
      ...cell.matchAll(/`([^`]+)`/g),
    ]);
    expect(folders.length).toBeGreaterThan(10);
    for (const [, folder = ''] of folders) expect(existsSync(join(ROOT, 'src', folder)), folder).toBe(true);
  });
});

describe('the command line', () => {
  const page = readPage('docs/cli.md').text;
  const commands = [...middlebox(['--help']).out.matchAll(/^ {2}([a-z]+) {2,}|^ {2}([a-z]+) \[/gm)].map(
    ([, plain, more]) => plain ?? more ?? '',
  );

  it('has a row for each command, and for no other', () => {
    const rows = rowsIn({ path: '', text: page.split('\n## ')[0] ?? '' }).slice(1);
    expect(rows.map(([cell]) => nameIn(cell).split(' ')[0])).toEqual(commands);
  });

  it.each(commands.filter((name) => name !== 'help'))('explains every option of %s', (command) => {
    const { out } = middlebox([command, '--help']);
    const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
    const chapter = page.split('\n## ').find((part) => part.startsWith(`${command}\n`)) ?? page;
    for (const option of options.filter((name) => name !== '--help')) expect(chapter, option).toContain(option);
  });

  it.each(['README.md', 'docs/cli.md'])('%s lists the exit codes', (path) => {
    const codes = section(path, 'Exit codes').map(([code]) => Number(code));
    expect(codes).toEqual([...Object.values(EXIT), 130]);
  });
});

describe('the format', () => {
  const text = ['docs/format.md', 'docs/limits.md'].map((path) => readPage(path).text).join('\n');

  it('explains every field and every word', () => {
    const words = new Set([
      ...namesIn(jsonSchemaOfFile()),
      ...Object.keys(OUTCOMES),
      ...Object.values(OUTCOMES).flat(),
    ]);
    const missing = [...words].filter((word) => !text.includes(`\`${word}\``) && !text.includes(`"${word}"`));
    expect(missing).toEqual([]);
  });
});

/** The names of all members in a JSON Schema. */
function namesIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...(key === 'properties' ? Object.keys(value as object) : []),
    ...namesIn(value),
  ]);
}

describe('links', () => {
  it.each(PAGES.map((page) => [page.path, page] as const))('of %s lead somewhere', (_, page) => {
    for (const { to, anchor } of linksIn(page)) {
      expect(existsSync(join(ROOT, to)), to).toBe(true);
      if (anchor !== undefined) expect(anchorsIn(readPage(to)), `${to}#${anchor}`).toContain(anchor);
    }
  });

  it('lead from the readme to every page', () => {
    const reached = new Set(linksIn(readPage('README.md')).map(({ to }) => to));
    expect(PAGES.map(({ path }) => path).filter((path) => path !== 'README.md' && !reached.has(path))).toEqual([]);
  });
});

it('the readme gives the command that checks everything', () => {
  const script = readFileSync(join(ROOT, '.ci/run'), 'utf8').trimEnd().split('\n').at(-1);
  expect(script).toBe('npm ci && npm test');
  expect(readPage('README.md').text).toContain(script);
});
