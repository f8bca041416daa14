/** Simulated against real: the one place that says whether the two agree. */
import type { ScenarioReport } from '../scenarios/run.ts';
import type { Step } from '../scenarios/schema.ts';
import { parseDuration } from '../sim/base/time.ts';
import type { Design } from '../sim/design/design.ts';
import { isRuled } from '../sim/trace/stop.ts';
import type { Trace } from '../sim/trace/trace.ts';
import { arrivedLines } from './control.ts';
import { doubtOf } from './doubt.ts';
import { type AnyResult, type Facts, factsOf, namedPorts } from './facts.ts';
import type { LabReport, LabStep } from './run.ts';
import { type Timeouts, timeoutsOf } from './timeouts.ts';

/** One fact, as each side has it; undefined where a side has nothing of the kind. */
export interface FactPair {
  readonly fact: string;
  readonly simulated: unknown;
  readonly real: unknown;
}

export interface Comparison {
  readonly index: number;
  readonly step: Step;
  /** `nothing`: the step sets something up or lets time pass, and shows only in what follows. */
  readonly verdict: 'agrees' | 'differs' | 'incomparable' | 'nothing';
  readonly facts: readonly FactPair[];
  /** Why it cannot be compared; or what was compared instead. */
  readonly reason?: string;
  /** Why the simulator says what it says. */
  readonly explanation?: string;
}

/** Holds the steps of a scenario against what the kernel did. `design`: what it runs on, before its change. */
export function compareRuns(design: Design, simulated: ScenarioReport, real: LabReport): Comparison[] {
  const steps = real.steps.map(({ step }) => step);
  return real.steps.map((done) => {
    const { index, step } = done;
    if (done.timeouts !== undefined) return compareTimeouts(done, done.timeouts);
    const reason =
      done.skipped ??
      (isSilent(step) ? undefined : doubtOf(design, steps.slice(0, index), real)) ??
      ('inspect' in step ? driftBefore(index, simulated, real) : undefined);
    if (reason !== undefined) return { index, step, verdict: 'incomparable', facts: [], reason };
    if (isSilent(step)) return { index, step, verdict: 'nothing', facts: [] };
    const mine = simulated.steps[index];
    const ports = namedPorts(design, steps.slice(0, index + 1));
    const events = mine?.events ?? [];
    const ours: AnyResult = { ...mine?.result, arrived: arrivedLines(events) };
    const theirs = done.result ?? {};
    const about = { ports, oneWay: !hasChoice(events) };
    const told = (result: AnyResult, place: AnyResult): Facts => ({
      ...factsOf(step, result, about),
      ...placeOf(place, theirs),
    });
    const facts = pairs(told(ours, countedStop(design, ours, events)), told(theirs, theirs));
    return judge({ index, step, facts, explanation: mine?.result.explanation ?? '' });
  });
}

/** Rows end with time, and programs are not equally patient on both sides. */
function driftBefore(index: number, simulated: ScenarioReport, real: LabReport): string | undefined {
  const ours = simulated.steps.slice(0, index).map(({ result }) => parseDuration(result.elapsed) ?? 0);
  const theirs = real.steps.slice(0, index).map(({ elapsedMs }) => elapsedMs);
  const drift = Math.round((sum(ours) - sum(theirs)) / 1000);
  return Math.abs(drift) < DRIFT_S
    ? undefined
    : `until here ${Math.abs(drift)} s ${drift < 0 ? 'more' : 'less'} passed for real`;
}

/** No timeout of connection tracking is shorter. */
const DRIFT_S = 8;

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Which of several ways of the same cost a flow takes hangs on a number that each kernel draws when it starts. */
function hasChoice(events: Trace): boolean {
  const steps = events.flatMap((event) => (event.kind === 'hop' ? event.steps : []));
  return steps.some(({ why }) => why.kind === 'routed' && why.among > 1);
}

function isSilent(step: Step): boolean {
  return 'wait' in step || 'change' in step || 'restart' in step;
}

function compareTimeouts(
  { index, step, skipped }: LabStep,
  { design, values }: NonNullable<LabStep['timeouts']>,
): Comparison {
  const reason = `${skipped ?? ''}; the kernel's settings are compared instead`;
  return {
    ...judge({ index, step, facts: pairs(byNode(timeoutsOf(design, Object.keys(values))), byNode(values)) }),
    reason,
  };
}

function byNode(timeouts: Timeouts): Facts {
  return Object.fromEntries(Object.entries(timeouts).map(([node, each]) => [`timeouts of ${node}`, each]));
}

/** Where a step ended, or, when that was at no rule and so goes uncounted, the only rule that stopped any packet of it. */
function countedStop(design: Design, ours: AnyResult, events: Trace): AnyResult {
  const stops = events.flatMap((event) =>
    event.kind === 'fate' && isRuled(event.fate) && isCountable(design, event.fate)
      ? [{ blockedAt: event.fate.node, blockedBy: event.fate.place }]
      : [],
  );
  const [first, ...more] = new Map(stops.map((stop) => [`${stop.blockedAt} ${stop.blockedBy}`, stop])).values();
  const isCounted = stops.some((stop) => stop.blockedAt === ours.blockedAt && stop.blockedBy === ours.blockedBy);
  return isCounted || first === undefined || more.length > 0 ? ours : first;
}

/** A policy is counted by a last rule, which a packet never comes to when a rule of the chain returns it before. */
function isCountable(design: Design, { node, place }: { readonly node: string; readonly place: string }): boolean {
  const [, hook] = /^firewall\.(input|forward|output)\.policy$/.exec(place) ?? [];
  const { input, forward, output } = design.nodes[node]?.firewall ?? {};
  const chain = { input, forward, output }[hook as 'input' | 'forward' | 'output'];
  return chain?.rules?.some(({ action }) => action === 'return') !== true;
}

/** Who stopped a packet can be seen only by the counter of a rule; elsewhere the kernel does not say. */
function placeOf({ blockedAt, blockedBy }: AnyResult, real: AnyResult): Facts {
  return real.blockedBy === undefined ? {} : { blockedAt, blockedBy };
}

function judge(comparison: Omit<Comparison, 'verdict'>): Comparison {
  const verdict = comparison.facts.every(isSame) ? 'agrees' : 'differs';
  return { ...comparison, verdict };
}

/** Whether both sides say the same. */
export function isSame({ simulated, real }: FactPair): boolean {
  return canonical(simulated) === canonical(real);
}

/** Objects with the same fields in another order are the same. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function pairs(simulated: Facts, real: Facts): FactPair[] {
  const facts = new Set([...Object.keys(simulated), ...Object.keys(real)]);
  return [...facts].map((fact) => ({ fact, simulated: simulated[fact], real: real[fact] }));
}
