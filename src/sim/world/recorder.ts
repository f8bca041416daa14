import { Numbered } from '../base/numbered.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { Change } from '../router/change.ts';
import { NOTHING } from '../router/hop.ts';
import type { Passage } from '../router/passage.ts';
import type { Fate } from '../trace/fate.ts';
import type { Occurrence, PacketId, Trace, TraceEvent } from '../trace/trace.ts';
import {
  type Entry,
  eventOf,
  FAILURES,
  isAbout,
  NO_NUMBER,
  told,
  toldOf,
  type Unnumbered,
  type Walked,
  type Wired,
} from './entry.ts';
import { Ledger } from './ledger.ts';

/**
 * How much is written down: everything; the packets that came to grief, each with its whole story once it has; nothing.
 * What happens is the same.
 */
export type RecordLevel = 'full' | 'failures' | 'off';

/** A packet without a fate: who saw it last, and who made it. */
export interface Unfinished {
  readonly node: string;
  readonly by: string;
}

type Birth = Omit<Extract<Occurrence, { kind: 'born' }>, 'kind' | 'packet'>;

interface OnItsWay {
  node: string;
  readonly by: string;
  /** What happened to it, where that is written down only if it comes to grief. */
  readonly story: (Unnumbered | Walked)[] | undefined;
}

/** The first events of a list that its recorder may still add to. */
interface Stretch {
  readonly events: Ledger<Entry>;
  readonly length: number;
}

/** Writes down every event once, in order, and gives packets their numbers. */
export class Recorder {
  readonly level: RecordLevel;
  /** Whether anybody reads what stages decided. */
  readonly listens: boolean;
  /** What had happened before this recorder was forked from another; it is shared, not copied. */
  #past: readonly Stretch[] = [];
  #begin = 0;
  #events = new Ledger<Entry>();
  /** Somebody holds the list of events, and sees it grow. */
  #watched = false;
  readonly #unfinished = new Numbered<OnItsWay>();
  #packets = 0;
  #steps = 0;
  /** The packets whose fates somebody waits for: from this number on, as many as the list has places. */
  #first = 0;
  #fates: (Fate | undefined)[] = [];
  #waiting = 0;

  constructor(level: RecordLevel = 'full') {
    this.level = level;
    this.listens = level !== 'off';
  }

  /** A recorder that goes on from here, without a copy of what is written. */
  copy(): Recorder {
    const copy = new Recorder(this.level);
    const { length } = this.#events;
    copy.#past = length === 0 ? this.#past : [...this.#past, { events: this.#events, length }];
    copy.#begin = this.length;
    for (const [packet, seen] of this.#unfinished) {
      const story = seen.story === undefined ? undefined : [...seen.story];
      copy.#unfinished.set(packet, { node: seen.node, by: seen.by, story });
    }
    copy.#packets = this.#packets;
    copy.#steps = this.#steps;
    return copy;
  }

  /** How many events are written down. */
  get length(): number {
    return this.#begin + this.#events.length;
  }

  /** How many packets there have been. */
  get packets(): number {
    return this.#packets;
  }

  /** How many steps have begun. */
  get steps(): number {
    return this.#steps;
  }

  /** Packets without a fate, in the order of their birth; without a record only those that a node made to answer others. */
  get unfinished(): Numbered<Unfinished> {
    return this.#unfinished;
  }

  /** All events; a list that grows. A fork's own one is put together when it is first asked for. */
  get trace(): Trace {
    if (this.#begin > 0) {
      this.#events = new Ledger<Entry>([...this.since(0)]);
      this.#past = [];
      this.#begin = 0;
    }
    if (!this.#watched) this.#events.replace(toldOf, 0, this.#events.length);
    this.#watched = true;
    return this.#events.whole() as readonly TraceEvent[];
  }

  /** The events from this number on. */
  since(sequence: number): Trace {
    if (sequence >= this.#begin) return told(this.#events, sequence - this.#begin);
    const past = this.#past.flatMap(({ events, length }) => told(events, 0, length));
    return [...past, ...told(this.#events, 0)].slice(sequence);
  }

  /** The events from this number on that are about one packet; since then the recorder has not been forked. */
  about(packet: PacketId, sequence: number): Trace {
    const found: TraceEvent[] = [];
    const events = this.#events;
    for (let at = sequence - this.#begin; at < events.length; at++) {
      const event = events.at(at) as Entry;
      if (!isAbout(event, packet)) continue;
      const told = toldOf(event);
      events.set(at, told);
      found.push(told);
    }
    return found;
  }

  /** What is about no packet, and about no table. */
  log(time: Millis, occurrence: Extract<Occurrence, { kind: 'note' | 'step' | 'design' }>): void {
    if (occurrence.kind === 'step') this.#steps += 1;
    if (this.level === 'full' || occurrence.kind !== 'note') this.#write({ ...occurrence, time, sequence: NO_NUMBER });
  }

  /** What has changed in the tables of a node. */
  change(time: Millis, node: string, changes: readonly Change[]): void {
    if (changes.length === 0 || this.level !== 'full') return;
    for (const change of changes) this.#write(eventOf(change, node, time));
  }

  /** A packet comes into being; `by` names who made it, `cause` the packet it answers or carries on. */
  born(time: Millis, birth: Birth): PacketId {
    const packet = ++this.#packets;
    if (this.listens || birth.by === 'icmp') this.#bear(time, packet, birth);
    return packet;
  }

  /** The same for packets that are sent by hand, one right behind the other; the number of the first. */
  bornTogether(time: Millis, node: string, packets: readonly Packet[]): PacketId {
    const first = this.#packets + 1;
    this.#packets += packets.length;
    if (!this.listens) return first;
    for (const [i, value] of packets.entries())
      this.#bear(time, first + i, { node, value, cause: undefined, by: 'hand' });
    return first;
  }

  #bear(time: Millis, packet: PacketId, { node, value, cause, by }: Birth): void {
    const story = this.level === 'failures' ? [] : undefined;
    this.#unfinished.set(packet, { node, by, story });
    if (!this.listens) return;
    this.#tell({ kind: 'born', packet, node, value, cause, by, time, sequence: NO_NUMBER }, story);
  }

  /** A packet begins to walk through a node, where somebody reads what stages decide. */
  walk(time: Millis, id: PacketId, node: string, passage: Passage): Walked | undefined {
    if (!this.listens) return undefined;
    const { in: arrivedBy, packet } = passage;
    return {
      kind: 'walk',
      id,
      node,
      in: arrivedBy,
      out: undefined,
      packet,
      whys: NOTHING,
      packets: undefined,
      end: 'drop',
      time,
      sequence: NO_NUMBER,
    };
  }

  /** A packet has walked through a node. */
  hop(walked: Walked, out: string | undefined): void {
    walked.out = out;
    const seen = this.#unfinished.get(walked.id);
    if (seen !== undefined) seen.node = walked.node;
    this.#tell(walked, seen?.story);
  }

  /** A packet is on a link. */
  wire(wired: Wired): void {
    this.#tell(wired, this.level === 'full' ? undefined : this.#unfinished.get(wired.packet)?.story);
  }

  fate(time: Millis, packet: PacketId, fate: Fate): void {
    if (this.#waiting > 0) this.#keep(packet, fate);
    if (!this.listens && this.#unfinished.size === 0) return;
    const seen = this.#unfinished.get(packet);
    if (seen !== undefined) this.#unfinished.delete(packet);
    if (!this.listens || (this.level === 'failures' && !FAILURES.has(fate.kind))) return;
    for (const event of seen?.story ?? []) this.#write(event);
    this.#write({ kind: 'fate', packet, fate, time, sequence: NO_NUMBER });
  }

  /** From now on the fates of so many packets that follow each other are kept. */
  await(first: PacketId, count: number): void {
    this.#first = first;
    this.#fates = new Array(count);
    this.#waiting = count;
  }

  /** How many of them have none yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Their fates, in order, once each has one. */
  get awaited(): readonly Fate[] {
    return this.#fates as Fate[];
  }

  #keep(packet: PacketId, fate: Fate): void {
    const at = packet - this.#first;
    if (at < 0 || at >= this.#fates.length || this.#fates[at] !== undefined) return;
    this.#fates[at] = fate;
    this.#waiting -= 1;
  }

  #tell(event: Unnumbered | Walked, story: OnItsWay['story']): void {
    if (story === undefined) this.#write(event);
    else story.push(event);
  }

  #write(event: Unnumbered | Walked): void {
    event.sequence = this.length;
    this.#events.push(this.#watched ? toldOf(event) : event);
  }
}
