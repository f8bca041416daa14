/** Answers of the real kernel, recorded in test/kernel/*.json, against the simulator's. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { load } from '../src/scenarios/load.ts';
import { runScenario } from '../src/scenarios/run.ts';

const folder = new URL('kernel/', import.meta.url);
/** Those in `regressions` are disagreements that were found and settled. */
const files = ['', 'regressions/'].flatMap((part) =>
  readdirSync(new URL(part, folder)).flatMap((name) => (name.endsWith('.json') ? [`${part}${name}`] : [])),
);

describe.each(files)('as the kernel answered: %s', (name) => {
  const { file } = load(readFileSync(new URL(name, folder), 'utf8'), name);
  it.each((file.scenarios ?? []).map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
    const report = runScenario(file, scenario);
    const said = report.steps.map((step, i) => ({
      step: i,
      message: step.message,
      explanation: step.status === 'failed' ? step.result.explanation : undefined,
    }));
    expect(said.filter(({ message }) => message !== undefined)).toEqual([]);
    expect(report.status).toBe('passed');
  });
});
