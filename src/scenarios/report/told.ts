/** A scenario that was run, put in the words of the file it came from: what every reporter is made of. */
import type { Path } from '../../sim/base/path.ts';
import { type Item, packetsOf } from '../../sim/trace/explain.ts';
import type { PacketView } from '../../sim/trace/view.ts';
import { type Position, showIssue } from '../issue.ts';
import { positionOf, type Source, showPlace } from '../locate.ts';
import type { StepReport } from '../run.ts';
import { itemsByStep, type Run } from '../trace.ts';
import { titleOf } from './title.ts';

/** Where something stands in which file. */
export interface Spot extends Position {
  readonly file: string;
}

export interface ToldStep extends Omit<StepReport, 'events'> {
  /** Its name, else what it does. */
  readonly title: string;
  /** Where its expectation stands, else the step itself; without a text to point into there is none. */
  readonly spot?: Spot;
  /** Only when the trace is wanted. */
  readonly items?: readonly Item[];
}

export interface Told {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'error';
  readonly steps: readonly ToldStep[];
  readonly spot?: Spot;
  /** Why the scenario could not go on. */
  readonly message?: string;
  /** What happened before the first step; only when the trace is wanted. */
  readonly before?: readonly Item[];
}

/** How a scenario is to be told: pointing into which text, and whether with every packet. */
export interface Telling {
  readonly source?: Source;
  readonly trace?: boolean;
  /** The line of a place, where it is not to be looked up in the source: a change may stand in a file of its own. */
  readonly place?: (path: Path) => string | undefined;
}

/** Puts a run into words. */
export function tell(run: Run, { source, trace = false, place = linesOf(source) }: Telling): Told {
  const { file, scenario, report } = run;
  const index = file.scenarios?.indexOf(scenario) ?? -1;
  const root: Path = ['scenarios', index];
  const spotAt = (...path: Path) =>
    source === undefined || index < 0 ? {} : { spot: { file: source.file, ...positionOf(source, [...root, ...path]) } };
  const [before, ...during] = trace ? itemsByStep(run, place) : [];
  return {
    name: report.name,
    status: report.status,
    steps: report.steps.map(({ events, ...step }, i) => {
      const written = scenario.steps[i];
      const items = during[i];
      return {
        ...step,
        title: step.name ?? (written === undefined ? step.verb : titleOf(written)),
        ...spotAt('steps', i, ...(step.expected === undefined ? [] : ['expect'])),
        ...(items === undefined ? {} : { items }),
      };
    }),
    ...spotAt(...(report.issues?.[0]?.path ?? ['name'])),
    ...(report.issues === undefined ? {} : { message: report.issues.map(showIssue).join('\n') }),
    ...(before === undefined ? {} : { before }),
  };
}

function linesOf(source: Source | undefined): (path: Path) => string | undefined {
  return (path) => (source === undefined ? undefined : showPlace(source, path));
}

/** How many there were of what. */
export interface Summary {
  readonly scenarios: number;
  readonly passed: number;
  /** Scenarios with an expectation that did not hold, or that could not go on. */
  readonly failed: number;
  readonly steps: number;
}

export function summarise(all: readonly Told[]): Summary {
  const passed = all.filter(({ status }) => status === 'passed').length;
  return {
    scenarios: all.length,
    passed,
    failed: all.length - passed,
    steps: all.reduce((sum, { steps }) => sum + steps.length, 0),
  };
}

/** `12 scenarios: 11 passed, 1 failed; 80 steps` */
export function showSummary({ scenarios, passed, failed, steps }: Summary): string {
  const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return `${counted(scenarios, 'scenario')}: ${passed} passed, ${failed} failed; ${counted(steps, 'step')}`;
}

/** `scenarios.json:57:12` */
export function showSpot({ file, line, column }: Spot): string {
  return `${file}:${line}:${column}`;
}

/** What is wrong with a step that failed, a line each, and what happened to its packets. */
export function reasonsOf({ message = '', result }: ToldStep): readonly string[] {
  return [...message.split('\n'), result.explanation].filter((line) => line !== '');
}

/** The packets of a step, when the trace is wanted. */
export function packetsIn({ items }: ToldStep): readonly PacketView[] | undefined {
  return items === undefined ? undefined : packetsOf(items);
}
