/** What a benchmark found out, ready for JSON. */
import type { Measured } from './measure.ts';

/** Two sides that did the same, in one run of this program. */
export interface Comparison {
  readonly kind: 'comparison';
  /** `G4 acl`: the goal, and which of its rows. */
  readonly id: string;
  readonly title: string;
  /** What one operation is: `packet`, `link-hop`. */
  readonly per: string;
  readonly ours: Measured;
  readonly peer: Measured;
  /** With its version. */
  readonly peerName: string;
  /** `speed`: how many times as fast as the peer; `cost`: how many times its cost, the less the better. */
  readonly measure: 'speed' | 'cost';
  readonly ratio: number;
  readonly must?: number;
  readonly moonshot?: number;
  /** What both sides gave the same answer to before anything was timed. */
  readonly agreed: string;
  readonly notes: readonly string[];
}

export interface Point {
  readonly size: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  /** The largest resident set of the process that did it, less that of one that does nothing. */
  readonly peakMb: number;
  /** Live memory for each, where that says something. */
  readonly bytesEach?: number;
  readonly says: string;
}

/** The same at several sizes, each in a process of its own. */
export interface Scale {
  readonly kind: 'scale';
  readonly id: string;
  readonly title: string;
  /** What there are so many of. */
  readonly of: string;
  readonly points: readonly Point[];
  /** Cost grows with this power of the size; absent for a single size. */
  readonly exponent?: number;
}

export interface Skip {
  readonly kind: 'skipped';
  readonly id: string;
  readonly title: string;
  readonly why: string;
}

export type Entry = Comparison | Scale | Skip;

/** A whole run. */
export interface Report {
  readonly version: 1;
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly repeats: number;
  readonly quick: boolean;
  readonly entries: readonly Entry[];
}

/** What was asked for makes no sense. */
export class Misused extends Error {
  override readonly name = 'Misused';
}

/** Why something cannot be measured here. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

type Parts = Omit<Comparison, 'kind' | 'ratio' | 'notes'> & { readonly notes?: readonly string[] };

/** The ratio is one of medians of CPU time. */
export function compareSides({ notes = [], ...parts }: Parts): Comparison {
  const [ours, peer] = [parts.ours.cpuNs.median, parts.peer.cpuNs.median];
  return { kind: 'comparison', ...parts, ratio: parts.measure === 'speed' ? peer / ours : ours / peer, notes };
}

type Verdict = 'moonshot met' | 'must met' | 'not met' | 'no goal';

export function judge({ measure, ratio, must, moonshot }: Comparison): Verdict {
  const reaches = (goal: number): boolean => (measure === 'speed' ? ratio >= goal : ratio <= goal);
  if (moonshot !== undefined && reaches(moonshot)) return 'moonshot met';
  if (must === undefined) return 'no goal';
  return reaches(must) ? 'must met' : 'not met';
}

/** The power of the size that the cost grows with, between the smallest and the largest. */
export function exponentOf(points: readonly Point[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || first.size === last.size) return undefined;
  return Math.log(last.cpuMs / first.cpuMs) / Math.log(last.size / first.size);
}
