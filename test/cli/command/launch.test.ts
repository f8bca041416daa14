/** How the built command starts: with what was compiled of it, or without. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compiledFor, PROGRAM, wrapProgram } from '../../../src/cli/launch/compiled.ts';
import { GOOD } from './home.ts';
import { folderWith, MAIN } from './middlebox.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BUILT = dirname(MAIN);
const text = readFileSync(join(BUILT, 'program.js'), 'latin1');
const kept = readFileSync(join(BUILT, 'program.bin'));

/** The command as it would be installed elsewhere, with these files in place of its own. */
function installed(
  changed: Readonly<Record<string, string | Uint8Array>> = {},
): (...argv: readonly string[]) => string {
  const folder = folderWith({ 'good.json': GOOD });
  mkdirSync(join(folder, 'dist'));
  cpSync(BUILT, join(folder, 'dist/cli'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, content] of Object.entries(changed)) writeFileSync(join(folder, 'dist/cli', name), content);
  return (...argv) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...argv], {
      cwd: folder,
      encoding: 'utf8',
    });
    return status === 0 ? stdout : `${status}: ${stderr}`;
  };
}

describe('the start', () => {
  it('takes what was compiled when the command was built', () => {
    const cachedData = compiledFor(text, kept);
    expect(cachedData).toBeDefined();
    const script = new Script(wrapProgram(text), { filename: PROGRAM, ...(cachedData && { cachedData }) });
    expect(script.cachedDataRejected).toBe(false);
  });

  it('runs what the text says, when it is not what was compiled', () => {
    const changed = text.replace(/^\/\/ ./, (begin) => (begin.endsWith('0') ? '// 1' : '// 0'));
    const middlebox = installed({ 'program.js': changed.replace(' passed, $', ' PASSED, $') });
    expect(middlebox('run', 'good.json')).toContain('2 PASSED');
  });

  it('does without what another version of V8 compiled', () => {
    const other = Buffer.from(kept);
    other.fill(0, 64, 128);
    expect(installed({ 'program.bin': other })('run', 'good.json')).toContain('2 passed');
  });

  it('finds the rest of itself wherever it is', () => {
    expect(installed()('sweep', 'good.json', '--jobs', '1')).toContain('what-ifs tried');
  });
});

describe('the licences', () => {
  it('are those of all packages but the two that are not in the program', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
    const told = readFileSync(join(BUILT, 'LICENCES.txt'), 'utf8');
    const missing = Object.keys(dependencies).filter((name) => !new RegExp(`^${name} \\d`, 'm').test(told));
    expect(missing).toEqual(['fast-check', 'tinypool']);
    expect(told.match(/Permission (?:is hereby granted|to use)/g)?.length).toBeGreaterThan(missing.length);
  });
});

describe('the folder of the command', () => {
  it('holds nothing of older builds', () => {
    expect(readdirSync(BUILT).toSorted()).toEqual([
      'LICENCES.txt',
      'agent',
      'main.js',
      'package.json',
      'program.bin',
      'program.js',
      'worker.js',
    ]);
  });
});
