/** What the documentation shows is run, so that it stays true. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { transformWithEsbuild } from 'vite';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson } from '../src/scenarios/json.ts';
import { load } from '../src/scenarios/load.ts';
import { runScenario } from '../src/scenarios/run.ts';
import { stepSchema } from '../src/scenarios/schema.ts';
import { changeSchema } from '../src/sim/design/change.ts';
import { linkSchema, nodeSchema } from '../src/sim/design/design.ts';
import { natSchema } from '../src/sim/design/nat.ts';
import { firewallSchema } from '../src/sim/design/rule.ts';
import { serviceSchema } from '../src/sim/design/service.ts';
import { validate } from '../src/sim/design/validate.ts';
import { CATALOGUE, folderWith, middlebox } from './cli/command/middlebox.ts';
import { REPORT, TRACE } from './cli/command/shapes.ts';
import { type Block, blocksIn, PAGES, ROOT } from './docs/markdown.ts';

const blocks = PAGES.flatMap(blocksIn);
const ofKind = (...kinds: string[]): [string, Block][] =>
  blocks.filter(({ kind }) => kinds.includes(kind)).map((block) => [`${block.page}:${block.line}`, block]);

it('knows what to do with every block', () => {
  const known =
    /^(ts( test)?|console( catalogue)?|sh|text|jsonc( (file|node|link|firewall|nat|services|steps|change|report|trace))?)$/;
  expect(
    blocks.filter(({ kind }) => !known.test(kind)).map(({ page, line, kind }) => `${page}:${line}: ${kind}`),
  ).toEqual([]);
  expect(blocks.length).toBeGreaterThan(15);
});

describe('commands print what is shown', () => {
  const folders = new Map<string, string>();
  it.each(ofKind('console', 'console catalogue'))('%s', (_, { page, kind, text }) => {
    const place = `${page} ${kind}`;
    const cwd = folders.get(place) ?? folderWith(kind === 'console' ? {} : { ...catalogue, ...changesOn(page) });
    folders.set(place, cwd);
    for (const [, command = '', output = ''] of text.matchAll(/^\$ middlebox ([^\n]*)\n((?:(?!\$ ).*\n)*)/gm)) {
      const ran = middlebox(words(command), { cwd });
      expect(ran.err).toBe('');
      expect(ran.out).toMatch(pattern(output));
    }
  });
});

/** The scenarios that come with the package. */
const catalogue = { 'scenarios.json': readFileSync(CATALOGUE, 'utf8') };

/** Changes that a page shows, each under the name that its first line gives it. */
function changesOn(page: string): Record<string, string> {
  return Object.fromEntries(
    blocks
      .filter((block) => block.page === page && block.kind === 'jsonc change')
      .flatMap(({ text }) => {
        const [, name] = /^\/\/ ([\w-]+\.json)\b/.exec(text) ?? [];
        return name === undefined ? [] : [[name, text] as const];
      }),
  );
}

/** The words of a command line, of which those in double quotes may hold spaces. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** `…` on a line of its own stands for any lines, in a line for any text. */
function pattern(output: string): RegExp {
  const lines = output.split('\n').slice(0, -1);
  const source = lines.map((line) => {
    if (line === '…') return '(?:.*\\n)*';
    return `${line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}\\n`;
  });
  return new RegExp(`^${source.join('')}$`);
}

describe('code prints what is shown', () => {
  const examples = ofKind('ts');

  it.each(examples)('%s', async (name, { text }) => {
    const { code } = await transformWithEsbuild(text, `${name}.ts`);
    // in the folder of the package its own name leads to what is published
    const ran = spawnSync(process.execPath, ['--input-type=module'], { cwd: ROOT, input: code, encoding: 'utf8' });
    expect(ran.stderr).toBe('');
    const printed = ran.stdout.split('\n');
    const shown = [...text.matchAll(/^\/\/ → (.*)$/gm)].map(([, line = '']) => line);
    expect(shown.length).toBeGreaterThan(0);
    let at = 0;
    for (const line of shown) {
      const found = printed.indexOf(line, at);
      expect(found, `"${line}" in ${JSON.stringify(printed.slice(at, at + 5))}`).toBeGreaterThanOrEqual(0);
      at = found + 1;
    }
  });

  it('has the right types', () => {
    const folder = join(ROOT, 'node_modules/.cache/middlebox-docs');
    mkdirSync(folder, { recursive: true });
    const files = examples.map(([, { text }], i) => {
      const file = `example-${i}.ts`;
      writeFileSync(join(folder, file), text);
      return file;
    });
    const compilerOptions = {
      paths: { middlebox: [join(ROOT, 'dist/index.d.ts')] },
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files }),
    );
    const check = () => execFileSync('npx', ['tsc', '-p', folder], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
    expect(check).not.toThrow();
  });
});

describe('tests are parts of the examples, which are run', () => {
  const folder = join(ROOT, 'examples');
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

  it.each(ofKind('ts test'))('%s', (_, { text }) => {
    for (const part of text.trim().split('\n\n')) {
      expect(
        sources.some((source) => source.includes(part)),
        part,
      ).toBe(true);
    }
  });
});

describe('files are right, and their scenarios hold', () => {
  it.each(ofKind('jsonc', 'jsonc file'))('%s', (name, { text }) => {
    const { file } = load(text, name);
    expect(file.scenarios?.length).toBeGreaterThan(0);
    for (const scenario of file.scenarios ?? []) {
      const { steps, status } = runScenario(file, scenario);
      expect(steps.flatMap(({ message }) => message ?? [])).toEqual([]);
      expect(status).toBe('passed');
    }
  });
});

describe('parts of files fit the schema', () => {
  const schemas: Readonly<Record<string, z.ZodType>> = {
    'jsonc node': nodeSchema,
    'jsonc link': linkSchema,
    'jsonc firewall': firewallSchema,
    'jsonc nat': natSchema,
    'jsonc services': z.array(serviceSchema),
    'jsonc steps': z.array(stepSchema),
    'jsonc change': changeSchema,
  };
  it.each(ofKind(...Object.keys(schemas)))('%s', (name, { kind, text }) => {
    expect(validate(schemas[kind] as z.ZodType, readValue(text, name))).toEqual([]);
  });
});

describe('documents have the shape that is printed', () => {
  it.each(ofKind('jsonc report', 'jsonc trace'))('%s', (name, { kind, text }) => {
    const fits = new Ajv2020({ allErrors: true }).compile(kind === 'jsonc report' ? REPORT : TRACE);
    fits(readValue(text, name));
    expect(fits.errors).toBeNull();
  });
});

function readValue(text: string, name: string): unknown {
  const read = readJson(text, name);
  if (!('value' in read)) throw new Error(JSON.stringify(read.issues));
  return read.value;
}
