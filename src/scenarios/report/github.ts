/** The report as workflow commands, which GitHub Actions shows beside the line of the file. */
import type { Located } from '../issue.ts';
import { showIssue } from '../issue.ts';
import { reasonsOf, type Spot, type Told } from './told.ts';

/** An annotation for each step that failed, and for a scenario that could not go on. */
export function toGithub({ name, steps, message, spot }: Told): string {
  const failures = steps.flatMap((step) =>
    step.status === 'failed' ? [annotation(step.spot, `${name}: ${step.title}`, reasonsOf(step).join('\n'))] : [],
  );
  const broken = message === undefined ? [] : [annotation(spot, name, message)];
  return [...failures, ...broken].map((line) => `${line}\n`).join('');
}

/** What is wrong with the file itself, as annotations. */
export function issuesToGithub(issues: readonly Located[]): string {
  return issues.map((issue) => `${annotation(issue, issue.code, showIssue(issue))}\n`).join('');
}

/** One annotation, shown beside the line where there is one; without the line end. */
export function annotation(
  spot: (Omit<Spot, 'column'> & { readonly column?: number }) | undefined,
  title: string,
  message: string,
  level: 'error' | 'warning' | 'notice' = 'error',
): string {
  const column = spot?.column === undefined ? '' : `,col=${spot.column}`;
  const where = spot === undefined ? '' : `file=${property(spot.file)},line=${spot.line}${column},`;
  return `::${level} ${where}title=${property(title)}::${data(message)}`;
}

/** A command ends with its line, so line ends are written as the runner decodes them. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
