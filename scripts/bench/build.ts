/** Makes the benchmarks in the form in which the command is made: `.bench/main.cjs` and the programs that it starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, ROOT } from '../build/bundle.ts';

const OUT = join(ROOT, '.bench');

// it also keeps peers that were built from source
mkdirSync(OUT, { recursive: true });
for (const name of ['main', 'child', 'whatif']) {
  writeFileSync(join(OUT, `${name}.cjs`), (await bundle(`scripts/bench/${name}.ts`)).text);
}
