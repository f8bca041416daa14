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
import { FOLDING, PATIENCE } from './flags.ts';

/** What the text of the program evaluates to. */
type Program = (require: NodeJS.Require, file: string) => void;

const file = join(__dirname, 'program.js');
const text = readFileSync(file, 'latin1');
const cachedData = compiledFor(text, readFileSync(join(__dirname, 'program.bin')));
const script = new Script(wrapProgram(text), {
  filename: PROGRAM,
  ...(cachedData === undefined ? {} : { cachedData }),
});
// after V8 has taken what was compiled, which it would decline from one with other flags
if (process.versions.v8.startsWith('11.')) for (const flag of [PATIENCE, ...FOLDING]) setFlagsFromString(flag);
(script.runInThisContext() as Program)(require, file);
