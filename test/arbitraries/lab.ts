/** Runs as scenarios for the real kernel. */
import type fc from 'fast-check';
import type { Scenario, Step } from '../../src/scenarios/schema.ts';
import { anyDesign } from './design.ts';
import { anyRun, type Run } from './step.ts';

/** A small network, a few steps on it, and a look at every table in the end; waits are short enough to be waited for. */
export function anyLabScenario(): fc.Arbitrary<Scenario> {
  return anyRun(anyDesign({ nodes: 6 }), 6, ['1s']).map(scenarioOf);
}

/** Longer waits are passed over. */
export const LONGEST_WAIT_MS = 1500;

function scenarioOf({ design, steps }: Run): Scenario {
  const tracking = Object.entries(design.nodes).flatMap(([name, { nat, firewall }]) =>
    nat === undefined && firewall === undefined ? [] : [name],
  );
  const looks = tracking.map((name): Step => ({ inspect: name }));
  return { name: 'generated', network: design, steps: [...steps, ...looks] };
}
