import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { Fate } from '../trace/fate.ts';
import type { Occurrence, PacketId, Trace, TraceEvent } from '../trace/trace.ts';

/** Writes down every event once, in order, and gives packets their numbers. */
export class Recorder {
  readonly #events: TraceEvent[] = [];
  #packets = 0;

  get trace(): Trace {
    return this.#events;
  }

  log(time: Millis, occurrence: Occurrence): void {
    this.#events.push({ ...occurrence, time, sequence: this.#events.length });
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
}
