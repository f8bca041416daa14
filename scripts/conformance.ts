/**
 * Random networks and traffic on the simulator and on the real kernel, compared step by step. Needs root.
 *
 *     npm run conformance -- --runs 500 --seed 1
 *
 * A disagreement is shrunk to a small scenario file that holds the kernel's answers, and written.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { expectationOf } from '../src/lab/record.ts';
import { runLab } from '../src/lab/run.ts';
import { compare, showDifferences } from '../src/scenarios/compare.ts';
import { runScenario } from '../src/scenarios/run.ts';
import type { Scenario, Step } from '../src/scenarios/schema.ts';
import { anyDesign } from '../test/arbitraries/design.ts';
import { anyRun, type Run } from '../test/arbitraries/step.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'disagreement.json' },
    /** Labs that stand at the same time. */
    jobs: { type: 'string', default: '6' },
    /** The path that fast-check printed, to try one counterexample again. */
    path: { type: 'string' },
  },
});

const tally = { scenarios: 0, steps: 0, skipped: 0 };
const anyCase = anyRun(anyDesign({ nodes: 6 }), 6, ['1s']);
let next = 1;

interface Verdict {
  /** What the two say differently, a text a step; empty when they agree. */
  readonly says: readonly string[];
  /** The steps with the kernel's answers. */
  readonly answered: readonly Step[];
}

/** A disagreement counts when it comes twice: a real machine under load now and then answers too late. */
async function judge(scenario: Scenario): Promise<Verdict> {
  const first = await tryOnce(scenario);
  if (first.says.length === 0) return first;
  const second = await tryOnce(scenario);
  if (second.says.length === 0) process.stderr.write(`did not come again: ${first.says.join('; ')}\n`);
  return second;
}

async function tryOnce(scenario: Scenario): Promise<Verdict> {
  const real = await runLab({}, scenario, { longestWaitMs: 1500 });
  if (real.kind !== 'ran') throw new Error(JSON.stringify(real));
  const simulated = runScenario({}, scenario);
  if (simulated.status === 'error') throw new Error(JSON.stringify(simulated.issues));
  tally.scenarios += 1;
  const says: string[] = [];
  const answered: Step[] = [];
  // what nftables cannot say the kernel cannot be asked
  const askable = real.report.gaps.length === 0;
  for (const { index, step, result } of real.report.steps) {
    const expected = result === undefined || !askable ? undefined : expectationOf(step, result);
    answered.push({ ...step, ...(expected === undefined ? {} : { expect: expected }) } as Step);
    tally[expected === undefined ? 'skipped' : 'steps'] += 1;
    const mine = simulated.steps[index]?.result;
    const differences = expected === undefined ? [] : compare(mine, expected);
    if (differences.length === 0) continue;
    says.push(`step ${index} ${JSON.stringify(step)}\n${showDifferences(differences)}\n${mine?.explanation}`);
  }
  return { says, answered };
}

function scenarioOf({ design, steps }: Run): Scenario {
  return { name: 'generated', network: design, steps };
}

function report(): void {
  if (tally.scenarios < next) return;
  process.stderr.write(
    `${tally.scenarios} scenarios, ${tally.steps} steps compared, ${tally.skipped} not comparable\n`,
  );
  next = Math.ceil(next * 1.3);
}

const property = fc.asyncProperty(anyCase, async (run) => {
  const { says } = await judge(scenarioOf(run));
  report();
  if (says.length > 0) throw new Error(says.join('\n\n'));
});
const seed = Number(values.seed);

/** Where the first disagreement is; several labs stand at a time, for most of a run is waiting for what does not come. */
async function findDisagreement(): Promise<number | undefined> {
  const cases = fc.sample(property, { seed, numRuns: Number(values.runs) });
  let taken = 0;
  let found: number | undefined;
  const work = async (): Promise<void> => {
    while (found === undefined && taken < cases.length) {
      const index = taken++;
      const [run] = cases[index] ?? [];
      if (run === undefined) return;
      const { says } = await judge(scenarioOf(run));
      report();
      if (says.length === 0) continue;
      found = Math.min(found ?? index, index);
      process.stderr.write(`run ${index} disagrees:\n${says.join('\n\n')}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return found;
}

/** Makes a disagreement small and writes it down with the kernel's answers. */
async function shrink(path: string): Promise<void> {
  const details = await fc.check(property, { seed, path, numRuns: 1, interruptAfterTimeLimit: 600_000 });
  const [worst] = details.counterexample ?? [];
  if (worst === undefined) {
    console.log(`seed ${seed}, path ${path}: it did not come again`);
    return;
  }
  const { says, answered } = await judge(scenarioOf(worst));
  const file = { scenarios: [{ ...scenarioOf(worst), steps: answered }] };
  writeFileSync(values.out, `${JSON.stringify(file, null, 2)}\n`);
  console.log(`seed ${seed}, path ${details.counterexamplePath}: written to ${values.out}`);
  console.log(says.length > 0 ? says.join('\n\n') : String(details.errorInstance));
}

const at = values.path ?? (await findDisagreement())?.toString();
console.log(
  `${tally.scenarios} scenarios, ${tally.steps} steps compared, ${tally.skipped} not comparable, seed ${seed}`,
);
if (at === undefined) console.log('no disagreement');
else {
  process.exitCode = 1;
  await shrink(at);
}
