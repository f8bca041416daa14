/** Comparisons in words: for people, side by side, and as JSON. */

import { showIssue } from '../scenarios/issue.ts';
import { titleOf } from '../scenarios/report/title.ts';
import { verbOf } from '../scenarios/run.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Paint } from '../sim/trace/paint.ts';
import { type FactPair, isSame } from './compare.ts';
import type { Judged, JudgedStep } from './judge.ts';

/** A scenario with what was found out about it. */
export interface Entry {
  readonly scenario: Scenario;
  readonly judged: Judged;
}

export interface LabSummary {
  readonly scenarios: number;
  /** Scenarios of which no step differs. */
  readonly agreeing: number;
  readonly differing: number;
  /** Scenarios whose lab could not be built, or that could not go on. */
  readonly failed: number;
  /** Steps of which both sides were compared. */
  readonly compared: number;
  readonly differences: number;
  /** Steps that a kernel cannot be asked. */
  readonly incomparable: number;
}

export type EntryStatus = 'agrees' | 'differs' | 'failed';

/** A scenario differs when one of its steps does. */
export function statusOf({ judged }: Entry): EntryStatus {
  if (judged.kind !== 'compared') return 'failed';
  return judged.steps.some(({ verdict }) => verdict === 'differs') ? 'differs' : 'agrees';
}

/** Counts scenarios and steps. */
export function summariseLab(all: readonly Entry[]): LabSummary {
  const verdicts = all.flatMap((entry) => (entry.judged.kind === 'compared' ? entry.judged.steps : []));
  const scenarios = (status: EntryStatus) => all.filter((entry) => statusOf(entry) === status).length;
  const steps = (verdict: JudgedStep['verdict']) => verdicts.filter((step) => step.verdict === verdict).length;
  return {
    scenarios: all.length,
    agreeing: scenarios('agrees'),
    differing: scenarios('differs'),
    failed: scenarios('failed'),
    compared: steps('agrees') + steps('differs'),
    differences: steps('differs'),
    incomparable: steps('incomparable'),
  };
}

/** `64 scenarios: 63 agree, 1 differs, 0 failed; 212 steps compared: 1 differs; 9 not comparable` */
export function showLabSummary(summary: LabSummary): string {
  const { scenarios, agreeing, differing, failed, compared, differences, incomparable } = summary;
  const of = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  return [
    `${of(scenarios, 'scenario')}: ${agreeing} agree, ${differing} differ, ${failed} failed`,
    `${of(compared, 'step')} compared, ${differences} differ`,
    `${incomparable} not comparable`,
  ].join('; ');
}

const WORDS = {
  agrees: '✓ agrees',
  differs: '✗ differs',
  failed: '✗ failed',
  incomparable: '· not comparable',
  nothing: '· done',
} as const;

/** A scenario, its steps, and their facts in two columns. */
export function toPrettyLab(entry: Entry, paint: Paint): string {
  const { scenario, judged } = entry;
  const status = statusOf(entry);
  const word = status === 'agrees' ? paint.good(WORDS[status]) : paint.bad(WORDS[status]);
  const head = `${word}  ${paint.strong(scenario.name)}`;
  const body =
    judged.kind === 'compared'
      ? [
          ...remarksOf(judged.report).map((line) => `    ${paint.faint(line)}`),
          ...judged.steps.flatMap((step, i) => showStep(step, i + 1, paint)),
          ...enter(judged.report.namespaces),
        ]
      : reasonsOf(judged).map((line) => `    ${line}`);
  return `${[head, ...body].join('\n')}\n`;
}

type Report = Extract<Judged, { kind: 'compared' }>['report'];

function remarksOf({ gaps, notes }: Report): string[] {
  return [
    ...gaps.map(({ place, reason }) => `not as designed: ${place}: ${reason}`),
    ...notes.map((note) => `not had here: ${note}`),
  ];
}

function reasonsOf(judged: Exclude<Judged, { kind: 'compared' }>): string[] {
  switch (judged.kind) {
    case 'missing':
      return judged.what.map((what) => `missing: ${what}`);
    case 'refused':
      return judged.issues.map(showIssue);
    case 'failed':
      return [judged.reason];
  }
}

function showStep(step: JudgedStep, number: number, paint: Paint): string[] {
  const { verdict, facts, reason, unsteady, explanation } = step;
  const word =
    verdict === 'agrees'
      ? paint.good(WORDS.agrees)
      : verdict === 'differs'
        ? paint.bad(WORDS.differs)
        : paint.faint(WORDS[verdict]);
  const because = reason === undefined ? '' : `: ${reason}`;
  const title = step.step.name === undefined ? titleOf(step.step) : `${step.step.name}: ${titleOf(step.step)}`;
  return [
    `    ${word}${because}  ${paint.strong(`step ${number}`)}, ${title}`,
    ...showFacts(facts, paint),
    ...(unsteady === undefined ? [] : ['          but in one of two runs:', ...showFacts(unsteady, paint)]),
    ...(verdict === 'differs' && explanation !== undefined ? [`          ${paint.faint(explanation)}`] : []),
  ];
}

interface Cells {
  readonly fact: string;
  readonly simulated: string;
  readonly real: string;
  readonly same: boolean;
}

/** Columns this wide still fit side by side; longer text stands in lines of its own. */
const WIDEST = 44;

function showFacts(facts: readonly FactPair[], paint: Paint): string[] {
  const cells = facts.map((pair) => ({
    fact: pair.fact,
    simulated: showValue(pair.simulated),
    real: showValue(pair.real),
    same: isSame(pair),
  }));
  const width = Math.max(0, ...cells.map(({ simulated }) => simulated.length).filter((length) => length <= WIDEST));
  return cells.flatMap((cell) => showCells(cell, width, paint));
}

function showCells({ fact, simulated, real, same }: Cells, width: number, paint: Paint): string[] {
  const name = `          ${fact.padEnd(11)} `;
  const mark = same ? '' : paint.bad('  ≠');
  if (simulated.length <= WIDEST) return [`${name}simulated ${simulated.padEnd(width)}  real ${real}${mark}`];
  return [`${name}simulated ${simulated}`, `${' '.repeat(name.length)}real      ${real}${mark}`];
}

function showValue(value: unknown): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value.replaceAll('\n', '\\n');
  if (isEndpoint(value)) return value.port === undefined ? value.address : `${value.address} port ${value.port}`;
  if (Array.isArray(value) && value.length === 0) return 'none';
  return Array.isArray(value) ? value.map(showValue).join('; ') : showFields(value);
}

function showFields(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, each]) => `${name} ${showValue(each)}`)
    .join(', ');
}

function isEndpoint(value: unknown): value is { readonly address: string; readonly port?: unknown } {
  return typeof value === 'object' && value !== null && 'address' in value && typeof value.address === 'string';
}

function enter(namespaces: Report['namespaces']): string[] {
  if (namespaces === undefined) return [];
  const names = [...namespaces.values()];
  const wires = names[0]?.replace(/\.[^.]*$/, '-wires');
  return [
    '    The lab still stands. To enter a node:',
    ...[...namespaces].map(([node, namespace]) => `      ${node}: ip netns exec ${namespace} sh`),
    `    To take it down: for n in ${[wires, ...names].join(' ')}; do ip netns del "$n"; done`,
  ];
}

/** The report as one JSON document, version 1: fields may be added, none is renamed or given another meaning. */
export function toJsonLab(all: readonly Entry[]): Readonly<Record<string, unknown>> {
  return {
    version: 1,
    summary: summariseLab(all),
    scenarios: all.map((entry) => {
      const { scenario, judged } = entry;
      const base = { name: scenario.name, status: statusOf(entry) };
      if (judged.kind !== 'compared') return { ...base, message: reasonsOf(judged).join('\n'), steps: [] };
      const { gaps, notes, namespaces } = judged.report;
      const kept = namespaces === undefined ? {} : { namespaces: Object.fromEntries(namespaces) };
      return { ...base, gaps, notes, ...kept, steps: judged.steps.map(jsonStep) };
    }),
  };
}

function jsonStep({ step, verdict, facts, reason, unsteady, explanation }: JudgedStep) {
  return {
    verb: verbOf(step),
    ...(step.name === undefined ? {} : { name: step.name }),
    title: titleOf(step),
    verdict: verdict === 'nothing' ? 'done' : verdict,
    ...(reason === undefined ? {} : { reason }),
    facts: jsonFacts(facts),
    ...(unsteady === undefined ? {} : { unsteady: jsonFacts(unsteady) }),
    ...(verdict === 'differs' && explanation !== undefined ? { explanation } : {}),
  };
}

/** A side without the fact has null. */
function jsonFacts(facts: readonly FactPair[]) {
  const sides = facts.map(({ fact, simulated, real }) => [fact, { simulated: simulated ?? null, real: real ?? null }]);
  return Object.fromEntries(sides);
}
