/** Finding what the user named, or saying what might have been meant. */
import type { Loaded } from '../scenarios/load.ts';
import type { Scenario } from '../scenarios/schema.ts';
import { didYouMean } from '../sim/base/suggest.ts';
import type { Design } from '../sim/design/design.ts';
import { Refusal } from './exit.ts';
import { globMatcher } from './glob.ts';

/** The thing of that name; a name that is not known is a `Refusal` with a suggestion. */
export function pickNamed<T>(what: string, name: string, all: ReadonlyMap<string, T>): T {
  const found = all.get(name);
  if (found !== undefined) return found;
  throw new Refusal(`there is no ${what} "${name}"${suggestion(name, [...all.keys()])}`);
}

/** The scenarios of a file, or those whose name matches a pattern; none at all is a `Refusal`. */
export function pickScenarios({ file, source }: Loaded, pattern: string | undefined): readonly Scenario[] {
  const scenarios = file.scenarios ?? [];
  if (scenarios.length === 0) throw new Refusal(`${source.file} has no scenarios to run`);
  if (pattern === undefined) return scenarios;
  return pickMatching('scenario', pattern, new Map(scenarios.map((scenario) => [scenario.name, scenario])));
}

/** The network of that name; without a name, the only one there is. `instead` says what to do where there is none. */
export function pickNetwork(
  { file, source }: Loaded,
  given: string | undefined,
  instead = '',
): { readonly name: string; readonly design: Design } {
  const networks = new Map(Object.entries(file.networks ?? {}));
  const name = given ?? onlyOne(networks, source.file, instead);
  return { name, design: pickNamed('network', name, networks) };
}

function onlyOne(networks: ReadonlyMap<string, unknown>, file: string, instead: string): string {
  const [first, ...others] = networks.keys();
  if (first === undefined) throw new Refusal(`${file} has no "networks"${instead}`);
  if (others.length === 0) return first;
  const names = [...networks.keys()].map((name) => `"${name}"`).join(', ');
  throw new Refusal(`${file} has several networks: choose one with --network (${names})`);
}

/** All whose name matches a pattern; none at all is a `Refusal` with a suggestion. */
function pickMatching<T>(what: string, pattern: string, all: ReadonlyMap<string, T>): readonly T[] {
  const matches = globMatcher(pattern);
  const found = [...all].filter(([name]) => matches(name)).map(([, thing]) => thing);
  if (found.length > 0) return found;
  throw new Refusal(`no ${what} matches "${pattern}"${wider(pattern, [...all.keys()])}`);
}

/** A part of a name is likely meant as `*part*`. */
function wider(pattern: string, names: readonly string[]): string {
  const inside = globMatcher(`*${pattern.toLowerCase()}*`);
  const within = names.find((name) => inside(name.toLowerCase()));
  if (within === undefined) return suggestion(pattern, names);
  return globMatcher(`*${pattern}*`)(within) ? ` (did you mean "*${pattern}*"?)` : ` (did you mean "${within}"?)`;
}

function suggestion(name: string, names: readonly string[]): string {
  const hint = didYouMean(name, names);
  if (hint !== undefined) return ` (${hint})`;
  if (names.length === 0) return '';
  const shown = names.slice(0, LISTED).map((each) => `"${each}"`);
  return `; there is ${shown.join(', ')}${names.length > LISTED ? ` and ${names.length - LISTED} more` : ''}`;
}

/** How many names are listed where none is close. */
const LISTED = 8;
