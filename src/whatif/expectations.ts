/** Scenarios run before and after: expectations that stop holding, or begin to. */
import { showIssue } from '../scenarios/issue.ts';
import { positionOf, type Source } from '../scenarios/locate.ts';
import { titleOf } from '../scenarios/report/title.ts';
import type { Spot } from '../scenarios/report/told.ts';
import { runScenario, type ScenarioReport } from '../scenarios/run.ts';
import type { Scenario, ScenarioFile } from '../scenarios/schema.ts';
import type { Path } from '../sim/base/path.ts';
import { type Change, changeItems } from '../sim/design/change.ts';

/** One side: a file, with a change made to its networks first. */
export interface Version {
  readonly file: ScenarioFile;
  readonly source?: Source;
  readonly change?: Change;
}

/** A scenario that passed on one side only. */
export interface Flip {
  readonly kind: 'lost' | 'gained';
  readonly scenario: string;
  /** The step whose expectation does not hold on the other side; undefined where the scenario could not go on. */
  readonly step?: string;
  /** What differs from it, a line each. */
  readonly message: string;
  readonly spot?: Spot;
}

/**
 * Runs the scenarios of the networks named, on both sides, and tells which flip. A scenario that the later file has under
 * the same name is run as it stands there.
 */
export function flipsOf(
  before: Version,
  after: Version,
  networks: ReadonlySet<string>,
  each: (scenario: string) => void = () => {},
): readonly Flip[] {
  const concerned = (before.file.scenarios ?? []).filter(
    ({ network }) => typeof network === 'string' && networks.has(network),
  );
  return concerned.flatMap((scenario) => {
    each(scenario.name);
    const later = (after.file.scenarios ?? []).find(({ name }) => name === scenario.name) ?? scenario;
    const was = runOn(before, scenario);
    const is = runOn(after, later);
    if (was.status === 'passed' && is.status !== 'passed') return [flip('lost', later, is, after)];
    return was.status !== 'passed' && is.status === 'passed' ? [flip('gained', scenario, was, before)] : [];
  });
}

function runOn({ file, change }: Version, scenario: Scenario): ScenarioReport {
  if (change === undefined) return runScenario(file, scenario);
  const items = [...changeItems(change), ...changeItems(scenario.change ?? [])];
  return runScenario(file, { ...scenario, change: items });
}

/** The first step that failed tells why. */
function flip(kind: Flip['kind'], scenario: Scenario, report: ScenarioReport, { file, source }: Version): Flip {
  const at = report.steps.findIndex(({ status }) => status === 'failed');
  const failed = report.steps[at];
  const written = scenario.steps[at];
  const path: Path = [
    'scenarios',
    file.scenarios?.indexOf(scenario) ?? -1,
    ...(at < 0 ? ['name'] : ['steps', at, 'expect']),
  ];
  const found = source === undefined || path[1] === -1 ? undefined : { file: source.file, ...positionOf(source, path) };
  return {
    kind,
    scenario: scenario.name,
    ...(written === undefined ? {} : { step: written.name ?? titleOf(written) }),
    message: failed?.message ?? (report.issues ?? []).map(showIssue).join('\n'),
    ...(found === undefined ? {} : { spot: found }),
  };
}
