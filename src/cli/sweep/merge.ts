/** `merge`: the journals of a sweep that several machines worked on, put together. */
import { writeFile } from 'node:fs/promises';
import { rankingToJson, showRanking } from '../../whatif/report/ranking.ts';
import { Ranker } from '../../whatif/sweep/rank.ts';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import { journalText, mergeJournals, readJournal } from './journal.ts';

export interface MergeOptions {
  readonly reporter: 'pretty' | 'json';
  /** Where to write the whole journal. */
  readonly out?: string;
  readonly top: number;
}

/** Succeeds when nothing is missing. */
export async function merge(files: readonly string[], options: MergeOptions, terminal: Terminal): Promise<ExitCode> {
  const journals = await Promise.all(files.map(async (file) => ({ file, journal: await readJournal(file) })));
  const whole = mergeJournals(journals);
  const { header, outcomes } = whole;
  if (options.out !== undefined) {
    await writeFile(options.out, journalText(whole)).catch((error: Error) => {
      throw new Refusal(`${options.out} cannot be written: ${error.message}`);
    });
  }
  const ranker = new Ranker(options.top);
  for (const outcome of outcomes) ranker.add(outcome);
  const { ranking } = ranker;
  if (options.reporter === 'json') terminal.print(`${JSON.stringify(rankingToJson(ranking, header), null, 2)}\n`);
  else terminal.print(showRanking(ranking, header, { paint: terminal.paint }));
  const missing = header.variants - outcomes.length;
  if (missing === 0) return EXIT.held;
  terminal.tell(`${missing} of ${header.variants} what-ifs are in none of these journals`);
  return EXIT.failed;
}
