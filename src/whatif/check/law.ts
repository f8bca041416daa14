/** What can be asked of a run: a law that holds in it or is broken. */
import type { ScenarioReport } from '../../scenarios/run.ts';
import type { Step } from '../../scenarios/schema.ts';
import type { Design } from '../../sim/design/design.ts';
import type { Journey } from '../../sim/trace/journey.ts';
import type { PacketId } from '../../sim/trace/trace.ts';

/** A run from its first step to its last, and all that came of it. */
export interface Sight {
  /** The network as it was when the run began. */
  readonly design: Design;
  readonly steps: readonly Step[];
  readonly report: ScenarioReport;
  readonly journeys: ReadonlyMap<PacketId, Journey>;
  /** The same run once more, from a fresh world. */
  readonly again: () => ScenarioReport;
}

/** An expectation of a step, as it stands in a file. */
export type Wanted = string | Readonly<Record<string, unknown>>;

export interface Breach {
  /** One sentence: what happened that should not have. */
  readonly says: string;
  /** Where and why, in a few words. A smaller network breaks the law in the same way when this is the same. */
  readonly at?: string;
  /** The step at which it happened; the last by default. */
  readonly step?: number;
  /** What that step comes to where the law holds. */
  readonly expect?: Wanted;
  /** What is to be looked at after that step, where its own result shows nothing. */
  readonly look?: { readonly inspect: string; readonly expect: Wanted };
}

/** Something that holds in every run of a network, or is broken by one. */
export interface Law {
  readonly name: string;
  /** The first breach of a run; undefined when the law holds. */
  readonly breach: (sight: Sight) => Breach | undefined;
}

/** The step during which a packet was born; undefined before the first. */
export function stepOfPacket({ report }: Sight, packet: PacketId): number | undefined {
  const at = report.steps.findIndex(({ events }) =>
    events.some((event) => event.kind === 'born' && event.packet === packet),
  );
  return at < 0 ? undefined : at;
}

/** The outcome of a step whose packets arrive and are answered. */
export function successOf(step: Step | undefined): Wanted | undefined {
  if (step === undefined) return undefined;
  if ('connect' in step) return 'connected';
  if ('ping' in step || 'send' in step) return 'replied';
  if ('traceroute' in step) return 'reached';
  if ('fetch' in step) return 'fetched';
  if ('resolve' in step) return 'resolved';
  return 'ftp' in step ? 'transferred' : undefined;
}
