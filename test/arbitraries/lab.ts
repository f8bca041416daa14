/** Runs as scenarios for the real kernel. */
import type fc from 'fast-check';
import { anyDesign } from '../../src/arbitraries/design.ts';
import { anyRun, type Run } from '../../src/arbitraries/step.ts';
import type { Scenario, Step } from '../../src/scenarios/schema.ts';
import { planLab } from '../../src/sim/export/lab.ts';
import { giveLeases } from '../../src/sim/export/lease.ts';

/**
 * A small network that a kernel can be all of, a few steps on it, and a look at every table in the end. Waits are short
 * enough to be waited for.
 */
export function anyLabScenario(): fc.Arbitrary<Scenario> {
  const design = anyDesign({ nodes: 6 }).filter((each) => planLab(giveLeases(each), { prefix: 'x' }).gaps.length === 0);
  return anyRun(design, 6, { waits: ['1s'] }).map(scenarioOf);
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
