/**
 * Programs in one file, as the command is one. Nothing is looked up and read file by file when it starts; and V8 knows
 * of functions within one function that they are never others, which it does not know of what modules export: packets
 * take a sixth less time.
 */
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build } from 'esbuild';

/** The folder of the package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  // one starts threads by the files that it is installed as, the other is large and for `check` alone
  external: ['tinypool', 'fast-check'],
  // `require` finds a package from where the program is; `import()` from where it was compiled
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'fileUrl' },
  banner: { js: "'use strict'; const fileUrl = require('node:url').pathToFileURL(__filename).href;" },
  // shorter to read; names stay, so that a stack says where it was
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  write: false,
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** A program, from its first file, with all that it needs; and which files that is. */
export async function bundle(entry: string): Promise<{ text: string; inputs: readonly string[] }> {
  const { outputFiles = [], metafile }: BuildResult = await build({ ...OPTIONS, entryPoints: [entry] });
  const [file] = outputFiles;
  if (file === undefined || metafile === undefined) throw new Error(`nothing came of ${entry}`);
  return { text: file.text, inputs: Object.keys(metafile.inputs) };
}
