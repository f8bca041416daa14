import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showIp } from '../../../src/sim/addr/ip.ts';
import { showPrefix } from '../../../src/sim/addr/prefix.ts';
import { check } from '../../../src/sim/design/check.ts';
import type { Design, LinkSpec, Node } from '../../../src/sim/design/design.ts';
import { type LinkState, shortestRoutes, toGraph } from '../../../src/sim/design/graph.ts';
import { linksOf } from '../../../src/sim/design/topology.ts';

const ALL_UP: LinkState = { linkUp: () => true, nodeUp: () => true };

function shown(design: Design, state = ALL_UP): Record<string, string[]> {
  return Object.fromEntries(
    [...shortestRoutes(design, state)].map(([name, routes]) => [
      name,
      routes.map(({ prefix, via, interface: out, cost }) => `${showPrefix(prefix)} via ${showIp(via)} ${out} ${cost}`),
    ]),
  );
}

/** a and d, with b on the upper way and c on the lower; a has a LAN with a host, d a stub. */
const DIAMOND: Design = {
  nodes: {
    a: { kind: 'router', interfaces: { lan: '192.168.0.1/24', b: '10.0.1.1/30', c: '10.0.2.1/30' } },
    b: { kind: 'gateway', interfaces: { a: '10.0.1.2/30', d: '10.0.3.1/30' } },
    c: { kind: 'firewall', interfaces: { a: '10.0.2.2/30', d: '10.0.4.1/30' } },
    d: { kind: 'router', interfaces: { b: '10.0.3.2/30', c: '10.0.4.2/30', stub: '10.9.0.1/24' } },
    h: { kind: 'host', interfaces: { eth0: '192.168.0.2/24', extra: '10.77.0.1/24' } },
  },
  links: [
    ['a:lan', 'h:eth0'],
    ['a:b', 'b:a'],
    ['a:c', 'c:a'],
    ['b:d', 'd:b'],
    ['c:d', 'd:c'],
  ],
};

describe('toGraph', () => {
  it('has a node for each node and shared segment, an edge for each link', () => {
    const graph = toGraph({
      nodes: {
        a: { kind: 'router', interfaces: { x: '10.0.0.1/24', y: '10.1.0.1/24' } },
        b: { kind: 'host', interfaces: { e: '10.0.0.2/24' } },
        c: { kind: 'host', interfaces: { e: '10.0.0.3/24' } },
        d: { kind: 'host', interfaces: { e: '10.1.0.2/24' } },
      },
      links: [['a:x', 'b', 'c'], { between: ['a:y', 'd'], cost: 4 }],
    });
    expect(graph.mapNodes((name, attributes) => [name, attributes])).toEqual([
      ['a', { type: 'node', kind: 'router' }],
      ['b', { type: 'node', kind: 'host' }],
      ['c', { type: 'node', kind: 'host' }],
      ['d', { type: 'node', kind: 'host' }],
      ['link:0', { type: 'segment', link: 0 }],
    ]);
    expect(graph.mapEdges((_, attributes, from, to) => [from, to, attributes])).toEqual([
      ['a', 'link:0', { link: 0, cost: 1, interfaces: ['x'] }],
      ['b', 'link:0', { link: 0, cost: 1, interfaces: ['e'] }],
      ['c', 'link:0', { link: 0, cost: 1, interfaces: ['e'] }],
      ['a', 'd', { link: 1, cost: 4, interfaces: ['y', 'e'] }],
    ]);
  });
});

describe('shortestRoutes', () => {
  it('keeps all ways of equal cost, and says nothing of what is connected', () => {
    expect(shown(DIAMOND).a).toEqual([
      '10.0.3.0/30 via 10.0.1.2 b 2',
      '10.0.4.0/30 via 10.0.2.2 c 2',
      '10.9.0.0/24 via 10.0.1.2 b 2',
      '10.9.0.0/24 via 10.0.2.2 c 2',
    ]);
  });

  it('teaches hosts nothing, and nothing of what only hosts are connected to', () => {
    expect(shown(DIAMOND).h).toBeUndefined();
    expect(JSON.stringify(shown(DIAMOND))).not.toContain('10.77.0.0');
  });

  it('goes by cost', () => {
    const design = { ...DIAMOND, links: [...(DIAMOND.links ?? []).slice(0, 4), { between: ['c:d', 'd:c'], cost: 3 }] };
    expect(shown(design).a).toEqual([
      '10.0.3.0/30 via 10.0.1.2 b 2',
      '10.0.4.0/30 via 10.0.2.2 c 4',
      '10.9.0.0/24 via 10.0.1.2 b 2',
    ]);
  });

  it('goes round links and nodes that are down, and learns of prefixes it lost', () => {
    expect(shown(DIAMOND, { ...ALL_UP, linkUp: (i) => i !== 1 }).a).toEqual([
      '10.0.3.0/30 via 10.0.2.2 c 3',
      '10.0.4.0/30 via 10.0.2.2 c 2',
      '10.9.0.0/24 via 10.0.2.2 c 2',
    ]);
    expect(shown(DIAMOND, { ...ALL_UP, nodeUp: (name) => name !== 'b' })).toEqual({
      a: ['10.0.3.0/30 via 10.0.2.2 c 3', '10.0.4.0/30 via 10.0.2.2 c 2', '10.9.0.0/24 via 10.0.2.2 c 2'],
      c: [
        '10.0.1.0/30 via 10.0.2.1 a 2',
        '10.0.3.0/30 via 10.0.4.2 d 2',
        '10.9.0.0/24 via 10.0.4.2 d 1',
        '192.168.0.0/24 via 10.0.2.1 a 2',
      ],
      d: ['10.0.1.0/30 via 10.0.4.1 c 3', '10.0.2.0/30 via 10.0.4.1 c 2', '192.168.0.0/24 via 10.0.4.1 c 3'],
    });
  });

  it('does not go through hosts', () => {
    const line: Design = {
      nodes: {
        a: { kind: 'router', interfaces: { e: '10.0.0.1/24' } },
        h: { kind: 'host', interfaces: { x: '10.0.0.2/24', y: '10.1.0.2/24' } },
        b: { kind: 'router', interfaces: { e: '10.1.0.1/24' } },
      },
      links: [
        ['a', 'h:x'],
        ['h:y', 'b'],
      ],
    };
    expect(shown(line)).toEqual({ a: [], b: [] });
  });

  it('keeps the families apart, and skips link-local prefixes and interfaces that are down', () => {
    const design: Design = {
      nodes: {
        a: { kind: 'router', interfaces: { e: ['10.0.0.1/24', '2001:db8::1/64'] } },
        b: {
          kind: 'router',
          interfaces: {
            e: '10.0.0.2/24',
            six: ['2001:db8:1::1/64', 'fe80::1/64', '169.254.0.1/16'],
            off: { addresses: ['10.5.0.1/24'], up: false },
            lan: '10.6.0.1/24',
          },
        },
      },
      links: [['a', 'b:e']],
    };
    expect(shown(design)).toEqual({ a: ['10.6.0.0/24 via 10.0.0.2 e 1'], b: [] });
    const b = design.nodes.b as Node;
    const down = {
      ...design,
      nodes: {
        ...design.nodes,
        b: { ...b, interfaces: { ...b.interfaces, e: { addresses: ['10.0.0.2/24'], up: false } } },
      },
    };
    expect(shown(down).a).toEqual([]);
  });

  it('learns from each router of a shared segment, at the cost of the segment', () => {
    const design: Design = {
      nodes: {
        a: { kind: 'router', interfaces: { lan: '10.0.0.1/24' } },
        b: { kind: 'router', interfaces: { lan: '10.0.0.2/24', x: '10.1.0.1/24' } },
        c: { kind: 'router', interfaces: { lan: '10.0.0.3/24', x: '10.1.0.2/24', y: '10.2.0.1/24' } },
      },
      links: [{ between: ['a', 'b:lan', 'c:lan'], cost: 5 }, ['b:x', 'c:x']],
    };
    expect(shown(design).a).toEqual([
      '10.1.0.0/24 via 10.0.0.2 lan 6',
      '10.1.0.0/24 via 10.0.0.3 lan 6',
      '10.2.0.0/24 via 10.0.0.3 lan 5',
    ]);
  });
});

/** Routers with cables of random cost between random pairs; each has a LAN of its own. */
const anyMesh = fc
  .record({
    routers: fc.integer({ min: 2, max: 6 }),
    hosts: fc.nat({ max: 1 }),
    cables: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 3 })), { maxLength: 9 }),
    down: fc.array(fc.nat({ max: 8 }), { maxLength: 2 }),
  })
  .map(({ routers, hosts, cables, down }) => {
    const interfaces = Array.from({ length: routers }, (_, i) => new Map([['lan', `192.168.${i}.1/24`]]));
    const links: LinkSpec[] = cables.flatMap(([from, to, cost], n) => {
      const [a, b] = [from % routers, to % routers];
      if (a === b) return [];
      interfaces[a]?.set(`c${n}`, `10.0.${n}.1/24`);
      interfaces[b]?.set(`c${n}`, `10.0.${n}.2/24`);
      return [{ between: [`n${a}:c${n}`, `n${b}:c${n}`], cost }];
    });
    const nodes = Object.fromEntries(
      interfaces.map((each, i): [string, Node] => [
        `n${i}`,
        { kind: i < hosts ? 'host' : 'router', interfaces: Object.fromEntries(each) },
      ]),
    );
    return { design: { nodes, links } satisfies Design, down: new Set(down) };
  });

/** The cost of the cheapest way between any two routers, by relaxing every cable as often as there are nodes. */
function distances(design: Design, down: ReadonlySet<number>): (from: string, to: string) => number {
  const cost = new Map<string, number>();
  const names = Object.keys(design.nodes).filter((name) => design.nodes[name]?.kind !== 'host');
  const known = (from: string, to: string) =>
    from === to ? 0 : (cost.get(`${from} ${to}`) ?? Number.POSITIVE_INFINITY);
  for (const _ of names) {
    for (const link of linksOf(design).filter(({ index }) => !down.has(index))) {
      const [a = '', b = ''] = link.ends.map(({ node }) => node);
      if (!names.includes(a) || !names.includes(b)) continue;
      for (const from of names) {
        cost.set(`${from} ${b}`, Math.min(known(from, b), known(from, a) + link.cost));
        cost.set(`${from} ${a}`, Math.min(known(from, a), known(from, b) + link.cost));
      }
    }
  }
  return known;
}

describe('shortestRoutes on any mesh', () => {
  it('gives exactly the first steps of the cheapest ways to every LAN', () => {
    fc.assert(
      fc.property(anyMesh, ({ design, down }) => {
        expect(check(design)).toEqual([]);
        const known = distances(design, down);
        const learned = shortestRoutes(design, { linkUp: (i) => !down.has(i), nodeUp: () => true });
        const routers = Object.keys(design.nodes).filter((name) => design.nodes[name]?.kind !== 'host');
        expect([...learned.keys()]).toEqual(routers);
        for (const from of routers) {
          for (const to of routers.filter((name) => name !== from)) {
            const prefix = `192.168.${to.slice(1)}.0/24`;
            const found = (learned.get(from) ?? []).filter((route) => showPrefix(route.prefix) === prefix);
            const expected = linksOf(design).flatMap((link) => {
              const here = link.ends.find(({ node }) => node === from);
              const there = link.ends.find(({ node }) => node !== from);
              if (down.has(link.index) || here === undefined || there === undefined) return [];
              const way = link.cost + known(there.node, to);
              return routers.includes(there.node) && way === known(from, to) && way < Number.POSITIVE_INFINITY
                ? [here.interface]
                : [];
            });
            expect(found.map((route) => route.interface).sort()).toEqual(expected.sort());
            for (const route of found) expect(route.cost).toBe(known(from, to));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
