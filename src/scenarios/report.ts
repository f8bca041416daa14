/** The ways in which a run is reported, each a pure function of what was told. */
import { type Paint, PLAIN } from '../sim/trace/paint.ts';
import { toGithub } from './report/github.ts';
import { toJson } from './report/json.ts';
import { toJunit } from './report/junit.ts';
import type { ReporterName } from './report/names.ts';
import { prettyEnd, toPretty } from './report/pretty.ts';
import { showSummary, summarise, type Told } from './report/told.ts';

/** Texts to write one after the other: one as each scenario is done, one at the end. */
export interface Reporter {
  each(told: Told): string;
  end(all: readonly Told[]): string;
}

const NOTHING = (): string => '';

/** The reporter of that name; only `pretty` uses colour. */
export function reporterFor(name: ReporterName, paint: Paint = PLAIN): Reporter {
  switch (name) {
    case 'pretty':
      return { each: (told) => toPretty(told, paint), end: (all) => prettyEnd(all, paint) };
    case 'json':
      return { each: NOTHING, end: (all) => `${JSON.stringify(toJson(all), null, 2)}\n` };
    case 'junit':
      return { each: NOTHING, end: toJunit };
    case 'github':
      return { each: toGithub, end: (all) => `${showSummary(summarise(all))}\n` };
  }
}
