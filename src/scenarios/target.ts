/** Whom a step means: a node, an interface, an address, or a DNS name. */
import { type Family, family, type Ip, isLinkLocal, parseIp } from '../sim/addr/ip.ts';
import type { World } from '../sim/world/world.ts';

export type Target =
  | { readonly kind: 'address'; readonly ip: Ip }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * The address that `to` stands for, as `from` would use it: of a node or interface the first one written, in a family
 * that the sender has too. What is neither node nor address is a DNS name.
 */
export function targetOf(world: World, from: string, to: string): Target {
  const ip = parseIp(to);
  if (ip !== undefined) return { kind: 'address', ip };
  const [node = '', name] = to.split(':');
  if (!Object.hasOwn(world.design.nodes, node)) return { kind: 'name', name: to };
  const spoken = new Set(addressesOf(world, from).map(family));
  const all = addressesOf(world, node, name);
  const found = all.find((address) => spoken.has(family(address))) ?? all[0];
  return found === undefined ? { kind: 'none', reason: `${to} has no address` } : { kind: 'address', ip: found };
}

/** Of several addresses of a name, the first in a family that the sender has. */
export function choose(world: World, from: string, addresses: readonly Ip[]): Ip | undefined {
  const spoken = families(world, from);
  return addresses.find((ip) => spoken.has(family(ip))) ?? addresses[0];
}

/** The families in which a node has an address of more than its own link. */
export function families(world: World, node: string): ReadonlySet<Family> {
  return new Set(addressesOf(world, node).map(family));
}

function addressesOf(world: World, node: string, only?: string): Ip[] {
  const interfaces = [...world.program(node).interfaces.values()].filter(
    ({ name }) => only === undefined || name === only,
  );
  return interfaces.flatMap((found) => found.addresses.map(({ ip }) => ip)).filter((ip) => !isLinkLocal(ip));
}
