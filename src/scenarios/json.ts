/** JSON with comments, read with the places of everything wrong in it. Read RFC 8259 first. */
import { createScanner, type Node, type ParseError, parseTree } from 'jsonc-parser';
import type { Path } from '../sim/base/path.ts';
import type { Json } from '../sim/design/patch.ts';
import type { Located } from './issue.ts';
import { lineStarts, positionAt, type Source, sourceOf } from './locate.ts';

/** The longest text that is read, in UTF-16 code units: 16 Mi. */
export const MAX_LENGTH = 16 * 1024 * 1024;
/** How deep objects and lists may be nested. */
export const MAX_DEPTH = 100;
/** After so many syntax errors the rest are consequences. */
const MAX_ERRORS = 20;

/** The document with its value. `issues` are about the names of members; the value is there in spite of them. */
export interface JsonText {
  readonly source: Source;
  readonly value: Json;
  readonly issues: readonly Located[];
}

/** Reads a text, a byte order mark before it allowed; a text without a readable value gives only issues. */
export function readJson(given: string, file: string): JsonText | { readonly issues: readonly Located[] } {
  const text = given.startsWith('\uFEFF') ? given.slice(1) : given;
  const value = text.length > MAX_LENGTH ? undefined : readPlain(text);
  return value === undefined ? readTree(text, file) : { source: sourceOf(file, text), value, issues: [] };
}

/** The value of a text of which there is nothing to say; undefined of any other. */
function readPlain(text: string): Json | undefined {
  try {
    const plain = withoutComments(text);
    const value = JSON.parse(plain) as Json;
    // a name that is there twice is one member
    return countMembers(value, 0) === countColons(plain) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The text with a space for each comment; one that is not closed stays, and so does what looks like one in a string. */
function withoutComments(text: string): string {
  if (!text.includes('//') && !text.includes('/*')) return text;
  return text.replace(STRING_OR_COMMENT, (found) => (COMMENT.test(found) ? ' ' : found));
}

/** What is not closed goes on to the end, so that no text is looked at twice. */
const STRING_OR_COMMENT = /"[^"\\]*(?:\\.[^"\\]*)*"?|\/\/[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const COMMENT = /^(?:\/\/|\/\*[\s\S]*\*\/$)/;

/** How many members the objects in a value have; NaN where one has no name to be, or is nested too deep. */
function countMembers(value: Json, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === MAX_DEPTH) return Number.NaN;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, depth + 1);
    return count;
  }
  for (const [name, member] of Object.entries(value)) {
    count += name === '__proto__' ? Number.NaN : 1 + countMembers(member, depth + 1);
  }
  return count;
}

const [QUOTE, BACKSLASH, COLON] = ['"', '\\', ':'].map((sign) => sign.charCodeAt(0));

/** How many colons a JSON text has that stand in no string: one for each member. */
function countColons(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === COLON) count += 1;
    if (code !== QUOTE) continue;
    for (i += 1; text.charCodeAt(i) !== QUOTE; i += 1) if (text.charCodeAt(i) === BACKSLASH) i += 1;
  }
  return count;
}

/** The value of any text, with all that is to be said of it. */
function readTree(text: string, file: string): JsonText | { readonly issues: readonly Located[] } {
  const lines = text.length > MAX_LENGTH ? [0] : lineStarts(text);
  const at = (offset: number, message: string, code = 'syntax', path: Path = []): Located => ({
    file,
    ...positionAt(lines, Math.min(offset, text.length)),
    code,
    path,
    message,
  });
  if (text.length > MAX_LENGTH) {
    return { issues: [at(0, `the file is too large: ${text.length} characters, of at most ${MAX_LENGTH}`)] };
  }
  const tooDeep = offsetTooDeep(text);
  if (tooDeep !== undefined) return { issues: [at(tooDeep, `nested more than ${MAX_DEPTH} deep`)] };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors);
  if (createScanner(text, true).scan() === EOF && errors.every(({ error }) => error === VALUE_EXPECTED)) {
    return { issues: [at(0, 'the file is empty')] };
  }
  if (errors.length > 0 || root === undefined) {
    const first = [...new Map([...errors].reverse().map((error) => [error.offset, error])).values()].reverse();
    return { issues: first.slice(0, MAX_ERRORS).map((error) => at(error.offset, explain(error, text))) };
  }
  const issues: Located[] = [];
  const value = toValue(root, [], (node, code, path, message) => issues.push(at(node.offset, message, code, path)));
  return { source: { file, text, root, lines }, value, issues };
}

/** Where the nesting passes the limit; found without recursion, which such a text would exhaust. */
function offsetTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token = scanner.scan(); token !== EOF; token = scanner.scan()) {
    if (token === OPEN_BRACE || token === OPEN_BRACKET) depth += 1;
    if (token === CLOSE_BRACE || token === CLOSE_BRACKET) depth -= 1;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return undefined;
}

/** Token kinds of jsonc-parser, whose const enum other compilers cannot see. */
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, EOF] = [1, 2, 3, 4, 17];
/** Error codes of jsonc-parser, likewise. */
const [NAME_EXPECTED, VALUE_EXPECTED] = [3, 4];
const ERRORS: Readonly<Record<number, string>> = {
  1: 'this is not JSON',
  2: 'this is not a number',
  3: 'a name in double quotes is missing here',
  4: 'a value is missing here',
  5: 'a colon is missing here',
  6: 'a comma is missing here',
  7: 'a closing brace "}" is missing here',
  8: 'a closing bracket "]" is missing here',
  9: 'there is more text after the end',
  10: 'this comment is not closed',
  11: 'this comment is not closed',
  12: 'the closing quote of this text is missing',
  13: 'this number is not finished',
  14: 'after "\\u" there must be four hexadecimal digits',
  15: 'this escape is not known; "\\\\" stands for a backslash',
  16: 'a control character must be written as an escape, "\\n" or "\\u0009"',
};

function explain(error: ParseError, text: string): string {
  if (error.error === NAME_EXPECTED || error.error === VALUE_EXPECTED) {
    const before = text.slice(0, error.offset).trimEnd();
    if (before.endsWith(',') && '}]'.includes(text[error.offset] ?? ' '))
      return 'there is a comma too many before this';
  }
  const message = ERRORS[error.error] ?? 'this is not JSON';
  const found = text.slice(error.offset, error.offset + Math.min(error.length, 20)).split(/[\r\n]/, 1)[0] ?? '';
  return found === '' ? message : `${message}: ${found}`;
}

type Report = (node: Node, code: string, path: Path, message: string) => void;

/** The value of a tree, which is no deeper than the limit. */
function toValue(node: Node, path: Path, report: Report): Json {
  if (node.type === 'array') return (node.children ?? []).map((item, i) => toValue(item, [...path, i], report));
  if (node.type === 'object') return toObject(node, path, report);
  return node.value as Json;
}

function toObject(node: Node, path: Path, report: Report): Json {
  const members = new Map<string, Json>();
  for (const { children: [key, value] = [] } of node.children ?? []) {
    if (key === undefined || value === undefined) continue;
    const name = String(key.value);
    const at = [...path, name];
    if (name === '__proto__') report(key, 'key', at, '"__proto__" is not a name');
    else if (members.has(name)) report(key, 'duplicate', at, `"${name}" is there twice`);
    members.set(name, toValue(value, at, report));
  }
  members.delete('__proto__');
  return Object.fromEntries(members);
}
