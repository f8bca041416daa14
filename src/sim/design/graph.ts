/**
 * A design as a graph: a view for drawings and graph algorithms, and the routes that forwarding nodes learn from the
 * links. Only this file knows graphology.
 */
import { MultiUndirectedGraph } from 'graphology';
import { type Family, family, type Ip, isLinkLocal } from '../addr/ip.ts';
import { comparePrefix, contains, type Prefix, showPrefix } from '../addr/prefix.ts';
import { Heap } from '../base/heap.ts';
import type { Design, Node } from './design.ts';
import { type Interface, interfacesOf, type Link, type LinkEnd, linksOf } from './topology.ts';

/** A node of the design, or the middle of a shared segment of three or more ends. */
export type Vertex =
  | { readonly type: 'node'; readonly kind: Node['kind'] }
  | { readonly type: 'segment'; readonly link: number };
/** A link of two ends, or one end of a segment; `interfaces` belong to the edge's nodes in order. */
export interface Edge {
  readonly link: number;
  readonly cost: number;
  readonly interfaces: readonly string[];
}

/** The graph of a checked design. Segments are keyed `link:3`, which no node can be called. */
export function toGraph(design: Design): MultiUndirectedGraph<Vertex, Edge> {
  const graph = new MultiUndirectedGraph<Vertex, Edge>();
  for (const [name, node] of Object.entries(design.nodes)) graph.addNode(name, { type: 'node', kind: node.kind });
  for (const { index: link, ends, cost } of linksOf(design)) {
    const [a, b, ...more] = ends;
    if (a !== undefined && b !== undefined && more.length === 0) {
      graph.addEdge(a.node, b.node, { link, cost, interfaces: [a.interface, b.interface] });
      continue;
    }
    const segment = `link:${link}`;
    graph.addNode(segment, { type: 'segment', link });
    for (const end of ends) graph.addEdge(end.node, segment, { link, cost, interfaces: [end.interface] });
  }
  return graph;
}

/** A route that a forwarding node learned. `cost` counts every link on the way, the one the prefix lies on included. */
export interface LearnedRoute {
  readonly prefix: Prefix;
  readonly via: Ip;
  readonly interface: string;
  readonly cost: number;
}

/** What is up at the moment; interfaces that the design takes down are down in any case. */
export interface LinkState {
  linkUp(index: number): boolean;
  nodeUp(name: string): boolean;
}

/** A neighbour that can be a next hop: over `interface`, by an address that is on-link there. */
interface Hop {
  readonly to: string;
  readonly interface: string;
  readonly via: Ip;
  readonly cost: number;
}
/** The cheapest way to a node, and all the first hops of ways that cost the same. */
interface Way {
  readonly cost: number;
  readonly hops: Set<Hop>;
}

/**
 * For each forwarding node that is up, the routes of least cost to every prefix that another forwarding node is
 * connected to and itself is not; all of equal cost are kept. Prefixes and costs do not pass through hosts, nor through
 * neighbours with whom no prefix of that family is shared.
 */
export function shortestRoutes(design: Design, state: LinkState): ReadonlyMap<string, readonly LearnedRoute[]> {
  const routers = new Map<string, ReadonlyMap<string, Interface>>();
  for (const [name, node] of Object.entries(design.nodes)) {
    if (node.kind !== 'host' && state.nodeUp(name)) routers.set(name, interfacesOf(node));
  }
  const links = linksOf(design);
  const live = links.filter((link) => state.linkUp(link.index));
  const dead = new Set(links.filter((link) => !state.linkUp(link.index)).flatMap((link) => link.ends.map(keyOf)));
  const costs = new Map(live.flatMap((link) => link.ends.map((end) => [keyOf(end), link.cost] as const)));
  const prefixes = connectedPrefixes(routers, (end) =>
    dead.has(keyOf(end)) ? undefined : (costs.get(keyOf(end)) ?? 0),
  );
  const hops = ([4, 6] as const).map((version) => adjacency(routers, live, version));
  return new Map(
    [...routers.keys()].map((name) => {
      const ways = hops.map((neighbours) => cheapestWays(name, neighbours));
      return [name, prefixes.flatMap((prefix) => routesTo(prefix, name, ways[family(prefix.prefix.ip) === 4 ? 0 : 1]))];
    }),
  );
}

function keyOf(end: LinkEnd): string {
  return `${end.node}:${end.interface}`;
}

/** A prefix with the nodes on it, and what its link costs each of them. */
interface Connected {
  readonly prefix: Prefix;
  readonly owners: Map<string, number>;
}

function connectedPrefixes(
  routers: ReadonlyMap<string, ReadonlyMap<string, Interface>>,
  costOf: (end: LinkEnd) => number | undefined,
): Connected[] {
  const found = new Map<string, Connected>();
  for (const [node, interfaces] of routers) {
    for (const [name, { up, addresses }] of interfaces) {
      const cost = costOf({ node, interface: name });
      if (!up || cost === undefined) continue;
      for (const { prefix } of addresses.filter(({ ip }) => !isLinkLocal(ip))) {
        const { owners } = emplace(found, showPrefix(prefix), () => ({ prefix, owners: new Map<string, number>() }));
        owners.set(node, Math.min(cost, owners.get(node) ?? cost));
      }
    }
  }
  return [...found.values()].sort((a, b) => comparePrefix(a.prefix, b.prefix));
}

function emplace<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

/** The neighbours of every router in one family. */
function adjacency(
  routers: ReadonlyMap<string, ReadonlyMap<string, Interface>>,
  links: readonly Link[],
  version: Family,
): ReadonlyMap<string, readonly Hop[]> {
  const hops = new Map<string, Hop[]>([...routers.keys()].map((name) => [name, []]));
  for (const { ends, cost } of links) {
    for (const here of ends) {
      const mine = routers.get(here.node)?.get(here.interface);
      if (!mine?.up) continue;
      for (const there of ends) {
        const theirs = there.node === here.node ? undefined : routers.get(there.node)?.get(there.interface);
        const via = theirs?.up ? onLink(mine, theirs, version) : undefined;
        if (via !== undefined) hops.get(here.node)?.push({ to: there.node, interface: here.interface, via, cost });
      }
    }
  }
  return hops;
}

/** The first address of theirs that lies in a prefix of mine. */
function onLink(mine: Interface, theirs: Interface, version: Family): Ip | undefined {
  return theirs.addresses.find(
    ({ ip }) => family(ip) === version && mine.addresses.some(({ prefix }) => contains(prefix, ip)),
  )?.ip;
}

/** Dijkstra's algorithm; costs are positive whole numbers, so that equal ways are exactly equal. */
function cheapestWays(start: string, neighbours: ReadonlyMap<string, readonly Hop[]>): ReadonlyMap<string, Way> {
  const ways = new Map<string, Way>([[start, { cost: 0, hops: new Set() }]]);
  const order = new Map([...neighbours.keys()].map((name, i) => [name, i]));
  const queue = new Heap<{ node: string; cost: number; order: number }>((a, b) =>
    a.cost === b.cost ? a.order < b.order : a.cost < b.cost,
  );
  queue.push({ node: start, cost: 0, order: 0 });
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const way = ways.get(next.node);
    if (way === undefined || way.cost < next.cost) continue;
    for (const hop of neighbours.get(next.node) ?? []) {
      const cost = way.cost + hop.cost;
      const known = ways.get(hop.to);
      const first = next.node === start ? [hop] : way.hops;
      if (known?.cost === cost) for (const each of first) known.hops.add(each);
      if (known !== undefined && known.cost <= cost) continue;
      ways.set(hop.to, { cost, hops: new Set(first) });
      queue.push({ node: hop.to, cost, order: order.get(hop.to) ?? 0 });
    }
  }
  return ways;
}

function routesTo(target: Connected, from: string, ways: ReadonlyMap<string, Way> | undefined): LearnedRoute[] {
  if (ways === undefined || target.owners.has(from)) return [];
  let least = Number.POSITIVE_INFINITY;
  let hops = new Set<Hop>();
  for (const [owner, last] of target.owners) {
    const way = ways.get(owner);
    const cost = way === undefined ? Number.POSITIVE_INFINITY : way.cost + last;
    if (way === undefined || cost > least) continue;
    hops = new Set(cost < least ? way.hops : [...hops, ...way.hops]);
    least = cost;
  }
  return [...hops].map(({ via, interface: out }) => ({ prefix: target.prefix, via, interface: out, cost: least }));
}
