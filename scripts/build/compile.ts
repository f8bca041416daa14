/** Runs a program that `scripts/build.ts` made, and writes down what V8 compiled of it: compile.ts FOLDER [ARGUMENT…] */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { keepCompiled, PROGRAM, wrapProgram } from '../../src/cli/launch/compiled.ts';

const [node = '', , folder = '', ...argv] = process.argv;
const file = join(folder, 'program.js');
const text = readFileSync(file, 'latin1');
const script = new Script(wrapProgram(text), { filename: PROGRAM });
process.argv = [node, file, ...argv];
process.on('exit', () => writeFileSync(join(folder, 'program.bin'), keepCompiled(text, script.createCachedData())));
script.runInThisContext()(createRequire(file), file);
