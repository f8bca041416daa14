/**
 * What V8 made of a program, written down with a mark of the text that it was made of: V8 itself looks at the length of
 * the text alone, and would run what an older one said.
 */

/** What stack traces call the program, wherever it was built and is installed: what is compiled holds the name. */
export const PROGRAM = 'middlebox/dist/cli/program.js';

/** A program begins with its mark, a SHA-256 in hexadecimal, as a comment. */
const MARK = 64;
const BEFORE = '// '.length;

/** The text of a program with its mark. */
export function markProgram(mark: string, text: string): string {
  return `// ${mark}\n${text}`;
}

/** The text as V8 is to compile it: a function of what a CommonJS module is given. */
export function wrapProgram(program: string): string {
  return `(function (require, __filename) {${program}\n})`;
}

/** What is written down for a marked program. */
export function keepCompiled(program: string, compiled: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(markOf(program), 'latin1'), compiled]);
}

/** What was compiled of this very program; undefined when what was written down is of another. */
export function compiledFor(program: string, kept: Buffer): Buffer | undefined {
  return kept.toString('latin1', 0, MARK) === markOf(program) ? kept.subarray(MARK) : undefined;
}

function markOf(program: string): string {
  return program.slice(BEFORE, BEFORE + MARK);
}
