/** Where every flow begins: the services run, addresses are leased, and no packet is on its way. */
import { InputError } from '../scenarios/issue.ts';
import type { Issue } from '../sim/base/fail.ts';
import { applyOperations, type Change, type ChangeItem, changeItems, type Operation } from '../sim/design/change.ts';
import { check } from '../sim/design/check.ts';
import type { Design } from '../sim/design/design.ts';
import { World } from '../sim/world/world.ts';

/** A change taken apart: the design that it leads to, and what it does to links and nodes as they run. */
export interface Edited {
  readonly design: Design;
  readonly wiring: readonly ChangeItem[];
}

/** The design after a change; one that does not fit throws an `InputError`, whose paths begin in the list of its items. */
export function edit(design: Design, change: Change): Edited {
  const items = changeItems(change);
  const operations = items.flatMap((item, at) => ('op' in item ? [{ item, at }] : []));
  const wiring = items.filter((item) => !('op' in item));
  const after = operations.length === 0 ? design : applied(design, operations);
  return { design: after, wiring };
}

function applied(design: Design, operations: readonly { readonly item: Operation; readonly at: number }[]): Design {
  const after = applyOperations(
    design,
    operations.map(({ item }) => item),
  );
  if (Array.isArray(after)) {
    const moved = after.map((issue: Issue) => {
      const [i, ...rest] = issue.path;
      return { ...issue, path: [operations[Number(i)]?.at ?? 0, ...rest] };
    });
    throw new InputError(moved);
  }
  const issues = check(after);
  if (issues.length > 0) throw new InputError(issues.map((issue) => ({ ...issue, path: [0, ...issue.path] })));
  return after;
}

/** A world of a checked design at rest, with links and nodes down as `wiring` says. */
export function atRest(design: Design, wiring: readonly ChangeItem[], seed: number): World {
  const world = new World(design, { seed });
  const issues = wiring.length === 0 ? [] : world.apply(wiring);
  if (issues.length > 0) throw new InputError(issues);
  world.settle();
  return world;
}
