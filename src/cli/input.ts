/** What a command reads: a scenario file by its name, or standard input. */
import { existsSync, readFileSync } from 'node:fs';
import { InputError, type Located } from '../scenarios/issue.ts';
import { type Loaded, tryLoad } from '../scenarios/load.ts';
import type { Design } from '../sim/design/design.ts';
import { tryReadChange } from '../whatif/change.ts';
import type { ReadChange } from '../whatif/locate.ts';
import { DEFAULT_FILE, DEFAULT_WITH_COMMENTS } from './defaults.ts';
import { Refusal } from './exit.ts';

/** What messages call standard input. */
const STDIN = '<stdin>';

/** A text with the name by which messages speak of it. */
export interface Input {
  readonly name: string;
  readonly text: string;
}

/** Reads a file, `-` meaning standard input; a file that cannot be read is a `Refusal`. */
export async function readInput(file: string | undefined): Promise<Input> {
  if (file === '-') return { name: STDIN, text: decode(await readStdin(), STDIN) };
  const name = file ?? defaultFile();
  try {
    return { name, text: decode(readFileSync(name), name) };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(explain(error, name, file === undefined));
  }
}

/** Reads and checks a scenario file; everything wrong with it is one `InputError`. `told` hears of it first. */
export async function loadInput(
  file: string | undefined,
  told: (issues: readonly Located[]) => void = () => {},
): Promise<Loaded> {
  const { name, text } = await readInput(file);
  const loaded = tryLoad(text, name);
  if (!('issues' in loaded)) return loaded;
  const { issues } = loaded;
  told(issues);
  throw new InputError(issues);
}

/** Reads a change and checks it against the network that it is for; everything wrong with it is one `InputError`. */
export async function loadChange(file: string, design: Design): Promise<ReadChange> {
  const { name, text } = await readInput(file);
  const read = tryReadChange(text, name, design);
  if ('issues' in read) throw new InputError(read.issues);
  return read;
}

function defaultFile(): string {
  return !existsSync(DEFAULT_FILE) && existsSync(DEFAULT_WITH_COMMENTS) ? DEFAULT_WITH_COMMENTS : DEFAULT_FILE;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(`${name} is not text in UTF-8`);
  }
}

function explain(error: unknown, name: string, byDefault: boolean): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `there is no file ${name}${byDefault ? ': name one, or write a first one with "middlebox init"' : ''}`;
    case 'EISDIR':
      return `${name} is a folder, not a file`;
    case 'EACCES':
      return `${name} may not be read`;
    default:
      return `${name} cannot be read: ${message}`;
  }
}
