/** Networks set in motion by hand: one step after the other, on one clock. */
import type { Design } from '../sim/design/design.ts';
import { validate } from '../sim/design/validate.ts';
import { World, type WorldOptions } from '../sim/world/world.ts';
import { checkStep } from './check/step.ts';
import { defineNetwork } from './define.ts';
import { InputError } from './issue.ts';
import { runStep, type StepReport } from './run.ts';
import { type Step, stepSchema } from './schema.ts';

/** A world of a network at time zero, its services running; a network that is not valid throws an `InputError`. */
export function simulate(network: Design, options: WorldOptions = {}): World {
  const world = new World(defineNetwork(network), options);
  world.settle();
  return world;
}

/**
 * Carries out one step of a scenario and says what came of it. State carries over: connections, translations, the
 * clock. A step that makes no sense on the network as it is now throws an `InputError`.
 */
export function perform(world: World, step: Step): StepReport {
  const shape = validate(stepSchema, step);
  const issues = shape.length > 0 ? shape : checkStep(step, world.design);
  if (issues.length > 0) throw new InputError(issues);
  const done = runStep(world, step, world.steps);
  if ('issues' in done) throw new InputError(done.issues.map((each) => ({ ...each, path: ['change', ...each.path] })));
  return done;
}
