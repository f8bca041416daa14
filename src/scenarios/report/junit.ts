/** The report as JUnit XML, which CI servers read: a suite for each scenario, a case for each step that expects something. */
import { reasonsOf, showSpot, type Told, type ToldStep } from './told.ts';

/** A whole document. There are no times in it: virtual ones would be read as real. */
export function toJunit(all: readonly Told[]): string {
  const suites = all.map(suiteOf);
  const totals = { tests: sum(suites, 'tests'), failures: sum(suites, 'failures'), errors: sum(suites, 'errors') };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="middlebox"${counts(totals)}>`,
    ...suites.map(({ text }) => text),
    '</testsuites>',
    '',
  ].join('\n');
}

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
}

function sum(all: readonly Counts[], which: keyof Counts): number {
  return all.reduce((total, each) => total + each[which], 0);
}

function counts({ tests, failures, errors }: Counts): string {
  return ` tests="${tests}" failures="${failures}" errors="${errors}"`;
}

function suiteOf({ name, steps, message }: Told): Counts & { readonly text: string } {
  const cases = steps.flatMap((step, i) => (step.status === 'ran' ? [] : [caseOf(name, step, i + 1)]));
  const broken = message === undefined ? [] : [brokenCase(name, message)];
  const totals = {
    tests: cases.length + broken.length,
    failures: steps.filter(({ status }) => status === 'failed').length,
    errors: broken.length,
  };
  const text = [`  <testsuite name="${xml(name)}"${counts(totals)}>`, ...cases, ...broken, '  </testsuite>'].join('\n');
  return { ...totals, text };
}

function caseOf(suite: string, step: ToldStep, number: number): string {
  const open = `    <testcase classname="${xml(suite)}" name="${xml(`step ${number}: ${step.title}`)}"`;
  if (step.status !== 'failed') return `${open}/>`;
  const reasons = reasonsOf(step);
  const where = step.spot === undefined ? [] : [showSpot(step.spot)];
  const failure = `<failure message="${xml(reasons[0] ?? '')}">${xml([...reasons, ...where].join('\n'))}</failure>`;
  return `${open}>\n      ${failure}\n    </testcase>`;
}

function brokenCase(suite: string, message: string): string {
  const open = `    <testcase classname="${xml(suite)}" name="the scenario goes on to its end">`;
  return `${open}\n      <error message="${xml(message)}"/>\n    </testcase>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Text that stands in XML as it is; what XML 1.0 §2.2 has no way to write becomes U+FFFD. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}
