/** The cheapest ways between two nodes, all of them where several cost the same (ECMP). */
import { Heap } from '../../base/heap.ts';
import type { Design } from '../design.ts';
import { nodeNamed } from '../topology.ts';
import { liveGraph } from './cuts.ts';

/** One way: the nodes on it, both ends included, and the links between them by their place in `links`. */
export interface Way {
  readonly nodes: readonly string[];
  readonly links: readonly number[];
}

export interface Ways {
  /** Counts every link on the way once. */
  readonly cost: number;
  /** In the order of their links; at most as many as were asked for. */
  readonly ways: readonly Way[];
}

/** How many ways of equal cost are listed; there can be very many. */
const MANY = 64;

type Graph = ReturnType<typeof liveGraph>;

/** The cheapest ways over links that are up and nodes that forward; undefined where there is none. */
export function shortestWays(design: Design, from: string, to: string, limit = MANY): Ways | undefined {
  if (nodeNamed(design, from) === undefined || nodeNamed(design, to) === undefined) return undefined;
  const graph = liveGraph(design);
  const costs = costsTo(design, graph, to);
  const map = { design, graph, costs, to };
  const cost = costs.get(from);
  if (cost === undefined) return undefined;
  const ways: Way[] = [];
  const stack: { readonly vertex: string; readonly nodes: readonly string[]; readonly links: readonly number[] }[] = [
    { vertex: from, nodes: [from], links: [] },
  ];
  for (let at = stack.pop(); at !== undefined && ways.length < limit; at = stack.pop()) {
    const { vertex, nodes, links } = at;
    if (vertex === to) {
      ways.push({ nodes, links });
      continue;
    }
    for (const { next, link } of onwards(map, vertex).reverse()) {
      const isNode = graph.getNodeAttribute(next, 'type') === 'node';
      const added = vertex.startsWith('link:') ? links : [...links, link];
      stack.push({ vertex: next, nodes: isNode ? [...nodes, next] : nodes, links: added });
    }
  }
  return { cost, ways };
}

/** The neighbours that a cheapest way may begin with, in the order of the links. */
export function nextHops(design: Design, from: string, to: string): readonly string[] {
  if (nodeNamed(design, from) === undefined || nodeNamed(design, to) === undefined) return [];
  const graph = liveGraph(design);
  const costs = costsTo(design, graph, to);
  const map = { design, graph, costs, to };
  if (!costs.has(from) || from === to) return [];
  const first = onwards(map, from).flatMap(({ next }) =>
    graph.getNodeAttribute(next, 'type') === 'node' ? [next] : onwards(map, next).map((each) => each.next),
  );
  return [...new Set(first)];
}

/** What it costs to get to `to`, from everywhere. */
interface CostMap {
  readonly design: Design;
  readonly graph: Graph;
  readonly costs: ReadonlyMap<string, number>;
  readonly to: string;
}

/** Edges that bring nearer to the end by exactly what they cost; a host on the way carries nothing on. */
function onwards({ design, graph, costs, to }: CostMap, vertex: string): { next: string; link: number }[] {
  const here = costs.get(vertex) ?? 0;
  return graph
    .edges(vertex)
    .map((edge) => ({
      next: graph.opposite(vertex, edge),
      link: graph.getEdgeAttribute(edge, 'link'),
      cost: priceOf(graph, edge, vertex),
    }))
    .filter(({ next, cost }) => costs.get(next) === here - cost)
    .filter(({ next }) => next === to || nodeNamed(design, next)?.kind !== 'host')
    .sort((a, b) => a.link - b.link);
}

/** A segment is paid for on the way into it. */
function priceOf(graph: Graph, edge: string, from: string): number {
  return graph.getNodeAttribute(from, 'type') === 'segment' ? 0 : graph.getEdgeAttribute(edge, 'cost');
}

/** What it costs to get to `to`, from everywhere that has a way; hosts are ends of ways only. */
function costsTo(design: Design, graph: Graph, to: string): ReadonlyMap<string, number> {
  const costs = new Map([[to, 0]]);
  const queue = new Heap<{ vertex: string; cost: number }>((a, b) => a.cost < b.cost);
  queue.push({ vertex: to, cost: 0 });
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { vertex, cost } = next;
    if ((costs.get(vertex) ?? 0) < cost) continue;
    if (vertex !== to && nodeNamed(design, vertex)?.kind === 'host') continue;
    for (const edge of graph.edges(vertex)) {
      const other = graph.opposite(vertex, edge);
      const total = cost + priceOf(graph, edge, other);
      if (total >= (costs.get(other) ?? Number.POSITIVE_INFINITY)) continue;
      costs.set(other, total);
      queue.push({ vertex: other, cost: total });
    }
  }
  return costs;
}
