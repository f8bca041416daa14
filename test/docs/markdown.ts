/** Reads the documentation: its fenced blocks, its tables, its links. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Page {
  /** Relative to the root of the package. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly page: string;
  /** `ts`, `jsonc file`, `console`. */
  readonly kind: string;
  readonly line: number;
  readonly text: string;
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** The readme and every page below `docs`. */
export const PAGES: readonly Page[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map(readPage);

/** The fenced blocks of a page. */
export function blocksIn({ path, text }: Page): Block[] {
  return [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map((found) => ({
    page: path,
    kind: found[1] ?? '',
    line: text.slice(0, found.index).split('\n').length,
    text: found[2] ?? '',
  }));
}

/** The rows of all tables of a page, cell by cell. */
export function rowsIn({ text }: Page): string[][] {
  const lines = text.split('\n').filter((line) => /^\|.*\|$/.test(line) && !/^\|[ |:-]*\|$/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** The word in backticks with which a cell begins. */
export function nameIn(cell = ''): string {
  return /^`([^`]+)`/.exec(cell)?.[1] ?? '';
}

/** Where relative links of a page lead: a path from the root, and an anchor. */
export function linksIn({ path, text }: Page): { readonly to: string; readonly anchor: string | undefined }[] {
  const prose = text.replace(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    return [{ to: file === '' ? path : join(path, '..', file), anchor }];
  });
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsIn({ text }: Page): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replace(/\s/g, '-'),
  );
}
