/**
 * A walk that is remembered for the packets after it that are like it. Nothing here says what becomes of a packet: a walk
 * through the stages does, once, and its end holds for every packet that the stages cannot tell from that one. What
 * they look at is the program, the way in, addresses and protocol, ports as far as rules tell them apart, TCP flags where
 * one asks for them, what tracking says (which is asked anew each time), and whether the packet is small enough and has
 * a hop left.
 */
import type { Ip } from '../addr/ip.ts';
import { RareMap } from '../base/rare-map.ts';
import { hashWords } from '../packet/hash.ts';
import { lengthOf, type Packet } from '../packet/packet.ts';
import { withDestination, withSource, withTtl } from '../packet/rewrite.ts';
import { type Shift, shiftBetween, shifted } from '../packet/shift.ts';
import type { NodeProgram } from '../program/program.ts';
import type { PortClasses } from '../program/rules/port-classes.ts';
import { CHECKED, type Why } from '../trace/trace.ts';
import type { Asked } from './bindings.ts';
import { type End, type Flow, isFlow, type Passage } from './passage.ts';
import { mtuOf, TAG } from './stage/forwarding.ts';
import type { Ways } from './stages.ts';

/** The end of a walk, and for which packets it is good. */
export interface Recalled {
  readonly program: NodeProgram;
  readonly in: string | undefined;
  readonly protocol: Flow['kind'];
  /** 32 bits, signed. */
  readonly src: number;
  readonly dst: number;
  /** Their classes (`PortClasses`). */
  readonly ports: number;
  /** −1 where no rule asks for them. */
  readonly flags: number;
  /** The longest packet that nothing on the way cuts or refuses, in bytes. */
  readonly longest: number;
  readonly end: Extract<End, { verdict: 'transmit' | 'deliver' | 'drop' }>;
  readonly out: Passage['out'];
  readonly nextHop: Passage['nextHop'];
  /** Undefined: the packet goes on as it came. */
  readonly shift: Shift | undefined;
  /** What each stage said; undefined where nobody listened. */
  readonly said: readonly Why[] | undefined;
  /** Where a connection opened, which each packet does anew; undefined elsewhere. */
  readonly opens: Opening | undefined;
}

/** What the rules asked for a connection when it opened. */
export interface Opening {
  /** Undefined where no rules were asked. */
  readonly destination: Asked | undefined;
  readonly source: Asked | undefined;
  /** Where it was sent to, if that was another destination than the packet's. */
  readonly to: { readonly dst: Ip; readonly ports: number } | undefined;
}

/** Where walks are kept. */
export interface Memory {
  /** As far as this memory has to know them to tell packets apart: the classes of a packet's ports. */
  portsOf(packet: Pick<Flow, 'sport' | 'dport'>): number;
  /** The walk that a packet that can be one of many (`isFirst`) would take; undefined: none that is remembered. */
  find(passage: Passage, program: NodeProgram): Recalled | undefined;
  keep(recalled: Recalled): void;
}

/** Whether a packet at the door is whole, its way is open, and nothing is known of it yet but what it looks like. */
export function isFirst({ isFlow, out, tracked, cut }: Passage): boolean {
  // V8 has more than one question for what may be anything but true or false
  return isFlow === true && tracked === undefined && out === undefined && cut === undefined;
}

/** Whether a walk of packets with the same ends is good for this one, too. */
export function suits(recalled: Recalled, { packet, in: arrivedBy, length }: Passage, program: NodeProgram): boolean {
  const { flags, longest, shift } = recalled;
  if (recalled.program !== program || length > longest) return false;
  // asked by itself, so that V8 compares strings with strings
  if (arrivedBy === undefined ? recalled.in !== undefined : recalled.in !== arrivedBy) return false;
  if (shift !== undefined && packet.ttl <= shift.hops) return false;
  return flags === -1 || (packet.kind === 'tcp' && packet.flags === flags);
}

/** The end of the walk once more, for another packet. */
export function again({ end, out, nextHop, shift }: Recalled, passage: Passage): End {
  const { packet } = passage;
  if (shift !== undefined) moveOn(passage, shifted(packet as Flow, shift));
  passage.out = out;
  passage.nextHop = nextHop;
  return end;
}

/** What looks like the packet before it takes its place. */
export function moveOn(passage: Passage, packet: Packet): void {
  passage.packet = packet;
  passage.seen = packet;
}

/** What to remember of a walk; undefined where its end need not be that of others like it. */
export function recallable(
  before: Packet,
  passage: Passage,
  end: End,
  { ways, memory, said, opens }: Pick<Recalled, 'said' | 'opens'> & { readonly ways: Ways; readonly memory: Memory },
): Recalled | undefined {
  const { packet: after, in: arrivedBy, out, nextHop, cut, arrived } = passage;
  const { program, walks } = ways;
  if (!isFlow(before) || !isPlain(end) || cut !== undefined || arrived !== undefined) return undefined;
  const shift = after === before ? undefined : shiftBetween(before, after);
  if (after !== before && shift === undefined) return undefined;
  return {
    program,
    in: arrivedBy,
    protocol: before.kind,
    src: Number(before.src) | 0,
    dst: Number(before.dst) | 0,
    ports: memory.portsOf(before),
    flags: program.asks.flags && before.kind === 'tcp' ? before.flags : -1,
    longest: Math.min(
      arrivedBy === undefined ? Number.POSITIVE_INFINITY : mtuOf(program, arrivedBy) + TAG,
      out === undefined ? Number.POSITIVE_INFINITY : mtuOf(program, out),
    ),
    end: end.verdict === 'transmit' ? walks.exitTo(nextHop, out) : end,
    out,
    nextHop,
    shift,
    said,
    opens,
  };
}

/** It leaves whole, is delivered, or is dropped by a rule without a word. */
function isPlain(end: End): end is Recalled['end'] {
  if (end.verdict === 'drop') return end.why.kind === 'filter' && end.answer === undefined;
  return end.verdict === 'deliver' || (end.verdict === 'transmit' && end.pieces === undefined);
}

/** What a stage said of another packet of the flow, said of this one: only of the TTL and of the length it differs. */
export function ofThis(why: Why, packet: Packet): Why {
  if (why.kind === 'decremented') return { kind: why.kind, ttl: packet.ttl - 1 };
  return why.kind === 'fits' ? { kind: why.kind, mtu: why.mtu, length: lengthOf(packet) } : why;
}

/** The packet as it left the stage that said this. */
export function changed(why: Why, packet: Packet): Packet {
  if (why.kind === 'decremented') return withTtl(packet, why.ttl);
  if (why.kind !== 'translated') return packet;
  const { side, to } = why;
  return side === 'source' ? withSource(packet, to.ip, to.port) : withDestination(packet, to.ip, to.port);
}

const FEWEST = 16;
const MOST = 4096;
/** Finding the classes of ports costs about as much as a walk for each so many rules. */
const RULES_A_WALK = 16;

/** A way out of a node. */
interface Exit {
  readonly out: string | undefined;
  readonly end: Extract<End, { verdict: 'transmit' }>;
}

/**
 * Walks through a program that depend on the packet alone: all where nothing is tracked, else those of packets that open
 * connections. A walk takes the place of another one with the same hash, so that the table stays small whatever passes.
 */
export class Walks implements Memory {
  #slots: (Recalled | undefined)[] = new Array(FEWEST).fill(undefined);
  /** The one that was found last: mostly the next is the same. */
  #last: Recalled | undefined;
  /** By next hop. */
  readonly #exits = new RareMap<Ip, Exit>();
  /** How many walks have had to give way to another. */
  #lost = 0;
  /** So many more walks are forgotten, until it pays to find the classes of ports. */
  #patience: number;

  readonly #ports: PortClasses;

  constructor({ asks }: NodeProgram) {
    this.#ports = asks.ports;
    this.#patience = Math.floor(asks.ports.cost / RULES_A_WALK);
  }

  portsOf(packet: Pick<Flow, 'sport' | 'dport'>): number {
    return this.#patience > 0 ? 0 : this.#ports.of(packet);
  }

  find(passage: Passage, program: NodeProgram): Recalled | undefined {
    if (this.#patience > 0) return undefined;
    const packet = passage.packet as Flow;
    const src = (packet.src as number) | 0;
    const dst = (packet.dst as number) | 0;
    const ports = this.#ports.of(packet);
    let found = this.#last;
    if (found === undefined || found.src !== src || found.dst !== dst || found.ports !== ports) {
      found = this.#slots[this.#slotOf(src, dst, ports)];
      if (found === undefined || found.src !== src || found.dst !== dst || found.ports !== ports) return undefined;
      this.#last = found;
    }
    return found.protocol === packet.kind && suits(found, passage, program) ? found : undefined;
  }

  keep(recalled: Recalled): void {
    if (this.#patience > 0) {
      this.#patience -= 1;
      return;
    }
    this.#put(recalled);
    if (this.#lost <= this.#slots.length || this.#slots.length === MOST) return;
    const before = this.#slots;
    this.#slots = new Array(before.length * 2).fill(undefined);
    this.#lost = 0;
    for (const each of before) if (each !== undefined) this.#put(each);
  }

  /** The end of all walks that leave by this interface for this next hop: one value, by which they are known. */
  exitTo(nextHop: Ip | undefined, out: string | undefined): Exit['end'] {
    const known = nextHop === undefined ? undefined : this.#exits.get(nextHop);
    if (known !== undefined && known.out === out) return known.end;
    const end = { verdict: 'transmit', why: CHECKED } as const;
    if (this.#exits.size === MOST) this.#exits.clear();
    if (nextHop !== undefined) this.#exits.set(nextHop, { out, end });
    return end;
  }

  #put(recalled: Recalled): void {
    const { src, dst, ports } = recalled;
    const at = this.#slotOf(src, dst, ports);
    const there = this.#slots[at];
    if (there !== undefined && (there.src !== src || there.dst !== dst || there.ports !== ports)) this.#lost += 1;
    this.#slots[at] = recalled;
    this.#last = recalled;
  }

  #slotOf(src: number, dst: number, ports: number): number {
    return hashWords(src, dst, ports, 0) & (this.#slots.length - 1);
  }
}
