/** What a server has to give: files of any size that are made as they are asked for, and those that were stored. */
import { pattern, toLatin1 } from '../stream/bytes.ts';

/** By name, in one directory. */
export type Files = ReadonlyMap<string, Uint8Array>;

const LARGEST = 0x100_0000;

/** The file of N bytes, up to 16 MiB: `1024.bin`. Its content is `pattern(N)`. */
export function nameOfSize(bytes: number): string {
  return `${bytes}.bin`;
}

/** The name in the only directory, `/`; undefined for a path that leads elsewhere. */
export function nameIn(path: string): string | undefined {
  const name = path.replace(/^\/+|^(?:\.\/)+/, '');
  return name === '' || name === '.' || name === '..' || /[/\0\r\n]/.test(name) ? undefined : name;
}

/** Whether a path names the only directory. */
export function isRoot(path: string): boolean {
  return path.split('/').every((part) => part === '' || part === '.' || part === '..');
}

/** The content of the file with this path; undefined when there is none. */
export function read(files: Files, path: string): Uint8Array | undefined {
  const name = nameIn(path);
  if (name === undefined) return undefined;
  const [, digits] = /^(0|[1-9]\d{0,7})\.bin$/.exec(name) ?? [];
  const made = digits !== undefined && Number(digits) <= LARGEST ? pattern(Number(digits)) : undefined;
  return files.get(name) ?? made;
}

/** The directory: the names alone, or a line each as ls(1) has them. */
export function list(files: Files, style: 'names' | 'lines'): Uint8Array {
  const all = [...new Map([[nameOfSize(1024), pattern(1024)], ...files])];
  const lines = all.map(([name, { length }]) =>
    style === 'names' ? name : `-rw-r--r--    1 ftp      ftp      ${`${length}`.padStart(12)} Jan 01 00:00 ${name}`,
  );
  return toLatin1(lines.map((line) => `${line}\r\n`).join(''));
}
