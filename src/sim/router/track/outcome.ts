/** What a protocol tracker is given, and what it says of a packet. */
import type { Millis } from '../../base/time.ts';
import type { Tracking } from '../../program/program.ts';
import type { Connection, Direction } from '../connection.ts';

/** What a packet is to its connection. */
export type Outcome =
  /** Part of the connection, or let through as if it were. */
  | { readonly kind: 'accepted'; readonly detail?: string }
  /** Not part of it: the packet has no connection. */
  | { readonly kind: 'invalid'; readonly detail: string }
  /** Part of it, and the last of it: the connection is gone at once. */
  | { readonly kind: 'destroyed'; readonly detail: string }
  /** Part of it, but NAT does not let it pass. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** The connection was over; this packet opens a new one in its place. */
  | { readonly kind: 'reopened' };

/** A packet of a connection, as it reaches the tracker. */
export interface Sighting {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: Millis;
  readonly tracking: Tracking;
}

/** Nothing more to say. */
export const ACCEPTED: Outcome = { kind: 'accepted' };

/** The packet is not part of the connection, for this reason. */
export function invalid(detail: string): Outcome {
  return { kind: 'invalid', detail };
}
