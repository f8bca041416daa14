/** Gateways and static routes of one node. */
import { type Family, family, type Ip, isLinkLocal, parseIp, showIp } from '../../addr/ip.ts';
import { broadcastAddress, contains, familyOf, type Prefix, parsePrefix, showPrefix } from '../../addr/prefix.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { RouteSpec } from '../design.ts';
import { issue, itemsOf, known, type Site } from './site.ts';

export function checkRoutes(site: Site): Issue[] {
  const routes = site.node.routes ?? [];
  return [
    ...checkGateways(site),
    ...routes.flatMap((route, i) => checkRoute(site, route, [...site.path, 'routes', i])),
    ...repeated(routes, [...site.path, 'routes']),
  ];
}

function checkGateways(site: Site): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<Family>();
  for (const { item, path } of itemsOf(site.node.gateway, [...site.path, 'gateway'])) {
    const ip = known(parseIp(item));
    if (seen.has(family(ip))) {
      issues.push(
        issue('route', path, `a second IPv${family(ip)} gateway`, 'write further default routes in "routes"'),
      );
    }
    seen.add(family(ip));
    if (isLinkLocal(ip) && site.interfaces.size !== 1) {
      const hint = 'write a route with its interface';
      issues.push(issue('route', path, `${item} is link-local: on which interface is not said`, hint));
    } else issues.push(...checkNextHop(site, ip, undefined, path));
  }
  return issues;
}

function checkRoute(site: Site, route: RouteSpec, path: Path): Issue[] {
  const { via, interface: out, type = 'unicast' } = route;
  if (type !== 'unicast') {
    if (via === undefined && out === undefined) return [];
    return [issue('route', path, `a ${type} route discards, and has neither "via" nor "interface"`)];
  }
  if (out !== undefined && !site.interfaces.has(out)) {
    return [unknownInterface(site, out, [...path, 'interface'])];
  }
  if (via === undefined)
    return out === undefined ? [issue('route', path, 'a route needs "via", "interface" or both')] : [];
  const next = known(parseIp(via));
  const to = known(parsePrefix(route.to));
  if (family(next) !== familyOf(to)) {
    return [issue('family', [...path, 'via'], `${via} is IPv${family(next)}, but ${route.to} is IPv${familyOf(to)}`)];
  }
  if (isLinkLocal(next) && out === undefined) {
    return [issue('route', [...path, 'via'], `${via} is link-local: say on which "interface"`)];
  }
  return checkNextHop(site, next, out, [...path, 'via']);
}

export function unknownInterface(site: Site, name: string, path: Path): Issue {
  const hint = didYouMean(name, site.interfaces.keys());
  return issue('unknown-name', path, `${site.name} has no interface "${name}"`, hint);
}

/** A next hop must be a neighbour: on a connected prefix, or on one that a route puts on a link. */
function checkNextHop(site: Site, ip: Ip, out: string | undefined, path: Path): Issue[] {
  const own = [...site.interfaces].filter(([name]) => out === undefined || name === out);
  const owner = [...site.interfaces].find(([, { addresses }]) => addresses.some((address) => address.ip === ip));
  if (owner !== undefined) return [issue('route', path, `${showIp(ip)} is ${site.name}'s own address, on ${owner[0]}`)];
  if (isLinkLocal(ip) || own.some(([, { dhcp }]) => dhcp)) return [];
  const onLink = [
    ...own.flatMap(([, { addresses }]) => addresses.map(({ prefix }) => prefix)),
    ...(site.node.routes ?? []).flatMap((route) => directPrefix(route, out)),
  ].filter((prefix) => contains(prefix, ip));
  const broadcast = onLink.find((prefix) => broadcastAddress(prefix) === ip);
  if (broadcast !== undefined) {
    return [issue('route', path, `${showIp(ip)} is the broadcast address of ${showPrefix(broadcast)}`)];
  }
  if (onLink.length > 0) return [];
  const where = out === undefined ? site.name : `interface ${out}`;
  return [issue('route', path, `${showIp(ip)} is not on a prefix that ${where} is connected to`)];
}

/** The prefix of a route that needs no next hop. */
function directPrefix(route: RouteSpec, out: string | undefined): Prefix[] {
  const direct = route.via === undefined && (route.type ?? 'unicast') === 'unicast' && route.interface !== undefined;
  return direct && (out === undefined || route.interface === out) ? [known(parsePrefix(route.to))] : [];
}

/** A route that is there already adds nothing, and Linux refuses it. */
function repeated(routes: readonly RouteSpec[], path: Path): Issue[] {
  const first = new Map<string, number>();
  return routes.flatMap((route, i) => {
    const prefix = known(parsePrefix(route.to));
    const via = route.via === undefined ? undefined : parseIp(route.via);
    const key = [showPrefix(prefix), via, route.interface, route.metric ?? 0, route.type ?? 'unicast'].join(' ');
    const before = first.get(key);
    first.set(key, before ?? i);
    return before === undefined ? [] : [issue('duplicate', [...path, i], `routes[${before}] is the same route`)];
  });
}
