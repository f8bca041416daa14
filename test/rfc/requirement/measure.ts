/** Every requirement asked of every profile, and held against what the profile says of itself. */
import { ALL_PROFILES } from '../../../src/sim/design/profiles.ts';
import { type Requirement, type Seen, Subject } from './requirement.ts';

export type Cell =
  | { readonly kind: 'meets' }
  /** What the profile says why, and what was seen. */
  | { readonly kind: 'deviates'; readonly reason: string | undefined; readonly seen: string }
  | { readonly kind: 'nothing'; readonly reason: string };

/** Why a profile does not meet a requirement, by its own account. */
export function reasonOf(profile: string, id: string): string | undefined {
  const deviates = ALL_PROFILES[profile]?.deviates ?? {};
  return Object.entries(deviates).find(([ids]) => ids.split(' ').includes(id))?.[1];
}

/** Asks one requirement of one profile. */
export function measure({ id, check, unless }: Requirement, profile: string): Cell {
  if (typeof check !== 'function') return { kind: 'nothing', reason: check.none };
  const subject = new Subject(profile);
  const beside = unless?.(subject);
  if (beside !== undefined) return { kind: 'nothing', reason: beside };
  const seen: Seen = check(subject);
  return seen === undefined ? { kind: 'meets' } : { kind: 'deviates', reason: reasonOf(profile, id), seen };
}
