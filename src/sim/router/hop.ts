import { fail } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import { LINUX } from '../program/order.ts';
import { CHECKED, type Step, type Why } from '../trace/trace.ts';
import { isOpening, openAgain, openingOf } from './opening.ts';
import {
  type End,
  hasSoundHeader,
  look,
  type Passage,
  type RouterState,
  type Stage,
  type StageResult,
  type Trail,
} from './passage.ts';
import { again, changed, isFirst, type Memory, ofThis, type Recalled, recallable } from './recall.ts';
import { DOOR, type Line, ORDER, type Ways } from './stages.ts';

/** A packet at the door: arrived by an interface, or made here when there is none. */
export function enter(
  packet: Packet,
  arrivedBy: string | undefined,
  tracked?: Passage['tracked'],
  cut?: Passage['cut'],
): Passage {
  return {
    packet,
    in: arrivedBy,
    out: undefined,
    nextHop: undefined,
    tracked,
    notrack: false,
    cut,
    arrived: undefined,
    turned: false,
    seen: undefined,
    isFlow: false,
    length: 0,
    isSound: false,
  };
}

/** A walk as it is kept until somebody wants to see its steps. */
export interface Walk {
  readonly in: string | undefined;
  readonly packet: Packet;
  whys: readonly Why[];
  /** The packet behind each stage; undefined: it went as another walk had, of which the words are. */
  packets: readonly Packet[] | undefined;
  end: End['verdict'];
}

/** What has been said at the start. */
export const NOTHING: readonly Why[] = [];

/**
 * Walks a packet through one node: `arrive` until routing says where, then `transit` or `local` to the end; what starts
 * here walks `origin`. This is the only place that walks the lists, and the only one that keeps what stages say, where it
 * is given something to write on. Once all is known that the rest depends on, a walk that is remembered stands for it.
 */
export function runHop(passage: Passage, node: RouterState, now: Millis, walk?: Walk): End {
  const { ways } = node;
  node.told = walk !== undefined;
  if (passage.seen !== passage.packet) look(passage);
  const way = passage.in === undefined ? ways.origin : ways.through;
  const line = isFirst(passage) ? way.flows : way.whatever;
  if (line.known === DOOR) {
    const recalled = recall(ways.walks, passage, ways, walk);
    // all that is looked at before, beside what walks are told apart by
    if (recalled !== undefined && (passage.in === undefined || hasSoundHeader(passage))) {
      return again(recalled, passage);
    }
  }
  return walkOn(line, passage, now, { ways, node, walk });
}

/** Where a packet walks. */
interface Journey {
  readonly ways: Ways;
  readonly node: RouterState;
  readonly walk: Walk | undefined;
}

/** The stages of a line, one after the other, or what is remembered of them. */
function walkOn(start: Line, passage: Passage, now: Millis, { ways, node, walk }: Journey): End {
  const { packet: first } = passage;
  const { known } = start;
  let line = start;
  let memory: Memory | undefined = known === DOOR ? ways.walks : undefined;
  let trail: Trail | undefined;
  let end: End | undefined;
  for (let at = 0; end === undefined && at < line.stages.length; at++) {
    const before = passage.packet;
    let result: StageResult = (line.stages[at] as Stage)(passage, node, now);
    if (at === known && result.verdict === 'next') {
      memory = memoryFor(passage, ways, node, walk);
      const recalled = memory === undefined ? undefined : recall(memory, passage, ways, walk);
      if (recalled !== undefined) {
        if (recalled.opens === undefined) return again(recalled, passage);
        const opened = openAgain(recalled, recalled.opens, passage, { ways, line, node, now });
        if ('verdict' in opened) return opened;
        ({ line, at, result } = opened);
        memory = undefined;
      }
    }
    if (walk !== undefined && (trail !== undefined || at >= known || result.why !== CHECKED)) {
      trail = filled(trail, line.numbers[at] as number, before);
      trail.whys.push(result.why);
      trail.packets.push(passage.packet);
    }
    if (result.verdict === 'local') line = line === ways.through.flows ? ways.stay.flows : ways.stay.whatever;
    else if (result.verdict !== 'next') end = result;
  }
  end ??= DELIVER;
  if (end.verdict === 'drop') forget(passage, node);
  if (walk !== undefined && end === DELIVER) trail = filled(trail, line.length, passage.packet);
  if (memory !== undefined) keepWalk(memory, ways, { first, passage, end, said: trail?.whys });
  if (walk !== undefined && trail !== undefined) {
    walk.whys = trail.whys;
    walk.packets = trail.packets;
    walk.end = end.verdict;
  }
  return end;
}

const DELIVER = { verdict: 'deliver' } as const;

/** Where the walk of a packet may be remembered, now that tracking has spoken. */
function memoryFor({ tracked }: Passage, ways: Ways, node: RouterState, walk?: Walk): Memory | undefined {
  if (!ways.tracks) return ways.walks;
  if (!isOpening(tracked)) return tracked?.memory;
  // what is said of a connection that opens is about it alone, and mappings are found anew
  return walk === undefined && ways.opens && node.conntrack.isUnmapped ? ways.walks : undefined;
}

/** The stages that have said nothing, up to this number, have looked at the packet, and that is all. */
function filled(trail: Trail = { whys: [], packets: [] }, number: number, packet: Packet): Trail {
  while (trail.whys.length < number) {
    trail.whys.push(CHECKED);
    trail.packets.push(packet);
  }
  return trail;
}

/** The walk that this one would be, where one is remembered, and its words where they are wanted. */
function recall(memory: Memory, passage: Passage, { program }: Ways, walk: Walk | undefined): Recalled | undefined {
  const recalled = memory.find(passage, program);
  if (recalled === undefined || walk === undefined) return recalled;
  if (recalled.said === undefined) return undefined;
  walk.whys = recalled.said;
  walk.end = recalled.end.verdict;
  return recalled;
}

/** A walk that has come to its end. */
interface Walked {
  /** The packet as it came. */
  readonly first: Packet;
  readonly passage: Passage;
  readonly end: End;
  readonly said: readonly Why[] | undefined;
}

/** Remembers a walk, unless its end depends on more than what others like it have in common. */
function keepWalk(memory: Memory, ways: Ways, { first, passage, end, said }: Walked): void {
  const { tracked } = passage;
  const connection = tracked?.connection;
  const isItsOwn = tracked?.memory === memory;
  const opens = isItsOwn ? undefined : openingOf(first, passage, end, (ports) => memory.portsOf(ports));
  if (tracked !== undefined && !isItsOwn && opens === undefined) return;
  if (connection !== undefined && (connection.helper !== undefined || connection.nat64 !== undefined)) return;
  const recalled = recallable(first, passage, end, { ways, memory, said, opens });
  if (recalled !== undefined) memory.keep(recalled);
}

/** The steps of a walk. */
export function stepsOf(walk: Walk): readonly Step[] {
  const { whys, packets } = walk;
  const stays = whys[LINUX.arrive.length - 1]?.kind === 'local';
  const list = ORDER[walk.in === undefined ? 'origin' : stays ? 'stay' : 'through'];
  const steps: Step[] = new Array(whys.length);
  let before = walk.packet;
  for (let at = 0; at < whys.length; at++) {
    const stage = list[at];
    const said = whys[at];
    if (stage === undefined || said === undefined) return fail('a walk longer than its way');
    const why = packets === undefined && said !== CHECKED ? ofThis(said, before) : said;
    const after = packets?.[at] ?? (said === CHECKED ? before : changed(why, before));
    steps[at] = { stage, verdict: at === whys.length - 1 ? STEP[walk.end] : 'next', why, before, after };
    before = after;
  }
  return steps;
}

const STEP: Readonly<Record<End['verdict'], Step['verdict']>> = {
  deliver: 'next',
  transmit: 'next',
  drop: 'drop',
  wait: 'steal',
  hold: 'steal',
  merged: 'steal',
};

/** LNX-HOOK-8: a first packet that dies on the way leaves no entry. */
function forget({ tracked }: Passage, node: RouterState): void {
  const connection = tracked?.connection;
  if (connection !== undefined && !connection.confirmed) node.conntrack.release(connection);
}
