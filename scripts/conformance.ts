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
import { type Judged, judgeScenario } from '../src/lab/judge.ts';
import { expectationOf } from '../src/lab/record.ts';
import { toPrettyLab } from '../src/lab/report.ts';
import type { Scenario, Step } from '../src/scenarios/schema.ts';
import { PLAIN } from '../src/sim/trace/paint.ts';
import { anyLabScenario, LONGEST_WAIT_MS } from '../test/arbitraries/lab.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'disagreement.json' },
    /** Labs that stand at the same time. */
    jobs: { type: 'string', default: '6' },
    /** Goes on after a disagreement, and shrinks none. */
    all: { type: 'boolean' },
    /** The path that fast-check printed, to try one counterexample again. */
    path: { type: 'string' },
  },
});

const tally = { scenarios: 0, steps: 0, skipped: 0, silent: 0, unsteady: 0 };
const labOptions = { longestWaitMs: LONGEST_WAIT_MS };
let next = 1;

/** Holds a run against the kernel; returns the disagreement in words, undefined when there is none. */
async function judge(scenario: Scenario): Promise<string | undefined> {
  const judged = await judgeScenario({}, scenario, labOptions);
  if (judged.kind !== 'compared') throw new Error(JSON.stringify(judged));
  tally.scenarios += 1;
  for (const { verdict, unsteady } of judged.steps) {
    tally[verdict === 'incomparable' ? 'skipped' : verdict === 'nothing' ? 'silent' : 'steps'] += 1;
    if (unsteady === undefined) continue;
    tally.unsteady += 1;
    process.stderr.write(`did not come again: ${JSON.stringify(unsteady)}\n`);
  }
  return judged.steps.some(({ verdict }) => verdict === 'differs') ? show(scenario, judged) : undefined;
}

function show(scenario: Scenario, judged: Judged): string {
  return toPrettyLab({ scenario, judged }, PLAIN);
}

/** The steps with the kernel's answers. */
async function answer(scenario: Scenario): Promise<{ readonly steps: readonly Step[]; readonly says: string }> {
  const judged = await judgeScenario({}, scenario, labOptions);
  if (judged.kind !== 'compared') throw new Error(JSON.stringify(judged));
  const steps = judged.report.steps.map(({ step, result }) => {
    const expected = result === undefined ? undefined : expectationOf(step, result);
    return { ...step, ...(expected === undefined ? {} : { expect: expected }) } as Step;
  });
  return { steps, says: show(scenario, judged) };
}

function summary(): string {
  const { scenarios, steps, skipped, unsteady } = tally;
  return `${scenarios} scenarios, ${steps} steps compared, ${skipped} not comparable, ${unsteady} differed once`;
}

function report(): void {
  if (tally.scenarios < next) return;
  process.stderr.write(`${summary()}\n`);
  next = Math.ceil(tally.scenarios * 1.3);
}

const scenarios = anyLabScenario();
const property = fc.asyncProperty(scenarios, async (scenario) => {
  const says = await judge(scenario);
  report();
  if (says !== undefined) throw new Error(says);
});
const seed = Number(values.seed);

/** Where the first disagreement is; several labs stand at a time, for most of a run is waiting for what does not come. */
async function findDisagreements(): Promise<readonly number[]> {
  // of the scenarios and not of the property, which would have others under the same number
  const cases = fc.sample(scenarios, { seed, numRuns: Number(values.runs) });
  const found: number[] = [];
  let taken = 0;
  const work = async (): Promise<void> => {
    while (taken < cases.length && (values.all === true || found.length === 0)) {
      const index = taken++;
      const scenario = cases[index];
      if (scenario === undefined) return;
      const says = await judge(scenario);
      report();
      if (says === undefined) continue;
      found.push(index);
      process.stderr.write(`run ${index} disagrees:\n${says}\n`);
      if (values.all === true) await write(scenario, `${values.out.replace(/\.json$/, '')}-${seed}-${index}.json`);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return found.sort((a, b) => a - b);
}

/** Writes a run down with the kernel's answers, and returns what the two say. */
async function write(scenario: Scenario, file: string): Promise<string> {
  const { says, steps } = await answer(scenario);
  writeFileSync(file, `${JSON.stringify({ scenarios: [{ ...scenario, steps }] }, null, 2)}\n`);
  return says;
}

/** Makes a disagreement small and writes it down. */
async function shrink(path: string): Promise<void> {
  const details = await fc.check(property, { seed, path, numRuns: 1, interruptAfterTimeLimit: 600_000 });
  const [worst] = details.counterexample ?? [];
  if (worst === undefined) {
    console.log(`seed ${seed}, path ${path}: it did not come again`);
    return;
  }
  console.log(await write(worst, values.out));
  console.log(`seed ${seed}, path ${details.counterexamplePath}: written to ${values.out}`);
}

const found = values.path === undefined ? (await findDisagreements()).map(String) : [values.path];
console.log(`${summary()}, seed ${seed}`);
const [at] = found;
if (at === undefined) console.log('no disagreement');
else {
  process.exitCode = 1;
  if (values.all === true) console.log(`disagreements at ${found.join(', ')}`);
  else await shrink(at);
}
