/** Issues with their place in a text, and how they are written for people. */
import type { Issue } from '../sim/base/fail.ts';
import { showPath } from '../sim/base/path.ts';

/** Line and column count from 1; a column is a UTF-16 code unit, as in editors. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Located extends Issue, Position {
  readonly file: string;
}

/** `networks.home.nodes.gw.kind: "gatway" is not … (did you mean "gateway"?)` */
export function showIssue({ path, message, hint }: Issue): string {
  const place = showPath(path);
  return `${place === '' ? '' : `${place}: `}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** `scenarios.json:57:12: ` and the issue. */
export function showLocated(issue: Located): string {
  return `${issue.file}:${issue.line}:${issue.column}: ${showIssue(issue)}`;
}

/** Bad input, thrown by those readers that do not return their issues. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly issues: readonly (Issue | Located)[];

  constructor(issues: readonly (Issue | Located)[]) {
    super(issues.map((issue) => ('line' in issue ? showLocated(issue) : showIssue(issue))).join('\n'));
    this.issues = issues;
  }
}
