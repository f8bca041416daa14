/** Makes the benchmarks in the form in which the command is made: `.bench/main.cjs` and the programs that it starts. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, ROOT } from '../build/bundle.ts';

const OUT = join(ROOT, '.bench');

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT);
for (const name of ['main', 'child', 'whatif']) {
  writeFileSync(join(OUT, `${name}.cjs`), (await bundle(`scripts/bench/${name}.ts`)).text);
}
