/** All flows of a design, each tried from the same start: a world at rest. */
import type { Change, ChangeItem } from '../sim/design/change.ts';
import type { Design } from '../sim/design/design.ts';
import type { World } from '../sim/world/world.ts';
import { type Basis, type Doubt, doubtBetween, stillHolds } from './doubt.ts';
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

/**
 * Prepares the analysis of a checked design; flows are tried when they are asked for, and their results kept. A change
 * that does not fit throws an `InputError`.
 */
export function analyse(design: Design, options: AnalysisOptions = {}): Analysis {
  const edited = edit(design, options.change ?? []);
  return new Analysis(edited.design, edited.wiring, options);
}

/** What another analysis found, and what of it is in doubt. */
interface Inherited {
  readonly probes: ReadonlyMap<string, Probe>;
  readonly doubt: Doubt;
}

/** The flows of one design as it stands. */
export class Analysis {
  /** As written, changes included; without the outside. */
  readonly design: Design;
  /** Links and nodes that were taken up or down, in order. */
  readonly wiring: readonly ChangeItem[];
  readonly #outside: Outside | undefined;
  readonly #rest: World;
  readonly #options: AnalysisOptions;
  readonly #probes = new Map<string, Probe>();
  readonly #inherited: Inherited | undefined;
  #flows: readonly Flow[] | undefined;
  #runs = 0;

  constructor(design: Design, wiring: readonly ChangeItem[], options: AnalysisOptions, parent?: Analysis) {
    this.#outside = withInternet(design);
    this.design = design;
    this.wiring = wiring;
    this.#options = options;
    this.#rest = atRest(this.#outside?.design ?? design, wiring, options.seed ?? 1);
    this.#inherited =
      parent === undefined ? undefined : { probes: parent.#probes, doubt: doubtBetween(parent.basis, this.basis) };
  }

  /** The node that stands for the outside; undefined where nothing is. */
  get internet(): string | undefined {
    return this.#outside?.name;
  }

  /** The design that flows run on: with the outside. */
  get whole(): Design {
    return this.#rest.design;
  }

  get basis(): Basis {
    return { design: this.design, world: this.#rest, wiring: this.wiring };
  }

  /** How many flows were run, not taken over. */
  get runs(): number {
    return this.#runs;
  }

  /** Every flow, by sender, then by target. */
  get flows(): readonly Flow[] {
    this.#flows ??= this.#options.flows ?? flowsOf(this.#rest, { ...this.#options, ...outsideOf(this.#outside) });
    return this.#flows;
  }

  /** What becomes of one flow, whose `flowKey` may be at hand; undefined where its sender is no node of the design. */
  probe(flow: Flow, key: string = flowKey(flow)): Probe | undefined {
    const known = this.#probes.get(key) ?? this.#kept(key, flow);
    if (known === undefined && !Object.hasOwn(this.whole.nodes, flow.from)) return undefined;
    const found = known ?? this.#run(flow);
    this.#probes.set(key, found);
    return found;
  }

  /** A world of its own in which nothing has happened yet. */
  start(): World {
    return this.#rest.fork();
  }

  /** The analysis of the design after a change. What the change cannot have touched is taken over from here. */
  after(change: Change): Analysis {
    const { design, wiring } = edit(this.design, change);
    return new Analysis(design, [...this.wiring, ...wiring], this.#options, this);
  }

  /** The same for a checked design that came of this one, as by `fork`: what is shared is known to be the same. */
  with(design: Design): Analysis {
    return new Analysis(design, this.wiring, this.#options, this);
  }

  #run(flow: Flow): Probe {
    this.#runs += 1;
    return probe(this.start(), flow);
  }

  #kept(key: string, { name }: Flow): Probe | undefined {
    const found = this.#inherited?.probes.get(key);
    if (found === undefined || this.#inherited === undefined || found.flow.name !== name) return undefined;
    return stillHolds(found, this.#inherited.doubt) ? found : undefined;
  }
}

function outsideOf(outside: Outside | undefined): Pick<FlowOptions, 'internet' | 'scaffold'> {
  return outside === undefined ? {} : { internet: outside.name, scaffold: outside.scaffold };
}
