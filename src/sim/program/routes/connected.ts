/** The routes that interfaces bring by themselves, as the kernel makes them when an address is added. */
import { bitsOf, type Ip, isIp4, isIp6, LOOPBACK4, LOOPBACK6 } from '../../addr/ip.ts';
import {
  broadcastAddress,
  comparePrefix,
  familyOf,
  hostPrefix,
  type InterfaceAddress,
  makePrefix,
  type Prefix,
  parsePrefix,
} from '../../addr/prefix.ts';
import { fail } from '../../base/fail.ts';
import type { Interface, Place, Route } from '../program.ts';

/** The kernel's metric of IPv6 routes to a link. */
const METRIC6 = 256;
const MULTICAST6 = parsePrefix('ff00::/8') ?? fail('ff00::/8 is no prefix');

/** 127.0.0.0/8 and ::1, which every node has. */
export function loopbackRoutes(): Route[] {
  return [
    localRoute(makePrefix(LOOPBACK4, 8), 'interfaces.lo', LOOPBACK4),
    localRoute(hostPrefix(LOOPBACK6), 'interfaces.lo'),
  ];
}

/**
 * The routes of an interface: its own addresses, its subnets, and what reaches everyone on it (directed broadcast; all
 * IPv6 multicast). One that is down has its own addresses, and nothing else.
 */
export function connectedRoutes({ name, up, addresses }: Interface): Route[] {
  const place = `interfaces.${name}`;
  const subnets = addresses.filter(({ prefix }, i) => addresses.findIndex((a) => isSame(a.prefix, prefix)) === i);
  const primary = (prefix: Prefix) => subnets.find((subnet) => isSame(subnet.prefix, prefix))?.ip;
  const local = addresses.map(({ ip, prefix }) =>
    localRoute(hostPrefix(ip), place, isIp4(ip) ? primary(prefix) : undefined),
  );
  if (!up) return local;
  const many: Route = { prefix: MULTICAST6, type: 'broadcast', via: undefined, out: name, metric: METRIC6, place };
  return [...local, ...subnets.flatMap(subnetRoutes), ...(addresses.some(({ ip }) => isIp6(ip)) ? [many] : [])];

  function subnetRoutes({ ip, prefix }: InterfaceAddress): Route[] {
    const four = isIp4(ip);
    const common = { via: undefined, out: name, metric: four ? 0 : METRIC6, place, ...(four ? { source: ip } : {}) };
    const broadcast = broadcastAddress(prefix);
    return [
      ...(prefix.length < bitsOf(familyOf(prefix)) ? [{ ...common, prefix, type: 'unicast' } as const] : []),
      ...(broadcast === undefined ? [] : [{ ...common, prefix: hostPrefix(broadcast), type: 'broadcast' } as const]),
    ];
  }
}

function localRoute(prefix: Prefix, place: Place, source?: Ip): Route {
  const route: Route = { prefix, type: 'local', via: undefined, out: 'lo', metric: 0, place };
  return source === undefined ? route : { ...route, source };
}

function isSame(a: Prefix, b: Prefix): boolean {
  return comparePrefix(a, b) === 0;
}
