/** Two analyses held against each other: what was lost and gained, what goes another way, and what made the difference. */
import type { Analysis } from './analysis.ts';
import { type Cause, causesOf, decisionKey, type Sides } from './cause.ts';
import { type Flow, flowKey } from './flows.ts';
import type { Probe } from './probe.ts';

/**
 * `lost` and `gained`: answered on one side only. Answered on both, but by another server, on another way, or translated
 * otherwise. `stopped`: answered on neither, and ended in another way.
 */
export const DIFFERENCE_KINDS = ['lost', 'gained', 'server', 'path', 'translation', 'stopped'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  readonly kind: DifferenceKind;
  readonly flow: Flow;
  /** Undefined where the flow has no sender. */
  readonly before: Probe | undefined;
  readonly after: Probe | undefined;
  /** What made the difference, the side before the change first. */
  readonly causes: readonly Cause[];
}

/** Every flow of either side that fares differently, in the order of their kinds; `each` hears of how many are compared. */
export function differencesOf(
  before: Analysis,
  after: Analysis,
  each: (done: number, all: number) => void = () => {},
): readonly Difference[] {
  const flows = new Map(before.flows.map((flow) => [flowKey(flow), flow]));
  if (after.flows !== before.flows) for (const flow of after.flows) flows.set(flowKey(flow), flow);
  let done = 0;
  const found = [...flows].flatMap(([key, flow]) => {
    each(done++, flows.size);
    const probes = { before: before.probe(flow, key), after: after.probe(flow, key) };
    const kind = kindOf(probes, { before, after });
    return kind === undefined
      ? []
      : [{ kind, flow, ...probes, causes: causesOf(kind, flow, probes, { before, after }) }];
  });
  return DIFFERENCE_KINDS.flatMap((kind) => found.filter((difference) => difference.kind === kind));
}

function kindOf({ before, after }: Sides<Probe | undefined>, sides: Sides<Analysis>): DifferenceKind | undefined {
  if (before === after) return undefined;
  const [was, is] = [before?.reached ?? false, after?.reached ?? false];
  if (was !== is) return was ? 'lost' : 'gained';
  if (before === undefined || after === undefined) return undefined;
  if (!was) return stopOf(before, sides.before) === stopOf(after, sides.after) ? undefined : 'stopped';
  if (before.result.server !== after.result.server) return 'server';
  if (JSON.stringify(before.path) !== JSON.stringify(after.path)) return 'path';
  return rewritten(before) === rewritten(after) ? undefined : 'translation';
}

/** How a flow ended, whatever its rule is numbered. */
function stopOf({ result }: Probe, { whole }: Analysis): string {
  const { outcome, blockedAt: node = '', blockedBy: place = '' } = result;
  return JSON.stringify([outcome, node, decisionKey({ node, place, stage: 'link', says: '' }, whole)]);
}

/** What both ends see of translation. */
function rewritten({ translations, result }: Probe): string {
  return JSON.stringify([translations.map(({ place: _, ...rewrite }) => rewrite), result.seenAs?.address]);
}
