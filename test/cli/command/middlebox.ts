/** Runs the built command as users do, in a folder of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
export const CATALOGUE = fileURLToPath(new URL('../../../scenarios.json', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it even if it was run so before: for what is said of two runs. */
  readonly again?: boolean;
}

const known = new Map<string, Ran>();

/** The environment without what would change the output. */
function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR, ...rest } = process.env;
  return { ...rest, ...more };
}

/** Runs `middlebox` with these arguments to its end. The same call again gives the same answer without running it. */
export function middlebox(argv: readonly string[], { again = false, ...surroundings }: Surroundings = {}): Ran {
  const key = JSON.stringify([argv, surroundings]);
  const ran = (again ? undefined : known.get(key)) ?? execute(argv, surroundings);
  known.set(key, ran);
  return ran;
}

function execute(argv: readonly string[], { cwd, input = '', env }: Surroundings): Ran {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [MAIN, ...argv], {
    input,
    encoding: 'utf8',
    env: environment(env),
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (error !== undefined) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Starts it and lets the caller deal with its streams. */
export function start(argv: readonly string[], cwd: string) {
  return spawn(process.execPath, [MAIN, ...argv], { cwd, env: environment() });
}

/** A new folder with these files. */
export function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'middlebox-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
  return folder;
}
