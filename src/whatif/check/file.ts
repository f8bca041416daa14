/** The invariants of a file, network by network. */
import { networksOf } from '../../scenarios/check/invariant.ts';
import type { Scenario, ScenarioFile } from '../../scenarios/schema.ts';
import type { Design } from '../../sim/design/design.ts';
import { type Invariant, invariantOf } from './demand.ts';
import { type Checked, type CheckOptions, checkNetwork, type Violation } from './network.ts';

/** A network of a file after it was tried. */
export interface CheckedNetwork extends Checked {
  readonly network: string;
  /** Where an invariant stands in the list of the file; undefined for those that are always tried. */
  readonly indexOf: (invariant: Invariant) => number | undefined;
}

/** Tries one network of a checked file, with the invariants that are about it. */
export function checkFileNetwork(file: ScenarioFile, network: string, options: CheckOptions = {}): CheckedNetwork {
  const networks = new Map<string, Design>(Object.entries(file.networks ?? {}));
  const places = new Map<Invariant, number>();
  for (const [i, spec] of (file.invariants ?? []).entries()) {
    if (networksOf(spec, networks).includes(network)) places.set(invariantOf(spec), i);
  }
  const design = networks.get(network) ?? { nodes: {} };
  const checked = checkNetwork(design, { ...options, invariants: [...places.keys(), ...(options.invariants ?? [])] });
  return { network, indexOf: (invariant) => places.get(invariant), ...checked };
}

/** A scenario file of what was found: `middlebox run` fails on it until the invariants hold. */
export function fileOf(violations: readonly Violation[]): ScenarioFile {
  const names = new Map<string, number>();
  const named = violations.map(({ scenario }): Scenario => {
    const times = (names.get(scenario.name) ?? 0) + 1;
    names.set(scenario.name, times);
    return times === 1 ? scenario : { ...scenario, name: `${scenario.name} (${times})` };
  });
  return { scenarios: named };
}
