/** `sweep`: many what-ifs of one network in one run, ranked by what they break. */
import { existsSync } from 'node:fs';
import { InputError } from '../scenarios/issue.ts';
import type { Change } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { analyse } from '../whatif/analysis.ts';
import { locatorOf } from '../whatif/locate.ts';
import { rankingToJson, showRanking } from '../whatif/report/ranking.ts';
import { tryReadChanges } from '../whatif/sweep/changes.ts';
import type { Outcome } from '../whatif/sweep/outcome.ts';
import { Ranker } from '../whatif/sweep/rank.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { globMatcher } from './glob.ts';
import { loadInput, readInput } from './input.ts';
import { pickNetwork } from './pick.ts';
import { digestOf, type Header, isIn, JournalWriter, readJournal, type Shard } from './sweep/journal.ts';
import { CORES, workAll } from './sweep/pool.ts';
import { type Question, variantsFor } from './sweep/question.ts';
import type { Terminal } from './terminal.ts';

export interface SweepOptions {
  readonly reporter: 'pretty' | 'json';
  readonly network?: string;
  readonly failures?: 0 | 1 | 2;
  readonly rules?: boolean;
  readonly set?: readonly string[];
  /** A file of named changes. */
  readonly changes?: string;
  readonly from?: string;
  readonly to?: string;
  readonly seed?: number;
  readonly jobs?: number;
  readonly shard?: Shard;
  /** The journal: what is in it already is not tried again. */
  readonly out?: string;
  readonly top: number;
  readonly quiet?: boolean;
}

/** A sweep is information: whatever breaks, the command succeeds. */
export async function sweep(file: string | undefined, options: SweepOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadInput(file);
  const { name, design } = pickNetwork(loaded, options.network);
  const question = await questionOf(design, options);
  const variants = variantsFor(question);
  for (const { id, kind, change } of variants) if (kind === 'setting') checkFit(id, design, change);
  const header: Header = {
    middlebox: 'sweep',
    version: 1,
    question: digestOf([name, question]),
    network: name,
    variants: variants.length,
    flows: flowsFor(question),
  };
  const ranker = new Ranker(options.top);
  await tryAll(question, header, { options, terminal, hear: (outcome) => ranker.add(outcome) });
  const { ranking } = ranker;
  if (options.reporter === 'json') terminal.print(`${JSON.stringify(rankingToJson(ranking, header), null, 2)}\n`);
  else terminal.print(showRanking(ranking, header, { paint: terminal.paint, locate: locatorOf(loaded, name) }));
  return EXIT.held;
}

async function questionOf(design: Design, options: SweepOptions): Promise<Question> {
  const { failures, rules, set = [], changes: changesFile, from, to, seed } = options;
  const changes = changesFile === undefined ? new Map<string, Change>() : await loadChanges(changesFile, design);
  const asked = failures !== undefined || rules === true || set.length > 0 || changesFile !== undefined;
  return {
    design,
    failures: failures ?? (asked ? 0 : 1),
    rules: rules ?? !asked,
    settings: set,
    changes: [...changes],
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(seed === undefined ? {} : { seed }),
  };
}

async function loadChanges(file: string, design: Design): Promise<ReadonlyMap<string, Change>> {
  const { name, text } = await readInput(file);
  const read = tryReadChanges(text, name, design);
  if ('issues' in read) throw new InputError(read.issues);
  return read.changes;
}

/** A combination of values that is no network is said before anything is tried. */
function checkFit(id: string, design: Design, change: Change): void {
  try {
    analyse(design, { change });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new Refusal(`--set ${id}: ${error.message}`);
  }
}

function flowsFor({ design, from, to, seed }: Question): number {
  return analyse(design, {
    ...(from === undefined ? {} : { from: globMatcher(from) }),
    ...(to === undefined ? {} : { to: globMatcher(to) }),
    ...(seed === undefined ? {} : { seed }),
  }).flows.length;
}

interface Run {
  readonly options: SweepOptions;
  readonly terminal: Terminal;
  readonly hear: (outcome: Outcome) => void;
}

/** Tries what the journal does not have yet. */
async function tryAll(question: Question, header: Header, { options, terminal, hear }: Run): Promise<void> {
  const { shard = { i: 1, n: 1 }, out, jobs = CORES, quiet = false } = options;
  const before = out !== undefined && existsSync(out) ? await readJournal(out) : undefined;
  if (before !== undefined && before.header.question !== header.question) {
    throw new Refusal(`${out} is the journal of another sweep: name another file, or remove it`);
  }
  const done = new Set(before?.outcomes.map(({ index }) => index));
  for (const outcome of before?.outcomes ?? []) hear(outcome);
  const all = Array.from({ length: header.variants }, (_, index) => index).filter((index) => isIn(shard, index));
  const left = all.filter((index) => !done.has(index));
  const journal = out === undefined ? undefined : await JournalWriter.open(out, header, before?.length);
  const progress = terminal.progress(quiet);
  let told = all.length - left.length;
  try {
    await workAll(JSON.stringify(question), left, {
      jobs: Math.max(1, Math.min(jobs, left.length)),
      each: async (outcomes) => {
        await journal?.add(outcomes);
        for (const outcome of outcomes) hear(outcome);
        told += outcomes.length;
        progress.at(`what-if ${told} of ${all.length}`);
      },
    });
  } finally {
    progress.clear();
    await journal?.close();
  }
}
