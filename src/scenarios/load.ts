/** From the text of a scenario file to the file, or to everything wrong with it. */
import type { Issue } from '../sim/base/fail.ts';
import { InputError, type Located } from './issue.ts';
import { readJson } from './json.ts';
import { keyPositionOf, positionOf, type Source } from './locate.ts';
import type { ScenarioFile } from './schema.ts';
import { validate } from './validate.ts';

/** A scenario file that can be run, with the text it came from. */
export interface Loaded {
  readonly file: ScenarioFile;
  readonly source: Source;
}

/**
 * Reads JSON, with comments, of at most 16 Mi characters and nested at most 100 deep. Returns every issue, in the order
 * of the text; `fileName` is what they call the file.
 */
export function tryLoad(text: string, fileName: string): Loaded | { readonly issues: readonly Located[] } {
  const read = readJson(text, fileName);
  if (!('source' in read)) return read;
  const { source, value } = read;
  const found = validate(value).map((issue) => ({ ...issue, file: fileName, ...placeOf(issue, source) }));
  const issues = [...read.issues, ...found].sort((a, b) => a.line - b.line || a.column - b.column);
  return issues.length > 0 ? { issues } : { file: value as unknown as ScenarioFile, source };
}

/** As `tryLoad`, but bad input throws an `InputError` with all issues. */
export function load(text: string, fileName: string): Loaded {
  const result = tryLoad(text, fileName);
  if ('issues' in result) throw new InputError(result.issues);
  return result;
}

/** Issues about a key rather than its value. */
const ABOUT_KEYS: ReadonlySet<string> = new Set(['unrecognized_keys', 'invalid_key']);

function placeOf(issue: Issue, source: Source): { line: number; column: number } {
  return ABOUT_KEYS.has(issue.code) ? keyPositionOf(source, issue.path) : positionOf(source, issue.path);
}
