/** `matrix --traversal`: which NATs let two hosts behind them meet directly, every pair of profiles tried. */
import { PROFILE_NAMES } from '../../sim/design/profiles.ts';
import { tryAll } from '../../whatif/traversal/matrix.ts';
import { matrixToJson, showMatrix } from '../../whatif/traversal/table.ts';
import { EXIT, type ExitCode, Refusal } from '../exit.ts';
import type { Terminal } from '../terminal.ts';

export interface TraversalOptions {
  readonly reporter: string;
  readonly quiet?: boolean;
  readonly [other: string]: unknown;
}

/** A matrix is information: whatever meets or not, the command succeeds. */
export function matrixTraversal(file: string | undefined, options: TraversalOptions, terminal: Terminal): ExitCode {
  const { quiet = false, reporter } = options;
  const stray = ['network', 'from', 'to', 'change', 'seed'].find((name) => options[name] !== undefined);
  const extra = file === undefined ? (stray === undefined ? undefined : `--${stray}`) : `a file (${file})`;
  if (extra !== undefined) {
    throw new Refusal(`--traversal tries NATs in a network of its own; ${extra} does not go with it`);
  }
  if (reporter === 'csv') throw new Refusal('--traversal is printed by the reporters pretty and json');
  const progress = terminal.progress(quiet);
  const pairings = tryAll(PROFILE_NAMES, (done, of) => progress.at(`${done} of ${of} pairs tried`));
  progress.clear();
  terminal.print(reporter === 'json' ? `${JSON.stringify(matrixToJson(pairings), null, 2)}\n` : showMatrix(pairings));
  return EXIT.held;
}
