/** Runs cases of the FTP truth table, on the simulator and on the real kernel. */
import { runLab } from '../../src/lab/run.ts';
import { runScenario } from '../../src/scenarios/run.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import { fail } from '../../src/sim/base/fail.ts';
import { type Answer, answerOf } from './answer.ts';
import { CASES, type Case, scenarioOf } from './cases.ts';

/** By case, `FTP-T1000 client`: the modes in clear in the order of `MODES`, then the same encrypted. */
export type Table = Readonly<Record<string, readonly Answer[]>>;

export interface Recording {
  /** The kernel that answered, `6.18.3`. */
  readonly kernel: string;
  readonly table: Table;
}

export function nameOf({ id, remedy }: Case): string {
  return `${id} ${remedy}`;
}

export function simulate(each: Case): readonly Answer[] {
  const scenario = scenarioOf(each);
  const { steps } = runScenario({ scenarios: [scenario] }, scenario);
  return scenario.steps.map((step, i) => read(step, steps[i]?.result));
}

export async function ask(each: Case): Promise<readonly Answer[]> {
  const scenario = scenarioOf(each);
  const outcome = await runLab({ scenarios: [scenario] }, scenario);
  if (outcome.kind !== 'ran') throw new Error(`${nameOf(each)}: ${JSON.stringify(outcome)}`);
  return outcome.report.steps.map(({ step, result }) => read(step, result));
}

function read(step: Step, result: Readonly<Record<string, unknown>> | undefined): Answer {
  return 'ftp' in step ? answerOf(step.ftp.mode, result) : fail('not an ftp step');
}

/** The table of the simulator. */
export function simulateAll(): Table {
  return Object.fromEntries(CASES.map((each) => [nameOf(each), simulate(each)]));
}
