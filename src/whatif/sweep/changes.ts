/** A file of changes to try, each with a name. */
import { checkChange } from '../../scenarios/check/scenario.ts';
import type { Located } from '../../scenarios/issue.ts';
import { readJson } from '../../scenarios/json.ts';
import { positionOf } from '../../scenarios/locate.ts';
import type { Issue } from '../../sim/base/fail.ts';
import { type Change, changeSchema } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import { validate } from '../../sim/design/validate.ts';

/** Reads `{ "NAME": CHANGE, … }`; everything wrong with it, or with a change on this design, is an issue. */
export function tryReadChanges(
  text: string,
  fileName: string,
  design: Design,
): { readonly changes: ReadonlyMap<string, Change> } | { readonly issues: readonly Located[] } {
  const read = readJson(text, fileName);
  if (!('source' in read)) return read;
  const { source, value } = read;
  const located = (issue: Issue): Located => ({ ...issue, file: fileName, ...positionOf(source, issue.path) });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const hint = 'write { "NAME": CHANGE, … }, where a change is what "middlebox diff --change" takes';
    return { issues: [...read.issues, located({ code: 'type', path: [], message: 'expected named changes', hint })] };
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  const issues = [...read.issues, ...entries.flatMap(([name, change]) => flawsOf(name, change, design)).map(located)];
  return issues.length > 0 ? { issues } : { changes: new Map(entries as [string, Change][]) };
}

function flawsOf(name: string, value: unknown, design: Design): Issue[] {
  const under = (issue: Issue): Issue => ({ ...issue, path: [name, ...issue.path] });
  const shape = validate(changeSchema, value);
  if (shape.length > 0) return shape.map(under);
  const after = checkChange(value as Change, design);
  return Array.isArray(after) ? (after as Issue[]).map(under) : [];
}
