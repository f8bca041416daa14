/** What happened during each step, packet by packet, with the lines of the file that decided. */
import type { Path } from '../sim/base/path.ts';
import { type Item, itemsOf } from '../sim/trace/explain.ts';
import { journeysOf } from '../sim/trace/journey.ts';
import type { Trace } from '../sim/trace/trace.ts';
import { originsOf } from './report/origin.ts';
import type { ScenarioReport } from './run.ts';
import type { Scenario, ScenarioFile } from './schema.ts';

/** The line of a place in the file: `scenarios.json:57`; undefined where there is no text to point into. */
export type Place = (path: Path) => string | undefined;

/** A scenario that was run, with the file that it came from. */
export interface Run {
  readonly file: ScenarioFile;
  readonly scenario: Scenario;
  readonly report: ScenarioReport;
}

/** Everything that happened in each step, in order; first of all what happened before the first (DHCP). */
export function itemsByStep({ file, scenario, report }: Run, place: Place): readonly (readonly Item[])[] {
  const journeys = journeysOf(report.trace);
  const originate = originsOf(file, scenario);
  const before = report.trace.findIndex(({ kind }) => kind === 'step');
  const stretches: readonly Trace[] = [
    before < 0 ? report.trace : report.trace.slice(0, before),
    ...report.steps.map(({ events }) => events),
  ];
  return stretches.map((events, i) => {
    const origin = originate(i - 1);
    return itemsOf(events, journeys, (node, at) => {
      const path = origin(node, at);
      return path === undefined ? undefined : place(path);
    });
  });
}
