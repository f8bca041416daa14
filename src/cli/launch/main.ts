#!/usr/bin/env node
/**
 * What `middlebox` starts: it takes the program with what V8 compiled of it when it was built (`scripts/build.ts`), so
 * that nothing is compiled at start that was compiled before. Another version of V8 declines that, and compiles anew.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { compiledFor, PROGRAM, wrapProgram } from './compiled.ts';

/** What the text of the program evaluates to. */
type Program = (require: NodeJS.Require, file: string) => void;

/**
 * How much a function must have run before it is optimised, fifteen times what V8 11 (of Node 20) holds for right: most
 * commands are over before it pays, and longer ones take less time too, as what is optimised later is thrown away less
 * often. Later versions count otherwise, and have no such flag.
 */
const PATIENCE = '--interrupt-budget=1000000';

const file = join(__dirname, 'program.js');
const text = readFileSync(file, 'latin1');
const cachedData = compiledFor(text, readFileSync(join(__dirname, 'program.bin')));
const script = new Script(wrapProgram(text), {
  filename: PROGRAM,
  ...(cachedData === undefined ? {} : { cachedData }),
});
// after V8 has taken what was compiled, which it would decline from one with other flags
if (process.versions.v8.startsWith('11.')) setFlagsFromString(PATIENCE);
(script.runInThisContext() as Program)(require, file);
