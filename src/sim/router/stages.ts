import { LINUX, type StageName } from '../program/order.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Stage } from './passage.ts';
import { confirm } from './stage/confirm.ts';
import { defrag, reassemble } from './stage/defrag.ts';
import { egress } from './stage/egress.ts';
import { forward, input, output, raw } from './stage/filter.ts';
import { forwarding, mtu, ttl } from './stage/forwarding.ts';
import { dnat, snat } from './stage/nat.ts';
import { nat64 } from './stage/nat64.ts';
import { npt } from './stage/npt.ts';
import { route } from './stage/route.ts';
import { sanity } from './stage/sanity.ts';
import { track } from './stage/track.ts';

/** What each name in `order.ts` does to a concrete packet. */
const STAGES: Readonly<Record<StageName, Stage>> = {
  sanity,
  npt,
  defrag,
  reassemble,
  raw,
  track,
  nat64,
  dnat,
  route,
  forwarding,
  ttl,
  mtu,
  input,
  forward,
  output,
  snat,
  confirm,
  egress,
};

/** Stages that have nothing to do at some nodes, whatever comes: each would say no more than that it has looked. */
const IDLE: Readonly<Partial<Record<StageName, (program: NodeProgram) => boolean>>> = {
  npt: ({ prefixMaps }) => prefixMaps.length === 0,
  defrag: ({ tracks }) => tracks.size === 0,
  raw: ({ firewall }) => firewall.raw === undefined,
  track: ({ tracks }) => tracks.size === 0,
  nat64: ({ nat64: rules }) => rules.length === 0,
  dnat: ({ translates }) => translates.size === 0,
  snat: ({ translates }) => translates.size === 0,
  input: ({ firewall }) => firewall.input === undefined,
  forward: ({ firewall }) => firewall.forward === undefined,
  output: ({ firewall }) => firewall.output === undefined,
};

/** One way through a node: its stages, and in the place of those that are idle there nothing. */
export type Way = readonly (Stage | undefined)[];

/** The ways through a node; where a packet that comes in goes on, or stays, is said by routing, last of `arrive`. */
export interface Ways {
  readonly origin: Way;
  readonly through: Way;
  readonly stay: Way;
}

const known = new WeakMap<NodeProgram, Ways>();

/** Made once for each program. */
export function waysOf(program: NodeProgram): Ways {
  const found = known.get(program);
  if (found !== undefined) return found;
  const way = (names: readonly StageName[]): Way =>
    names.map((name) => (IDLE[name]?.(program) === true ? undefined : STAGES[name]));
  const made = { origin: way(ORDER.origin), through: way(ORDER.through), stay: way(ORDER.stay) };
  known.set(program, made);
  return made;
}

/** The lists from end to end. */
export const ORDER = {
  origin: LINUX.origin,
  through: [...LINUX.arrive, ...LINUX.transit],
  stay: [...LINUX.arrive, ...LINUX.local],
} as const;
