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

/** Another analysis, and what of its findings is in doubt here. */
interface Inherited {
  readonly from: Analysis;
  readonly doubt: Doubt;
}

/** Where an analysis comes from. */
interface Descent {
  readonly parents: readonly Analysis[];
  /** Parents are made to find out what they do not know yet: worth it where many children ask the same. */
  readonly asks: boolean;
}

/** A longer line of ancestors is cut off: what still holds of their findings is taken over at once. */
const GENERATIONS = 4;

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
  readonly #inherited: readonly Inherited[];
  readonly #asks: boolean;
  readonly #generation: number;
  #flows: readonly Flow[] | undefined;
  #runs = 0;

  constructor(
    design: Design,
    wiring: readonly ChangeItem[],
    options: AnalysisOptions,
    { parents, asks }: Descent = ORPHAN,
  ) {
    this.#outside = withInternet(design);
    this.design = design;
    this.wiring = wiring;
    this.#options = options;
    this.#rest = atRest(this.#outside?.design ?? design, wiring, options.seed ?? 1);
    this.#asks = asks;
    const inherited = parents.map((from) => ({ from, doubt: doubtBetween(from.basis, this.basis) }));
    const generation = 1 + Math.max(0, ...parents.map((parent) => parent.#generation));
    const isLong = generation > GENERATIONS;
    if (isLong) this.#takeOver(inherited);
    this.#inherited = isLong ? [] : inherited;
    this.#generation = isLong ? 1 : generation;
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
    const known = this.#known(key, flow);
    if (known !== undefined || !Object.hasOwn(this.whole.nodes, flow.from)) return known;
    const found = (this.#asks ? this.#ask(key, flow) : undefined) ?? this.#run(flow);
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
    return new Analysis(design, [...this.wiring, ...wiring], this.#options, { parents: [this], asks: false });
  }

  /**
   * As `after`, where another analysis of the same network already made part of the change: what holds there, or here,
   * is taken over, and found out there first if it is not known, so that the next child need not ask again.
   */
  afterBoth(change: Change, other: Analysis): Analysis {
    const { design, wiring } = edit(this.design, change);
    return new Analysis(design, [...this.wiring, ...wiring], this.#options, { parents: [this, other], asks: true });
  }

  /** The same for a checked design that came of this one, as by `fork`: what is shared is known to be the same. */
  with(design: Design): Analysis {
    return new Analysis(design, this.wiring, this.#options, { parents: [this], asks: false });
  }

  #run(flow: Flow): Probe {
    this.#runs += 1;
    return probe(this.start(), flow);
  }

  /** What was found here, or by an ancestor and still holds. */
  #known(key: string, flow: Flow): Probe | undefined {
    return this.#probes.get(key) ?? heldBy(this.#inherited, flow, (from) => from.#known(key, flow));
  }

  #ask(key: string, flow: Flow): Probe | undefined {
    return heldBy(this.#inherited, flow, (from) => from.probe(flow, key));
  }

  #takeOver(inherited: readonly Inherited[]): void {
    for (const flow of inherited.flatMap(({ from }) => from.flows)) {
      const key = flowKey(flow);
      const known = heldBy(inherited, flow, (from) => from.#known(key, flow));
      if (known !== undefined) this.#probes.set(key, known);
    }
  }
}

const ORPHAN: Descent = { parents: [], asks: false };

/** The first finding that is out of doubt. */
function heldBy(
  inherited: readonly Inherited[],
  { name }: Flow,
  find: (from: Analysis) => Probe | undefined,
): Probe | undefined {
  for (const { from, doubt } of inherited) {
    const found = find(from);
    if (found !== undefined && found.flow.name === name && stillHolds(found, doubt)) return found;
  }
  return undefined;
}

function outsideOf(outside: Outside | undefined): Pick<FlowOptions, 'internet' | 'scaffold'> {
  return outside === undefined ? {} : { internet: outside.name, scaffold: outside.scaffold };
}
