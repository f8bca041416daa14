/** The interfaces of one node. */
import { type Ip, isIp6, isLoopback, isMulticast, isUnspecified, LIMITED_BROADCAST, showIp } from '../../addr/ip.ts';
import { broadcastAddress, type InterfaceAddress, showPrefix } from '../../addr/prefix.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { type Interface, interfaceOf } from '../topology.ts';
import { addressPath, issue, type Site } from './site.ts';

/** The smallest MTU that IPv6 works with (RFC 8200 §5). */
const MIN_MTU6 = 1280;

export function checkInterfaces(site: Site): Issue[] {
  return Object.entries(site.node.interfaces ?? {}).flatMap(([name, spec]) => {
    const path = [...site.path, 'interfaces', name];
    const own = interfaceOf(spec);
    return [
      ...(name === 'lo' ? [issue('interface', path, 'every node has its loopback "lo", which is not written')] : []),
      ...checkMtu(own, path),
      ...own.addresses.flatMap((address, i) =>
        checkAddress(address, own.addresses.slice(0, i), addressPath(site.name, name, spec, i)),
      ),
    ];
  });
}

function checkMtu({ mtu, addresses }: Interface, path: Path): Issue[] {
  if (mtu >= MIN_MTU6 || !addresses.some(({ ip }) => isIp6(ip))) return [];
  return [issue('interface', [...path, 'mtu'], `${mtu} is too small for IPv6, which needs ${MIN_MTU6} (RFC 8200 §5)`)];
}

function checkAddress({ ip, prefix }: InterfaceAddress, before: readonly InterfaceAddress[], path: Path): Issue[] {
  const issues: Issue[] = [];
  const reserved = reservedFor(ip);
  if (reserved !== undefined)
    issues.push(issue('address', path, `${showIp(ip)} is ${reserved}, which no interface can have`));
  else if (ip === broadcastAddress(prefix)) {
    issues.push(issue('address', path, `${showIp(ip)} is the broadcast address of ${showPrefix(prefix)}`));
  } else if (ip === prefix.ip && !isIp6(ip) && prefix.length < 31) {
    issues.push(issue('address', path, `${showIp(ip)} is the network address of ${showPrefix(prefix)}`));
  }
  if (before.some((other) => other.ip === ip && (isIp6(ip) || other.prefix.length === prefix.length)))
    issues.push(issue('duplicate', path, `${showIp(ip)} is listed twice`));
  return issues;
}

function reservedFor(ip: Ip): string | undefined {
  if (isUnspecified(ip)) return 'the unspecified address';
  if (isMulticast(ip)) return 'a multicast address';
  if (isLoopback(ip)) return 'a loopback address';
  return ip === LIMITED_BROADCAST ? 'the limited broadcast address' : undefined;
}
