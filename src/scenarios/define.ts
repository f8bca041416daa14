/** Networks and scenarios written in TypeScript: the shape of the file, checked where they are written. */
import { check } from '../sim/design/check.ts';
import { type Design, designSchema } from '../sim/design/design.ts';
import { validate } from '../sim/design/validate.ts';
import { checkScenario } from './check/scenario.ts';
import { InputError } from './issue.ts';
import { type Scenario, scenarioSchema } from './schema.ts';

/** The network itself; one that is not valid throws an `InputError` with every issue. */
export function defineNetwork(network: Design): Design {
  const shape = validate(designSchema, network);
  const issues = shape.length > 0 ? shape : check(network);
  if (issues.length > 0) throw new InputError(issues);
  return network;
}

/**
 * The scenario itself; one that is not valid throws an `InputError` with every issue. A network given by name is looked
 * up when the scenario is run.
 */
export function defineScenario(scenario: Scenario): Scenario {
  const shape = validate(scenarioSchema, scenario);
  if (shape.length > 0) throw new InputError(shape);
  const { network } = scenario;
  if (typeof network === 'string') return scenario;
  const own = check(network).map((issue) => ({ ...issue, path: ['network', ...issue.path] }));
  const issues = own.length > 0 ? own : checkScenario(scenario, network);
  if (issues.length > 0) throw new InputError(issues);
  return scenario;
}
