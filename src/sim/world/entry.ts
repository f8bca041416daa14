/** What stands in a record: events, and walks whose steps are made of them when somebody looks. */
import type { Millis } from '../base/time.ts';
import type { Change } from '../router/change.ts';
import { stepsOf, type Walk } from '../router/hop.ts';
import type { Fate } from '../trace/fate.ts';
import type { Occurrence, PacketId, TraceEvent } from '../trace/trace.ts';
import type { Ledger } from './ledger.ts';

/** An event that gets its number when it is written down. */
export type Unnumbered = Occurrence & { readonly time: Millis; sequence: number };

/** What stands in a record. */
export type Entry = TraceEvent | Walked;

/** For an event that has none yet. */
export const NO_NUMBER = -1;

/**
 * One packet's walk through one node, as it is written down: most are never looked at, so its steps are made of it when
 * somebody does.
 */
export interface Walked extends Walk {
  readonly kind: 'walk';
  readonly id: PacketId;
  readonly node: string;
  out: string | undefined;
  readonly time: Millis;
  sequence: number;
}

/** One packet on a link; it gets its number when it is written down. */
export type Wired = Extract<Unnumbered, { kind: 'wire' }>;

/** Field by field, as a connection that begins is one: an object is spread many times slower than it is made. */
export function eventOf(event: Change, node: string, time: Millis): Unnumbered {
  const { kind, change, at } = event;
  const sequence = NO_NUMBER;
  switch (kind) {
    case 'flow':
      return { kind, change, row: event.row, at, node, time, sequence };
    case 'mapping':
      return { kind, change, row: event.row, at, node, time, sequence };
    case 'expectation':
      return { kind, change, from: event.from, to: event.to, master: event.master, at, node, time, sequence };
  }
}

/** Whether it tells of this packet. */
export function isAbout(event: Entry, packet: PacketId): boolean {
  switch (event.kind) {
    case 'walk':
      return event.id === packet;
    case 'born':
    case 'hop':
    case 'wire':
    case 'fate':
      return event.packet === packet;
    default:
      return false;
  }
}

/** What is worth a story. */
export const FAILURES: ReadonlySet<Fate['kind']> = new Set(['dropped', 'lost', 'pending']);

/** The events from one place to another, with the steps of walks, which are made in their places. */
export function told(events: Ledger<Entry>, from: number, to: number = events.length): TraceEvent[] {
  events.replace(toldOf, from, to);
  return events.slice(from, to) as TraceEvent[];
}

export function toldOf(event: Entry): TraceEvent {
  if (event.kind !== 'walk') return event;
  const { id, node, in: arrivedBy, out, time, sequence } = event;
  return { kind: 'hop', packet: id, node, in: arrivedBy, out, steps: stepsOf(event), time, sequence };
}
