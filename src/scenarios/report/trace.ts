/** A trace for people and for machines; both say the same. */

import { type Item, showItems, showItemsBriefly } from '../../sim/trace/explain.ts';
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import type { Result } from '../result.ts';
import type { Verb } from '../schema.ts';
import { reasonsOf, showSpot, type Told, type ToldStep } from './told.ts';

/** Version 1. Fields may be added; none is renamed or given another meaning. */
export interface JsonTrace {
  readonly version: 1;
  /** The scenario that was traced, if it was one of the file's. */
  readonly scenario?: string;
  /** Left out where the scenario holds its network itself. */
  readonly network?: string;
  /** What happened before the first step, such as DHCP. */
  readonly before?: readonly Item[];
  readonly steps: readonly {
    readonly title: string;
    readonly verb: Verb;
    readonly status: ToldStep['status'];
    /** `scenarios.json:57:9` */
    readonly where?: string;
    readonly result: Result;
    readonly message?: string;
    /** Packets, and what was remarked between them, in order. */
    readonly events: readonly Item[];
  }[];
  /** Why the scenario could not go on. */
  readonly message?: string;
}

export function traceToJson(
  { steps, before = [], message }: Told,
  of: Pick<JsonTrace, 'scenario' | 'network'>,
): JsonTrace {
  return {
    version: 1,
    ...of,
    ...(before.length === 0 ? {} : { before }),
    steps: steps.map(({ title, verb, status, spot, result, message: differences, items = [] }) => ({
      title,
      verb,
      status,
      ...(spot === undefined ? {} : { where: showSpot(spot) }),
      result,
      ...(differences === undefined ? {} : { message: differences }),
      events: items,
    })),
    ...(message === undefined ? {} : { message }),
  };
}

/** Each step with its packets, in full or a line each, and under them what came of it. */
export function showTrace(told: Told, { paint = PLAIN, brief = false }: TraceStyle = {}): string {
  const { steps, before = [], message } = told;
  const show = brief ? showItemsBriefly : showItems;
  const early = before.length === 0 ? [] : [`${paint.strong('before the first step')}\n${show(before, paint)}`];
  const broken = message === undefined ? [] : [`${paint.bad(message)}\n`];
  return [...early, ...steps.map((step) => showStep(step, show, paint)), ...broken].join('\n');
}

export interface TraceStyle {
  readonly paint?: Paint;
  readonly brief?: boolean;
}

function showStep(step: ToldStep, show: typeof showItems, paint: Paint): string {
  const { title, spot, result, status, items = [] } = step;
  const where = spot === undefined ? '' : `  ${paint.faint(`(${showSpot(spot)})`)}`;
  const reasons = reasonsOf(step).join('\n');
  const said = status === 'failed' ? paint.bad(reasons) : reasons;
  const outcome = result.outcome === undefined ? '' : `${paint.strong(result.outcome)}\n`;
  return `${paint.strong(title)}${where}\n${show(items, paint)}\n${outcome}${said}\n`;
}
