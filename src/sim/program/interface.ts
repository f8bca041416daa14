/** The interfaces of a node, with what is derived (MAC, link-local address) and learned (DHCP leases). */
import { isIp6, isLinkLocal, linkLocal } from '../addr/ip.ts';
import { type InterfaceAddress, makePrefix } from '../addr/prefix.ts';
import { mix } from '../base/rng.ts';
import type { InterfaceSpec } from '../design/design.ts';
import { interfaceOf } from '../design/topology.ts';
import type { Interface, Surroundings } from './program.ts';

export interface InterfaceInput {
  readonly leases: Surroundings['leases'];
  /** The index of the link that each interface is on. */
  readonly links: ReadonlyMap<string, number>;
}

/** The interfaces of a node by name, in the order written. */
export function compileInterfaces(
  specs: Readonly<Record<string, InterfaceSpec>>,
  node: string,
  { leases, links }: InterfaceInput,
): ReadonlyMap<string, Interface> {
  const made = new Map<string, Interface>();
  for (const [name, spec] of Object.entries(specs)) {
    const { addresses, dhcp, up, mtu } = interfaceOf(spec);
    const mac = macOf(node, name);
    const lease = dhcp ? leases.get(name) : undefined;
    const leased = lease === undefined ? [] : [{ ip: lease.address, prefix: lease.prefix }];
    const all = withLinkLocal([...addresses, ...leased], up ? mac : undefined);
    made.set(name, { name, up, mtu, addresses: all, mac, link: links.get(name), dhcp });
  }
  return made;
}

/** The 48-bit MAC address of an interface: unicast, locally administered, the same in every run. */
export function macOf(node: string, interfaceName: string): number {
  const label = `${node}:${interfaceName}`;
  return 0x02 * 2 ** 40 + (mix(1, label) & 0xff) * 2 ** 32 + (mix(2, label) >>> 0);
}

/** An interface with IPv6 has a link-local address: the one that is written, else, once it is up, the one its MAC gives. */
function withLinkLocal(addresses: readonly InterfaceAddress[], mac: number | undefined): readonly InterfaceAddress[] {
  const six = addresses.filter(({ ip }) => isIp6(ip));
  if (mac === undefined || six.length === 0 || six.some(({ ip }) => isLinkLocal(ip))) return addresses;
  const ip = linkLocal(mac);
  return [...addresses, { ip, prefix: makePrefix(ip, 64) }];
}
