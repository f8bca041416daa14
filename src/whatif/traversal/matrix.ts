/** Who reaches whom directly through which NATs: every pair of profiles tried, and held against what RFCs lead to expect. */
import { perform, simulate } from '../../scenarios/perform.ts';
import { type BehaviourSpec, resolveBehaviour } from '../../sim/design/behaviour.ts';
import { meeting } from './network.ts';
import { type Cell, type Classes, cellOf, predict } from './predict.ts';

export const TRANSPORTS = ['udp', 'tcp'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What came of one attempt. */
export interface Attempt {
  readonly outcome: 'direct' | 'failed';
  /** Whether packets passed, whatever came of them. */
  readonly flows: 'both' | 'one-way' | 'none';
  /** One or two sentences. */
  readonly explanation: string;
}

/** Lets two hosts behind NATs of these behaviours try to reach each other, in a simulated network. */
export function attempt(one: BehaviourSpec, two: BehaviourSpec, protocol: Transport): Attempt {
  const world = simulate(meeting(one, two));
  const { result } = perform(world, { punch: { peers: ['a', 'b'], via: 'server', protocol } });
  const { explanation, flows, outcome } = result;
  return {
    outcome: outcome === 'direct' ? 'direct' : 'failed',
    flows: flows === 'both' || flows === 'one-way' ? flows : 'none',
    explanation,
  };
}

/** The classes that count for a transport. Linux maps by preserving the port, and lets in what answers (LNX §8). */
export function classesOf(spec: BehaviourSpec, protocol: Transport): Classes {
  const behaviour = resolveBehaviour(spec);
  if (behaviour === undefined) return { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' };
  const { filterScope, tcp, ports } = behaviour;
  const { mapping, filtering } = protocol === 'tcp' ? tcp : behaviour;
  // a port that is kept for every destination looks like one mapping, as the kernel's does
  const kept = ports.overload && ports.allocation === 'preserve';
  return { mapping: kept ? 'endpoint-independent' : mapping, filtering, filterScope };
}

/** What the classes of two NATs lead to expect. */
export function expected(one: BehaviourSpec, two: BehaviourSpec, protocol: Transport): Cell {
  return cellOf(predict(classesOf(one, protocol), classesOf(two, protocol), protocol));
}

/** One pair, tried and predicted. */
export interface Pairing extends Attempt {
  readonly one: string;
  readonly two: string;
  readonly protocol: Transport;
  readonly cell: Cell;
  readonly needs: 'nothing' | 'relay';
}

/** Every pair of these profiles once, over each transport; `each` hears how many are done. */
export function tryAll(profiles: readonly string[], each: (done: number, of: number) => void = () => {}): Pairing[] {
  const pairs = TRANSPORTS.flatMap((protocol) =>
    profiles.flatMap((one, i) => profiles.slice(i).map((two) => ({ one, two, protocol }))),
  );
  return pairs.map(({ one, two, protocol }, i) => {
    const tried = attempt(one, two, protocol);
    each(i + 1, pairs.length);
    const needs = tried.outcome === 'direct' ? 'nothing' : 'relay';
    return { one, two, protocol, ...tried, cell: expected(one, two, protocol), needs };
  });
}
