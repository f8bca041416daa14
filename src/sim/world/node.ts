/** The running counterpart of a design's node: the compiled program, the tables below, the host above. */

import type { Endpoint } from '../addr/endpoint.ts';
import { ANY4, type Ip } from '../addr/ip.ts';
import { RareMap } from '../base/rare-map.ts';
import type { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Lease } from '../host/app/app.ts';
import { type Host, makeHost } from '../host/host.ts';
import type { Routing } from '../host/output.ts';
import { showProtocol } from '../packet/show.ts';
import type { NodeProgram } from '../program/program.ts';
import type { CopyConnection } from '../router/connection.ts';
import { IcmpLimiter } from '../router/limit.ts';
import type { End, Passage, RouterState } from '../router/passage.ts';
import { Router, type RouterInit } from '../router/router.ts';
import type { Fate } from '../trace/fate.ts';
import type { PacketId, Why } from '../trace/trace.ts';
import { type Found, Neighbours } from './neighbours.ts';
import type { Joint } from './state.ts';
import type { Wire } from './wire.ts';

/** Where packets go that leave by an interface for a next hop; good as long as nothing has changed since. */
export interface Outlet {
  readonly epoch: number;
  readonly out: string;
  readonly nextHop: Ip;
  readonly from: Joint;
  readonly to: Joint;
  readonly wire: Wire;
  readonly found: Found;
  /** The node at the other end, once something has arrived there. */
  peer: RunningNode | undefined;
  /** The end of the last walk that led here. */
  end: End | undefined;
}

/**
 * One node of one world. Much of it is made when it is first asked for: a world is forked to ask one question, and most
 * of its nodes never hold a packet, learn an address or send an error.
 */
export class RunningNode implements RouterInit {
  readonly name: string;
  readonly router: Router;
  up: boolean;
  /** The way out that was used last. */
  lastOutlet: Outlet | undefined;
  /** What became of the last packet that was dropped here, and why: mostly the same as of the one before. */
  lastDrop: { readonly why: Why; readonly fate: Fate } | undefined;
  readonly #init: NodeInit;
  #host: Host | undefined;
  #outlets: RareMap<Ip, Outlet> | undefined;
  #neighbours: Neighbours | undefined;
  #limiter: IcmpLimiter | undefined;
  #leases: RareMap<string, Lease> | undefined;
  #services: RareMap<string, string> | undefined;
  #held: RareMap<PacketId, Passage> | undefined;
  #pieces: RareMap<string, Pieces> | undefined;
  #rng: Rng | undefined;

  /** A node at rest, its tables empty; `past`: its router is to go on as that one does. */
  constructor(program: NodeProgram, init: NodeInit, past?: { readonly router: Router; readonly copy: CopyConnection }) {
    this.name = program.name;
    this.up = true;
    this.lastOutlet = undefined;
    this.lastDrop = undefined;
    this.#init = init;
    this.#host = undefined;
    this.#outlets = undefined;
    this.#neighbours = undefined;
    this.#limiter = undefined;
    this.#leases = undefined;
    this.#services = undefined;
    this.#held = undefined;
    this.#pieces = undefined;
    this.#rng = undefined;
    this.router = past === undefined ? new Router(program, this) : past.router.copy(this, past.copy);
  }

  /** The same node for another world, sharing nothing that changes. `copyPassage` and `copyConnection` know one another's copies. */
  copy(copyPassage: (passage: Passage) => Passage, copyConnection: CopyConnection): RunningNode {
    const { router } = this;
    const copy = new RunningNode(router.program, this.#init, { router, copy: copyConnection });
    copy.up = this.up;
    copy.#host = this.#host?.copy(new TablesOfTheMoment(copy.router));
    copy.#neighbours = this.#neighbours?.copy(copyPassage);
    copy.#limiter = this.#limiter?.copy();
    copy.#leases = this.#leases && new RareMap(this.#leases);
    copy.#services = this.#services && new RareMap(this.#services);
    copy.#held = this.#held && new RareMap([...this.#held].map(([id, passage]) => [id, copyPassage(passage)]));
    copy.#pieces =
      this.#pieces &&
      new RareMap([...this.#pieces].map(([key, { ids, ...rest }]) => [key, { ids: [...ids], ...rest }]));
    copy.#rng = this.#rng?.copy();
    return copy;
  }

  /** The upper half. */
  get host(): Host {
    this.#host ??= makeHost({
      name: this.name,
      routing: new TablesOfTheMoment(this.router),
      rng: this.#stream('host'),
    });
    return this.#host;
  }

  /** Whether there is a packet socket to show packets to. */
  get sniffs(): boolean {
    return this.#host?.sniffs === true;
  }

  /** Whether a program waits for what strangers send to an endpoint. */
  listens(protocol: number, { ip, port }: Endpoint): boolean {
    const sockets = this.#host?.sockets() ?? [];
    return sockets.some(({ protocol: name, local, remote }) => {
      const asked = local !== undefined && local.port === port && (local.ip === ANY4 || local.ip === ip);
      return asked && remote === undefined && name === showProtocol(protocol);
    });
  }

  /** Whether walks are remembered. */
  get recalls(): boolean {
    return this.#init.recalls;
  }

  /** Whether anybody asks what has changed in the tables. */
  get heard(): boolean {
    return this.#init.heard;
  }

  chance(): Rng {
    return this.#stream('conntrack');
  }

  #stream(label: string): Rng {
    return this.#init.seed.split(`node ${this.name}`).split(label);
  }

  /** By next hop, as far as packets have gone there. */
  get outlets(): RareMap<Ip, Outlet> {
    this.#outlets ??= new RareMap();
    return this.#outlets;
  }

  get neighbours(): Neighbours {
    this.#neighbours ??= new Neighbours();
    return this.#neighbours;
  }

  get limiter(): IcmpLimiter {
    this.#limiter ??= new IcmpLimiter();
    return this.#limiter;
  }

  /** Addresses learned by DHCP, by interface. */
  get leases(): RareMap<string, Lease> {
    this.#leases ??= new RareMap();
    return this.#leases;
  }

  /** Services that run, by their id, with the text of their specification. */
  get services(): RareMap<string, string> {
    this.#services ??= new RareMap();
    return this.#services;
  }

  /** SYNs from outside that NAT holds, by their number. */
  get held(): RareMap<PacketId, Passage> {
    this.#held ??= new RareMap();
    return this.#held;
  }

  /** Pieces that wait in the reassembler, by what they are pieces of. */
  get pieces(): RareMap<string, Pieces> {
    this.#pieces ??= new RareMap();
    return this.#pieces;
  }

  /** For what programs on this node draw by chance. */
  get rng(): Rng {
    this.#rng ??= this.#stream('programs');
    return this.#rng;
  }
}

/** Pieces of one packet. */
interface Pieces {
  readonly ids: PacketId[];
  deadline: Millis;
  /** The first of them in the packet, and the interface that it came by. */
  head: { readonly id: PacketId; readonly by: string | undefined } | undefined;
}

/** How the nodes of a world are made. */
export interface NodeInit {
  readonly seed: Rng;
  /** Whether they remember walks. */
  readonly recalls: boolean;
  /** Whether anybody asks what has changed in their tables. */
  readonly heard: boolean;
}

/** Takes over the program of another design or other surroundings; connections, sockets and leases stay. */
export function reprogram(node: RunningNode, after: NodeProgram, now: Millis): void {
  const before = node.router.program;
  node.router.reprogram(after);
  node.router.conntrack.configure({ tracking: after.tracking, helpers: after.helpers });
  for (const [out, { up }] of before.interfaces) {
    if (!up || after.interfaces.get(out)?.up === true) continue;
    node.router.conntrack.removeMasqueradedBy(out, now);
    node.neighbours.forget(out);
  }
  for (const ip of addressesOf(before)) {
    if (!after.owns(ip)) node.router.conntrack.removeTranslatedTo(ip, now);
  }
}

function addressesOf(program: NodeProgram) {
  return [...program.interfaces.values()].flatMap((found) => (found.up ? found.addresses.map(({ ip }) => ip) : []));
}

/** The host asks the tables of the moment, not those it was made with. */
class TablesOfTheMoment implements Routing {
  readonly #router: RouterState;
  #known: Way | undefined;

  constructor(router: RouterState) {
    this.#router = router;
  }

  sourceFor(dst: Ip, via?: string): Ip | undefined {
    const way = this.#wayTo(dst);
    if (!way.routed || way.via !== via) {
      way.source = way.program.sourceFor(dst, via);
      way.via = via;
      way.routed = true;
    }
    return way.source;
  }

  mtuTo(dst: Ip): number {
    const way = this.#wayTo(dst);
    way.mtu ??= mtuOf(way.program, dst);
    return way.mtu;
  }

  owns(ip: Ip): boolean {
    return this.#router.program.owns(ip);
  }

  isBroadcast(ip: Ip): boolean {
    const way = this.#wayTo(ip);
    way.toMany ??= way.program.isBroadcast(ip);
    return way.toMany;
  }

  /** Most packets go where the one before went. */
  #wayTo(dst: Ip): Way {
    const { program } = this.#router;
    const known = this.#known;
    if (known !== undefined && known.dst === dst && known.program === program) return known;
    const way = { program, dst, mtu: undefined, toMany: undefined, routed: false, via: undefined, source: undefined };
    this.#known = way;
    return way;
  }
}

/** What has been found out about a destination. */
interface Way {
  readonly program: NodeProgram;
  readonly dst: Ip;
  mtu: number | undefined;
  toMany: boolean | undefined;
  /** Whether there was a question for the source of a packet, by which interface, and the answer. */
  routed: boolean;
  via: string | undefined;
  source: Ip | undefined;
}

function mtuOf({ fib, interfaces }: NodeProgram, dst: Ip): number {
  const out = fib.lookup(dst)?.[0]?.out;
  return (out === undefined ? undefined : interfaces.get(out)?.mtu) ?? 65535;
}
