/** What became of a network in one what-if of a sweep. Small, since there may be a hundred thousand of them. */
import type { Flow } from '../flows.ts';
import type { Variant } from './variants.ts';

/** A flow that is no more, and why. */
export interface Loss extends Flow {
  readonly outcome: string;
  readonly blockedAt?: string;
  readonly blockedBy?: string;
}

/** Plain JSON. */
export interface Outcome {
  /** The place of the what-if in the list of all. */
  readonly index: number;
  readonly id: string;
  readonly kind: Variant['kind'];
  /** Flows that are no more. */
  readonly lost: number;
  /** Those of them whose two ends are no part of what failed. */
  readonly lostBetweenOthers: number;
  readonly gained: number;
  /** Flows that go another way, are translated otherwise, or reach another server. */
  readonly changed: number;
  /** The first few lost flows, those between others before the rest. */
  readonly examples: readonly Loss[];
}

/** How many lost flows an outcome shows. */
export const SHOWN = 3;
