/** The edge of the process: arguments in, exit code out. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { InputError } from '../scenarios/issue.ts';
import { commandLine } from './commands.ts';
import { EXIT, type ExitCode, Refusal } from './exit.ts';
import { openTerminal } from './terminal.ts';

const MANIFEST = new URL('../../package.json', import.meta.url);

const terminal = openTerminal(process.stdout, process.stderr, process.env);

/** Whoever reads the output may stop before its end (`| head`): the rest is not written, and the verdict stays. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    terminal.tell(`error: the output cannot be written: ${error.message}`);
    process.exit(EXIT.lacks);
  });
}

async function main(argv: readonly string[]): Promise<ExitCode> {
  let ended: ExitCode = EXIT.held;
  try {
    const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string };
    const program = commandLine(version, terminal, (code) => {
      ended = code;
    });
    for (const command of [program, ...program.commands]) command.exitOverride();
    await program.parseAsync(argv);
    return ended;
  } catch (error) {
    return report(error);
  }
}

/** What went wrong, on standard error. */
function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.held : EXIT.usage;
  if (error instanceof InputError) {
    terminal.tell(error.message);
    return EXIT.usage;
  }
  if (error instanceof Refusal) {
    terminal.tell(`error: ${error.message.replaceAll('\n', '\nerror: ')}`);
    return error.code;
  }
  terminal.tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  terminal.tell('This is a mistake in middlebox. Please report it, with the command and the file that led to it.');
  return EXIT.internal;
}

main(process.argv).then((code) => {
  process.exitCode = code;
});
