/** What a sweep asks, as plain JSON: the same question gives the same what-ifs on every machine. */
import { InputError } from '../../scenarios/issue.ts';
import type { Change } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { Evaluator } from '../../whatif/sweep/evaluate.ts';
import { parseSettings, type Variant, variantsOf } from '../../whatif/sweep/variants.ts';
import { globMatcher } from '../glob.ts';

export interface Question {
  readonly design: Design;
  readonly failures: 0 | 1 | 2;
  readonly rules: boolean;
  /** `PLACE=VALUE,VALUE…` */
  readonly settings: readonly string[];
  readonly changes: readonly (readonly [id: string, change: Change])[];
  /** Globs on the names of nodes. */
  readonly from?: string;
  readonly to?: string;
  readonly seed?: number;
}

/** The what-ifs of a question; settings that do not fit the design throw an `InputError`. */
export function variantsFor({ design, failures, rules, settings, changes }: Question): readonly Variant[] {
  const parsed = parseSettings(settings, design);
  if ('issues' in parsed) throw new InputError(parsed.issues);
  return variantsOf(design, { failures, rules, settings: parsed.settings, changes: new Map(changes) });
}

/** What tries them, one by one. */
export function evaluatorFor(question: Question): Evaluator {
  const { design, from, to, seed } = question;
  return new Evaluator(design, variantsFor(question), {
    ...(from === undefined ? {} : { from: globMatcher(from) }),
    ...(to === undefined ? {} : { to: globMatcher(to) }),
    ...(seed === undefined ? {} : { seed }),
  });
}
