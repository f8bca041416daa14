/** What holds a network together: its components, and the links and nodes without which it would fall apart. */
import type { Design } from '../design.ts';
import { toGraph } from '../graph.ts';
import { type Link, linksOf } from '../topology.ts';

type Graph = ReturnType<typeof toGraph>;

/** The nodes that are joined by links, group by group, in the order of the design. Links that are written as down join nothing. */
export function componentsOf(design: Design): readonly (readonly string[])[] {
  const graph = liveGraph(design);
  const seen = new Set<string>();
  return Object.keys(design.nodes).flatMap((start) => {
    if (seen.has(start)) return [];
    const found = reachedFrom(graph, start, seen);
    return [Object.keys(design.nodes).filter((name) => found.has(name))];
  });
}

function reachedFrom(graph: Graph, start: string, seen: Set<string>): ReadonlySet<string> {
  const found = new Set([start]);
  for (const vertex of found) {
    seen.add(vertex);
    for (const next of graph.neighbors(vertex)) found.add(next);
  }
  return found;
}

/** Links whose loss, alone, would part nodes that are joined now; a shared segment is lost as a whole. */
export function cutLinks(design: Design): readonly Link[] {
  const { edges, vertices } = cutsOf(design);
  return linksOf(design).filter(({ index }) => edges.has(index) || vertices.has(segmentOf(index)));
}

/** Nodes whose loss, alone, would part others that are joined now. */
export function cutNodes(design: Design): readonly string[] {
  const { vertices } = cutsOf(design);
  return Object.keys(design.nodes).filter((name) => vertices.has(name));
}

function segmentOf(link: number): string {
  return `link:${link}`;
}

/** The graph of what is up. */
export function liveGraph(design: Design): Graph {
  const graph = toGraph(design);
  for (const { index, up } of linksOf(design)) {
    if (up) continue;
    for (const edge of graph.filterEdges((_, { link }) => link === index)) graph.dropEdge(edge);
  }
  return graph;
}

interface Cuts {
  /** Links of two ends, by index. */
  readonly edges: ReadonlySet<number>;
  /** Nodes and segments. */
  readonly vertices: ReadonlySet<string>;
}

/** A vertex on the way down of the search. */
interface Visit {
  readonly vertex: string;
  /** The edge it was reached by. */
  readonly by: string | undefined;
  readonly edges: readonly string[];
  next: number;
  /** Nodes in the branches that hang on this vertex alone. */
  branches: number;
  /** Nodes in all that was found below, itself included. */
  nodes: number;
}

/** Depth-first search with low links (R. Tarjan, 1972), without recursion. */
class Search {
  readonly edges = new Set<number>();
  readonly vertices = new Set<string>();
  readonly #graph: Graph;
  /** When each vertex was found, and the earliest that is reached from below it otherwise than by its own edge. */
  readonly #order = new Map<string, number>();
  readonly #low = new Map<string, number>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  from(root: string): void {
    if (this.#order.has(root)) return;
    const stack = [this.#enter(root, undefined)];
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) {
      const edge = visit.edges[visit.next++];
      if (edge === undefined) {
        stack.pop();
        this.#leave(visit, stack.at(-1));
      } else if (edge !== visit.by) {
        const other = this.#graph.opposite(visit.vertex, edge);
        const known = this.#order.get(other);
        if (known === undefined) stack.push(this.#enter(other, edge));
        else this.#lower(visit.vertex, known);
      }
    }
  }

  #enter(vertex: string, by: string | undefined): Visit {
    const at = this.#order.size;
    this.#order.set(vertex, at);
    this.#low.set(vertex, at);
    const nodes = this.#graph.getNodeAttribute(vertex, 'type') === 'node' ? 1 : 0;
    return { vertex, by, edges: this.#graph.edges(vertex), next: 0, branches: 0, nodes };
  }

  /** Everything below `visit` is known. */
  #leave(visit: Visit, parent: Visit | undefined): void {
    if (parent === undefined) {
      if (visit.branches > 1) this.vertices.add(visit.vertex);
      return;
    }
    const own = this.#low.get(visit.vertex) ?? 0;
    const above = this.#order.get(parent.vertex) ?? 0;
    this.#lower(parent.vertex, own);
    parent.nodes += visit.nodes;
    if (own >= above && visit.nodes > 0) {
      parent.branches += 1;
      if (parent.by !== undefined) this.vertices.add(parent.vertex);
    }
    if (own > above && visit.by !== undefined) this.edges.add(this.#graph.getEdgeAttribute(visit.by, 'link'));
  }

  #lower(vertex: string, to: number): void {
    this.#low.set(vertex, Math.min(this.#low.get(vertex) ?? to, to));
  }
}

function cutsOf(design: Design): Cuts {
  const search = new Search(liveGraph(design));
  for (const name of Object.keys(design.nodes)) search.from(name);
  return { edges: linksOfTwo(design, search.edges), vertices: search.vertices };
}

/** One end of a segment is not the link. */
function linksOfTwo(design: Design, found: ReadonlySet<number>): ReadonlySet<number> {
  const links = linksOf(design);
  return new Set([...found].filter((index) => links[index]?.ends.length === 2));
}
