/** Tries to break what is said of a network, and hands back the smallest scenario that does. */
import { anyCase, type Case } from '../../arbitraries/case.ts';
import { search } from '../../arbitraries/search.ts';
import { runScenario, type ScenarioReport } from '../../scenarios/run.ts';
import type { Scenario, Step } from '../../scenarios/schema.ts';
import { applyOperations, type Operation } from '../../sim/design/change.ts';
import { check } from '../../sim/design/check.ts';
import type { Design } from '../../sim/design/design.ts';
import { journeysOf } from '../../sim/trace/journey.ts';
import { ENGINE_LAWS } from '../invariants.ts';
import { offersOf } from '../service.ts';
import { assertFits, type Demand, type Invariant, judge, no, portsOf, probesOf } from './demand.ts';
import type { Breach, Sight, Wanted } from './law.ts';
import { minimise, type Small } from './minimise.ts';

export interface CheckOptions {
  /** What must hold; the laws of the engine, and that there are no loops and no answers astray, are always tried. */
  readonly invariants?: readonly Invariant[];
  /** How many courses of events are tried, after each attempt on its own; 100 by default. */
  readonly runs?: number;
  /** All randomness comes from it; 1 by default. */
  readonly seed?: number;
  /** What may fail: nothing by default; links; or links and nodes, which may be restarted as well. */
  readonly events?: 'none' | 'links' | 'all';
  /** Nodes that may be edited, or all of them; none by default. */
  readonly edits?: boolean | readonly string[];
}

/** Something that was said of the network and does not hold. */
export interface Violation {
  readonly invariant: Invariant;
  /** What happened, in one sentence. */
  readonly says: string;
  /** The smallest network and the fewest steps that show it; the last expectation is what the invariant demands. */
  readonly scenario: Scenario & { readonly network: Design };
}

export interface Checked {
  /** All that was tried, in the order of trying. */
  readonly invariants: readonly Invariant[];
  readonly violations: readonly Violation[];
  /** How many scenarios were run, those for shrinking aside. */
  readonly runs: number;
}

/** More attempts than this are not all made one by one; the random runs choose among all. */
const SWEPT = 400;

/**
 * Tries every attempt alone, then random courses of events. The same design, options and seed find the same. A design
 * that is not valid, or an invariant that names what is not there, throws an `InputError`.
 */
export function checkNetwork(design: Design, options: CheckOptions = {}): Checked {
  return new Checker(design, options).check();
}

/** An attempt, and the demand it is made for; without one it is for the laws alone. */
interface Probe {
  readonly step: Step;
  readonly demand?: Demand;
}

interface Found {
  readonly invariant: Invariant;
  readonly breach: Breach;
}

class Checker {
  readonly #design: Design;
  readonly #options: CheckOptions;
  readonly #all: readonly Invariant[];
  readonly #broken = new Set<Invariant>();
  readonly #probes: readonly Probe[];
  #runs = 0;

  constructor(design: Design, options: CheckOptions) {
    this.#design = design;
    this.#options = options;
    const named = options.invariants ?? [];
    const basic = [no('loops'), no('astray')].filter(
      ({ breach }) => !named.some((each) => 'breach' in each && each.breach === breach),
    );
    this.#all = [...ENGINE_LAWS, ...basic, ...named];
    const demands = named.flatMap((each) => ('flow' in each ? [each] : []));
    for (const each of demands) assertFits(each, design);
    this.#probes = [
      ...demands.flatMap((demand) => probesOf(design, demand).map((step) => ({ step, demand }))),
      ...everyFlow(design).map((step) => ({ step })),
    ];
  }

  check(): Checked {
    const violations: Violation[] = [];
    const note = (tried: Small & { readonly edits: readonly Operation[] }, found: Found): void => {
      this.#broken.add(found.invariant);
      violations.push(this.#shrink(tried, found));
    };
    for (const probe of this.#swept()) {
      const small = { design: this.#design, steps: [probe.step], edits: [] };
      for (let found = this.#try(small, probe.demand); found !== undefined; found = this.#try(small, probe.demand)) {
        note(small, found);
      }
    }
    for (let next = this.#search(); next !== undefined; next = this.#search()) note(next.tried, next.found);
    return { invariants: this.#all, violations, runs: this.#runs };
  }

  /** All attempts, or so many spread over them. */
  #swept(): readonly Probe[] {
    const every = Math.ceil(this.#probes.length / SWEPT);
    return this.#probes.filter((_, i) => i % Math.max(1, every) === 0);
  }

  #search(): { readonly tried: Small & { readonly edits: readonly Operation[] }; readonly found: Found } | undefined {
    const { runs = 100, seed = 1, events = 'none', edits = false } = this.#options;
    const names = Object.keys(this.#design.nodes);
    const edited = edits === true ? names : edits === false ? [] : edits;
    const open = this.#open();
    const cases = anyCase(this.#design, {
      probes: open.map(({ step }) => step),
      ports: portsOf(this.#design),
      events,
      edited,
    });
    const tried = (each: Case) => this.#unfold(each, open);
    const result = search(
      cases,
      (each) => {
        const small = tried(each);
        return small === undefined || this.#try(small, small.demand) === undefined;
      },
      { runs, seed },
    );
    const small = result.found === undefined ? undefined : tried(result.found);
    const found = small === undefined ? undefined : this.#try(small, small.demand);
    return small === undefined || found === undefined ? undefined : { tried: small, found };
  }

  /** The attempts that can still break something; those made for a demand make up most of them. */
  #open(): readonly Probe[] {
    const wanted = this.#probes.filter(({ demand }) => demand !== undefined && !this.#broken.has(demand));
    const others = this.#probes.filter(({ demand }) => demand === undefined);
    const times = wanted.length === 0 ? 0 : Math.ceil((2 * others.length) / wanted.length);
    return [...Array.from({ length: Math.max(1, times) }, () => wanted).flat(), ...others];
  }

  /** Edits that are fine alone may not be together: then there is nothing to try. */
  #unfold({ edits, before, probe }: Case, open: readonly Probe[]) {
    const design = edits.length === 0 ? this.#design : applyOperations(this.#design, edits);
    if (Array.isArray(design) || (edits.length > 0 && check(design as Design).length > 0)) return undefined;
    const chosen = probe === undefined ? undefined : open[probe];
    const steps = chosen === undefined ? before : [...before, chosen.step];
    return {
      design: design as Design,
      steps,
      edits,
      ...(chosen?.demand === undefined ? {} : { demand: chosen.demand }),
    };
  }

  /** The first of what still holds that this run breaks. */
  #try(small: Small, demand?: Demand): Found | undefined {
    this.#runs += 1;
    const sight = this.#look(small);
    if (sight === undefined) return undefined;
    for (const invariant of this.#all) {
      if (this.#broken.has(invariant)) continue;
      const breach =
        'breach' in invariant ? invariant.breach(sight) : invariant === demand ? judge(invariant, sight) : undefined;
      if (breach !== undefined) return { invariant, breach };
    }
    return undefined;
  }

  #look(small: Small): Sight | undefined {
    const again = (): ScenarioReport => runScenario({}, this.#scenario(small));
    const report = again();
    if (report.status === 'error') return undefined;
    return { ...small, report, journeys: journeysOf(report.trace), again };
  }

  #scenario({ design, steps }: Small): Scenario {
    return { name: 'check', network: design, steps, seed: this.#options.seed ?? 1 };
  }

  /** Whether `run` fails on what would be written; a law that demands nothing of a step cannot be held against one. */
  #fails({ design, steps }: Small, breach: Breach): boolean {
    if (breach.expect === undefined && breach.look === undefined) return true;
    return runScenario({}, this.#scenario({ design, steps: demanded(steps, breach) })).status === 'failed';
  }

  #shrink(tried: Small & { readonly edits: readonly Operation[] }, { invariant, breach }: Found): Violation {
    const broken = (small: Small): Breach | undefined => {
      const sight = this.#look(small);
      if (sight === undefined) return undefined;
      return 'breach' in invariant ? invariant.breach(sight) : judge(invariant, sight);
    };
    const end = 'flow' in invariant ? tried.steps.length : (breach.step ?? tried.steps.length - 1) + 1;
    const small = minimise(
      { design: tried.design, steps: tried.steps.slice(0, end) },
      {
        shows: (each) => {
          const found = broken(each);
          return found !== undefined && found.at === breach.at && this.#fails(each, found);
        },
        keep: 'flow' in invariant ? (invariant.kind === 'never' ? 'forbids' : 'allows') : 'nothing',
      },
    );
    const last = broken(small) ?? breach;
    const edits = tried.edits.map(({ op, path }) => `${op} ${path}`);
    const description = `${last.says}${edits.length === 0 ? '' : ` (after the edits ${edits.join(', ')})`}`;
    return {
      invariant,
      says: description,
      scenario: {
        name: invariant.name,
        description,
        network: small.design,
        seed: this.#options.seed ?? 1,
        steps: demanded(small.steps, last),
      },
    };
  }
}

/** The steps with what the invariant demands of them, so that the run fails until it holds. */
function demanded(steps: readonly Step[], { step, expect, look }: Breach): readonly Step[] {
  const at = step ?? steps.length - 1;
  const told = steps.map((each, i) => (i === at && expect !== undefined ? withExpectation(each, expect) : each));
  return look === undefined ? told : [...told.slice(0, at + 1), look as Step, ...told.slice(at + 1)];
}

function withExpectation(step: Step, expect: Wanted): Step {
  return { ...step, expect } as unknown as Step;
}

/** Everybody asks everybody for everything, once. */
function everyFlow(design: Design): Step[] {
  const names = Object.keys(design.nodes).filter(
    (name) => Object.keys(design.nodes[name]?.interfaces ?? {}).length > 0,
  );
  return names.flatMap((from) =>
    names.flatMap((to) => {
      const node = design.nodes[to];
      if (from === to || node === undefined) return [];
      return offersOf(node).map(
        ({ protocol, port }): Step =>
          protocol === 'icmp' || port === undefined
            ? { ping: { from, to, count: 1, timeout: '4s' } }
            : { connect: { from, to, port, protocol, timeout: '4s' } },
      );
    }),
  );
}
