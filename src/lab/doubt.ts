/** Parts of a design that this kernel or this machine does otherwise: steps on it prove nothing. */
import type { Step } from '../scenarios/schema.ts';
import type { Design } from '../sim/design/design.ts';
import { linksOf } from '../sim/design/topology.ts';
import type { LabReport } from './run.ts';

/** Why a step that sends packets cannot be compared, after those `before` it; undefined when it can. */
export function doubtOf(design: Design, before: readonly Step[], { gaps, notes }: LabReport): string | undefined {
  const waited = before.some((step) => 'wait' in step);
  const [gap] = gaps.filter(({ place }) => waited || !place.includes('.tracking.timeouts.'));
  if (gap !== undefined) return `${gap.place}: ${gap.reason}`;
  return notes.find((note) => weakens(design, note));
}

/** Links without their latency lead to the same results, those without their loss or bandwidth do not. */
function weakens(design: Design, note: string): boolean {
  const [, index] = /links\[(\d+)\]/.exec(note) ?? [];
  const link = index === undefined ? undefined : linksOf(design)[Number(index)];
  return link !== undefined && (link.loss > 0 || link.bandwidth !== undefined);
}
