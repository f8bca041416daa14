/** Cuts and ways, held against trying everything out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Design, LinkSpec } from '../../../../src/sim/design/design.ts';
import { componentsOf, cutLinks, cutNodes } from '../../../../src/sim/design/graph/cuts.ts';
import { nextHops, shortestWays } from '../../../../src/sim/design/graph/ways.ts';
import { linksOf } from '../../../../src/sim/design/topology.ts';

/** Nodes a, b, …, the last of which may be hosts, and links of two or three of them; each link has interfaces of its own. */
const anyWiring = fc
  .record({
    nodes: fc.integer({ min: 1, max: 7 }),
    hosts: fc.integer({ min: 0, max: 2 }),
    links: fc.array(
      fc.record({
        ends: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 3 }),
        cost: fc.integer({ min: 1, max: 3 }),
        down: fc.integer({ min: 0, max: 9 }),
      }),
      { maxLength: 9 },
    ),
  })
  .map(({ nodes, hosts, links }): Design => {
    const names = Array.from({ length: nodes }, (_, i) => String.fromCharCode(97 + i));
    const interfaces = names.map((): Record<string, []> => ({}));
    const specs = links.flatMap(({ ends, cost, down }, l): LinkSpec[] => {
      const distinct = [...new Set(ends.map((end) => end % nodes))];
      if (distinct.length < 2) return [];
      const between = distinct.map((end) => {
        Object.assign(interfaces[end] ?? {}, { [`l${l}`]: [] });
        return `${names[end]}:l${l}`;
      });
      return [{ between, cost, up: down > 0 }];
    });
    return {
      nodes: Object.fromEntries(
        names.map((name, i) => [
          name,
          { kind: i >= nodes - hosts ? 'host' : 'router', interfaces: interfaces[i] ?? {} },
        ]),
      ),
      links: specs,
    };
  });

/** Every way without a node twice, by trying all. */
function allWays(design: Design, from: string, to: string): { nodes: string[]; links: number[]; cost: number }[] {
  const links = linksOf(design).filter(({ up }) => up);
  const go = (at: string, nodes: string[], used: number[], cost: number): ReturnType<typeof allWays> => {
    if (at === to) return [{ nodes, links: used, cost }];
    if (nodes.length > 1 && design.nodes[at]?.kind === 'host') return [];
    return links.flatMap((link) => {
      if (!link.ends.some(({ node }) => node === at)) return [];
      return link.ends
        .filter(({ node }) => !nodes.includes(node))
        .flatMap(({ node }) => go(node, [...nodes, node], [...used, link.index], cost + link.cost));
    });
  };
  return go(from, [from], [], 0);
}

function without(design: Design, node: string): Design {
  const nodes = Object.fromEntries(Object.entries(design.nodes).filter(([name]) => name !== node));
  const links = (design.links ?? []).flatMap((spec): LinkSpec[] => {
    if (!('between' in spec)) return [spec];
    const between = spec.between.filter((end) => !end.startsWith(`${node}:`));
    return between.length < 2 ? [] : [{ ...spec, between }];
  });
  return { ...design, nodes, links };
}

describe('components', () => {
  it('are the nodes that reach each other', () => {
    const design: Design = {
      nodes: {
        a: { kind: 'host', interfaces: { x: [] } },
        b: { kind: 'host', interfaces: { x: [] } },
        c: { kind: 'host', interfaces: { x: [] } },
      },
      links: [['a', 'c']],
    };
    expect(componentsOf(design)).toEqual([['a', 'c'], ['b']]);
  });
});

describe('cuts', () => {
  it('are the links and nodes whose loss makes more components', () => {
    fc.assert(
      fc.property(anyWiring, (design) => {
        const before = componentsOf(design).length;
        const links = linksOf(design).filter(({ index, up }) => {
          const rest = { ...design, links: (design.links ?? []).filter((_, i) => i !== index) };
          return up && componentsOf(rest).length > before;
        });
        expect(cutLinks(design).map(({ index }) => index)).toEqual(links.map(({ index }) => index));
        const nodes = Object.keys(design.nodes).filter((name) => componentsOf(without(design, name)).length > before);
        expect(cutNodes(design)).toEqual(nodes);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the cheapest ways', () => {
  it('are the cheapest of all ways, every one of them', () => {
    fc.assert(
      fc.property(anyWiring, (design) => {
        const names = Object.keys(design.nodes);
        const [from = 'a', to = 'a'] = [names[0], names.at(-1)];
        const all = allWays(design, from, to);
        const cost = Math.min(...all.map((way) => way.cost));
        const cheapest = all.filter((way) => way.cost === cost);
        const found = shortestWays(design, from, to);
        expect(found?.cost).toBe(cheapest[0]?.cost);
        const told = (ways: readonly { nodes: readonly string[]; links: readonly number[] }[]) =>
          ways.map(({ nodes, links }) => JSON.stringify([nodes, links])).sort();
        expect(told(found?.ways ?? [])).toEqual(told(cheapest));
        expect([...nextHops(design, from, to)].sort()).toEqual(
          [...new Set(cheapest.flatMap(({ nodes }) => nodes[1] ?? []))].sort(),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('are none to a node that is not there', () => {
    const design: Design = { nodes: { a: { kind: 'host' } } };
    expect(shortestWays(design, 'a', 'b')).toBeUndefined();
    expect(nextHops(design, 'b', 'a')).toEqual([]);
    expect(shortestWays(design, 'a', 'a')).toEqual({ cost: 0, ways: [{ nodes: ['a'], links: [] }] });
  });
});
