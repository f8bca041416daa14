/** What cases share: how much to do, the kernel's stand, and other programs with what they cost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute, findProgram, missing } from '../../src/lab/execute.ts';
import { guard, release } from '../../src/lab/stand/guard.ts';
import { KernelStand } from './kernel/stand.ts';
import type { Timing } from './measure.ts';
import { type Entry, Skipped } from './result.ts';

interface Amount {
  readonly quick: boolean;
  readonly long: boolean;
  readonly repeats: number;
}

export interface Case {
  /** Goals or names that `--only` chooses it by. */
  readonly ids: readonly string[];
  readonly title: string;
  run(context: Context): Promise<readonly Entry[]>;
}

export class Context {
  readonly amount: Amount;
  #stand: KernelStand | undefined;

  constructor(amount: Amount) {
    this.amount = amount;
  }

  /** The full size, or the one for trying things out. */
  size(full: number, quick: number): number {
    return this.amount.quick ? quick : full;
  }

  /** Namespaces without rules and connections; skips the case where there can be none. */
  async kernel(...programs: readonly string[]): Promise<KernelStand> {
    needs('gcc', ...programs);
    const lacking = missing({ nodes: {} });
    if (lacking.length > 0) throw new Skipped(`needs ${lacking.join(', ')}`);
    this.#stand ??= await KernelStand.build();
    await this.#stand.clear();
    return this.#stand;
  }

  async end(): Promise<void> {
    await this.#stand?.destroy();
    this.#stand = undefined;
  }
}

/** Skips the case unless all these programs are installed. */
export function needs(...programs: readonly string[]): void {
  const lacking = programs.filter((name) => findProgram(name) === undefined);
  if (lacking.length > 0) throw new Skipped(`not installed: ${lacking.join(', ')} (scripts/setup.sh bench)`);
}

/** Gives `work` a folder of its own (within `parent`), which is gone afterwards, however this program ends. */
export async function inFolder<T>(work: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const folder = mkdtempSync(join(parent, 'middlebox-bench-'));
  const kept = { destroyNow: () => rmSync(folder, { recursive: true, force: true }) };
  guard(kept);
  try {
    return await work(folder);
  } finally {
    release(kept);
    kept.destroyNow();
  }
}

/** Seconds, user and system time of a program, as bash tells it to the millisecond. */
const TIMES = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+)\s*$/m;

/** Runs a program to its end, as one operation; its CPU time is that of all its processes. */
export async function timedProgram(argv: readonly string[], input = ''): Promise<Timing> {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@"';
  const { code, err } = await execute({ argv: ['bash', '-c', script, 'bash', ...argv], input });
  const [, real, user, system] = TIMES.exec(err) ?? [];
  if (code !== 0 || real === undefined) throw new Error(`${argv.join(' ')}: ${err}`);
  return { cpuNs: (Number(user) + Number(system)) * 1e9, wallNs: Number(real) * 1e9 };
}

/** What a program says of its version. */
export async function versionOf(argv: readonly string[], pattern: RegExp): Promise<string> {
  const { out, err } = await execute({ argv });
  return pattern.exec(out + err)?.[0] ?? 'of an unknown version';
}
