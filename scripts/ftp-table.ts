/**
 * The FTP truth table: every combination on the simulator and on the real kernel with vsftpd, compared cell by cell.
 *
 *     npm run ftp-table
 *
 * With root it writes the kernel's answers down (test/kernel/recorded/ftp-table.json) and publishes them (docs/ftp.md).
 * Without root it holds the simulator against what was written down last.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { parseArgs } from 'node:util';
import { missing } from '../src/lab/execute.ts';
import type { Design } from '../src/sim/design/design.ts';
import type { Answer } from './ftp/answer.ts';
import { CASES, type Case, networkOf } from './ftp/cases.ts';
import { readTable, showPage, showTable } from './ftp/page.ts';
import { ask, nameOf, type Recording, simulate, type Table } from './ftp/run.ts';

const { values } = parseArgs({
  options: {
    /** Labs that stand at the same time. */
    jobs: { type: 'string', default: '6' },
  },
});

const RECORDED = new URL('../test/kernel/recorded/ftp-table.json', import.meta.url);
const PAGE = new URL('../docs/ftp.md', import.meta.url);
const TRIES = 3;

/** Asks again when the two disagree: a real machine under load now and then answers too late. */
async function settle(each: Case): Promise<readonly Answer[]> {
  const expected = simulate(each).join();
  for (let tried = 1; ; tried++) {
    const answers = await ask(each);
    if (answers.join() === expected || tried === TRIES) return answers;
    process.stderr.write(`${nameOf(each)}: the kernel said ${answers.join(' ')}; asking again\n`);
  }
}

async function askAll(): Promise<Table> {
  const answered = new Map<string, readonly Answer[]>();
  const waiting = [...CASES];
  const work = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) {
      answered.set(nameOf(each), await settle(each));
      process.stderr.write(`${answered.size} of ${CASES.length}: ${nameOf(each)}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return Object.fromEntries(CASES.map((each) => [nameOf(each), answered.get(nameOf(each)) ?? []]));
}

/** The cells in which the simulator says something else. */
function differences(table: Table): string[] {
  return CASES.flatMap((each) => {
    const [said, simulated] = [(table[nameOf(each)] ?? []).join(' '), simulate(each).join(' ')];
    return said === simulated ? [] : [`${nameOf(each)}\n  kernel:    ${said}\n  simulator: ${simulated}`];
  });
}

async function record(): Promise<Recording> {
  const recording = { kernel: release().replace(/^(\d+\.\d+).*/, '$1'), table: await askAll() };
  writeFileSync(RECORDED, showTable(recording));
  writeFileSync(PAGE, showPage(recording));
  return recording;
}

const lacks = missing(networkOf(CASES[0] as Case) satisfies Design);
if (lacks.length > 0) console.log(`The kernel is not asked: this machine lacks ${lacks.join(', ')}.`);
const recording = lacks.length > 0 ? readTable(readFileSync(RECORDED, 'utf8')) : await record();
const wrong = differences(recording.table);
const cells = Object.values(recording.table).flat().length;
console.log(wrong.length === 0 ? `${cells} cells, no difference` : wrong.join('\n'));
if (wrong.length > 0) process.exitCode = 1;
