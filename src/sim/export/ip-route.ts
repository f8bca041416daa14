/** Routes in the language of ip(8), as lines for `ip -batch`. */
import { family, isLinkLocal, parseIp, showIp } from '../addr/ip.ts';
import { parsePrefix, showPrefix } from '../addr/prefix.ts';
import { fail } from '../base/fail.ts';
import type { Node, RouteSpec } from '../design/design.ts';
import type { LearnedRoute } from '../design/graph.ts';
import { interfacesOf } from '../design/topology.ts';

/** Routes of a routing daemon rank behind those an administrator wrote, whatever their metric. */
const LEARNED_METRIC = 4_000_000_000;

/** What `ip route` is told of a node, in order; `devices` names its interfaces in the kernel. */
export function showRoutes(
  node: Node,
  learned: readonly LearnedRoute[],
  devices: ReadonlyMap<string, string>,
): string[] {
  const gateways = node.gateway === undefined ? [] : typeof node.gateway === 'string' ? [node.gateway] : node.gateway;
  const written: readonly RouteSpec[] = [
    ...(node.routes ?? []),
    ...gateways.map((via) => ({ to: via.includes(':') ? '::/0' : '0.0.0.0/0', via })),
  ];
  const routes = [
    ...written.map((route) => writtenRoute(route, node, devices)),
    ...learned.map((route) => learnedRoute(route, devices)),
  ];
  return shareLoad(routes).map(showLine);
}

interface Line {
  /** Type, prefix and metric. */
  readonly what: string;
  readonly metric: string;
  /** Next hops; a route that discards has none. */
  readonly hops: readonly string[];
}

function writtenRoute(route: RouteSpec, node: Node, devices: ReadonlyMap<string, string>): Line {
  const prefix = parsePrefix(route.to) ?? fail(`"${route.to}" is no prefix`);
  const type = route.type ?? 'unicast';
  const metric = route.metric === undefined ? '' : ` metric ${route.metric}`;
  const hop = [
    ...(route.via === undefined ? [] : [`via ${route.via}`]),
    ...deviceOf(route, node, devices).map((device) => `dev ${device}`),
  ].join(' ');
  const hops = type === 'unicast' ? [hop] : [];
  return { what: `${type} ${showPrefix(prefix)}`, metric, hops };
}

/** A link-local next hop needs its interface; the kernel finds that of any other itself. */
function deviceOf({ via, interface: named }: RouteSpec, node: Node, devices: ReadonlyMap<string, string>): string[] {
  const ip = via === undefined ? undefined : parseIp(via);
  const isLocal = ip !== undefined && family(ip) === 6 && isLinkLocal(ip);
  const six = [...interfacesOf(node)].filter(([, { addresses }]) => addresses.some((each) => family(each.ip) === 6));
  const name = named ?? (isLocal && six.length === 1 ? six[0]?.[0] : undefined);
  return name === undefined ? [] : [devices.get(name) ?? name];
}

function learnedRoute(route: LearnedRoute, devices: ReadonlyMap<string, string>): Line {
  return {
    what: `unicast ${showPrefix(route.prefix)}`,
    metric: ` metric ${LEARNED_METRIC}`,
    hops: [`via ${showIp(route.via)} dev ${devices.get(route.interface) ?? route.interface}`],
  };
}

/** Routes that differ in their next hop only become one with several. */
function shareLoad(lines: readonly Line[]): Line[] {
  const found = new Map<string, Line>();
  for (const line of lines) {
    const key = `${line.what}${line.metric}`;
    const same = found.get(key);
    found.set(key, same === undefined ? line : { ...same, hops: [...new Set([...same.hops, ...line.hops])] });
  }
  return [...found.values()];
}

/** `append`, since the kernel may have a route to the prefix of an interface already, which then comes first. */
function showLine({ what, metric, hops }: Line): string {
  const to = hops.length > 1 ? hops.map((hop) => ` nexthop ${hop}`).join('') : hops.map((hop) => ` ${hop}`).join('');
  return `route append ${what}${metric}${to}`;
}
