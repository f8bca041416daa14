/** `run`: the scenarios of a file, and whether their expectations hold. */
import { issuesToGithub } from '../scenarios/report/github.ts';
import type { ReporterName } from '../scenarios/report/names.ts';
import { type Told, tell } from '../scenarios/report/told.ts';
import { reporterFor } from '../scenarios/report.ts';
import { runScenario } from '../scenarios/run.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { loadInput } from './input.ts';
import { pickScenarios } from './pick.ts';
import { quoteArgument } from './quote.ts';
import type { Terminal } from './terminal.ts';

export interface RunOptions {
  readonly reporter: ReporterName;
  /** A glob on the names of scenarios. */
  readonly only?: string;
  readonly bail?: boolean;
  readonly seed?: number;
  readonly trace?: boolean;
  readonly quiet?: boolean;
}

export async function run(file: string | undefined, options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  const { reporter: name, only, bail = false, seed, trace = false, quiet = false } = options;
  const loaded = await loadInput(file, (issues) => {
    if (name === 'github') terminal.print(issuesToGithub(issues));
  });
  const { source } = loaded;
  const chosen = pickScenarios(loaded, only);
  const reporter = reporterFor(name, terminal.paint);
  const progress = terminal.progress(quiet);
  const all: Told[] = [];
  for (const scenario of chosen) {
    progress.at(`scenario ${all.length + 1} of ${chosen.length}: ${scenario.name}`);
    const report = runScenario(loaded.file, scenario, seed === undefined ? {} : { seed });
    const told = tell({ file: loaded.file, scenario, report }, { source, trace });
    all.push(told);
    const text = reporter.each(told);
    if (text !== '') {
      progress.clear();
      terminal.print(text);
    }
    if (bail && told.status !== 'passed') break;
  }
  progress.clear();
  terminal.print(reporter.end(all));
  const failed = all.find(({ status }) => status !== 'passed');
  if (failed !== undefined && name === 'pretty' && !trace) terminal.tell(hint(failed, file));
  return failed === undefined ? EXIT.held : EXIT.failed;
}

/** The command that shows why. */
function hint({ name, steps }: Told, file: string | undefined): string {
  const step = steps.findIndex(({ status }) => status === 'failed');
  const words = [
    'middlebox trace',
    ...(file === undefined ? [] : [quoteArgument(file)]),
    `--scenario ${quoteArgument(name)}`,
    ...(step < 0 ? [] : [`--step ${step + 1}`]),
  ];
  return `To see every hop: ${words.join(' ')}`;
}
