/** The report for people: one line a scenario, and under it what failed and why. */

import { showItems } from '../../sim/trace/explain.ts';
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import { reasonsOf, showSpot, showSummary, summarise, type Told, type ToldStep } from './told.ts';

const MARKS = { passed: '✓', failed: '✗', error: '✗', ran: '·' } as const;

/** A scenario, ended by a line end. Steps that passed are shown only with their trace. */
export function toPretty(told: Told, paint: Paint = PLAIN): string {
  const { name, status, steps, message, spot, before = [] } = told;
  const count = `(${steps.length} step${steps.length === 1 ? '' : 's'})`;
  const head = `${mark(status, paint)}  ${paint.strong(name)}  ${paint.faint(count)}`;
  const early = before.length === 0 ? [] : ['    before the first step', indent(showItems(before, paint))];
  const broken =
    message === undefined
      ? []
      : [
          indent(message.replaceAll('\n', '\n    ')),
          ...(spot === undefined ? [] : [`    ${paint.faint(showSpot(spot))}`]),
        ];
  return `${[head, ...early, ...steps.flatMap((step, i) => showStep(step, i + 1, paint)), ...broken].join('\n')}\n`;
}

function showStep(step: ToldStep, number: number, paint: Paint): string[] {
  const { status, title, result, spot, items } = step;
  if (items === undefined && (status === 'passed' || !isTelling(step))) return [];
  const outcome = result.outcome === undefined ? '' : `: ${result.outcome}`;
  const where = spot === undefined ? '' : `  ${paint.faint(`(${showSpot(spot)})`)}`;
  const head = `    ${mark(status, paint)}  step ${number}, ${title}${status === 'failed' ? '' : outcome}${where}`;
  const reasons = status === 'failed' ? reasonsOf(step).map((line) => `        ${line}`) : tablesIn(step);
  return [head, ...reasons, ...(items === undefined ? [] : [indent(showItems(items, paint))])];
}

/** Steps that expect nothing and find nothing out (a wait, a change) are not worth a line. */
function isTelling({ status, verb, result }: ToldStep): boolean {
  return status === 'failed' || result.outcome !== undefined || verb === 'inspect';
}

/** The tables that somebody looked at without an expectation, a row each. */
function tablesIn({ verb, status, result }: ToldStep): string[] {
  if (verb !== 'inspect' || status !== 'ran') return [];
  return Object.entries(result).flatMap(([name, rows]) =>
    Array.isArray(rows) ? rows.map((row) => `        ${name} ${JSON.stringify(row)}`) : [],
  );
}

/** A sign and a word, so that nothing depends on colour. */
function mark(status: Told['status'] | ToldStep['status'], paint: Paint): string {
  const text = `${MARKS[status]} ${status}`;
  if (status === 'ran') return paint.faint(text);
  return status === 'passed' ? paint.good(text) : paint.bad(text);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

/** The last line. */
export function prettyEnd(all: readonly Told[], paint: Paint = PLAIN): string {
  const summary = summarise(all);
  const text = showSummary(summary);
  return `\n${summary.failed === 0 ? paint.good(text) : paint.bad(text)}\n`;
}
