/** The report as one JSON document, version 1. Fields may be added to it; none is renamed or given another meaning. */
import type { PacketView } from '../../sim/trace/view.ts';
import type { Result } from '../result.ts';
import type { Verb } from '../schema.ts';
import { packetsIn, type Summary, summarise, type Told } from './told.ts';

export interface JsonReport {
  readonly version: 1;
  readonly summary: Summary;
  readonly scenarios: readonly {
    readonly name: string;
    readonly status: Told['status'];
    /** With `error`: why the scenario could not go on. */
    readonly message?: string;
    readonly steps: readonly JsonStep[];
  }[];
}

export interface JsonStep {
  readonly verb: Verb;
  readonly name?: string;
  readonly status: 'passed' | 'failed' | 'ran';
  readonly result: Result;
  /** As written in the file. */
  readonly expected?: unknown;
  readonly message?: string;
  /** Every packet of the step; only when asked for. */
  readonly trace?: readonly PacketView[];
}

export function toJson(all: readonly Told[]): JsonReport {
  return {
    version: 1,
    summary: summarise(all),
    scenarios: all.map(({ name, status, message, steps }) => ({
      name,
      status,
      ...(message === undefined ? {} : { message }),
      steps: steps.map(({ title, spot, items, ...step }) => {
        const trace = packetsIn({ title, ...step, ...(items === undefined ? {} : { items }) });
        return { ...step, ...(trace === undefined ? {} : { trace }) };
      }),
    })),
  };
}
