/** What may happen in a network: traffic, links and nodes that fail, restarts, edits; and in the end one attempt. */
import fc from 'fast-check';
import type { Step } from '../scenarios/schema.ts';
import type { Operation } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import { anyEdit, anyEvent } from './change.ts';
import { anyStep } from './step.ts';

export interface CaseOptions {
  /** Attempts, of which one comes last. */
  readonly probes: readonly Step[];
  /** Ports that the network has a use for. */
  readonly ports: readonly number[];
  readonly events: 'none' | 'links' | 'all';
  /** The nodes that may be edited; none when empty. */
  readonly edited: readonly string[];
}

export interface Case {
  readonly edits: readonly Operation[];
  readonly before: readonly Step[];
  /** The number of the attempt; undefined where there is none. */
  readonly probe: number | undefined;
}

/** Any course of events; shrinks to the attempt alone. */
export function anyCase(design: Design, { probes, ports, events, edited }: CaseOptions): fc.Arbitrary<Case> {
  const event = events === 'none' ? undefined : anyEvent(design, events);
  const names = Object.keys(design.nodes);
  const happens = [
    { weight: 4, arbitrary: anyStep(design, { ports }) },
    ...(probes.length === 0 ? [] : [{ weight: 1, arbitrary: fc.constantFrom(...probes) }]),
    ...(event === undefined ? [] : [{ weight: 2, arbitrary: event.map((change): Step => ({ change })) }]),
    ...(events === 'all'
      ? [{ weight: 1, arbitrary: fc.constantFrom(...names).map((restart): Step => ({ restart })) }]
      : []),
  ];
  const edit = edited.length === 0 ? undefined : anyEdit(design, edited);
  return fc.record({
    edits: edit === undefined ? fc.constant([]) : fc.array(edit, { maxLength: 2 }),
    before: fc.array(fc.oneof(...happens), { maxLength: 5 }),
    probe: probes.length === 0 ? fc.constant(undefined) : fc.nat({ max: probes.length - 1 }),
  });
}
