/** What silence does to sessions, as text and as JSON: a table of who forgets what, the first loss, the keepalive. */
import { showDuration } from '../../sim/base/time.ts';
import { type Paint, PLAIN } from '../../sim/trace/paint.ts';
import type { Locate } from '../../sim/trace/view.ts';
import type { Idle } from '../idle/idle.ts';
import type { Judged, Sides, Word } from '../idle/silence.ts';

/** How it is to be shown. */
export interface IdleOptions {
  readonly from: string;
  /** The line of the file that a setting stands in. */
  readonly locate: Locate;
  readonly paint?: Paint;
}

export function showIdle(found: readonly Idle[], options: IdleOptions): string {
  return found.map((session) => showSession(session, options)).join('\n');
}

function showSession(session: Idle, options: IdleOptions): string {
  const { from, paint = PLAIN } = options;
  const title = paint.strong(`${session.protocol}, ${session.phase}: ${from} → ${session.target}`);
  if (session.kind === 'blocked') return `${title}\n  ${paint.bad('there is no session:')} ${session.says}\n`;
  const { server, seenAs, states } = session;
  const table = states.length === 0 ? [] : showTable(states, server, options);
  return [`${title} (${server}, which knows it as ${seenAs})`, ...table, ...conclude(session, options), ''].join('\n');
}

type Measured = Extract<Idle, { kind: 'measured' }>;

function showTable(states: readonly Judged[], server: string, { from, locate, paint = PLAIN }: IdleOptions): string[] {
  const head = ['node', 'remembers', 'for', 'by', `then ${server} is`, `then ${from} is`];
  const rows = states.map((state) => [
    state.node,
    `${state.kind} ${state.what}`,
    showDuration(state.lifetime),
    `${state.setting.name} (${whereOf(state, locate) ?? 'default'})`,
    showSides(state.fromServer),
    showSides(state.fromClient),
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  return [paint.faint(line(head)), ...rows.map(line)];
}

function whereOf({ node, setting }: Judged, locate: Locate): string | undefined {
  return setting.place === undefined ? undefined : (locate(node, setting.place) ?? setting.place);
}

/** What becomes of the first word after the memory is gone, where it still passed before. */
function showSides(sides: Sides | undefined): string {
  if (sides === undefined) return 'not asked here';
  if (sides.before.kind !== 'passes') return 'lost before';
  return showWord(sides.after);
}

function showWord(word: Word): string {
  switch (word.kind) {
    case 'passes':
      return 'heard';
    case 'renumbered':
      return `taken for ${word.as}`;
    case 'stopped':
      return `stopped at ${word.node}`;
  }
}

function conclude({ server, atOnce, firstLoss, keepalive }: Measured, { from, paint = PLAIN }: IdleOptions): string[] {
  if (atOnce.kind === 'stopped') {
    return [`  ${paint.bad(`${server} is not heard even at once`)}: stopped at ${atOnce.node}: ${atOnce.detail}.`];
  }
  if (firstLoss === undefined || keepalive === undefined) {
    return [`  ${paint.good(`${server} is heard after any silence`)}: no keepalive is needed.`];
  }
  const { after } = firstLoss.fromServer ?? {};
  const why = after?.kind === 'stopped' ? `, stopped at ${after.node}: ${after.detail}` : '';
  const tried = keepalive.kept
    ? 'tried: one millisecond more is too long'
    : `but one millisecond more is too long, and packets of ${from} do not keep it either`;
  return [
    `  First lost: ${firstLoss.node}, after ${showDuration(firstLoss.lifetime)} of silence: ${server} is not heard any more${why}.`,
    `  Keepalive: every ${paint.strong(showDuration(keepalive.interval))} at the longest (${tried}).`,
  ];
}

/** Plain data; durations as in a scenario file. */
export function idleToJson(found: readonly Idle[], { from, locate }: IdleOptions): unknown {
  return found.map((session) => {
    const { protocol, phase, target, kind } = session;
    const head = { protocol, phase, from, target };
    if (kind === 'blocked') return { ...head, explanation: session.says };
    const { server, seenAs, atOnce, states, firstLoss, keepalive } = session;
    return {
      ...head,
      server,
      seenAs,
      heardAtOnce: atOnce.kind === 'passes',
      states: states.map((state) => stateToJson(state, locate)),
      ...(firstLoss === undefined ? {} : { firstLoss: stateToJson(firstLoss, locate) }),
      ...(keepalive === undefined
        ? {}
        : { keepalive: { longest: showDuration(keepalive.interval), kept: keepalive.kept } }),
    };
  });
}

function stateToJson(state: Judged, locate: Locate): unknown {
  const { node, kind, what, lifetime, setting, fromServer, fromClient } = state;
  const at = whereOf(state, locate);
  return {
    node,
    kind,
    what,
    lifetime: showDuration(lifetime),
    setting: setting.name,
    ...(setting.place === undefined ? {} : { place: setting.place }),
    ...(at === undefined ? {} : { at }),
    ...(fromServer === undefined ? {} : { fromServer }),
    ...(fromClient === undefined ? {} : { fromClient }),
  };
}
