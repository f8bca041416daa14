/** Views of a trace by packet: where each went, what became of it, and what it caused. */
import type { Packet } from '../packet/packet.ts';
import type { Fate } from './fate.ts';
import type { PacketId, Trace, TraceEvent } from './trace.ts';

type Born = Extract<TraceEvent, { kind: 'born' }>;
type HopEvent = Extract<TraceEvent, { kind: 'hop' }>;
type WireEvent = Extract<TraceEvent, { kind: 'wire' }>;

/** One packet from its birth to its fate. */
export interface Journey {
  readonly id: PacketId;
  readonly born: Born;
  readonly hops: readonly HopEvent[];
  readonly wires: readonly WireEvent[];
  /** Undefined while the packet is on its way. */
  readonly fate: Fate | undefined;
  /** Packets that this one caused: answers, forwarded questions, pieces. */
  readonly caused: readonly PacketId[];
}

/** Every packet born in this stretch of a trace, in order of birth. */
export function journeysOf(trace: Trace): ReadonlyMap<PacketId, Journey> {
  const found = new Map<
    PacketId,
    { id: PacketId; born: Born; hops: HopEvent[]; wires: WireEvent[]; fate: Fate | undefined; caused: PacketId[] }
  >();
  for (const event of trace) {
    switch (event.kind) {
      case 'born':
        found.set(event.packet, { id: event.packet, born: event, hops: [], wires: [], fate: undefined, caused: [] });
        if (event.cause !== undefined) found.get(event.cause)?.caused.push(event.packet);
        break;
      case 'hop':
        found.get(event.packet)?.hops.push(event);
        break;
      case 'wire':
        found.get(event.packet)?.wires.push(event);
        break;
      case 'fate': {
        const journey = found.get(event.packet);
        if (journey !== undefined) journey.fate = event.fate;
        break;
      }
      default:
        break;
    }
  }
  return found;
}

/** The packets that a program sent, and everything that came of them, in order of birth. */
export function familyOf(journeys: ReadonlyMap<PacketId, Journey>, program: string): Journey[] {
  const members = new Set<PacketId>();
  for (const { id, born } of journeys.values()) {
    if (born.by === program || (born.cause !== undefined && members.has(born.cause))) members.add(id);
  }
  return [...journeys.values()].filter(({ id }) => members.has(id));
}

/** The packet as it was when its journey ended: after every rewrite. */
export function finalForm(journey: Journey): Packet {
  return journey.hops.at(-1)?.steps.at(-1)?.after ?? journey.born.value;
}
