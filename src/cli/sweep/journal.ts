/**
 * The journal of a sweep: a line of JSON for what was asked, then one for each what-if, in order. A sweep that was cut
 * short goes on where its journal ends, and the journals of several machines are merged into one.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import type { Outcome } from '../../whatif/sweep/outcome.ts';
import { Refusal } from '../exit.ts';

/** What was asked: the same in every journal of one sweep. */
export interface Header {
  readonly middlebox: 'sweep';
  readonly version: 1;
  /** SHA-256 of the network and of everything that decides what is tried. */
  readonly question: string;
  readonly network: string;
  readonly variants: number;
  readonly flows: number;
}

/** Which part of the what-ifs a journal holds: number `i` of `n`, from 1. */
export interface Shard {
  readonly i: number;
  readonly n: number;
}

/** A digest of JSON values, whatever their order of asking. */
export function digestOf(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('hex');
}

/** Whether a what-if belongs to the shard: they are dealt out in turn. */
export function isIn({ i, n }: Shard, index: number): boolean {
  return index % n === i - 1;
}

export interface Journal {
  readonly header: Header;
  readonly outcomes: readonly Outcome[];
  /** Bytes up to the end of the last whole line. */
  readonly length: number;
}

/** Reads a journal; a last line that was not written to its end is left out. What is no journal is a `Refusal`. */
export async function readJournal(file: string): Promise<Journal> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Refusal(`${file} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`);
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const [first = '', ...lines] = whole.split('\n').slice(0, -1);
  const header = parseLine(first, file, 1) as Partial<Header>;
  if (header.middlebox !== 'sweep') throw new Refusal(`${file} is not the journal of a sweep`);
  if (header.version !== 1)
    throw new Refusal(`${file} is a journal of version ${header.version}, this program reads 1`);
  const outcomes = lines.map((line, i) => parseLine(line, file, i + 2) as Outcome);
  return { header: header as Header, outcomes, length: new TextEncoder().encode(whole).length };
}

function parseLine(line: string, file: string, number: number): unknown {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // said below
  }
  throw new Refusal(`${file}:${number}: not a line of a sweep's journal`);
}

/** Journals of one sweep put together, in order; journals of different sweeps, or of the same part, are refused. */
export function mergeJournals(journals: readonly { readonly file: string; readonly journal: Journal }[]): Journal {
  const [first, ...others] = journals;
  if (first === undefined) throw new Refusal('name the journals to merge');
  for (const { file, journal } of others) {
    if (journal.header.question !== first.journal.header.question) {
      throw new Refusal(`${file} is of another sweep than ${first.file}: network or options differ`);
    }
  }
  const found = new Map<number, { readonly file: string; readonly outcome: Outcome }>();
  for (const { file, journal } of journals) {
    for (const outcome of journal.outcomes) {
      const before = found.get(outcome.index);
      if (before !== undefined && JSON.stringify(before.outcome) !== JSON.stringify(outcome)) {
        throw new Refusal(`${before.file} and ${file} disagree on "${outcome.id}"`);
      }
      found.set(outcome.index, { file, outcome });
    }
  }
  const outcomes = [...found.values()].map(({ outcome }) => outcome).sort((a, b) => a.index - b.index);
  return { header: first.journal.header, outcomes, length: 0 };
}

/** The lines of a journal, as they are written to a file. */
export function journalText({ header, outcomes }: Pick<Journal, 'header' | 'outcomes'>): string {
  return [header, ...outcomes].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** A journal that is being written: each outcome is in the file before the next one is asked for. */
export class JournalWriter {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Begins a journal, or goes on with the first `length` bytes of one. */
  static async open(path: string, header: Header, length?: number): Promise<JournalWriter> {
    try {
      if (length !== undefined) await truncate(path, length);
      const writer = new JournalWriter(await open(path, length === undefined ? 'w' : 'a'));
      if (length === undefined) await writer.#write(header);
      return writer;
    } catch (error) {
      throw new Refusal(`${path} cannot be written: ${error instanceof Error ? error.message : error}`);
    }
  }

  async add(outcomes: readonly Outcome[]): Promise<void> {
    for (const outcome of outcomes) await this.#write(outcome);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write(line: Header | Outcome): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(line)}\n`);
  }
}
