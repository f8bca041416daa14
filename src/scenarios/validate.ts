/** A scenario file as a value: its shape, and then what its parts say about each other. */
import type { Issue } from '../sim/base/fail.ts';
import type { Path } from '../sim/base/path.ts';
import { didYouMean } from '../sim/base/suggest.ts';
import { check } from '../sim/design/check.ts';
import type { Design } from '../sim/design/design.ts';
import { show, validate as validateShape } from '../sim/design/validate.ts';
import { checkInvariant } from './check/invariant.ts';
import { checkScenario } from './check/scenario.ts';
import type { InvariantSpec } from './invariant/schema.ts';
import { MAX_DEPTH } from './json.ts';
import { type Scenario, scenarioFileSchema } from './schema.ts';

/**
 * Everything wrong with a scenario file; empty when it can be run. What fits the schema is checked further even where
 * other parts of the file do not fit it.
 */
export function validate(value: unknown): Issue[] {
  const strange = notJson(value);
  if (strange.length > 0) return strange;
  const shape = validateShape(scenarioFileSchema, value);
  const broken = shape.filter(({ code }) => code !== 'unrecognized_keys').map(({ path }) => path);
  return [...shape, ...checkParts(value, (part) => !broken.some((path) => touch(path, part)))];
}

/** Whether one of two places lies in the other. */
function touch(a: Path, b: Path): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((step, i) => step === b[i]);
}

/** The checks of all parts that fit the schema, of which alone it is known what they are. */
function checkParts(value: unknown, fits: (path: Path) => boolean): Issue[] {
  const networks = new Map<string, Network>();
  const issues: Issue[] = [];
  for (const [name, network] of membersOf(memberOf(value, 'networks'))) {
    const path = ['networks', name];
    if (!fits(path)) networks.set(name, undefined);
    else networks.set(name, examine(network as Design, path, issues));
  }
  issues.push(...examineInvariants(memberOf(value, 'invariants'), networks, fits));
  const scenarios = memberOf(value, 'scenarios');
  if (!Array.isArray(scenarios)) return issues;
  const names = new Map<string, number>();
  for (const [i, scenario] of scenarios.entries()) {
    const path = ['scenarios', i];
    for (const issue of nameTwice(memberOf(scenario, 'name'), i, names)) issues.push(issue);
    if (fits(path)) for (const issue of examineScenario(scenario as Scenario, path, networks)) issues.push(issue);
  }
  return issues;
}

/** A network that fits the schema, and whether anything else is wrong with it. */
type Network = { readonly design: Design; readonly clean: boolean } | undefined;

function examine(design: Design, path: Path, issues: Issue[]): Network {
  const found = check(design);
  for (const issue of found) issues.push({ ...issue, path: [...path, ...issue.path] });
  return { design, clean: found.length === 0 };
}

function examineInvariants(
  invariants: unknown,
  networks: ReadonlyMap<string, Network>,
  fits: (path: Path) => boolean,
): Issue[] {
  if (!Array.isArray(invariants)) return [];
  const sound = new Map(
    [...networks].flatMap(([name, found]) => (found === undefined ? [] : [[name, found.design] as const])),
  );
  return invariants.flatMap((invariant, i) => {
    const path = ['invariants', i];
    if (!fits(path)) return [];
    const found = checkInvariant(invariant as InvariantSpec, sound, sound.size < networks.size);
    return found.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
  });
}

function examineScenario(scenario: Scenario, path: Path, networks: ReadonlyMap<string, Network>): Issue[] {
  const issues: Issue[] = [];
  const { network } = scenario;
  if (typeof network === 'string' && !networks.has(network)) {
    const hint = didYouMean(network, networks.keys());
    const message = `there is no network "${network}"`;
    return [{ code: 'unknown-name', path: [...path, 'network'], message, ...(hint === undefined ? {} : { hint }) }];
  }
  const found = typeof network === 'string' ? networks.get(network) : examine(network, [...path, 'network'], issues);
  const changes = scenario.change !== undefined || scenario.steps.some((step) => 'change' in step);
  if (found === undefined || (!found.clean && changes)) return issues;
  for (const issue of checkScenario(scenario, found.design)) issues.push({ ...issue, path: [...path, ...issue.path] });
  return issues;
}

function nameTwice(name: unknown, i: number, names: Map<string, number>): Issue[] {
  if (typeof name !== 'string') return [];
  const first = names.get(name);
  names.set(name, first ?? i);
  if (first === undefined) return [];
  return [
    { code: 'duplicate', path: ['scenarios', i, 'name'], message: `scenarios[${first}] is called "${name}" too` },
  ];
}

function membersOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function memberOf(value: unknown, name: string): unknown {
  return membersOf(value).find(([key]) => key === name)?.[1];
}

/** What in a value no JSON text could say; members that are undefined count as left out. */
function notJson(value: unknown): Issue[] {
  const issues: Issue[] = [];
  lookForStrange(value, [], issues);
  return issues;
}

/** `path` leads to the value, and is the same again afterwards: of most values there is nothing to say. */
function lookForStrange(value: unknown, path: (string | number)[], issues: Issue[]): void {
  const because = (message: string): void => void issues.push({ code: 'json', path: [...path], message });
  if (path.length > MAX_DEPTH) return because(`nested more than ${MAX_DEPTH} deep`);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      return Number.isFinite(value) ? undefined : because(`${value} is not a JSON number`);
    case 'object':
      break;
    default:
      return because(`${show(value)} is not a JSON value`);
  }
  if (value === null) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) lookInto(item, i, path, issues);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return because('this object is not plain data');
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__') issues.push({ code: 'key', path: [...path, key], message: '"__proto__" is not a name' });
    else if (member !== undefined) lookInto(member, key, path, issues);
  }
}

function lookInto(value: unknown, step: string | number, path: (string | number)[], issues: Issue[]): void {
  path.push(step);
  lookForStrange(value, path, issues);
  path.pop();
}
