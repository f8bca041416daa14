/**
 * A network as large as one likes: sites of four hosts behind a firewall or a NAT gateway, routers of the provider that
 * nine sites hang on, and one core between those. Everybody has a few things to ask of others.
 */
import type { Design, LinkSpec, Node } from '../../src/sim/design/design.ts';
import type { Rule } from '../../src/sim/design/rule.ts';
import type { Flow } from '../../src/whatif/flows.ts';

export interface Campus {
  readonly design: Design;
  /** A few flows for each host: to web servers of other sites, and inside its own. */
  readonly flows: readonly Flow[];
}

export interface CampusOptions {
  /** About so many nodes; at least 13. */
  readonly nodes: number;
  /** Static by default: every route written down. */
  readonly routing?: 'static' | 'shortest-path';
  /** Rules of each firewall; 20 by default. */
  readonly rules?: number;
}

const HOSTS = 4;
const SITES_PER_EDGE = 9;

export function campusOf({ nodes, routing = 'static', rules = 20 }: CampusOptions): Campus {
  const perEdge = SITES_PER_EDGE * (HOSTS + 1) + 1;
  const sites = Math.max(1, Math.floor((nodes - 1 - Math.ceil((nodes - 1) / perEdge)) / (HOSTS + 1)));
  const edges = Math.ceil(sites / SITES_PER_EDGE);
  const made: Record<string, Node> = {};
  const links: LinkSpec[] = [];
  const isStatic = routing === 'static';
  made.core = coreOf(sites, edges, isStatic);
  for (let edge = 0; edge < edges; edge++) {
    made[`edge-${edge}`] = edgeOf(edge, sites, isStatic);
    links.push([`edge-${edge}:core`, `core:edge-${edge}`]);
  }
  for (let site = 0; site < sites; site++) {
    made[`site-${site}`] = siteOf(site, rules);
    links.push([`site-${site}:wan`, `edge-${edgeAt(site)}:site-${site}`]);
    for (let host = 0; host < HOSTS; host++) made[hostName(site, host)] = hostOf(site, host);
    links.push([`site-${site}:lan`, ...Array.from({ length: HOSTS }, (_, host) => hostName(site, host))]);
  }
  const design: Design = {
    nodes: made,
    links,
    routing,
    publicInternet: ['core', ...Array.from({ length: edges }, (_, edge) => `edge-${edge}`)],
  };
  return { design, flows: flowsIn(sites) };
}

/** Every second site has private addresses and translates them. */
function isNat(site: number): boolean {
  return site % 2 === 1;
}

function edgeAt(site: number): number {
  return Math.floor(site / SITES_PER_EDGE);
}

function hostName(site: number, host: number): string {
  return `host-${site}-${host}`;
}

const lan = (site: number, last: number): string => `${isNat(site) ? '10' : '50'}.${site >> 8}.${site & 255}.${last}`;
const wan = (site: number, last: number): string => `51.${site >> 8}.${site & 255}.${last}`;
const trunk = (edge: number, last: number): string => `52.${edge >> 8}.${edge & 255}.${last}`;

function prefixesOf(site: number): string[] {
  return [`${wan(site, 0)}/30`, ...(isNat(site) ? [] : [`${lan(site, 0)}/24`])];
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function coreOf(sites: number, edges: number, isStatic: boolean): Node {
  const routes = range(sites).flatMap((site) => prefixesOf(site).map((to) => ({ to, via: trunk(edgeAt(site), 2) })));
  return {
    kind: 'router',
    interfaces: Object.fromEntries(range(edges).map((edge) => [`edge-${edge}`, `${trunk(edge, 1)}/30`])),
    ...(isStatic ? { routes } : {}),
  };
}

function edgeOf(edge: number, sites: number, isStatic: boolean): Node {
  const own = range(sites).filter((site) => edgeAt(site) === edge);
  const routes = own.filter((site) => !isNat(site)).map((site) => ({ to: `${lan(site, 0)}/24`, via: wan(site, 2) }));
  return {
    kind: 'router',
    interfaces: {
      core: `${trunk(edge, 2)}/30`,
      ...Object.fromEntries(own.map((site) => [`site-${site}`, `${wan(site, 1)}/30`])),
    },
    ...(isStatic ? { gateway: trunk(edge, 1), routes } : {}),
  };
}

function siteOf(site: number, rules: number): Node {
  const filler = range(Math.max(0, rules - 3)).map(
    (i): Rule => ({
      name: `partner ${i}`,
      match: { protocol: 'tcp', source: `60.${i}.${site & 255}.0/24`, destinationPort: 2000 + i },
      action: 'accept',
    }),
  );
  return {
    kind: isNat(site) ? 'gateway' : 'firewall',
    interfaces: { lan: `${lan(site, 1)}/24`, wan: `${wan(site, 2)}/30` },
    gateway: wan(site, 1),
    firewall: {
      forward: {
        policy: 'drop',
        rules: [
          { name: 'answers', match: { state: ['established', 'related'] }, action: 'accept' },
          { name: 'from inside', match: { inInterface: 'lan' }, action: 'accept' },
          ...filler,
          { name: 'the web', match: { protocol: 'tcp', destinationPort: 80 }, action: 'accept' },
        ],
      },
    },
    ...(isNat(site)
      ? {
          nat: {
            rules: [
              { match: { outInterface: 'wan' }, action: 'masquerade' },
              {
                match: { inInterface: 'wan', protocol: 'tcp', destinationPort: 80 },
                action: 'dnat',
                to: lan(site, 10),
              },
            ],
          },
        }
      : {}),
  };
}

/** The first is the web server of its site, the second may be logged in to. */
function hostOf(site: number, host: number): Node {
  return {
    kind: 'host',
    interfaces: { eth0: `${lan(site, 10 + host)}/24` },
    gateway: lan(site, 1),
    ...(host === 0 ? { services: ['http'] } : host === 1 ? { services: ['ssh'] } : {}),
  };
}

function flowsIn(sites: number): Flow[] {
  return range(sites).flatMap((site) =>
    range(HOSTS).flatMap((host): Flow[] => {
      const from = hostName(site, host);
      const others = [...new Set([site + 1, site + 10, 3 * site + 5].map((other) => other % sites))];
      const web = others.filter((other) => other !== site).map((other) => webOf(from, other));
      return host === 1 ? web : [...web, sshOf(from, site)];
    }),
  );
}

function webOf(from: string, site: number): Flow {
  const address = isNat(site) ? wan(site, 2) : lan(site, 10);
  return { from, to: hostName(site, 0), address, protocol: 'tcp', port: 80, app: 'http' };
}

function sshOf(from: string, site: number): Flow {
  return { from, to: hostName(site, 1), address: lan(site, 11), protocol: 'tcp', port: 22, app: 'echo' };
}
