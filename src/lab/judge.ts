/** Scenarios on the simulator and on the real kernel, several labs at a time, and whether the two agree. */
import type { RunOptions } from '../scenarios/run.ts';
import { designOf, runScenario } from '../scenarios/run.ts';
import type { Scenario, ScenarioFile } from '../scenarios/schema.ts';
import { type Comparison, compareRuns, type FactPair, isSame } from './compare.ts';
import { type LabOptions, type LabOutcome, type LabReport, runLab } from './run.ts';

export interface JudgedStep extends Comparison {
  /** How it differed in one of two runs, if it did: a machine under load now and then answers too late. */
  readonly unsteady?: readonly FactPair[];
}

export type Judged =
  | {
      readonly kind: 'compared';
      readonly steps: readonly JudgedStep[];
      readonly report: LabReport;
    }
  | Exclude<LabOutcome, { readonly kind: 'ran' }>;

/**
 * Runs a scenario of a checked file on both sides. A step differs when it does so twice: after a first disagreement, or
 * when the lab could not be built, a second lab is tried, unless the first is to be kept.
 */
export async function judgeScenario(
  file: ScenarioFile,
  scenario: Scenario,
  options: LabOptions & RunOptions = {},
): Promise<Judged> {
  const simulated = runScenario(file, scenario, options);
  const tryOnce = async (): Promise<Judged> => {
    const outcome = await runLab(file, scenario, options);
    if (outcome.kind !== 'ran') return outcome;
    const steps = compareRuns(designOf(file, scenario), simulated, outcome.report);
    return { kind: 'compared', steps, report: outcome.report };
  };
  const first = await tryOnce();
  if (options.keep === true || !isDoubtful(first)) return first;
  const second = await tryOnce();
  if (first.kind !== 'compared' || second.kind !== 'compared') return second;
  return { ...second, steps: second.steps.map((step, i) => merge(first.steps[i], step)) };
}

function isDoubtful(judged: Judged): boolean {
  return judged.kind === 'failed' || (judged.kind === 'compared' && judged.steps.some(isDisagreement));
}

function isDisagreement({ verdict }: Comparison): boolean {
  return verdict === 'differs';
}

function merge(first: Comparison | undefined, second: Comparison): JudgedStep {
  if (first === undefined || isDisagreement(first) === isDisagreement(second)) return second;
  const [odd, usual] = isDisagreement(first) ? [first, second] : [second, first];
  return { ...usual, unsteady: odd.facts.filter((pair) => !isSame(pair)) };
}

/** Does the work of several items at a time; `each` hears of the results in the order of the items. */
export async function inOrder<T, R>(
  items: readonly T[],
  jobs: number,
  { work, each }: { readonly work: (item: T) => Promise<R>; readonly each: (result: R, index: number) => void },
): Promise<void> {
  const results = new Map<number, R>();
  let taken = 0;
  let told = 0;
  const worker = async (): Promise<void> => {
    for (let index = taken++; index < items.length; index = taken++) {
      results.set(index, await work(items[index] as T));
      for (; results.has(told); told += 1) each(results.get(told) as R, told);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker));
}
