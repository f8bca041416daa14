/** `lab`: scenarios on the real kernel, held against the simulator. */
import { missing } from '../lab/execute.ts';
import { inOrder, judgeScenario } from '../lab/judge.ts';
import { type Entry, showLabSummary, statusOf, summariseLab, toJsonLab, toPrettyLab } from '../lab/report.ts';
import { script } from '../lab/run.ts';
import type { Loaded } from '../scenarios/load.ts';
import { designOf } from '../scenarios/run.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { parseDuration } from '../sim/base/time.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { loadInput } from './input.ts';
import { pickScenarios } from './pick.ts';
import type { Terminal } from './terminal.ts';

export interface LabCommandOptions {
  readonly reporter: 'pretty' | 'json';
  /** A glob on the names of scenarios. */
  readonly only?: string;
  readonly keep?: boolean;
  readonly script?: boolean;
  /** Labs that stand at the same time. */
  readonly jobs: number;
  /** A duration. */
  readonly longestWait: string;
  readonly seed?: number;
  readonly quiet?: boolean;
}

export async function lab(file: string | undefined, options: LabCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const longestWaitMs = parseDuration(options.longestWait);
  if (longestWaitMs === undefined)
    throw new Refusal(`--longest-wait: "${options.longestWait}" is not a duration: 30s, 2m`);
  const loaded = await loadInput(file);
  const chosen = pickScenarios(loaded, options.only);
  if (options.script === true) {
    terminal.print(scriptOf(loaded, chosen));
    return EXIT.held;
  }
  demandTools(loaded, chosen);
  const all: Entry[] = [];
  const progress = terminal.progress(options.quiet ?? false);
  const { keep = false, seed } = options;
  let done = 0;
  await inOrder(chosen, options.jobs, {
    work: async (scenario) => {
      const labOptions = { keep, longestWaitMs, ...(seed === undefined ? {} : { seed }) };
      const judged = await judgeScenario(loaded.file, scenario, labOptions);
      done += 1;
      progress.at(`${done} of ${chosen.length} scenarios compared with the kernel`);
      return { scenario, judged };
    },
    each: (entry) => {
      all.push(entry);
      if (options.reporter === 'json') return;
      progress.clear();
      terminal.print(toPrettyLab(entry, terminal.paint));
    },
  });
  progress.clear();
  terminal.print(endOf(all, options.reporter, terminal));
  return exitOf(all);
}

/** A script builds one network. */
function scriptOf({ file }: Loaded, chosen: readonly Scenario[]): string {
  const designs = new Set(chosen.map((scenario) => designOf(file, scenario)));
  const [design] = designs;
  if (design === undefined || designs.size > 1) {
    throw new Refusal(`a script builds one network, and these scenarios have ${designs.size}: choose one with --only`);
  }
  return script(design);
}

function demandTools({ file }: Loaded, chosen: readonly Scenario[]): void {
  const lacks = new Set(chosen.flatMap((scenario) => missing(designOf(file, scenario))));
  if (lacks.size > 0)
    throw new Refusal(`a lab cannot be built: this machine lacks ${[...lacks].join(', ')}`, EXIT.lacks);
}

function endOf(all: readonly Entry[], reporter: LabCommandOptions['reporter'], { paint }: Terminal): string {
  if (reporter === 'json') return `${JSON.stringify(toJsonLab(all), null, 2)}\n`;
  const summary = summariseLab(all);
  const text = showLabSummary(summary);
  return `\n${summary.agreeing === summary.scenarios ? paint.good(text) : paint.bad(text)}\n`;
}

/** A difference counts more than a lab that could not be built. */
function exitOf(all: readonly Entry[]): ExitCode {
  const failed = all.filter((entry) => statusOf(entry) === 'failed');
  if (all.some((entry) => statusOf(entry) === 'differs' || entry.judged.kind === 'refused')) return EXIT.failed;
  return failed.length > 0 ? EXIT.lacks : EXIT.held;
}
