/**
 * A walk that is remembered for the packets after it that are like it. Nothing here says what becomes of a packet: a walk
 * through the stages does, once, and its end holds for every packet that the stages cannot tell from that one. What
 * they look at is the program, the way in, addresses and protocol, ports and TCP flags where a rule asks for them, what
 * tracking says (which is asked anew each time), and whether the packet is small enough and has a hop left.
 */
import { isIp4 } from '../addr/ip.ts';
import { hasPorts, lengthOf, type Packet, type Tcp, type Udp } from '../packet/packet.ts';
import { withDestination, withSource, withTtl } from '../packet/rewrite.ts';
import { type Shift, shiftBetween, shifted } from '../packet/shift.ts';
import { portsOf } from '../packet/tuple-pair.ts';
import { hashWords } from '../packet/tuple-table.ts';
import type { NodeProgram } from '../program/program.ts';
import { CHECKED, type Why } from '../trace/trace.ts';
import type { End, Passage } from './passage.ts';
import { mtuOf, TAG } from './stage/forwarding.ts';

/** Packets that can be alike: TCP and UDP over IPv4. */
type Flow = Tcp | Udp;

function isFlow(packet: Packet): packet is Flow {
  return hasPorts(packet) && isIp4(packet.src);
}

/** The end of a walk, and for which packets it is good. */
export interface Recalled {
  readonly program: NodeProgram;
  readonly in: string | undefined;
  readonly protocol: Flow['kind'];
  /** 32 bits, signed. */
  readonly src: number;
  readonly dst: number;
  /** −1 where no rule asks for them. */
  readonly ports: number;
  readonly flags: number;
  /** The longest packet that nothing on the way cuts or refuses, in bytes. */
  readonly longest: number;
  readonly verdict: 'transmit' | 'deliver' | 'drop';
  readonly out: Passage['out'];
  readonly nextHop: Passage['nextHop'];
  /** Undefined: the packet goes on as it came. */
  readonly shift: Shift | undefined;
  readonly why: Why;
  /** What each stage said; undefined where nobody listened. */
  readonly said: readonly Why[] | undefined;
}

/** Where walks are kept. */
export interface Memory {
  /** The walk that this packet would take; undefined: none that is remembered. */
  find(passage: Passage, program: NodeProgram): Recalled | undefined;
  keep(recalled: Recalled): void;
}

/** Whether a packet at the door is whole, its way is open, and nothing is known of it yet. */
export function isFirst({ packet, out, tracked, cut }: Passage): boolean {
  return tracked === undefined && out === undefined && cut === undefined && isFlow(packet);
}

/** Whether a walk of packets with the same ends is good for this one, too. */
export function suits(recalled: Recalled, { packet, in: arrivedBy }: Passage, program: NodeProgram): boolean {
  const { flags, longest, shift } = recalled;
  if (recalled.program !== program || recalled.in !== arrivedBy || lengthOf(packet) > longest) return false;
  if (shift !== undefined && packet.ttl <= shift.hops) return false;
  return flags === -1 || (packet.kind === 'tcp' && packet.flags === flags);
}

type Own = { -readonly [Field in keyof Passage]: Passage[Field] };

/** The end of the walk once more, for another packet, whose passage is its walk's own and is written to. */
export function again({ verdict, why, out, nextHop, shift }: Recalled, passage: Own): End {
  const { packet } = passage;
  if (shift !== undefined && isFlow(packet)) passage.packet = shifted(packet, shift);
  passage.out = out;
  passage.nextHop = nextHop;
  return verdict === 'deliver' ? { verdict, passage } : { verdict, why, passage };
}

/** What to remember of a walk; undefined where its end need not be that of others like it. */
export function recallable(
  start: Passage,
  end: End,
  program: NodeProgram,
  said: readonly Why[] | undefined,
): Recalled | undefined {
  const { packet, in: arrivedBy } = start;
  const { passage } = end;
  const { out, nextHop, cut, arrived } = passage;
  if (!isFlow(packet) || !isPlain(end) || cut !== undefined || arrived !== undefined) return undefined;
  const shift = passage.packet === packet ? undefined : shiftBetween(packet, passage.packet);
  if (passage.packet !== packet && shift === undefined) return undefined;
  return {
    program,
    in: arrivedBy,
    ...keyOf(packet, program),
    longest: Math.min(
      arrivedBy === undefined ? Number.POSITIVE_INFINITY : mtuOf(program, arrivedBy) + TAG,
      out === undefined ? Number.POSITIVE_INFINITY : mtuOf(program, out),
    ),
    verdict: end.verdict,
    out,
    nextHop,
    shift,
    why: end.verdict === 'deliver' ? CHECKED : end.why,
    said,
  };
}

type Plain = Extract<End, { verdict: 'transmit' | 'deliver' | 'drop' }>;

/** It leaves whole, is delivered, or is dropped by a rule without a word. */
function isPlain(end: End): end is Plain {
  if (end.verdict === 'drop') return end.why.kind === 'filter' && end.answer === undefined;
  return end.verdict === 'deliver' || (end.verdict === 'transmit' && end.pieces === undefined);
}

type Key = Pick<Recalled, 'protocol' | 'src' | 'dst' | 'ports' | 'flags'>;

function keyOf(packet: Flow, { asks }: NodeProgram): Key {
  return {
    protocol: packet.kind,
    src: Number(packet.src) | 0,
    dst: Number(packet.dst) | 0,
    ports: asks.ports ? portsOf(packet) : -1,
    flags: asks.flags && packet.kind === 'tcp' ? packet.flags : -1,
  };
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

/**
 * Walks through a program that tracks nothing: each depends on the packet alone. A walk takes the place of another one
 * with the same hash, so that the table stays small whatever passes.
 */
export class Walks implements Memory {
  #slots: (Recalled | undefined)[] = new Array(FEWEST).fill(undefined);
  /** How many walks have had to give way to another. */
  #lost = 0;

  find(passage: Passage, program: NodeProgram): Recalled | undefined {
    const { packet } = passage;
    if (!isFlow(packet)) return undefined;
    const [src, dst] = [Number(packet.src) | 0, Number(packet.dst) | 0];
    const ports = program.asks.ports ? portsOf(packet) : -1;
    const found = this.#slots[this.#slotOf(src, dst, ports)];
    if (found === undefined || found.src !== src || found.dst !== dst || found.ports !== ports) return undefined;
    return found.protocol === packet.kind && suits(found, passage, program) ? found : undefined;
  }

  keep(recalled: Recalled): void {
    this.#put(recalled);
    if (this.#lost <= this.#slots.length || this.#slots.length === MOST) return;
    const before = this.#slots;
    this.#slots = new Array(before.length * 2).fill(undefined);
    this.#lost = 0;
    for (const each of before) if (each !== undefined) this.#put(each);
  }

  #put(recalled: Recalled): void {
    const { src, dst, ports } = recalled;
    const at = this.#slotOf(src, dst, ports);
    const there = this.#slots[at];
    if (there !== undefined && (there.src !== src || there.dst !== dst || there.ports !== ports)) this.#lost += 1;
    this.#slots[at] = recalled;
  }

  #slotOf(src: number, dst: number, ports: number): number {
    return hashWords(src, dst, ports, 0) & (this.#slots.length - 1);
  }
}
