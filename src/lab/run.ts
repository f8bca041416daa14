/** A scenario on the real kernel: builds its network as a lab, runs its steps there, and takes it down again. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GOOD } from '../scenarios/result.ts';
import type { Scenario, ScenarioFile, Step } from '../scenarios/schema.ts';
import { fail, type Issue } from '../sim/base/fail.ts';
import { parseDuration } from '../sim/base/time.ts';
import type { Design } from '../sim/design/design.ts';
import { type Gap, planLab } from '../sim/export/lab.ts';
import { showScript } from '../sim/export/lab-script.ts';
import { giveLeases } from '../sim/export/lease.ts';
import { findBlock, readStops, type Stops } from './blocked.ts';
import { LabError, missing } from './execute.ts';
import { RunningLab, type Wants } from './running.ts';
import { act, FILE_SIZE, inspect, type LabResult } from './steps.ts';
import { readTimeouts, type Timeouts, trackingNodes } from './timeouts.ts';

export interface LabStep {
  readonly index: number;
  readonly step: Step;
  /** What the kernel did; undefined when the step could not be done for real. */
  readonly result: LabResult | undefined;
  readonly skipped?: string;
  /** How long it took for real. */
  readonly elapsedMs: number;
  /** Of a wait that is too long to be waited for: the timeouts of the kernel, and the design as it was then. */
  readonly timeouts?: { readonly design: Design; readonly values: Timeouts };
}

export interface LabReport {
  readonly scenario: string;
  readonly steps: readonly LabStep[];
  /** Parts of the design that the kernel does otherwise. */
  readonly gaps: readonly Gap[];
  /** What this machine could not do as the design says. */
  readonly notes: readonly string[];
  /** With `keep`: the namespaces that still stand, by node. */
  readonly namespaces?: ReadonlyMap<string, string>;
}

export interface LabOptions {
  /** Begins the names of the namespaces; one of its own for each run by default. */
  readonly prefix?: string;
  /** Leaves the namespaces standing, without their services. */
  readonly keep?: boolean;
  /** Longer `wait` steps are skipped; default 10 s. */
  readonly longestWaitMs?: number;
}

export type LabOutcome =
  | { readonly kind: 'ran'; readonly report: LabReport }
  /** The machine lacks what a lab needs; nothing was done. */
  | { readonly kind: 'missing'; readonly what: readonly string[] }
  /** A change that does not fit the design. */
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** Runs one scenario of a checked file for real. Whatever happens, nothing of it is left behind, unless `keep` says so. */
export async function runLab(file: ScenarioFile, scenario: Scenario, options: LabOptions = {}): Promise<LabOutcome> {
  const design = designOf(file, scenario);
  const lacks = missing(design);
  if (lacks.length > 0) return { kind: 'missing', what: lacks };
  try {
    const lab = await RunningLab.build(design, options.prefix ?? freshPrefix(), wantsOf(scenario));
    return await runIn(lab, scenario, options);
  } catch (error) {
    if (error instanceof LabError) return { kind: 'failed', reason: error.message };
    throw error;
  }
}

/** A shell script that builds the network of a scenario, before its change. */
export function script(design: Design, prefix = 'mb'): string {
  return showScript(planLab(giveLeases(design), { prefix }));
}

async function runIn(lab: RunningLab, scenario: Scenario, options: LabOptions): Promise<LabOutcome> {
  const steps: LabStep[] = [];
  try {
    const issues = scenario.change === undefined ? [] : await lab.change(scenario.change);
    if (issues.length > 0) return { kind: 'refused', issues };
    let missed: string | undefined;
    for (const [index, step] of scenario.steps.entries()) {
      const begun = performance.now();
      const done = missed === undefined ? await runStep(lab, step, options) : { skipped: missed };
      if ('issues' in done) return { kind: 'refused', issues: done.issues };
      steps.push({ index, step, result: undefined, elapsedMs: performance.now() - begun, ...done });
      if ('wait' in step && 'skipped' in done) missed = `it follows a wait of ${step.wait} that was not waited for`;
    }
    const { gaps, notes, namespaces } = lab;
    const kept = options.keep === true ? { namespaces } : {};
    return { kind: 'ran', report: { scenario: scenario.name, steps, gaps, notes, ...kept } };
  } finally {
    if (options.keep === true) await lab.leave();
    else await lab.destroy();
  }
}

type Done =
  | { readonly result: LabResult }
  | Pick<Required<LabStep>, 'skipped' | 'timeouts'>
  | { readonly skipped: string }
  | { readonly issues: readonly Issue[] };

async function runStep(lab: RunningLab, step: Step, { longestWaitMs = 10_000 }: LabOptions): Promise<Done> {
  if ('wait' in step) {
    const millis = parseDuration(step.wait) ?? fail('unchecked duration');
    if (millis > longestWaitMs) {
      const { design } = lab;
      const values = await readTimeouts(lab.agents, trackingNodes(design));
      return { skipped: `it would take ${step.wait} for real`, timeouts: { design, values } };
    }
    await sleep(millis);
    return { result: {} };
  }
  if ('change' in step) {
    const issues = await lab.change(step.change);
    return issues.length > 0 ? { issues } : { result: {} };
  }
  if ('restart' in step) {
    await lab.restart(step.restart);
    return { result: {} };
  }
  if ('inspect' in step) return { result: await inspect(lab, step.inspect) };
  if ('stun' in step) return { skipped: 'a lab has no STUN server to compare with' };
  if ('map' in step) return { skipped: 'a lab has no server that gives port mappings' };
  if ('punch' in step) return { skipped: 'hole punching is not tried for real' };
  return { result: await runAsking(lab, step) };
}

/** What is still on its way after the answer came: the end of a connection. */
const SETTLE_MS = 30;

async function runAsking(lab: RunningLab, step: Step): Promise<LabResult> {
  const before = await stopsOf(lab);
  const result = (await act(lab, step)) ?? fail('a step without a verb');
  await sleep(SETTLE_MS);
  const block = GOOD.has(`${result.outcome}`) ? undefined : findBlock(before, await stopsOf(lab));
  return { ...result, ...block };
}

async function stopsOf(lab: RunningLab): Promise<ReadonlyMap<string, Stops>> {
  const all = [...lab.agents].filter(([node]) => lab.filters(node));
  return new Map(await Promise.all(all.map(async ([node, agent]) => [node, await readStops(agent)] as const)));
}

/** What the steps will ask of file servers: each size of file, and TLS. */
function wantsOf({ steps }: Scenario): Wants {
  const files = new Set([FILE_SIZE]);
  let tls = false;
  for (const step of steps) {
    if (!('ftp' in step)) continue;
    if (step.ftp.bytes !== undefined) files.add(step.ftp.bytes);
    tls ||= step.ftp.encrypted === true;
  }
  return { files: [...files], tls };
}

function designOf(file: ScenarioFile, { network }: Scenario): Design {
  if (typeof network !== 'string') return network;
  return file.networks?.[network] ?? fail(`no network ${network}`);
}

function freshPrefix(): string {
  return `mb${process.pid}-${randomBytes(2).toString('hex')}`;
}
