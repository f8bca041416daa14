/**
 * Builds the command into `dist/cli`: the program with all that it needs in one file, what V8 compiled of it, and a
 * worker of `sweep`. Nothing is looked up, read and compiled file by file when the command starts. The library is
 * compiled by tsc alone.
 *
 *     npm run build
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markProgram } from '../src/cli/launch/compiled.ts';
import { STARTER } from '../src/cli/starter.ts';
import { bundle, ROOT } from './build/bundle.ts';
import { licencesOf } from './build/licences.ts';

const OUT = join(ROOT, 'dist/cli');

/** Runs the program once, so that V8 compiles what most runs need, and writes that down. */
function compile(folder: string): void {
  const scenarios = join(folder, 'scenarios.jsonc');
  writeFileSync(scenarios, STARTER);
  node('--import', 'tsx', join(ROOT, 'scripts/build/compile.ts'), folder, 'run', scenarios, '--trace', '--quiet');
  rmSync(scenarios);
}

/** Runs node, which is to succeed and to have no complaints. */
function node(...argv: readonly string[]): void {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: ROOT, env, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`the program does not run: ${stderr}`);
}

/** Everything at once, so that whoever runs the command meanwhile runs the old one or the new one. */
function install(folder: string): void {
  const files = readdirSync(folder);
  for (const name of files) renameSync(join(folder, name), join(OUT, name));
  cpSync(join(ROOT, 'src/lab/agent'), join(OUT, 'agent'), { recursive: true });
  for (const name of readdirSync(OUT)) {
    if (name !== 'agent' && !files.includes(name)) rmSync(join(OUT, name), { recursive: true });
  }
}

mkdirSync(OUT, { recursive: true });
const folder = mkdtempSync(join(ROOT, 'dist/building-'));
try {
  const program = await bundle('src/cli/main.ts');
  const worker = await bundle('src/cli/sweep/worker.ts');
  const launch = await bundle('src/cli/launch/main.ts');
  const mark = createHash('sha256').update(program.text).digest('hex');
  writeFileSync(join(folder, 'program.js'), markProgram(mark, program.text));
  writeFileSync(join(folder, 'worker.js'), worker.text);
  writeFileSync(join(folder, 'main.js'), launch.text, { mode: 0o755 });
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(folder, 'LICENCES.txt'), licencesOf(ROOT, [...program.inputs, ...worker.inputs]));
  compile(folder);
  install(folder);
  node(join(OUT, 'main.js'), '--version');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
