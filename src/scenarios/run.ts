/** Scenario → report: builds the world, runs the steps in order, holds each result against its expectation. */
import type { Issue } from '../sim/base/fail.ts';
import { fail } from '../sim/base/fail.ts';
import { parseDuration, showDuration } from '../sim/base/time.ts';
import type { Design } from '../sim/design/design.ts';
import type { Trace } from '../sim/trace/trace.ts';
import { World } from '../sim/world/world.ts';
import { compare, showDifferences } from './compare.ts';
import type { Verb } from './expect.ts';
import { type Result, resultOf } from './result.ts';
import type { Scenario, ScenarioFile, Step } from './schema.ts';
import { type Act, act } from './verbs.ts';

export interface StepReport {
  readonly verb: Verb;
  readonly name?: string;
  /** `ran`: nothing was expected. */
  readonly status: 'passed' | 'failed' | 'ran';
  readonly result: Result;
  readonly expected?: unknown;
  /** What differs from the expectation, a line each. */
  readonly message?: string;
  /** What happened during the step. */
  readonly events: Trace;
}

export interface ScenarioReport {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'error';
  readonly steps: readonly StepReport[];
  /** Why the scenario could not go on: a change that does not fit the design as it is then. */
  readonly issues?: readonly Issue[];
  /** Where the scenario's network stands in its file: what places in the design are relative to. */
  readonly networkPath: readonly (string | number)[];
  readonly trace: Trace;
}

export interface RunOptions {
  /** Instead of the scenario's own. */
  readonly seed?: number;
}

/** Runs one scenario of a checked file from a fresh world. */
export function runScenario(file: ScenarioFile, scenario: Scenario, { seed }: RunOptions = {}): ScenarioReport {
  const world = new World(designOf(file, scenario), { seed: seed ?? scenario.seed ?? 1 });
  const steps: StepReport[] = [];
  const issues = scenario.change === undefined ? [] : world.apply(scenario.change);
  const failed = [...issues.map((issue) => ({ ...issue, path: ['change', ...issue.path] }))];
  world.settle();
  for (const [index, step] of scenario.steps.entries()) {
    if (failed.length > 0) break;
    const done = runStep(world, step, index);
    if ('issues' in done)
      failed.push(...done.issues.map((issue) => ({ ...issue, path: ['steps', index, 'change', ...issue.path] })));
    else steps.push(done);
  }
  world.close();
  const status = failed.length > 0 ? 'error' : steps.some((step) => step.status === 'failed') ? 'failed' : 'passed';
  return {
    name: scenario.name,
    status,
    steps,
    ...(failed.length === 0 ? {} : { issues: failed }),
    networkPath:
      typeof scenario.network === 'string'
        ? ['networks', scenario.network]
        : ['scenarios', file.scenarios?.indexOf(scenario) ?? 0, 'network'],
    trace: world.trace,
  };
}

/** The design that a scenario runs on, before its change. */
export function designOf(file: ScenarioFile, { network }: Scenario): Design {
  if (typeof network !== 'string') return network;
  return file.networks?.[network] ?? fail(`no network ${network}`);
}

const VERBS = [
  'connect',
  'send',
  'ping',
  'traceroute',
  'resolve',
  'fetch',
  'ftp',
  'stun',
  'punch',
  'map',
  'wait',
  'change',
  'restart',
  'inspect',
] as const satisfies readonly Verb[];

/** The verb of a step. */
export function verbOf(step: Step): Verb {
  return VERBS.find((verb) => verb in step) ?? fail('a step without a verb');
}

/** Carries out a checked step; `index` is its number in the trace. */
export function runStep(world: World, step: Step, index: number): StepReport | { readonly issues: readonly Issue[] } {
  const verb = verbOf(step);
  const begin = world.recorded;
  const started = world.now;
  world.mark(index, verb);
  const outcome = carryOut(world, step);
  if ('issues' in outcome) return outcome;
  const elapsed = 'ran' in outcome ? outcome.elapsed : world.now - started;
  world.settle();
  const events = world.since(begin);
  const result =
    'ran' in outcome
      ? resultOf(verb, outcome.ran, events, elapsed)
      : { ...outcome.fields, elapsed: showDuration(elapsed), explanation: outcome.says };
  return judge(step, verb, result, events);
}

type Carried =
  | { readonly ran: ReturnType<typeof act>; readonly elapsed: number }
  | { readonly fields: Readonly<Record<string, unknown>>; readonly says: string }
  | { readonly issues: readonly Issue[] };

function carryOut(world: World, step: Step): Carried {
  if ('wait' in step) {
    world.runUntil(world.now + (parseDuration(step.wait) ?? fail('unchecked duration')));
    return { fields: {}, says: `${step.wait} passed.` };
  }
  if ('change' in step) {
    const issues = world.apply(step.change);
    return issues.length > 0 ? { issues } : { fields: {}, says: 'The change is in place.' };
  }
  if ('restart' in step) {
    world.restart(step.restart);
    return { fields: {}, says: `${step.restart} has lost its connection and NAT tables.` };
  }
  if ('inspect' in step) return { fields: { ...world.inspect(step.inspect) }, says: `The tables of ${step.inspect}.` };
  const started = world.now;
  const ran = act(world, actOf(step));
  return { ran, elapsed: world.now - started };
}

function actOf(step: Step): Act {
  if ('connect' in step) return { verb: 'connect', with: step.connect };
  if ('send' in step) return { verb: 'send', with: step.send };
  if ('ping' in step) return { verb: 'ping', with: step.ping };
  if ('traceroute' in step) return { verb: 'traceroute', with: step.traceroute };
  if ('resolve' in step) return { verb: 'resolve', with: step.resolve };
  if ('fetch' in step) return { verb: 'fetch', with: step.fetch };
  if ('ftp' in step) return { verb: 'ftp', with: step.ftp };
  if ('stun' in step) return { verb: 'stun', with: step.stun };
  if ('punch' in step) return { verb: 'punch', with: step.punch };
  if ('map' in step) return { verb: 'map', with: step.map };
  return fail(`${verbOf(step)} sends nothing`);
}

function judge(step: Step, verb: Verb, result: Result, events: Trace): StepReport {
  const base = { verb, ...(step.name === undefined ? {} : { name: step.name }), result, events };
  if (step.expect === undefined) return { ...base, status: 'ran' };
  const differences = compare(result, step.expect);
  return differences.length === 0
    ? { ...base, status: 'passed', expected: step.expect }
    : { ...base, status: 'failed', expected: step.expect, message: showDifferences(differences) };
}
