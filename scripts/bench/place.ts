/**
 * Where things are. The benchmarks run as the command does, each program in one file (`.bench`): what runs TypeScript on
 * the fly calls a helper for each function that it gives a name, which the fast paths would be timed with.
 */
import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** The folder of the package. */
export const ROOT = rootOf(dirname(HERE));

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}

/** What node is to be given to run a script that stands here beside the others, in the form in which they run. */
export function argvOf(name: string): readonly string[] {
  const form = extname(HERE);
  const script = join(dirname(HERE), `${name}${form}`);
  return form === '.ts' ? ['--import', 'tsx', script] : [script];
}
