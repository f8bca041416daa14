/** A diff told to people: expectations first, then flows by kind and cause, each with one example to run. */

import { showSpot } from '../../scenarios/report/told.ts';
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import { DIFFERENCE_KINDS, type DifferenceKind } from '../diff.ts';
import type { Flip } from '../expectations.ts';
import { showFlow } from '../flows.ts';
import { groupsOf, type NetworkStory, type Story, showCause, type ToldDifference, type ToldSide } from '../story.ts';

/** How many flows of one cause are listed before the rest is counted. */
const LISTED = 8;

const TITLES: Readonly<Record<DifferenceKind, string>> = {
  lost: 'Lost',
  gained: 'Gained',
  server: 'Answered by another server',
  path: 'On another way',
  translation: 'Translated otherwise',
  stopped: 'Not answered either way, but stopped otherwise',
};

export function showStory(story: Story, paint: Paint = PLAIN): string {
  const flips = story.expectations;
  const lines = [
    ...showFlips(
      'Expectations that no longer hold',
      flips.filter(({ kind }) => kind === 'lost'),
      paint,
    ),
    ...showFlips(
      'Expectations that hold now',
      flips.filter(({ kind }) => kind === 'gained'),
      paint,
    ),
    ...story.networks.flatMap((network) => showNetwork(network, story.networks.length > 1, paint)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function showFlips(title: string, flips: readonly Flip[], paint: Paint): string[] {
  if (flips.length === 0) return [];
  return [
    paint.strong(`${title}: ${flips.length}`),
    ...flips.flatMap(({ scenario, step, message, spot }) => [
      `  ${scenario}${step === undefined ? '' : `: ${step}`}${spot === undefined ? '' : `  ${paint.faint(showSpot(spot))}`}`,
      ...message.split('\n').map((line) => `      ${line}`),
    ]),
    '',
  ];
}

function showNetwork({ network, flows, differences }: NetworkStory, named: boolean, paint: Paint): string[] {
  const changed = `${differences.length} of ${flows} flows ${differences.length === 1 ? 'differs' : 'differ'}`;
  return [
    ...(named && differences.length > 0 ? [paint.strong(`Network ${network}`), ''] : []),
    ...DIFFERENCE_KINDS.flatMap((kind) =>
      showKind(
        kind,
        differences.filter((each) => each.kind === kind),
        paint,
      ),
    ),
    named ? `${network}: ${changed}.` : `${changed}.`,
  ];
}

function showKind(kind: DifferenceKind, all: readonly ToldDifference[], paint: Paint): string[] {
  if (all.length === 0) return [];
  return [paint.strong(`${TITLES[kind]}: ${all.length}`), ...groupsOf(all).flatMap((group) => showGroup(group, paint))];
}

function showGroup(group: readonly ToldDifference[], paint: Paint): string[] {
  const [example] = group;
  if (example === undefined) return [];
  const more = group.length - LISTED;
  return [
    ...example.causes.map((cause) => `  ${cause.side.padEnd(6)}  ${showCause(cause)}`),
    ...group.slice(0, LISTED).map((each) => `    ${showFlow(each.flow)}${showChange(each)}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    `  ${paint.faint(`see: ${example.trace}`)}`,
    '',
  ];
}

/** What differs, where it is not the outcome. */
function showChange({ kind, before, after }: ToldDifference): string {
  const show = SHOWN[kind];
  return `: ${show(before)} → ${show(after)}`;
}

const outcome = (side: ToldSide | undefined): string => side?.outcome ?? 'no sender';
const SHOWN: Readonly<Record<DifferenceKind, (side: ToldSide | undefined) => string>> = {
  lost: outcome,
  gained: outcome,
  stopped: outcome,
  server: (side) => side?.server ?? 'nobody',
  path: (side) => (side?.path ?? []).join(' '),
  translation: (side) =>
    (side?.translations ?? []).map(({ from, to }) => `${from} as ${to}`).join(', ') || 'not translated',
};
