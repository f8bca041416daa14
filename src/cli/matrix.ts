/** `matrix`: who reaches whom in a network, service by service, and what stands in the way of the others. */
import { analyse } from '../whatif/analysis.ts';
import { locatorOf } from '../whatif/locate.ts';
import { matrixOf } from '../whatif/matrix.ts';
import { matrixToCsv, matrixToJson } from '../whatif/report/data.ts';
import { showMatrix } from '../whatif/report/table.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { globMatcher } from './glob.ts';
import { loadChange, loadInput } from './input.ts';
import { pickNetwork } from './pick.ts';
import type { Terminal } from './terminal.ts';

export interface MatrixOptions {
  readonly reporter: 'pretty' | 'json' | 'csv';
  readonly network?: string;
  /** Globs on the names of nodes. */
  readonly from?: string;
  readonly to?: string;
  /** A file with a change that is made first. */
  readonly change?: string;
  readonly seed?: number;
  readonly quiet?: boolean;
}

/** A matrix is information: whatever is reached or not, the command succeeds. */
export async function matrix(file: string | undefined, options: MatrixOptions, terminal: Terminal): Promise<ExitCode> {
  const { reporter, from, to, seed } = options;
  const loaded = await loadInput(file);
  const { name, design } = pickNetwork(loaded, options.network);
  const change = options.change === undefined ? undefined : await loadChange(options.change, design);
  const analysis = analyse(design, {
    ...(change === undefined ? {} : { change: change.change }),
    ...(seed === undefined ? {} : { seed }),
    ...(from === undefined ? {} : { from: globMatcher(from) }),
    ...(to === undefined ? {} : { to: globMatcher(to) }),
  });
  const progress = terminal.progress(options.quiet ?? false);
  const cells = matrixOf(analysis, locatorOf(loaded, name, change), (done, all) => {
    progress.at(`flow ${done + 1} of ${all}`);
  });
  progress.clear();
  const { internet } = analysis;
  if (reporter === 'json') terminal.print(`${JSON.stringify(matrixToJson(cells, name, internet), null, 2)}\n`);
  else if (reporter === 'csv') terminal.print(matrixToCsv(cells));
  else terminal.print(showMatrix(cells, { paint: terminal.paint, internet }));
  return EXIT.held;
}
