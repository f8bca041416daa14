/** The licences of the packages that stand in a bundle, whose terms ask for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page with the name, the version and the licence text of each package; one without a text is an error. */
export function licencesOf(root: string, inputs: readonly string[]): string {
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  return [...packages]
    .toSorted()
    .map((path) => licenceOf(join(root, path)))
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Readonly<
    Record<string, string>
  >;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no text of its licence`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
