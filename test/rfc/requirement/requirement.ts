/** What a requirement is: a sentence of an RFC, and a measurement that tells whether a profile does as it says. */
import fc from 'fast-check';
import { fail } from '../../../src/sim/base/fail.ts';
import { type Axes, type Behaviour, resolveBehaviour } from '../../../src/sim/design/behaviour.ts';
import { check } from '../../../src/sim/design/check.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { networkOf, Stand, type StandOptions } from './stand.ts';

/** MUST, MUST NOT, SHOULD, MAY, or for information. */
export type Level = 'M' | 'N' | 'S' | 'A' | 'I';

/** What was seen instead of what the requirement says; undefined when all was as it says. */
export type Seen = string | undefined;

export interface Requirement {
  readonly id: string;
  readonly level: Level;
  /** In our words. */
  readonly text: string;
  /** Measures a profile, or says why there is nothing to measure, for any. */
  readonly check: ((subject: Subject) => Seen) | { readonly none: string };
  /** Why it says nothing to this profile; undefined when it does. */
  readonly unless?: (subject: Subject) => string | undefined;
}

/** Networks that were found sound, by what they are made of: checking one takes longer than running it. */
const designs = new Map<string, Design>();

/** A design with issues throws the first. */
export function checked(design: Design): Design {
  const [issue] = check(design);
  return issue === undefined ? design : fail(`${issue.path.join('.')}: ${issue.message}`);
}

/** A profile under test. */
export class Subject {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** A gateway of the profile, at rest. */
  stand(options: StandOptions = {}): Stand {
    const key = JSON.stringify([this.name, options]);
    const design = designs.get(key) ?? checked(networkOf(this.name, options));
    designs.set(key, design);
    return new Stand(design, options.seed);
  }

  /** Undefined for the kernel, which has no axes. */
  get behaviour(): Behaviour | undefined {
    return resolveBehaviour(this.name);
  }

  /** A gateway with four outside ports to give away. */
  narrow(options: StandOptions = {}): Stand {
    const { behaviour } = this;
    if (behaviour === undefined) return this.stand({ ...options, ports: '4000-4003' });
    // eight subscribers with four ports each
    if (behaviour.ports.allocation === 'deterministic') {
      return this.stand({ ...options, source: '192.168.1.8/29', axes: { ports: { range: '4000-4031' } } });
    }
    const block = behaviour.ports.allocation === 'block' ? { blockSize: 2, blocks: 4 } : {};
    return this.stand({ ...options, axes: { ports: { range: '4000-4003', ...block } } });
  }

  /** A gateway whose two sides have the same prefix; undefined when such a network is refused. */
  conflict(): Stand | undefined {
    const { nodes, links } = networkOf(this.name);
    const interfaces = { lan: '192.168.1.1/24', wan: '192.168.1.2/24' };
    const outside = { ...nodes.outside, kind: 'host' as const, interfaces: { eth0: '192.168.1.200/24' } };
    const nat = { ...nodes.nat, kind: 'gateway' as const, interfaces };
    const network = { nodes: { ...nodes, nat, outside }, ...(links === undefined ? {} : { links }) };
    return check(network).length > 0 ? undefined : new Stand(network);
  }

  /** A gateway of the profile with other axes; undefined when it refuses them. */
  tuned(axes: Axes, options: StandOptions = {}): Stand | undefined {
    return this.behaviour === undefined ? undefined : this.stand({ ...options, axes });
  }
}

/** A port that is not well known; room above it for a few more. */
export const highPort = fc.integer({ min: 1024, max: 65_000 });
/** A well-known port. */
export const lowPort = fc.integer({ min: 1, max: 1000 });

/** Asks a question for a few drawn values; the first answer that is not good is what was seen. */
export function forAll<T>(values: fc.Arbitrary<T>, ask: (value: T) => Seen, numRuns = 4): Seen {
  for (const value of fc.sample(values, { numRuns, seed: 4787 })) {
    const seen = ask(value);
    if (seen !== undefined) return `${fc.stringify(value)}: ${seen}`;
  }
  return undefined;
}

/** The first of several questions that is not answered well. */
export function every(...answers: readonly (() => Seen)[]): Seen {
  for (const ask of answers) {
    const seen = ask();
    if (seen !== undefined) return seen;
  }
  return undefined;
}

/** Undefined if it holds, else what was seen. */
export function unlessHolds(holds: boolean, seen: string): Seen {
  return holds ? undefined : seen;
}

export function only<T>(values: readonly T[], what: string): T {
  const [value, ...rest] = values;
  return value !== undefined && rest.length === 0 ? value : fail(`${values.length} ${what}`);
}
