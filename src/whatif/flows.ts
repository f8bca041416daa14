/** Which flows a design has: who asks whom for what, and at which address. */
import { family, type Ip, isLinkLocal, showIp } from '../sim/addr/ip.ts';
import { isPublic } from '../sim/addr/special.ts';
import { nodeNamed } from '../sim/design/topology.ts';
import type { World } from '../sim/world/world.ts';
import { type Entry, entriesOf, translates } from './entry.ts';
import { type FlowProtocol, type Offer, offersOf } from './service.ts';

/** One thing that one node may want of another; plain JSON. */
export interface Flow {
  readonly from: string;
  /** Whose service it is. With an address that is translated on the way, the node that is meant to answer. */
  readonly to: string;
  /** What the sender asks for: an address of `to`, or one that NAT leads there. */
  readonly address: string;
  readonly protocol: FlowProtocol;
  /** None for a ping. */
  readonly port?: number;
  readonly app: string;
  /** What a name server is asked for. */
  readonly name?: string;
}

export interface FlowOptions {
  /** Only flows from nodes whose name passes. */
  readonly from?: (name: string) => boolean;
  /** Only flows to nodes whose name passes. */
  readonly to?: (name: string) => boolean;
  /** The node that stands for everything outside: it knows public addresses alone. */
  readonly internet?: string;
  /** Nodes and interfaces (`NODE:INTERFACE`) that are no part of the network: they connect the outside. */
  readonly scaffold?: ReadonlySet<string>;
}

/**
 * Every node to every service of every other node, and a ping: at each address of the service in a family that the
 * sender speaks, and at each endpoint that a translation rule leads there. What comes from outside asks for public
 * addresses only, where the design says what is public.
 */
export function flowsOf(world: World, options: FlowOptions = {}): readonly Flow[] {
  const { design } = world;
  const { scaffold = new Set() } = options;
  const names = Object.keys(design.nodes).filter((name) => !scaffold.has(name));
  const entries = Object.entries(design.nodes).flatMap(([name, node]) =>
    translates(node) ? entriesOf(design, name, world.program(name)) : [],
  );
  const wanted = names.filter((name) => options.to?.(name) ?? true);
  const targets = wanted.flatMap((name) => targetsOn(world, name, { entries, scaffold }));
  const sources = names.filter((name) => options.from?.(name) ?? true);
  const publicOnly = (design.publicInternet ?? []).length > 0;
  return sources.flatMap((from) => {
    const spoken = new Set(addressesOf(world, from).map(family));
    const outside = publicOnly && from === options.internet;
    return targets
      .filter(({ flow, ip }) => flow.to !== from && spoken.has(family(ip)) && !(outside && !isPublic(ip)))
      .map(({ flow }) => ({ from, ...flow }));
  });
}

/** Equal for flows that ask the same. */
export function flowKey({ from, to, address, protocol, port, app }: Flow): string {
  return `${from} ${to} ${address} ${protocol} ${port ?? ''} ${app}`;
}

/** `laptop → web 198.51.100.80:80 tcp (http)` */
export function showFlow({ from, to, address, protocol, port, app }: Flow): string {
  const at = port === undefined ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return `${from} → ${to} ${at} ${app === 'ping' ? app : `${protocol} (${app})`}`;
}

interface Target {
  readonly flow: Omit<Flow, 'from'>;
  readonly ip: Ip;
}

interface Surrounding {
  readonly entries: readonly Entry[];
  readonly scaffold: ReadonlySet<string>;
}

function targetsOn(world: World, name: string, { entries, scaffold }: Surrounding): Target[] {
  const node = nodeNamed(world.design, name);
  if (node === undefined) return [];
  const own = addressesOf(world, name, scaffold);
  const found = new Map<string, Target>();
  for (const offer of offersOf(node)) {
    for (const ip of offer.address === undefined ? own : [offer.address]) {
      add(found, name, offer, { address: ip, ...portOf(offer) });
      for (const entry of entries) {
        for (const endpoint of entry.lead(name, ip, offer)) add(found, name, offer, endpoint);
      }
    }
  }
  return [...found.values()];
}

function portOf({ port }: Offer): { readonly port?: number } {
  return port === undefined ? {} : { port };
}

interface Endpoint {
  readonly address: Ip;
  readonly port?: number;
}

function add(found: Map<string, Target>, to: string, { protocol, app, name }: Offer, { address, port }: Endpoint) {
  const flow = {
    to,
    address: showIp(address),
    protocol,
    ...(port === undefined ? {} : { port }),
    app,
    ...(name === undefined ? {} : { name }),
  };
  const key = flowKey({ from: '', ...flow });
  if (!found.has(key)) found.set(key, { flow, ip: address });
}

function addressesOf(world: World, node: string, except: ReadonlySet<string> = NOTHING): readonly Ip[] {
  return [...world.program(node).interfaces.values()]
    .filter(({ name }) => !except.has(`${node}:${name}`))
    .flatMap(({ addresses }) => addresses.map(({ ip }) => ip))
    .filter((ip) => !isLinkLocal(ip));
}

const NOTHING: ReadonlySet<string> = new Set();
