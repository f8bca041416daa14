/** The services of one node. */
import { family, type Ip, showIp } from '../../addr/ip.ts';
import { contains, lastAddress, type Prefix, showPrefix } from '../../addr/prefix.ts';
import { contains as holds, type IpRange } from '../../addr/range.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import type { PortRange } from '../ports.ts';
import { parseService, type ServiceDef, stunPairs } from '../service.ts';
import { checkEmbedding } from './embedding.ts';
import { issue, known, type Site } from './site.ts';

/** Ports of one protocol that a service has for itself, on one address or all. */
interface Claim {
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRange;
  readonly address: Ip | undefined;
  /** DHCP servers part the port by interface. */
  readonly dhcp: boolean;
  readonly i: number;
}

export function checkServices(site: Site): Issue[] {
  const path = [...site.path, 'services'];
  const services = (site.node.services ?? []).map((spec, i) => ({ service: known(parseService(spec)), i }));
  return [
    ...services.flatMap(({ service, i }) => checkService(site, service, [...path, i])),
    ...clashes(site, services, path),
    ...rivals(site, services, path),
  ];
}

function checkService(site: Site, service: ServiceDef, path: Path): Issue[] {
  if (service.app === 'dhcp') return checkPool(site, service, path);
  const { address } = service;
  const foreign = (ip: Ip | undefined, field: string): Issue[] =>
    ip === undefined || ownsAddress(site, ip)
      ? []
      : [issue('service', [...path, field], `${showIp(ip)} is not an address of ${site.name}`)];
  if (service.app === 'dns' && service.dns64 !== undefined) {
    return [...foreign(address, 'address'), ...checkEmbedding(service.dns64, [...path, 'dns64'])];
  }
  if (service.app === 'pcp') return [...foreign(address, 'address'), ...checkGiving(site, path)];
  if (service.app !== 'stun') return foreign(address, 'address');
  return [
    ...foreign(address, 'address'),
    ...foreign(service.alternateAddress, 'alternateAddress'),
    ...checkAlternate(service, path),
  ];
}

/** Mappings are those of rules that translate sources. */
function checkGiving({ name, node }: Site, path: Path): Issue[] {
  const gives = (node.nat?.rules ?? []).some(({ action }) => action === 'masquerade' || action === 'snat');
  if (gives) return [];
  return [issue('service', path, `${name} has no mappings to give: no rule of its NAT is "masquerade" or "snat"`)];
}

/** What is asked from the second address must be told from what is asked from the first. */
function checkAlternate(service: Stun, path: Path): Issue[] {
  const { address, alternateAddress: other, alternatePort, port } = service;
  const issues: Issue[] = [];
  if (alternatePort === port) {
    issues.push(issue('service', [...path, 'alternatePort'], `the second port must differ from the first, ${port}`));
  }
  if (other !== undefined && other === address) {
    issues.push(issue('service', [...path, 'alternateAddress'], 'the second address must differ from the first'));
  }
  if (other !== undefined && address !== undefined && family(other) !== family(address)) {
    issues.push(issue('service', [...path, 'alternateAddress'], 'both addresses must be of one family'));
  }
  return issues;
}

function ownAddresses(site: Site): Ip[] {
  return [...site.interfaces.values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
}

/** An interface with DHCP may get any address. */
function ownsAddress(site: Site, ip: Ip): boolean {
  return [...site.interfaces.values()].some(({ dhcp, addresses }) => dhcp || addresses.some((own) => own.ip === ip));
}

type Dhcp = Extract<ServiceDef, { app: 'dhcp' }>;
type Stun = Extract<ServiceDef, { app: 'stun' }>;

function checkPool(site: Site, { pool, router }: Dhcp, path: Path): Issue[] {
  const at = [...path, 'pool'];
  const text = `${showIp(pool.from)}-${showIp(pool.to)}`;
  if (family(pool.from) === 6)
    return [issue('unsupported', at, 'DHCP for IPv6 is not supported: write IPv4 addresses')];
  const prefix = poolPrefix(site, pool);
  if (prefix === undefined) {
    return [issue('service', at, `${text} does not lie in the prefix of one interface of ${site.name}`)];
  }
  const issues: Issue[] = [];
  const reserved = prefix.length < 31 ? [prefix.ip, lastAddress(prefix)] : [];
  const own = ownAddresses(site);
  for (const ip of reserved.filter((each) => holds([pool], each))) {
    issues.push(issue('service', at, `${text} holds ${showIp(ip)}, which ${showPrefix(prefix)} reserves`));
  }
  for (const ip of own.filter((each) => holds([pool], each))) {
    issues.push(issue('service', at, `${text} holds ${site.name}'s own address ${showIp(ip)}`));
  }
  if (router !== undefined && !contains(prefix, router)) {
    const message = `${showIp(router)} is not in ${showPrefix(prefix)}, where the clients are`;
    issues.push(issue('service', [...path, 'router'], message));
  }
  return issues;
}

/** The prefix of the interface whose clients a pool is for. */
function poolPrefix(site: Site, pool: IpRange): Prefix | undefined {
  return [...site.interfaces.values()]
    .flatMap(({ addresses }) => addresses.map(({ prefix }) => prefix))
    .find((prefix) => contains(prefix, pool.from) && contains(prefix, pool.to));
}

type Numbered = readonly { readonly service: ServiceDef; readonly i: number }[];

/** One segment has one DHCP server of this node; on another segment there may be another. */
function rivals(site: Site, services: Numbered, path: Path): Issue[] {
  const first = new Map<string, number>();
  return services.flatMap(({ service, i }) => {
    const prefix = service.app === 'dhcp' ? poolPrefix(site, service.pool) : undefined;
    if (prefix === undefined) return [];
    const before = first.get(showPrefix(prefix));
    first.set(showPrefix(prefix), before ?? i);
    if (before === undefined) return [];
    return [issue('service', [...path, i], `services[${before}] is the DHCP server of ${showPrefix(prefix)} already`)];
  });
}

function claimsOf(site: Site, service: ServiceDef, i: number): Claim[] {
  const claim = (protocol: 'tcp' | 'udp', ports: PortRange): Claim => ({
    protocol,
    ports,
    address: service.app === 'dhcp' ? undefined : service.address,
    dhcp: service.app === 'dhcp',
    i,
  });
  const own = { from: service.port, to: service.port };
  switch (service.app) {
    case 'echo':
      return [claim(service.protocol, own)];
    case 'http':
      return [claim('tcp', own)];
    case 'ftp':
      return [claim('tcp', own), ...(service.passivePorts === undefined ? [] : [claim('tcp', service.passivePorts)])];
    case 'dns':
      return [claim('udp', own), claim('tcp', own)];
    case 'stun':
      return stunClaims(site, service, i);
    case 'dhcp':
    case 'pcp':
      return [claim('udp', own)];
  }
}

/** Both ports on both addresses, where there are two. */
function stunClaims(site: Site, service: Stun, i: number): Claim[] {
  const { address, alternatePort, port } = service;
  const pairs = stunPairs(service, ownAddresses(site));
  const ports = pairs.length === 0 ? [port] : [port, alternatePort];
  const addresses = address === undefined ? [undefined] : pairs.length === 0 ? [address] : pairs.flat();
  return addresses.flatMap((each) =>
    ports.flatMap((number) =>
      (['udp', 'tcp'] as const).map((protocol) => ({
        protocol,
        ports: { from: number, to: number },
        address: each,
        dhcp: false,
        i,
      })),
    ),
  );
}

/** A port can be claimed once for each address and protocol; a claim on all addresses meets every other. */
function clashes(site: Site, services: Numbered, path: Path): Issue[] {
  const claims: Claim[] = [];
  return services.flatMap(({ service, i }) => {
    const own = claimsOf(site, service, i);
    const found = own.flatMap((mine, n) => {
      const other = [...claims, ...own.slice(0, n)].find((each) => meet(each, mine));
      if (other === undefined) return [];
      const ports = `${mine.protocol} port ${Math.max(mine.ports.from, other.ports.from)}`;
      const message =
        other.i === i
          ? `${ports} is claimed twice by this service`
          : `${ports} is claimed by services[${other.i}] already`;
      return [issue('service', [...path, i], message)];
    });
    claims.push(...own);
    return found;
  });
}

function meet(a: Claim, b: Claim): boolean {
  return (
    a.protocol === b.protocol &&
    a.ports.from <= b.ports.to &&
    b.ports.from <= a.ports.to &&
    (a.address === undefined || b.address === undefined || a.address === b.address) &&
    !(a.dhcp && b.dhcp)
  );
}
