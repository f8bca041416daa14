/** Where in the scenario file a part of its network stands, also when changes have moved it or put it there. */
import { type Path, parsePath } from '../../sim/base/path.ts';
import { applyOperations, type Change, changeItems, type Operation } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { parsePointer } from '../../sim/design/pointer.ts';
import type { Place } from '../../sim/program/program.ts';
import { designOf } from '../run.ts';
import type { Scenario, ScenarioFile } from '../schema.ts';

/** From a place in a node's design to one in the file; undefined when nothing in the file says it. */
export type Originate = (node: string, place: Place) => Path | undefined;

/** An operation that was carried out, and where it stands in the file. */
interface Edit {
  readonly operation: Operation;
  readonly path: Path;
}

/** The design while a step runs, and what made it so. */
interface Moment {
  readonly design: Design;
  readonly edits: readonly Edit[];
}

/** For each step of a scenario, by its index, the way from places to the file; before the first step too (-1). */
export function originsOf(file: ScenarioFile, scenario: Scenario): (step: number) => Originate {
  const { network } = scenario;
  const root: Path = ['scenarios', file.scenarios?.indexOf(scenario) ?? -1];
  const base: Path = typeof network === 'string' ? ['networks', network] : [...root, 'network'];
  const original = designOf(file, scenario);
  const moments = momentsOf(original, scenario, root);
  let known: ReadonlyMap<unknown, Path> | undefined;
  const places = (): ReadonlyMap<unknown, Path> => {
    known ??= new Map(partsOf(original, []));
    return known;
  };
  return (step) => (node, place) => {
    const path = pathOf(node, place);
    const { design, edits } = moments[step + 1] ?? { design: original, edits: [] };
    if (path === undefined || partAt(design, path) === undefined) return undefined;
    return edits.length === 0 ? [...base, ...path] : trackDown(path, { design, edits }, { base, places: places() });
  };
}

/** What is said of the network as a whole stands beside its nodes. */
function pathOf(node: string, place: Place): Path | undefined {
  if (place === 'publicInternet' || place === 'routing') return [place];
  const path = parsePath(place);
  if (path === undefined || path[0] === 'links') return path;
  return ['nodes', node, ...path];
}

/** The design before the first step and after each: a change is in force from its own step on. */
function momentsOf(original: Design, scenario: Scenario, root: Path): readonly Moment[] {
  let moment: Moment = { design: original, edits: [] };
  if (scenario.change !== undefined) moment = edited(moment, scenario.change, [...root, 'change']);
  const moments = [moment];
  for (const [i, step] of scenario.steps.entries()) {
    if ('change' in step) moment = edited(moment, step.change, [...root, 'steps', i, 'change']);
    moments.push(moment);
  }
  return moments;
}

/** A change that does not apply changes nothing. */
function edited({ design, edits }: Moment, change: Change, path: Path): Moment {
  const added = changeItems(change).flatMap((item, i): Edit[] =>
    'op' in item ? [{ operation: item, path: Array.isArray(change) ? [...path, i] : path }] : [],
  );
  const operations = added.map(({ operation }) => operation);
  const after = operations.length === 0 ? design : applyOperations(design, operations);
  return Array.isArray(after) ? { design, edits } : { design: after, edits: [...edits, ...added] };
}

interface Original {
  readonly base: Path;
  readonly places: ReadonlyMap<unknown, Path>;
}

/**
 * What no edit touched is the very object that was written, wherever it is now; else the last edit that made it so. An
 * object that was both edited and moved is not found.
 */
function trackDown(path: Path, { design, edits }: Moment, { base, places }: Original): Path | undefined {
  const part = partAt(design, path);
  const whole = typeof part === 'object' ? places.get(part) : undefined;
  if (whole !== undefined) return [...base, ...whole];
  for (const { operation, path: at } of edits.toReversed()) {
    const pointer = parsePointer(operation.path) ?? [];
    if ('value' in operation && operation.op !== 'test') {
      const inside = findEqual(operation.value, part, pointer, path);
      if (inside !== undefined) return [...at, 'value', ...inside];
    }
    if (pointer.length > path.length && path.every((step, i) => String(step) === pointer[i])) return at;
  }
  return typeof part === 'object' ? undefined : [...base, ...path];
}

/** Where in an operation's value a part stands; text and numbers, which many parts share, only at their own place. */
function findEqual(value: unknown, part: unknown, pointer: readonly string[], path: Path): Path | undefined {
  if (typeof part === 'object') return [...partsOf(value, [])].find(([each]) => same(each, part))?.[1];
  const rest = path.slice(pointer.length);
  const leads = pointer.every((step, i) => step === String(path[i]));
  return leads && partAt(value, rest) === part ? rest : undefined;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Every object and list in a value, itself first, with its place. */
function* partsOf(value: unknown, path: Path): Generator<[unknown, Path]> {
  if (typeof value !== 'object' || value === null) return;
  yield [value, path];
  for (const [key, part] of Object.entries(value)) {
    yield* partsOf(part, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function partAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? at[step as keyof typeof at] : undefined,
    value,
  );
}
