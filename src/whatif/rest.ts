/** Where every flow begins: the services run, addresses are leased, and no packet is on its way. */
import { checkChange } from '../scenarios/check/scenario.ts';
import { InputError } from '../scenarios/issue.ts';
import { type Change, type ChangeItem, changeItems } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { World } from '../sim/world/world.ts';

/** A change taken apart: the design that it leads to, and what it does to links and nodes as they run. */
export interface Edited {
  readonly design: Design;
  readonly wiring: readonly ChangeItem[];
}

/** The design after a change; one that does not fit throws an `InputError`, its paths relative to the change. */
export function edit(design: Design, change: Change): Edited {
  const after = checkChange(change, design);
  if (Array.isArray(after)) throw new InputError(after);
  return { design: after as Design, wiring: changeItems(change).filter((item) => !('op' in item)) };
}

/** A world of a checked design at rest, with links and nodes up or down as `wiring` says, which must fit it. */
export function atRest(design: Design, wiring: readonly ChangeItem[], seed: number): World {
  const world = new World(design, { seed });
  const issues = wiring.length === 0 ? [] : world.apply(wiring);
  if (issues.length > 0) throw new InputError(issues);
  world.settle();
  return world;
}
