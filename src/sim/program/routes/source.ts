/** Which of its addresses a node puts on what it sends. Read RFC 6724 §5 first. */
import {
  type Family,
  type Ip,
  type Ip6,
  isIp4,
  isIp6,
  isMulticast,
  LIMITED_BROADCAST,
  scopeOf,
} from '../../addr/ip.ts';
import { contains, type InterfaceAddress, parsePrefix } from '../../addr/prefix.ts';
import { fail } from '../../base/fail.ts';
import type { Fib, Interface, NodeProgram, Route } from '../program.ts';
import { buildLpm } from './lpm.ts';

type Interfaces = ReadonlyMap<string, Interface>;

/**
 * The rules of source selection over these interfaces and routes. A packet of IPv4 that is bound to an interface without
 * a route there is taken to find its destination on the link.
 */
export function compileSource(
  interfaces: Interfaces,
  fib: Fib,
): Pick<NodeProgram, 'sourceFor' | 'masqueradeFor' | 'primaryOf'> {
  const order = [...interfaces.values()];
  const four = new Map(order.map(({ name, addresses }) => [name, addresses.filter(({ ip }) => isIp4(ip))] as const));
  const others = [...four.values()].find((own) => own.length > 0) ?? [];
  // of the interface, or of the first that has one
  const first4 = (out: string, hint?: Ip) => {
    const own = four.get(out) ?? others;
    return select4(own.length > 0 ? own : others, hint);
  };
  return {
    sourceFor(dst, out) {
      if (out !== undefined && interfaces.get(out)?.up !== true) return undefined;
      const route = fib.lookup(dst, out)?.[0];
      if (isIp6(dst)) return source6(order, dst, route);
      const found = isMulticast(dst) || dst === LIMITED_BROADCAST ? undefined : route;
      if (found?.out !== undefined) return found.source ?? first4(found.out, found.via);
      return out === undefined ? undefined : first4(out);
    },
    masqueradeFor: (out, nextHop, dst) => (isIp6(dst) ? best6(order, dst, out) : first4(out, nextHop)),
    primaryOf: (name, family) => primary(interfaces.get(name)?.addresses ?? [], family),
  };
}

/** The address on the link that holds the hint, else the first (`inet_select_addr`). */
function select4(own: readonly InterfaceAddress[], hint: Ip | undefined): Ip | undefined {
  if (hint !== undefined) for (const { ip, prefix } of own) if (contains(prefix, hint)) return ip;
  return own[0]?.ip;
}

function source6(order: readonly Interface[], dst: Ip6, route: Route | undefined): Ip | undefined {
  if (route?.type === 'local') return dst;
  return route?.out === undefined ? undefined : best6(order, dst, route.out);
}

/** Destinations that mean something on one link only get an address of that link. */
function best6(order: readonly Interface[], dst: Ip6, out: string): Ip | undefined {
  const near = isMulticast(dst) || width(dst) <= WIDTH.link;
  let best: { readonly ip: Ip; readonly score: readonly number[] } | undefined;
  for (const { name, addresses } of order) {
    if (near && name !== out) continue;
    for (const address of newestFirst(addresses)) {
      const score = scoreOf(address, dst, name === out);
      if (best === undefined || isHigher(score, best.score)) best = { ip: address.ip, score };
    }
  }
  return best?.ip;
}

/** The kernel keeps the address that was added last in front, and the rules keep the first of equals. */
function newestFirst(addresses: readonly InterfaceAddress[]): InterfaceAddress[] {
  return addresses.filter(({ ip }) => isIp6(ip)).reverse();
}

/** RFC 6724 §5: rules 1 (same), 2 (scope), 5 (outgoing interface), 6 (label), 8 (longest match), the more the better. */
function scoreOf({ ip, prefix }: InterfaceAddress, dst: Ip6, leavesHere: boolean): readonly number[] {
  const scope = width(ip);
  const wide = scope >= width(dst);
  return [
    Number(ip === dst),
    wide ? -scope : scope - 128,
    Number(leavesHere),
    Number(LABELS.lookup(ip) === LABELS.lookup(dst)),
    Math.min(commonLength(ip, dst), prefix.length),
  ];
}

function isHigher(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] as number) > (b[at] as number);
}

/** Scopes as numbers, wider ones higher; multicast addresses carry theirs (RFC 4291 §2.7). */
const WIDTH = { unspecified: 0, loopback: 2, link: 2, site: 5, global: 14 } as const;

function width(ip: Ip): number {
  const scope = scopeOf(ip);
  return scope === 'multicast' ? Number((BigInt(ip) >> 112n) & 0xfn) : WIDTH[scope];
}

function commonLength(a: Ip, b: Ip): number {
  const differing = BigInt(a) ^ BigInt(b);
  return differing === 0n ? 128 : 128 - differing.toString(2).length;
}

/** The kernel's address labels: those of RFC 6724 §2.1, and two of its own. */
const LABELS = buildLpm(
  Object.entries({
    '::1/128': 0,
    '::/0': 1,
    '2002::/16': 2,
    '::/96': 3,
    '::ffff:0:0/96': 4,
    'fc00::/7': 5,
    '2001::/32': 6,
    '2001:10::/28': 7,
    'fec0::/10': 11,
    '3ffe::/16': 12,
  }).map(([text, value]) => ({ prefix: parsePrefix(text) ?? fail(text), value })),
);

/** IPv4: the first. IPv6: of those with the widest scope the newest, which is where the kernel's list begins. */
function primary(addresses: readonly InterfaceAddress[], family: Family): Ip | undefined {
  if (family === 4) return addresses.find(({ ip }) => isIp4(ip))?.ip;
  const six = newestFirst(addresses).map(({ ip }) => ip);
  const widest = Math.max(...six.map(width));
  return six.find((ip) => width(ip) === widest);
}
