/** `init`: a commented file to start from. */
import { writeFile } from 'node:fs/promises';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { quoteArgument } from './quote.ts';
import { STARTER } from './starter.ts';
import type { Terminal } from './terminal.ts';

/** Never writes over a file that is there. */
export async function init(name: string, terminal: Terminal): Promise<ExitCode> {
  try {
    await writeFile(name, STARTER, { flag: 'wx' });
  } catch (error) {
    throw new Refusal(explain(error, name));
  }
  terminal.print(`Wrote ${name}. Try it: middlebox run ${quoteArgument(name)}\n`);
  return EXIT.held;
}

function explain(error: unknown, name: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return `${name} is there already, and is left as it is`;
  return code === 'ENOENT' ? `there is no folder for ${name}` : `${name} cannot be written: ${message}`;
}
