/** Random networks and traffic on the simulator and on the real kernel: a few, the same each time. `npm run conformance` tries more. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { missing } from '../src/lab/execute.ts';
import { inOrder, judgeScenario } from '../src/lab/judge.ts';
import { statusOf, summariseLab, toPrettyLab } from '../src/lab/report.ts';
import { PLAIN } from '../src/sim/trace/paint.ts';
import { anyLabScenario, LONGEST_WAIT_MS } from './arbitraries/lab.ts';

const RUNS = 14;
const lacks = missing({ nodes: { a: { kind: 'host', services: ['ftp'] } } });
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;

describe.skipIf(lacks.length > 0)(`simulator and kernel agree${why}`, () => {
  it(`on ${RUNS} random networks`, { timeout: 240_000 }, async () => {
    const scenarios = fc.sample(anyLabScenario(), { seed: 7, numRuns: RUNS });
    const entries: Parameters<typeof statusOf>[0][] = [];
    await inOrder(scenarios, 5, {
      work: async (scenario) => ({
        scenario,
        judged: await judgeScenario({}, scenario, { longestWaitMs: LONGEST_WAIT_MS }),
      }),
      each: (entry) => entries.push(entry),
    });
    const disagreeing = entries.filter((entry) => statusOf(entry) !== 'agrees');
    expect(disagreeing.map((entry) => toPrettyLab(entry, PLAIN))).toEqual([]);
    expect(summariseLab(entries).compared).toBeGreaterThan(RUNS);
  });
});
