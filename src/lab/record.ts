/**
 * Writes down what the real kernel does: runs every scenario of the files named on the command line as a lab, and puts
 * the answers into their `expect`. Needs root.
 *
 *     node --import tsx src/lab/record.ts test/kernel/*.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Scenario, ScenarioFile, Step } from '../scenarios/schema.ts';
import { factsOf } from './facts.ts';
import { type LabStep, runLab } from './run.ts';
import type { LabResult } from './steps.ts';

/** What of a result is the same in every run, and so can be expected. */
export function expectationOf(step: Step, result: LabResult): Readonly<Record<string, unknown>> | string | undefined {
  if ('inspect' in step) return expectTables(result);
  const facts = factsOf(step, result, { ports: new Set(), oneWay: true });
  const { outcome, server, icmp, hops, status, body, addresses, bytes } = facts;
  const { blockedAt, blockedBy } = result;
  const seenAs = withoutWords(facts.seenAs);
  const fields = { outcome, server, seenAs, blockedAt, blockedBy, icmp, hops, status, body, addresses, bytes };
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (known.length === 0) return undefined;
  return known.length === 1 && typeof outcome === 'string' ? outcome : Object.fromEntries(known);
}

/** That NAT chose another port is a fact, but which one nobody can expect. */
function withoutWords(seenAs: unknown): unknown {
  if (typeof seenAs !== 'object' || seenAs === null || !('address' in seenAs && 'port' in seenAs)) return seenAs;
  return typeof seenAs.port === 'number' ? seenAs : { address: seenAs.address };
}

interface Row {
  readonly protocol: string;
  readonly state?: string;
  readonly original: Readonly<Record<string, unknown>>;
  readonly reply: Readonly<Record<string, unknown>>;
  readonly status: readonly string[];
}

/** Rows come in no fixed order and identifiers are chance, so only tables of at most one row are expected. */
function expectTables({ connections }: LabResult): Readonly<Record<string, unknown>> | undefined {
  const rows = connections as readonly Row[];
  if (rows.length > 1) return undefined;
  const without = ({ id: _, ...tuple }: Row['original']) => tuple;
  return {
    connections: rows.map(({ protocol, state, original, reply, status }) => ({
      protocol,
      ...(state === undefined ? {} : { state }),
      original: without(original),
      reply: without(reply),
      status,
    })),
  };
}

/** The scenario with the answers in place of what it expected; steps that could not be done expect nothing. */
function withAnswers(scenario: Scenario, steps: readonly LabStep[]): Scenario {
  const answered: unknown[] = [];
  for (const [i, step] of scenario.steps.entries()) {
    const { expect: _, ...rest } = step as Readonly<Record<string, unknown>>;
    const result = steps[i]?.result;
    const expect = result === undefined ? undefined : expectationOf(step, result);
    answered.push({ ...rest, ...(expect === undefined ? {} : { expect }) });
  }
  return { ...scenario, steps: answered as Step[] };
}

async function record(path: string): Promise<void> {
  const file = JSON.parse(readFileSync(path, 'utf8')) as ScenarioFile;
  const scenarios: Scenario[] = [];
  for (const scenario of file.scenarios ?? []) {
    const outcome = await runLab(file, scenario);
    if (outcome.kind !== 'ran') throw new Error(`${path}: ${scenario.name}: ${JSON.stringify(outcome)}`);
    const { steps, gaps, notes } = outcome.report;
    for (const { place, reason } of gaps) console.error(`${path}: ${scenario.name}: ${place}: ${reason}`);
    for (const note of notes) console.error(`${path}: ${scenario.name}: missing: ${note}`);
    for (const { index, skipped } of steps) {
      if (skipped !== undefined) console.error(`${path}: ${scenario.name}: step ${index} was not done: ${skipped}`);
    }
    scenarios.push(withAnswers(scenario, steps));
  }
  writeFileSync(path, `${JSON.stringify({ ...file, scenarios }, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of process.argv.slice(2)) await record(path);
}
