/**
 * The routing table of a node: what its interfaces connect it to, what is written, and what it learned. Linux searches
 * its tables `local` and `main` as if they were one, longest prefix first, and so does this one.
 */
import { type Ip, isIp4, isIp6, isLinkLocal, parseIp } from '../../addr/ip.ts';
import { comparePrefix, contains, familyOf, makePrefix, type Prefix, parsePrefix } from '../../addr/prefix.ts';
import { fail } from '../../base/fail.ts';
import type { RouteSpec } from '../../design/design.ts';
import type { Fib, Interface, Place, Route, Surroundings } from '../program.ts';
import { connectedRoutes, loopbackRoutes } from './connected.ts';
import { buildLpm, type Lpm } from './lpm.ts';

export interface FibInput {
  readonly interfaces: ReadonlyMap<string, Interface>;
  readonly gateway: string | readonly string[] | undefined;
  readonly routes: readonly RouteSpec[] | undefined;
  readonly surroundings: Surroundings;
}

/** Where a route comes from; of two with equal prefix and metric the kernel would keep the earlier. */
const ORIGINS = ['local', 'connected', 'static', 'dhcp', 'learned'] as const;
type Origin = (typeof ORIGINS)[number];

interface Candidate {
  readonly origin: Origin;
  readonly route: Route;
}

interface OnLink {
  readonly prefix: Prefix;
  readonly interface: string;
}

/** The table as the kernel would have it: a route whose next hop no link reaches is not in it, nor one out of an interface that is down. */
export function compileFib({ interfaces, gateway, routes, surroundings }: FibInput): Fib {
  const connected = [...loopbackRoutes(), ...[...interfaces.values()].flatMap(connectedRoutes)].map(ofItself);
  const written = routes ?? [];
  const links = new Links([...linksOf(connected), ...written.flatMap((spec) => linkOf(spec, interfaces))]);
  const gateways = typeof gateway === 'string' ? [gateway] : (gateway ?? []);
  const candidates: Candidate[] = [
    ...connected,
    ...written.flatMap((spec, i) => writtenRoute(spec, `routes[${i}]`, links, interfaces)),
    ...gateways.flatMap((text) => defaultRoute(readIp(text), links)),
    ...leasedRoutes(interfaces, surroundings.leases),
    ...learnedRoutes(interfaces, surroundings.learned),
  ];
  return tableOf(sortCandidates(candidates));
}

function ofItself(route: Route): Candidate {
  return { origin: route.type === 'unicast' ? 'connected' : 'local', route };
}

function tableOf(sorted: readonly Candidate[]): Fib {
  const all = buildLpm(bestOf(sorted));
  const byInterface = new Map<string, Lpm<readonly Route[]>>();
  const leavingBy = (out: string) => {
    const known = byInterface.get(out);
    if (known !== undefined) return known;
    const made = buildLpm(bestOf(sorted.filter(({ route }) => leaves(route, out))));
    byInterface.set(out, made);
    return made;
  };
  return {
    routes: sorted.map(({ route }) => route),
    lookup: (dst, out) => (out === undefined ? all : leavingBy(out)).lookup(dst),
  };
}

/** Routes that discard do so whichever way a packet is to go; an address of its own counts on its own interface only. */
function leaves({ out, place }: Route, by: string): boolean {
  return out === by || out === undefined || place === `interfaces.${by}`;
}

/** By one number where it tells them apart: a full table is sorted in a fraction of the time. */
function sortCandidates(candidates: readonly Candidate[]): Candidate[] {
  const keys = Float64Array.from(candidates, ({ route: { prefix } }) => {
    return isIp4(prefix.ip) ? prefix.ip * 64 + prefix.length : Number.MAX_VALUE;
  });
  const order = Uint32Array.from(candidates, (_, i) => i);
  order.sort((a, b) => {
    const apart = (keys[a] as number) - (keys[b] as number);
    return apart === 0 ? compareCandidates(candidates[a] as Candidate, candidates[b] as Candidate) : apart;
  });
  return Array.from(order, (i) => candidates[i] as Candidate);
}

/** Learned routes come after all others of their prefix, whatever their metric. */
function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    comparePrefix(a.route.prefix, b.route.prefix) ||
    RANK[a.origin] - RANK[b.origin] ||
    a.route.metric - b.route.metric ||
    ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin)
  );
}

const RANK: Readonly<Record<Origin, number>> = { local: 0, connected: 1, static: 1, dhcp: 1, learned: 2 };

/** For each prefix the best candidate, and those that share its load. */
function bestOf(sorted: readonly Candidate[]): { prefix: Prefix; value: readonly Route[] }[] {
  const best: { prefix: Prefix; value: Route[]; first: Candidate }[] = [];
  for (const candidate of sorted) {
    const { prefix } = candidate.route;
    const last = best.at(-1);
    if (last === undefined || comparePrefix(last.prefix, prefix) !== 0) {
      best.push({ prefix, value: [candidate.route], first: candidate });
    } else if (sharesLoad(last.first, candidate)) {
      last.value.push(candidate.route);
    }
  }
  return best;
}

function sharesLoad(a: Candidate, b: Candidate): boolean {
  const together = a.origin === 'static' || a.origin === 'learned';
  const equal = a.origin === b.origin && a.route.metric === b.route.metric;
  return together && equal && a.route.type === 'unicast' && b.route.type === 'unicast';
}

function linksOf(connected: readonly Candidate[]): OnLink[] {
  return connected.flatMap(({ origin, route }) =>
    origin === 'connected' && route.out !== undefined ? [{ prefix: route.prefix, interface: route.out }] : [],
  );
}

/** A route to an interface alone says that its prefix is on that link; for IPv6 the interface must speak it. */
function linkOf(spec: RouteSpec, interfaces: FibInput['interfaces']): OnLink[] {
  const name = spec.interface;
  if (name === undefined || spec.via !== undefined || (spec.type ?? 'unicast') !== 'unicast') return [];
  const found = interfaces.get(name);
  const prefix = readPrefix(spec.to);
  const speaks = isIp4(prefix.ip) || found?.addresses.some(({ ip }) => isIp6(ip));
  return found?.up === true && speaks === true ? [{ prefix, interface: name }] : [];
}

function writtenRoute(spec: RouteSpec, place: Place, links: Links, interfaces: FibInput['interfaces']): Candidate[] {
  const prefix = readPrefix(spec.to);
  const type = spec.type ?? 'unicast';
  const metric = metricOf(prefix, spec.metric);
  const add = (via: Ip | undefined, out: string | undefined): Candidate[] => [
    { origin: 'static', route: { prefix, type, via, out, metric, place } },
  ];
  if (type !== 'unicast') return add(undefined, undefined);
  if (spec.via === undefined) return linkOf(spec, interfaces).flatMap((link) => add(undefined, link.interface));
  const via = readIp(spec.via);
  const out = links.towards(via, spec.interface);
  return out === undefined ? [] : add(via, out);
}

/** As iproute2 writes them: 0 for IPv4, 1024 for IPv6, where 0 means the same. */
function metricOf(prefix: Prefix, metric: number | undefined): number {
  return familyOf(prefix) === 4 ? (metric ?? 0) : metric || 1024;
}

/** The prefixes on links. Many routes have one next hop: what is known of it is kept. */
class Links {
  readonly #all: readonly OnLink[];
  readonly #known = new Map<Ip, Map<string | undefined, string | undefined>>();

  constructor(all: readonly OnLink[]) {
    this.#all = all;
  }

  /** The interface whose link holds the next hop. A link-local one is on every link: it needs the interface named, or only one. */
  towards(via: Ip, named?: string): string | undefined {
    const known = this.#known.get(via) ?? new Map<string | undefined, string | undefined>();
    if (known.has(named)) return known.get(named);
    const found = this.#find(via, named);
    this.#known.set(via, known.set(named, found));
    return found;
  }

  #find(via: Ip, named: string | undefined): string | undefined {
    const fitting = this.#all.filter(
      (link) => contains(link.prefix, via) && (named ?? link.interface) === link.interface,
    );
    const longest = Math.max(...fitting.map(({ prefix }) => prefix.length));
    const best = fitting.filter(({ prefix }) => prefix.length === longest);
    return isLinkLocal(via) && best.length > 1 ? undefined : best[0]?.interface;
  }
}

function defaultRoute(via: Ip, links: Links): Candidate[] {
  const prefix = makePrefix(via, 0);
  const out = links.towards(via);
  if (out === undefined) return [];
  const metric = metricOf(prefix, undefined);
  return [{ origin: 'static', route: { prefix, type: 'unicast', via, out, metric, place: 'gateway' } }];
}

function leasedRoutes(interfaces: FibInput['interfaces'], leases: Surroundings['leases']): Candidate[] {
  return [...interfaces.values()].flatMap(({ name, dhcp, up }): Candidate[] => {
    const via = dhcp && up ? leases.get(name)?.router : undefined;
    if (via === undefined) return [];
    const prefix = makePrefix(via, 0);
    return [{ origin: 'dhcp', route: { prefix, type: 'unicast', via, out: name, metric: 0, place: 'dhcp' } }];
  });
}

function learnedRoutes(interfaces: FibInput['interfaces'], learned: Surroundings['learned']): Candidate[] {
  return learned
    .filter((route) => interfaces.get(route.interface)?.up === true)
    .map(({ prefix, via, interface: out, cost: metric }) => ({
      origin: 'learned',
      route: { prefix, type: 'unicast', via, out, metric, place: 'routing' },
    }));
}

function readIp(text: string): Ip {
  return parseIp(text) ?? fail(`"${text}" is not an address`);
}

function readPrefix(text: string): Prefix {
  return parsePrefix(text) ?? fail(`"${text}" is not a prefix`);
}
