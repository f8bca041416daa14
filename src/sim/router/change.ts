import type { Millis } from '../base/time.ts';
import type { Occurrence } from '../trace/trace.ts';

/** One change of a table, to be recorded once; the name of the node is for the recorder to add. */
export type Change = { readonly at: Millis } & (
  | Omit<Extract<Occurrence, { kind: 'flow' }>, 'node'>
  | Omit<Extract<Occurrence, { kind: 'expectation' }>, 'node'>
  | Omit<Extract<Occurrence, { kind: 'mapping' }>, 'node'>
);
