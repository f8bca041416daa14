import { LINUX, type StageName } from '../program/order.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Stage } from './passage.ts';
import { Walks } from './recall.ts';
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
import { track, trackAny } from './stage/track.ts';

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

/** Stages that have nothing to do with what is whole. */
const FOR_PIECES: ReadonlySet<StageName> = new Set(['defrag', 'reassemble']);

/** Stages one behind the other, those left out that have nothing to do. */
export interface Line {
  readonly stages: readonly Stage[];
  /** The number of each among all stages of its way. */
  readonly numbers: readonly number[];
  /** How many stages the way has. */
  readonly length: number;
  /** The place of the stage behind which all that the others ask is known; `DOOR`: it is from the start. */
  readonly known: number;
  /** The places of those that have more to do when a connection opens than to look, or of the next behind them. */
  readonly dnat: number;
  readonly snat: number;
  readonly confirm: number;
}

export const DOOR = -1;
/** Walks along the line are not remembered. */
const NEVER = -2;

/** One way through a node. */
export interface Way {
  readonly whatever: Line;
  /** The same for TCP and UDP that is whole, where walks are remembered. */
  readonly flows: Line;
}

/** The ways through a node; where a packet that comes in goes on, or stays, is said by routing, last of `arrive`. */
export interface Ways {
  readonly program: NodeProgram;
  /** Whether packets of IPv4 are tracked. */
  readonly tracks: boolean;
  /** Whether what NAT gives a new connection depends on rules and on other connections alone. */
  readonly opens: boolean;
  readonly walks: Walks;
  readonly origin: Way;
  readonly through: Way;
  readonly stay: Way;
}

const remembered = new WeakMap<NodeProgram, Ways>();
const walkedAnew = new WeakMap<NodeProgram, Ways>();

/** Made once for each program, whatever worlds it runs in; `recalls`: whether walks are remembered. */
export function waysOf(program: NodeProgram, recalls: boolean): Ways {
  const made = recalls ? remembered : walkedAnew;
  const found = made.get(program);
  if (found !== undefined) return found;
  const tracks = program.tracks.has(4) || program.nat64.length > 0;
  const isIdle = (name: StageName) => IDLE[name]?.(program) === true;
  const way = (names: readonly StageName[]): Way => {
    const whatever = lineOf(names, NEVER, isIdle);
    if (!recalls) return { whatever, flows: whatever };
    return {
      whatever,
      flows: lineOf(names, tracks ? 'track' : DOOR, (name) => FOR_PIECES.has(name) || isIdle(name)),
    };
  };
  const ways = {
    program,
    tracks,
    opens: program.tracking.behaviour === undefined,
    walks: new Walks(program),
    origin: way(ORDER.origin),
    through: way(ORDER.through),
    stay: way(ORDER.stay),
  };
  made.set(program, ways);
  return ways;
}

/** `known`: the stage behind which walks are remembered, or one of the two that stand for none. */
function lineOf(
  names: readonly StageName[],
  known: StageName | typeof DOOR | typeof NEVER,
  isIdle: (name: StageName) => boolean,
): Line {
  // some stand in a way twice
  const numbers = Array.from(names.keys()).filter((number) => !isIdle(names[number] as StageName));
  const busy = numbers.map((number) => names[number] as StageName);
  const placeOf = (name: StageName) => numbers.filter((number) => number < names.indexOf(name)).length;
  return {
    // where flows are tracked, their family is
    stages: busy.map((name) => (name === 'track' && known === name ? trackAny : STAGES[name])),
    numbers,
    length: names.length,
    known: typeof known === 'number' ? known : placeOf(known),
    dnat: placeOf('dnat'),
    snat: placeOf('snat'),
    confirm: placeOf('confirm'),
  };
}

/** The lists from end to end. */
export const ORDER = {
  origin: LINUX.origin,
  through: [...LINUX.arrive, ...LINUX.transit],
  stay: [...LINUX.arrive, ...LINUX.local],
} as const;
