/** From places in a document to lines and columns of its text. */
import { type Node, parseTree } from 'jsonc-parser';
import { fail } from '../sim/base/fail.ts';
import type { Path } from '../sim/base/path.ts';
import type { Position } from './issue.ts';

/** A text that was read, with its syntax tree. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly root: Node;
  /** The offset at which each line begins. */
  readonly lines: readonly number[];
}

/** A text of which nothing is wrong: its tree and its lines are made when a place in it is asked for. */
export function sourceOf(file: string, text: string): Source {
  let root: Node | undefined;
  let lines: readonly number[] | undefined;
  return {
    file,
    text,
    get root() {
      root ??= parseTree(text) ?? fail('a JSON text without a value');
      return root;
    },
    get lines() {
      lines ??= lineStarts(text);
      return lines;
    },
  };
}

/** The offsets at which lines begin; a line ends with LF, CR or both. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (const found of text.matchAll(/\r\n|\n|\r/g)) starts.push(found.index + found[0].length);
  return starts;
}

/** The position of an offset, by binary search. */
export function positionAt(lines: readonly number[], offset: number): Position {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
}

/** Where a value begins; of a place that is not there, the nearest one around it. */
export function positionOf(source: Source, path: Path): Position {
  return positionAt(source.lines, find(source.root, path).value.offset);
}

/** Where the key of a member begins; of anything else, the value. */
export function keyPositionOf(source: Source, path: Path): Position {
  const { key, value } = find(source.root, path);
  return positionAt(source.lines, (key ?? value).offset);
}

/** `scenarios.json:57`, the line of a place. */
export function showPlace(source: Source, path: Path): string {
  return `${source.file}:${positionOf(source, path).line}`;
}

interface Found {
  readonly key: Node | undefined;
  readonly value: Node;
}

function find(root: Node, path: Path): Found {
  let found: Found = { key: undefined, value: root };
  for (const step of path) {
    const next = typeof step === 'number' ? item(found.value, step) : member(found.value, step);
    if (next === undefined) return { key: undefined, value: found.value };
    found = next;
  }
  return found;
}

function item(list: Node, i: number): Found | undefined {
  const value = list.type === 'array' ? list.children?.[i] : undefined;
  return value === undefined ? undefined : { key: undefined, value };
}

/** Of members with the same key the last, whose value counts. */
function member(object: Node, name: string): Found | undefined {
  if (object.type !== 'object') return undefined;
  const [key, value] = object.children?.findLast((each) => each.children?.[0]?.value === name)?.children ?? [];
  return value === undefined ? undefined : { key, value };
}
