import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compiledFor, keepCompiled, markProgram, wrapProgram } from '../../../src/cli/launch/compiled.ts';

const [MARK, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const COMPILED = Uint8Array.of(0, 1, 254, 255);
const program = markProgram(MARK, 'require(1);');

describe('what was compiled of a program', () => {
  it('is found again', () => {
    expect(compiledFor(program, Buffer.from(keepCompiled(program, COMPILED)))).toEqual(Buffer.from(COMPILED));
  });

  it('is not taken for that of another text, as long as the first', () => {
    const other = markProgram(OTHER, 'require(2);');
    expect(compiledFor(other, Buffer.from(keepCompiled(program, COMPILED)))).toBeUndefined();
  });

  it('is not found in a file that was cut short', () => {
    expect(compiledFor(program, Buffer.from(keepCompiled(program, COMPILED)).subarray(0, 10))).toBeUndefined();
  });
});

describe('a program', () => {
  it('is a function of what it is given, its mark a comment', () => {
    const heard: unknown[] = [];
    runInThisContext(wrapProgram(program))((name: unknown) => heard.push(name), 'x.js');
    expect(heard).toEqual([1]);
  });
});
