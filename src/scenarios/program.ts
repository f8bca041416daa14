import { fail } from '../sim/base/fail.ts';
import type { Millis } from '../sim/base/time.ts';
import type { App, Finding } from '../sim/host/app/app.ts';
import type { World } from '../sim/world/world.ts';

/** What a program on a node found out, and the name under which the trace knows its packets. */
export interface Ran {
  readonly program: string | undefined;
  readonly finding: Finding;
}

/** No program runs longer; each has a timeout of its own that is far shorter, unless the scenario gives it days. */
const LONGEST: Millis = 400 * 86_400_000;

/** Runs a client program to its end. */
export function run(world: World, node: string, app: App<unknown>): Ran {
  const program = world.launch(node, app);
  world.runUntil(world.now + LONGEST, () => world.finding(program) !== undefined);
  return { program, finding: world.finding(program) ?? fail(`${program} never finished`) };
}
