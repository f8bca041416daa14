/** What listens on a node: services as written, resolved to an application with its endpoint. */
import { type Ip, parseIp } from '../addr/ip.ts';
import { type IpRange, parseIpRange } from '../addr/range.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import type { ServiceSpec } from './design.ts';
import { type PortRange, parsePorts, SERVICE_PORTS } from './ports.ts';

/** Where a service listens: on all addresses of the node unless one is named. */
interface Listening {
  readonly port: number;
  readonly address?: Ip;
}

/** A service with every default filled in. */
export type ServiceDef =
  /** Accepts and sends back what it gets. */
  | ({ readonly app: 'echo'; readonly protocol: 'tcp' | 'udp' } & Listening)
  | ({ readonly app: 'http'; readonly pages: Readonly<Record<string, string>> } & Listening)
  | ({
      readonly app: 'ftp';
      readonly passivePorts?: PortRange;
      readonly strictPort: boolean;
      /** The address that PASV answers name; that of the control connection when absent. */
      readonly announce?: Ip;
    } & Listening)
  /** Listens on UDP and TCP alike (RFC 7766 §5). */
  | ({
      readonly app: 'dns';
      readonly records: Readonly<Record<string, readonly Ip[]>>;
      readonly forward: readonly Ip[];
      readonly ttl: Millis;
    } & Listening)
  | ({ readonly app: 'stun' } & Listening)
  | ({
      readonly app: 'dhcp';
      readonly pool: IpRange;
      readonly router?: Ip;
      readonly resolver: readonly Ip[];
      readonly lease: Millis;
    } & Listening);

const DAY: Millis = 86_400_000;
const MINUTE: Millis = 60_000;

/** Names of services that IANA knows for UDP in the first place. */
const UDP_NAMES: ReadonlySet<string> = new Set([
  'bootps',
  'bootpc',
  'tftp',
  'ntp',
  'snmp',
  'snmptrap',
  'isakmp',
  'syslog',
  'openvpn',
  'l2tp',
  'radius',
  'radius-acct',
  'ipsec-nat-t',
  'sip',
]);

/**
 * The service that a specification means; undefined when it is no service (an unknown name, a port that is none, a
 * `dhcp` without its pool).
 */
export function parseService(spec: ServiceSpec): ServiceDef | undefined {
  return typeof spec === 'string' ? parseName(spec) : fromObject(spec);
}

function parseName(text: string): ServiceDef | undefined {
  const [, protocol, rest] = /^(tcp|udp)\/(.+)$/.exec(text) ?? [];
  if (rest !== undefined) {
    const ports = parsePorts(rest);
    if (ports === undefined || ports.from === 0 || ports.from !== ports.to) return undefined;
    return { app: 'echo', protocol: protocol === 'udp' ? 'udp' : 'tcp', port: ports.from };
  }
  switch (text) {
    case 'echo':
      return { app: 'echo', protocol: 'tcp', port: 7 };
    case 'http':
      return fromObject({ app: 'http' });
    case 'https':
    case 'http-alt':
      return fromObject({ app: 'http', port: text === 'https' ? 443 : 8080 });
    case 'ftp':
    case 'stun':
      return fromObject({ app: text });
    case 'dns':
    case 'domain':
      return fromObject({ app: 'dns' });
    default: {
      const port = Object.hasOwn(SERVICE_PORTS, text) ? SERVICE_PORTS[text] : undefined;
      return port === undefined ? undefined : { app: 'echo', protocol: UDP_NAMES.has(text) ? 'udp' : 'tcp', port };
    }
  }
}

function fromObject(spec: Exclude<ServiceSpec, string>): ServiceDef | undefined {
  if (spec.app === 'dhcp') return dhcp(spec);
  const address = spec.address === undefined ? undefined : parseIp(spec.address);
  const on = (port: number): Listening => ({ port: spec.port ?? port, ...(address === undefined ? {} : { address }) });
  switch (spec.app) {
    case 'echo':
      return { app: 'echo', protocol: spec.protocol, ...on(7) };
    case 'http':
      return { app: 'http', pages: spec.pages ?? {}, ...on(80) };
    case 'stun':
      return { app: 'stun', ...on(3478) };
    case 'dns':
      return {
        app: 'dns',
        records: Object.fromEntries(Object.entries(spec.records ?? {}).map(([name, ips]) => [name, addresses(ips)])),
        forward: addresses(spec.forward),
        ttl: parseDuration(spec.ttl ?? '') ?? 5 * MINUTE,
        ...on(53),
      };
    case 'ftp': {
      const passivePorts = spec.passivePorts === undefined ? undefined : parsePorts(spec.passivePorts);
      const announce = spec.announce === undefined ? undefined : parseIp(spec.announce);
      return {
        app: 'ftp',
        strictPort: spec.strictPort ?? true,
        ...(passivePorts === undefined ? {} : { passivePorts }),
        ...(announce === undefined ? {} : { announce }),
        ...on(21),
      };
    }
  }
}

function dhcp(spec: Extract<ServiceSpec, { app: 'dhcp' }>): ServiceDef | undefined {
  const pool = parseIpRange(spec.pool);
  if (pool === undefined) return undefined;
  const router = spec.router === undefined ? undefined : parseIp(spec.router);
  return {
    app: 'dhcp',
    port: 67,
    pool,
    ...(router === undefined ? {} : { router }),
    resolver: addresses(spec.resolver),
    lease: parseDuration(spec.lease ?? '') ?? DAY / 2,
  };
}

function addresses(texts: readonly string[] | undefined): Ip[] {
  return (texts ?? []).flatMap((text) => parseIp(text) ?? []);
}
