/** Differences put in the words of the files they come from: what every report of a diff is made of. */
import type { Locate } from '../sim/trace/view.ts';
import type { Cause, Sides } from './cause.ts';
import type { Difference, DifferenceKind } from './diff.ts';
import type { Rewrite } from './evidence.ts';
import type { Flip } from './expectations.ts';
import type { Flow } from './flows.ts';
import { type Cell, cellOf } from './matrix.ts';
import type { Probe } from './probe.ts';

export interface ToldCause extends Cause {
  /** The line of the file. */
  readonly where?: string;
}

/** One side of a flow; plain JSON. */
export interface ToldSide extends Omit<Cell, keyof Flow> {
  readonly translations: readonly Rewrite[];
}

export interface ToldDifference {
  readonly kind: DifferenceKind;
  readonly flow: Flow;
  readonly before?: ToldSide;
  readonly after?: ToldSide;
  readonly causes: readonly ToldCause[];
  /** A command that shows it hop by hop. */
  readonly trace: string;
}

export interface NetworkStory {
  readonly network: string;
  readonly flows: number;
  readonly differences: readonly ToldDifference[];
}

/** Everything that a diff has to tell. */
export interface Story {
  readonly expectations: readonly Flip[];
  readonly networks: readonly NetworkStory[];
}

/** How differences are told: the lines of both sides, and the command that traces a flow on one of them. */
export interface Tongue {
  readonly locate: Sides<Locate>;
  trace(flow: Flow, side: 'before' | 'after'): string;
}

export function tellDifference({ kind, flow, before, after, causes }: Difference, tongue: Tongue): ToldDifference {
  return {
    kind,
    flow,
    ...(before === undefined ? {} : { before: sideOf(before, tongue.locate.before) }),
    ...(after === undefined ? {} : { after: sideOf(after, tongue.locate.after) }),
    causes: causes.map((cause) => {
      const where = tongue.locate[cause.side](cause.node ?? '', cause.place);
      return where === undefined ? cause : { ...cause, where };
    }),
    trace: tongue.trace(flow, after === undefined ? 'before' : 'after'),
  };
}

function sideOf(probe: Probe, locate: Locate): ToldSide {
  const { from, to, address, protocol, port, app, name, ...rest } = cellOf(probe, locate);
  return { ...rest, translations: probe.translations };
}

/** How many flows there are of each kind. */
export function countKinds({ networks }: Story): Readonly<Record<DifferenceKind, number>> {
  const counts = { lost: 0, gained: 0, server: 0, path: 0, translation: 0, stopped: 0 };
  for (const { differences } of networks) for (const { kind } of differences) counts[kind] += 1;
  return counts;
}

/** Differences of one kind with the same causes, in order. */
export function groupsOf(differences: readonly ToldDifference[]): readonly (readonly ToldDifference[])[] {
  const groups = new Map<string, ToldDifference[]>();
  for (const difference of differences) {
    const key = JSON.stringify([difference.kind, difference.causes]);
    const known = groups.get(key) ?? [];
    known.push(difference);
    groups.set(key, known);
  }
  return [...groups.values()];
}

/** `fw firewall.forward.rules[1] "the web is open": accept at scenarios.json:226` */
export function showCause({ node, place, name, says, where }: ToldCause): string {
  const at = where === undefined ? '' : ` at ${where}`;
  const named = name === undefined ? '' : ` "${name}"`;
  return node === undefined ? `${says}${at}` : `${node} ${place}${named}: ${says}${at}`;
}
