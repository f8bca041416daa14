import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { Fate } from '../trace/fate.ts';
import type { Occurrence, PacketId, Trace, TraceEvent } from '../trace/trace.ts';

/** A packet without a fate: who saw it last, and who made it. */
export interface Unfinished {
  readonly node: string;
  readonly by: string;
}

/** The first events of a list that its recorder may still add to. */
interface Stretch {
  readonly events: readonly TraceEvent[];
  readonly length: number;
}

/** Writes down every event once, in order, and gives packets their numbers. */
export class Recorder {
  /** What had happened before this recorder was forked from another; it is shared, not copied. */
  #past: readonly Stretch[] = [];
  #begin = 0;
  #events: TraceEvent[] = [];
  readonly #unfinished = new Map<PacketId, Unfinished>();
  #packets = 0;
  #steps = 0;

  /** A recorder that goes on from here, without a copy of what is written. */
  copy(): Recorder {
    const copy = new Recorder();
    copy.#past = [...this.#past, { events: this.#events, length: this.#events.length }];
    copy.#begin = this.length;
    for (const [packet, seen] of this.#unfinished) copy.#unfinished.set(packet, seen);
    copy.#packets = this.#packets;
    copy.#steps = this.#steps;
    return copy;
  }

  /** How many events are written down. */
  get length(): number {
    return this.#begin + this.#events.length;
  }

  /** How many steps have begun. */
  get steps(): number {
    return this.#steps;
  }

  /** Packets without a fate, in the order of their birth. */
  get unfinished(): ReadonlyMap<PacketId, Unfinished> {
    return this.#unfinished;
  }

  /** All events; a list that grows. A fork's own one is put together when it is first asked for. */
  get trace(): Trace {
    if (this.#begin > 0) {
      this.#events = [...this.since(0)];
      this.#past = [];
      this.#begin = 0;
    }
    return this.#events;
  }

  /** The events from this number on. */
  since(sequence: number): Trace {
    if (sequence >= this.#begin) return this.#events.slice(sequence - this.#begin);
    const past = this.#past.flatMap(({ events, length }) => events.slice(0, length));
    return [...past, ...this.#events].slice(sequence);
  }

  log(time: Millis, occurrence: Occurrence): void {
    const { length } = this;
    this.#follow(occurrence);
    this.#events.push({ ...occurrence, time, sequence: length });
  }

  /** A packet comes into being; `by` names who made it, `cause` the packet it answers or carries on. */
  born(time: Millis, birth: { node: string; value: Packet; cause: PacketId | undefined; by: string }): PacketId {
    const packet = ++this.#packets;
    this.log(time, { kind: 'born', packet, ...birth });
    return packet;
  }

  fate(time: Millis, packet: PacketId, fate: Fate): void {
    this.log(time, { kind: 'fate', packet, fate });
  }

  #follow(occurrence: Occurrence): void {
    const { kind } = occurrence;
    if (kind === 'step') this.#steps += 1;
    else if (kind === 'born') this.#unfinished.set(occurrence.packet, occurrence);
    else if (kind === 'fate') this.#unfinished.delete(occurrence.packet);
    else if (kind === 'hop') {
      const by = this.#unfinished.get(occurrence.packet)?.by ?? '';
      this.#unfinished.set(occurrence.packet, { node: occurrence.node, by });
    }
  }
}
