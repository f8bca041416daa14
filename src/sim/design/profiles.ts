/**
 * Named behaviours of NATs, as data: the classic types of RFC 3489 §5, NATs of carriers, of clouds, of packet filters and
 * of homes. "linux" is the kernel itself, and has no axes.
 */
import { CARRIERS } from './profile/carrier.ts';
import { CLASSICS } from './profile/classic.ts';
import { CLOUDS } from './profile/cloud.ts';
import { LINUX } from './profile/linux.ts';
import type { Profile } from './profile/profile.ts';
import { SOFTWARE } from './profile/software.ts';

export type { Profile } from './profile/profile.ts';

/** Every profile but "linux", by name. */
export const PROFILES: Readonly<Record<string, Profile>> = { ...CLASSICS, ...CARRIERS, ...SOFTWARE, ...CLOUDS };

/** Every profile, the kernel first. */
export const ALL_PROFILES: Readonly<Record<string, Profile>> = { linux: LINUX, ...PROFILES };

/** Every name that a design may write. */
export const PROFILE_NAMES: readonly string[] = Object.keys(ALL_PROFILES);
