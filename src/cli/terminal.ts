/** Where output goes: results to standard output, everything about the run to standard error. */
import type { WriteStream } from 'node:tty';
import picocolors from 'picocolors';
import { type Paint, PLAIN } from '../sim/trace/paint.ts';
import { type Progress, progressOn } from './progress.ts';

/** A stream as far as it is needed here. */
export type Sink = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean };

export interface Terminal {
  /** For standard output. */
  readonly paint: Paint;
  /** To standard output. */
  print(text: string): void;
  /** A line to standard error. */
  tell(line: string): void;
  /** Shows how far a run is, on standard error; quiet, it shows nothing. */
  progress(quiet: boolean): Progress;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to write colour: never with `NO_COLOR` (unless empty), always with `FORCE_COLOR` (unless `0` or `false`), else
 * where a terminal shows it.
 */
export function wantsColour(env: Environment, isTTY: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  const forced = env.FORCE_COLOR;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTTY && env.TERM !== 'dumb';
}

/** A terminal on these streams; a reader of them that goes away is no error. */
export function openTerminal(out: Sink, err: Sink, env: Environment): Terminal {
  return {
    paint: wantsColour(env, out.isTTY ?? false) ? colours() : PLAIN,
    print: (text) => void out.write(text),
    tell: (line) => void err.write(`${line}\n`),
    progress: (quiet) => progressOn(err, quiet ? 'none' : err.isTTY ? 'line' : 'lines', () => process.uptime() * 1000),
  };
}

function colours(): Paint {
  const { bold, green, red, dim } = picocolors.createColors(true);
  return { strong: bold, good: green, bad: red, faint: dim };
}
