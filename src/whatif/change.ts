/** A change read from a file of its own: operations of RFC 6902 relative to a network, links and nodes up or down. */
import { checkChange } from '../scenarios/check/scenario.ts';
import type { Located } from '../scenarios/issue.ts';
import { readJson } from '../scenarios/json.ts';
import { positionOf } from '../scenarios/locate.ts';
import type { Issue } from '../sim/base/fail.ts';
import { type Change, changeSchema } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { validate } from '../sim/design/validate.ts';
import type { ReadChange } from './locate.ts';

/** The change that a text holds, if it fits the design; else everything wrong with it. */
export function tryReadChange(
  text: string,
  fileName: string,
  design: Design,
): ReadChange | { readonly issues: readonly Located[] } {
  const read = readJson(text, fileName);
  if (!('source' in read)) return read;
  const { source } = read;
  const located = (issue: Issue): Located => ({ ...issue, file: fileName, ...positionOf(source, issue.path) });
  const shape = [...read.issues, ...validate(changeSchema, read.value).map(located)];
  if (shape.length > 0) return { issues: shape };
  const change = read.value as unknown as Change;
  const after = checkChange(change, design);
  return Array.isArray(after) ? { issues: after.map(located) } : { change, source };
}
