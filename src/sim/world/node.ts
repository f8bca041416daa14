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
import type { Passage, RouterState } from '../router/passage.ts';
import { copyRouter, makeRouter } from '../router/router.ts';
import type { PacketId } from '../trace/trace.ts';
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
}

export interface RunningNode {
  readonly name: string;
  readonly router: RouterState;
  readonly host: Host;
  readonly neighbours: Neighbours;
  /** By next hop, as far as packets have gone there. */
  readonly outlets: RareMap<Ip, Outlet>;
  /** The one that was used last. */
  lastOutlet: Outlet | undefined;
  readonly limiter: IcmpLimiter;
  /** Addresses learned by DHCP, by interface. */
  readonly leases: RareMap<string, Lease>;
  /** For what programs on this node draw by chance. */
  readonly rng: Rng;
  /** Services that run, by their id, with the text of their specification. */
  readonly services: RareMap<string, string>;
  up: boolean;
  /** SYNs from outside that NAT holds, by their number. */
  readonly held: RareMap<PacketId, Passage>;
  /** Pieces that wait in the reassembler, by what they are pieces of. */
  readonly pieces: RareMap<string, { readonly ids: PacketId[]; readonly deadline: Millis }>;
}

/** A node at rest, its tables empty; `recalls`: it remembers walks. */
export function makeNode(program: NodeProgram, seed: Rng, recalls = true): RunningNode {
  const { name } = program;
  const rng = seed.split(`node ${name}`);
  const router: RouterState = makeRouter(program, {
    rng: rng.split('conntrack'),
    listens: (protocol, at) => hears(host, protocol, at),
    recalls,
  });
  const host = makeHost({ name, routing: new TablesOfTheMoment(router), rng: rng.split('host') });
  return {
    name,
    router,
    host,
    neighbours: new Neighbours(),
    outlets: new RareMap(),
    lastOutlet: undefined,
    limiter: new IcmpLimiter(),
    leases: new RareMap(),
    rng: rng.split('programs'),
    services: new RareMap(),
    up: true,
    held: new RareMap(),
    pieces: new RareMap(),
  };
}

/** The same node for another world, sharing nothing that changes. `copyPassage` and `copyConnection` know one another's copies. */
export function copyNode(
  node: RunningNode,
  copyPassage: (passage: Passage) => Passage,
  copyConnection: CopyConnection,
): RunningNode {
  const { held, leases, limiter, neighbours, pieces, rng, router, services } = node;
  const own: RouterState = copyRouter(router, (protocol, at) => hears(host, protocol, at), copyConnection);
  const host = node.host.copy(new TablesOfTheMoment(own));
  return {
    name: node.name,
    router: own,
    host,
    neighbours: neighbours.copy(copyPassage),
    outlets: new RareMap(),
    lastOutlet: undefined,
    limiter: limiter.copy(),
    leases: new RareMap(leases),
    rng: rng.copy(),
    services: new RareMap(services),
    up: node.up,
    held: new RareMap([...held].map(([id, passage]) => [id, copyPassage(passage)])),
    pieces: new RareMap([...pieces].map(([key, { ids, deadline }]) => [key, { ids: [...ids], deadline }])),
  };
}

/** Whether a program waits for what strangers send to an endpoint. */
function hears(host: Host, protocol: number, { ip, port }: Endpoint): boolean {
  return host.sockets().some(({ protocol: name, local, remote }) => {
    const asked = local !== undefined && local.port === port && (local.ip === ANY4 || local.ip === ip);
    return asked && remote === undefined && name === showProtocol(protocol);
  });
}

/** Takes over the program of another design or other surroundings; connections, sockets and leases stay. */
export function reprogram(node: RunningNode, after: NodeProgram, now: Millis): void {
  const before = node.router.program;
  node.router.program = after;
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

  constructor(router: RouterState) {
    this.#router = router;
  }

  sourceFor(dst: Ip, via?: string): Ip | undefined {
    return this.#router.program.sourceFor(dst, via);
  }

  mtuTo(dst: Ip): number {
    const { fib, interfaces } = this.#router.program;
    const out = fib.lookup(dst)?.[0]?.out;
    return (out === undefined ? undefined : interfaces.get(out)?.mtu) ?? 65535;
  }

  owns(ip: Ip): boolean {
    return this.#router.program.owns(ip);
  }

  isBroadcast(ip: Ip): boolean {
    return this.#router.program.isBroadcast(ip);
  }
}
