/** What a sweep found, for people and for machines. */
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import type { Locate } from '../../sim/trace/view.ts';
import { showFlow } from '../flows.ts';
import type { Loss, Outcome } from '../sweep/outcome.ts';
import type { Ranking } from '../sweep/rank.ts';

/** What a ranking is of. */
export interface SweepTitle {
  readonly network: string;
  readonly flows: number;
  /** All what-ifs of the question; fewer were tried in a shard, or in an unfinished sweep. */
  readonly variants: number;
}

/** The document that `sweep --reporter json` prints. */
export function rankingToJson(ranking: Ranking, title: SweepTitle) {
  return { version: 1, ...title, ...ranking };
}

export interface RankingOptions {
  readonly paint?: Paint;
  readonly locate?: Locate;
}

export function showRanking(ranking: Ranking, title: SweepTitle, options: RankingOptions = {}): string {
  const { paint = PLAIN } = options;
  const { tried, harmful, harmless, worst, singlePoints, idleRules } = ranking;
  const part = tried === title.variants ? '' : ` of ${count(title.variants, 'what-if')}`;
  return [
    `${title.network}: ${tried === title.variants ? count(tried, 'what-if') : tried}${part} tried on ${count(title.flows, 'flow')}: ${harmful} lose a flow, ${harmless} change nothing.`,
    ...section(
      'Worst',
      worst.flatMap((outcome) => showOutcome(outcome, paint)),
      paint,
    ),
    ...section(
      `Single points of failure: ${singlePoints.length}`,
      singlePoints.map(({ id, lostBetweenOthers }) => `  ${id}  parts ${count(lostBetweenOthers, 'flow')} of others`),
      paint,
    ),
    ...section(
      `Rules that nothing depends on: ${idleRules.length}`,
      idleRules.map((outcome) => `  ${outcome.id}${whereOf(outcome, options)}`),
      paint,
    ),
    '',
  ].join('\n');
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ['', paint.strong(title), ...lines];
}

function showOutcome({ id, lost, lostBetweenOthers, gained, changed, examples }: Outcome, paint: Paint): string[] {
  const told = [
    lost === 0 ? '' : paint.bad(`${lost} lost`),
    lostBetweenOthers === 0 || lostBetweenOthers === lost ? '' : `${lostBetweenOthers} of them between others`,
    gained === 0 ? '' : paint.good(`${gained} gained`),
    changed === 0 ? '' : `${changed} changed`,
  ].filter((text) => text !== '');
  return [`  ${id}: ${told.join(', ')}`, ...examples.map((loss) => paint.faint(`      ${showLoss(loss)}`))];
}

function showLoss(loss: Loss): string {
  const { outcome, blockedAt, blockedBy } = loss;
  const where = blockedAt === undefined ? '' : ` at ${blockedAt}: ${blockedBy ?? ''}`;
  return `${showFlow(loss)}: ${outcome}${where}`;
}

/** The line of a rule in the file; what-ifs of rules are named by node and place. */
function whereOf({ id }: Outcome, { locate = () => undefined }: RankingOptions): string {
  const space = id.lastIndexOf(' ');
  const where = locate(id.slice(0, space), id.slice(space + 1));
  return where === undefined ? '' : `  ${where}`;
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}
