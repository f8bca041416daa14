/**
 * Two hosts joined by a wire, under a virtual clock. The test decides what the wire does to each packet, and speaks
 * through puppets: applications that note what they hear and do what they are told.
 */
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { Heap } from '../../../src/sim/base/heap.ts';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { App, AppCommand, AppEvent } from '../../../src/sim/host/app/app.ts';
import { type Host, makeHost } from '../../../src/sim/host/host.ts';
import type { HostOutput, Outgoing, Reception, Routing } from '../../../src/sim/host/output.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { fragment, Reassembler } from '../../../src/sim/packet/fragment.ts';
import type { Packet } from '../../../src/sim/packet/packet.ts';

export const ip = (text: string): Ip => parseIp(text) ?? fail(`${text} is no address`);

export type Side = 'a' | 'b';
export const ADDRESSES = {
  a: [ip('10.0.0.1'), ip('2001:db8::a'), ip('fe80::a'), ip('10.0.0.11')],
  b: [ip('10.0.0.2'), ip('2001:db8::b'), ip('fe80::b'), ip('10.0.0.12')],
} as const;
export const A = ADDRESSES.a[0];
export const B = ADDRESSES.b[0];
export const A6 = ADDRESSES.a[1];
export const B6 = ADDRESSES.b[1];

/** Delays of the copies of a packet that arrive; none when it is lost. */
export type Wire = (packet: Packet, from: Side) => readonly number[];

const ON_LINK = new Set<Ip>([...ADDRESSES.a, ...ADDRESSES.b]);
const BROADCASTS = new Set<Ip>([ip('255.255.255.255'), ip('10.0.0.255'), ip('224.0.0.1'), ip('ff02::1')]);
const LOOPBACKS = new Set<Ip>([ip('127.0.0.1'), ip('::1')]);

/** A host on 10.0.0.0/24 and 2001:db8::/64, without any other route. */
export function routingOf(side: Side, mtu: number): Routing {
  const own: readonly Ip[] = ADDRESSES[side];
  return {
    sourceFor: (dst, via) => {
      if (LOOPBACKS.has(dst)) return dst;
      if (dst === ip('255.255.255.255')) return via === undefined ? undefined : own[0];
      if (!ON_LINK.has(dst) && !BROADCASTS.has(dst)) return undefined;
      if (typeof dst === 'number') return own[0];
      return dst >> 118n === 0xfe80n >> 6n || dst >> 120n === 0xffn ? own[2] : own[1];
    },
    mtuTo: () => mtu,
    owns: (address) => own.includes(address) || LOOPBACKS.has(address),
    isBroadcast: (address) => BROADCASTS.has(address),
  };
}

/** An application that the test moves. `reacts` answers events at once. */
export interface Puppet {
  readonly app: App<number>;
  readonly heard: AppEvent[];
  readonly todo: AppCommand[];
}

export function puppet(name: string, reacts: (event: AppEvent) => readonly AppCommand[] = () => []): Puppet {
  const heard: AppEvent[] = [];
  const todo: AppCommand[] = [];
  const app: App<number> = {
    name,
    start: () => ({ state: 0, commands: todo.splice(0) }),
    handle: (state, event) => {
      const poked = event.kind === 'link' && event.interface === 'poke';
      if (!poked) heard.push(event);
      return { state: state + 1, commands: [...(poked ? [] : reacts(event)), ...todo.splice(0)] };
    },
  };
  return { app, heard, todo };
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
  /** Undefined: always. */
  readonly wanted: (() => boolean) | undefined;
}

export interface Passed extends Outgoing {
  readonly at: number;
  readonly from: Side;
}

export class Pair {
  now = 0;
  readonly hosts: Readonly<Record<Side, Host>>;
  /** Every packet that was sent, pieces whole. */
  readonly passed: Passed[] = [];
  readonly receptions: Reception[] = [];
  readonly outputs: HostOutput[] = [];
  readonly #puppets = new Map<string, { side: Side; puppet: Puppet }>();
  readonly #queue = new Heap<Happening>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  readonly #pieces = { a: new Reassembler(), b: new Reassembler() };
  #order = 0;
  #wire: Wire;

  constructor({ wire = () => [1], mtu = 1500, seed = 1 }: { wire?: Wire; mtu?: number; seed?: number } = {}) {
    this.#wire = wire;
    const make = (side: Side) =>
      makeHost({ name: side, routing: routingOf(side, mtu), rng: new Rng(seed).split(`host ${side}`) });
    this.hosts = { a: make('a'), b: make('b') };
  }

  set wire(wire: Wire) {
    this.#wire = wire;
  }

  /** Starts a puppet, which does these commands first. */
  start(side: Side, one: Puppet, ...commands: readonly AppCommand[]): Puppet {
    one.todo.push(...commands);
    const id = `${one.app.name}`;
    this.#puppets.set(id, { side, puppet: one });
    this.take(side, this.hosts[side].start(one.app, id, this.now));
    return one;
  }

  /** Lets a puppet do these commands now. */
  tell(one: Puppet, ...commands: readonly AppCommand[]): void {
    one.todo.push(...commands);
    const { side } = this.#puppets.get(one.app.name) ?? fail(`${one.app.name} has not been started`);
    this.take(side, this.hosts[side].linkChanged('poke', true, this.now));
  }

  /** A packet that no host of the pair has sent. */
  inject(side: Side, packet: Packet, via = 'eth0'): HostOutput {
    const output = this.hosts[side].receive(packet, via, this.now);
    this.take(side, output);
    return output;
  }

  /** Lets time pass. */
  run(millis: number): void {
    const end = this.now + millis;
    for (let next = this.#queue.peek(); next !== undefined && next.at <= end; next = this.#queue.peek()) {
      this.#queue.pop();
      this.#happen(next);
    }
    this.now = end;
  }

  /** Runs until nothing is left to happen; the clock stands at the last event. */
  settle(limit = 1e8): void {
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      if (next.at > limit) fail(`still busy at ${next.at}`);
      this.#happen(next);
    }
  }

  /** What nobody wants any more takes no time. */
  #happen({ act, at, wanted }: Happening): void {
    if (wanted?.() === false) return;
    this.now = at;
    act();
  }

  take(side: Side, output: HostOutput): void {
    this.outputs.push(output);
    if (output.reception !== undefined) this.receptions.push(output.reception);
    const host = this.hosts[side];
    for (const { at, id } of output.timers) {
      const ring = () => this.take(side, host.expire(id, this.now));
      this.#schedule(at, ring, () => host.wants(id));
    }
    for (const outgoing of output.packets) this.#send(side, outgoing);
  }

  #send(from: Side, outgoing: Outgoing): void {
    const { packet } = outgoing;
    const right = verify(packet);
    if (!right.header || !right.transport) fail(`${from} sent a packet with a wrong checksum`);
    this.passed.push({ ...outgoing, at: this.now, from });
    const to: Side = this.hosts[from] === this.hosts.a ? 'b' : 'a';
    const pieces = outgoing.fragment === undefined ? [packet] : fragment(packet, outgoing.fragment, packet.ident || 1);
    for (const piece of pieces) {
      for (const delay of this.#wire(piece, from)) this.#schedule(this.now + delay, () => this.#arrive(to, piece));
    }
  }

  #arrive(side: Side, piece: Packet): void {
    this.take(side, this.hosts[side].sniff(piece, 'eth0', this.now));
    const whole = this.#pieces[side].add(piece, this.now);
    const mine = whole !== undefined && (ON_LINK.has(whole.packet.dst) || BROADCASTS.has(whole.packet.dst));
    if (mine) this.take(side, this.hosts[side].receive(whole.packet, 'eth0', this.now));
  }

  #schedule(at: number, act: () => void, wanted?: () => boolean): void {
    this.#order += 1;
    this.#queue.push({ at: Math.max(at, this.now), order: this.#order, act, wanted });
  }
}

/** The kinds of events, `failed` with its error. */
export function kindsOf(one: Puppet): string[] {
  return one.heard.map((event) => (event.kind === 'failed' ? `failed ${event.error}` : event.kind));
}

/** All bytes that came on a connection. */
export function bytesOf(one: Puppet, socket?: string): Uint8Array {
  const chunks = one.heard.flatMap((event) =>
    event.kind === 'data' && (socket === undefined || event.socket === socket) ? [event.payload] : [],
  );
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
