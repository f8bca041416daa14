/** All flows of a design, each tried from the same start: a world at rest. */
import type { Change, ChangeItem } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import type { World } from '../sim/world/world.ts';
import { type Flow, type FlowOptions, flowKey, flowsOf } from './flows.ts';
import { type Outside, withInternet } from './internet.ts';
import { type Probe, probe } from './probe.ts';
import { atRest, edit } from './rest.ts';

export interface AnalysisOptions extends Omit<FlowOptions, 'internet' | 'scaffold'> {
  /** Made before anything runs. */
  readonly change?: Change;
  /** All randomness comes from it; default 1. */
  readonly seed?: number;
  /** These flows instead of all that the design has. */
  readonly flows?: readonly Flow[];
}

/** Prepares the analysis of a checked design; flows are tried when they are asked for, and their results kept. */
export function analyse(design: Design, options: AnalysisOptions = {}): Analysis {
  const { design: edited, wiring } = edit(design, options.change ?? []);
  return new Analysis(edited, wiring, options);
}

export class Analysis {
  /** As written, changes included; without the outside. */
  readonly design: Design;
  readonly #outside: Outside | undefined;
  readonly #rest: World;
  readonly #options: AnalysisOptions;
  readonly #probes = new Map<string, Probe>();
  #flows: readonly Flow[] | undefined;

  constructor(design: Design, wiring: readonly ChangeItem[], options: AnalysisOptions) {
    this.#outside = withInternet(design);
    this.design = design;
    this.#options = options;
    this.#rest = atRest(this.#outside?.design ?? design, wiring, options.seed ?? 1);
  }

  /** The node that stands for the outside; undefined where nothing is. */
  get internet(): string | undefined {
    return this.#outside?.name;
  }

  /** The design that flows run on: with the outside. */
  get whole(): Design {
    return this.#rest.design;
  }

  /** Every flow, by sender, then by target. */
  get flows(): readonly Flow[] {
    this.#flows ??= this.#options.flows ?? flowsOf(this.#rest, { ...this.#options, ...outsideOf(this.#outside) });
    return this.#flows;
  }

  /** What becomes of one flow; undefined where its sender is no node of the design. */
  probe(flow: Flow): Probe | undefined {
    const key = flowKey(flow);
    const known = this.#probes.get(key);
    if (known !== undefined || !Object.hasOwn(this.whole.nodes, flow.from)) return known;
    const made = probe(this.start(), flow);
    this.#probes.set(key, made);
    return made;
  }

  /** A world of its own in which nothing has happened yet. */
  start(): World {
    return this.#rest.fork();
  }
}

function outsideOf(outside: Outside | undefined): Pick<FlowOptions, 'internet' | 'scaffold'> {
  return outside === undefined ? {} : { internet: outside.name, scaffold: outside.scaffold };
}
