/**
 * The engine beside the real thing and its peers, all in one run on one machine.
 *
 *     npm run bench -- [--only G1,G3] [--quick] [--long] [--repeats N] [--json FILE] [--history FILE]
 *     npm run bench -- --page FILE.json              writes docs/performance.md from a run
 *     npm run bench -- --history FILE --compare A B  two commits of a history
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release as releaseOf, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FOLDING } from '../../src/cli/launch/flags.ts';
import { execute } from '../../src/lab/execute.ts';
import { guard, release } from '../../src/lab/stand/guard.ts';
import { CHAIN } from './cases/chain.ts';
import { EDITING } from './cases/editing.ts';
import { FILTERING } from './cases/filtering.ts';
import { FORWARDING } from './cases/forwarding.ts';
import { LOADING } from './cases/loading.ts';
import { LOOKUP } from './cases/lookup.ts';
import { SCALE } from './cases/scale.ts';
import { TRACING } from './cases/tracing.ts';
import { type Case, Context, inFolder } from './context.ts';
import { readHistory, showChange } from './history.ts';
import { updatePage } from './page.ts';
import { argvOf, ROOT } from './place.ts';
import { type Entry, Misused, type Report, Skipped } from './result.ts';
import { showReport } from './table.ts';

const CASES: readonly Case[] = [
  ...FORWARDING,
  ...FILTERING,
  ...LOOKUP,
  ...CHAIN,
  ...TRACING,
  ...LOADING,
  ...EDITING,
  ...SCALE,
];

const PAGE = join(ROOT, 'docs/performance.md');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    repeats: { type: 'string', default: '9' },
    json: { type: 'string' },
    history: { type: 'string' },
    compare: { type: 'string' },
    page: { type: 'string' },
  },
});

function chosen(): readonly Case[] {
  const names = values.only?.split(',');
  if (names === undefined) return CASES;
  const known = new Set(CASES.flatMap(({ ids }) => ids));
  const strange = names.filter((name) => !known.has(name));
  if (strange.length > 0) throw new Misused(`--only: not ${strange.join(', ')}, but ${[...known].join(', ')}`);
  return CASES.filter(({ ids }) => ids.some((id) => names.includes(id)));
}

async function runCase(each: Case, context: Context): Promise<readonly Entry[]> {
  process.stderr.write(`${each.ids.join(', ')}: ${each.title}\n`);
  try {
    return await each.run(context);
  } catch (error) {
    const skipped = error instanceof Skipped;
    const said = error instanceof Error ? error.message : String(error);
    process.stderr.write(`  ${skipped ? 'skipped' : 'FAILED'}: ${said}\n`);
    if (!skipped) process.exitCode = 1;
    if (!skipped) return [failed(each, said.split('\n')[0] ?? '')];
    return [{ kind: 'skipped', id: each.ids.join(', '), title: each.title, why: said }];
  }
}

/**
 * While it waits for a peer V8 would give memory back, and take it again on the clock; and helpers of its collector of
 * garbage would spend the time of another core, which counts. Else it is told what the command tells it.
 */
const FLAGS = ['--no-memory-reducer', '--single-threaded-gc', ...FOLDING];

/** The same in a process of its own: what runs before another case, and what it leaves in memory, changes its figures. */
async function runApart(each: Case): Promise<readonly Entry[]> {
  return inFolder(async (folder) => {
    const file = join(folder, 'run.json');
    const { quick, long, repeats } = values;
    const flags = [...(quick ? ['--quick'] : []), ...(long ? ['--long'] : []), '--repeats', repeats];
    const argv = [...FLAGS, ...argvOf('main'), ...flags, '--only', ownName(each), '--json', file];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
    // it takes down what it has made by itself, and must live to do so
    const stopped = { destroyNow: () => child.kill('SIGINT') };
    guard(stopped);
    const [code] = await once(child, 'close');
    release(stopped);
    if (code !== 0) process.exitCode = 1;
    return existsSync(file) ? readReport(file).entries : [failed(each, 'its process ended early')];
  });
}

/** The name that no other case goes by. */
function ownName({ ids, title }: Case): string {
  const own = ids.find((id) => CASES.filter((other) => other.ids.includes(id)).length === 1);
  if (own === undefined) throw new Error(`no name of its own: ${title}`);
  return own;
}

function failed({ ids, title }: Case, why: string): Entry {
  return { kind: 'skipped', id: ids.join(', '), title, why: `failed: ${why}` };
}

async function commitOf(): Promise<string> {
  const { out } = await execute({ argv: ['git', 'rev-parse', '--short', 'HEAD'] });
  const { out: changed } = await execute({ argv: ['git', 'status', '--porcelain', '-uno', 'src'] });
  return `${out.trim()}${changed === '' ? '' : '+'}`;
}

function machine(): string {
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${gib} GiB, Linux ${releaseOf()}, Node ${process.versions.node}`;
}

async function runAll(): Promise<Report> {
  const { quick, long } = values;
  const repeats = Number(values.repeats);
  if (!Number.isInteger(repeats) || repeats < 1) throw new Misused('--repeats: a number from 1');
  const cases = chosen();
  const isApart = FLAGS.every((flag) => process.execArgv.includes(flag));
  const commit = await commitOf();
  const context = new Context({ quick, long, repeats });
  const entries: Entry[] = [];
  try {
    for (const each of cases) entries.push(...(await (isApart ? runCase(each, context) : runApart(each))));
  } finally {
    await context.end();
  }
  return {
    version: 1,
    commit,
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    repeats,
    quick,
    entries,
  };
}

function readReport(file: string): Report {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  if (report.version !== 1) throw new Error(`${file} is not of version 1`);
  return report;
}

async function main(): Promise<void> {
  if (values.page !== undefined) {
    writeFileSync(PAGE, updatePage(readFileSync(PAGE, 'utf8'), readReport(values.page)));
    return;
  }
  if (values.compare !== undefined) {
    if (values.history === undefined) throw new Misused('--compare A B needs --history FILE');
    const reports = readHistory(readFileSync(values.history, 'utf8'));
    console.log(showChange(reports, values.compare, positionals[0] ?? ''));
    return;
  }
  const report = await runAll();
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.history !== undefined) appendFileSync(values.history, `${JSON.stringify(report)}\n`);
  console.log(showReport(report));
}

main().catch((error: unknown) => {
  if (!(error instanceof Misused)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
