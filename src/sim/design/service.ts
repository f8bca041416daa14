/** What listens on a node: services as written, resolved to an application with its endpoint. */
import * as z from 'zod';
import { family, type Ip, isLinkLocal, parseIp } from '../addr/ip.ts';
import { type Prefix, parsePrefix } from '../addr/prefix.ts';
import { type IpRange, parseIpRange } from '../addr/range.ts';
import type { DeepReadonly } from '../base/readonly.ts';
import { didYouMean } from '../base/suggest.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import {
  addressRangeSchema,
  addressSchema,
  durationSchema,
  portRangeSchema,
  portSchema,
  prefixSchema,
  tag,
  text,
  WORDS,
} from './field.ts';
import { type PortRange, parsePorts, SERVICE_PORTS } from './ports.ts';

const endpoint = {
  address: addressSchema.optional().register(WORDS, { description: 'Listen on this address only; on all by default.' }),
  port: portSchema.min(1).optional().register(WORDS, { description: 'The usual port of the service by default.' }),
};

export const serviceSchema = z
  .union([
    text((value) => (parseName(value) === undefined ? explainService(value) : undefined)).register(WORDS, {
      description: 'A service by name, or "tcp/PORT" or "udp/PORT", which accept and echo.',
      examples: ['http', 'tcp/8080', 'udp/5000', 'ftp', 'dns'],
    }),
    z.discriminatedUnion('app', [
      z.strictObject({
        app: tag('echo', 'Sends back what it gets.'),
        ...endpoint,
        protocol: z.enum(['tcp', 'udp']),
      }),
      z.strictObject({
        app: tag('http', 'A web server.'),
        ...endpoint,
        pages: z
          .record(z.string(), z.string())
          .optional()
          .register(WORDS, { description: 'Bodies by path: { "/": "hello" }.' }),
      }),
      z.strictObject({
        app: tag('ftp', 'A file server (RFC 959, 2428).'),
        ...endpoint,
        passivePorts: portRangeSchema
          .optional()
          .register(WORDS, { description: 'Ports for passive data connections: "50000-50100".' }),
        strictPort: z
          .boolean()
          .optional()
          .register(WORDS, { description: 'Refuses a PORT that names another address; true by default.' }),
        announce: addressSchema.optional().register(WORDS, { description: 'The address that PASV answers name.' }),
      }),
      z.strictObject({
        app: tag('dns', 'A name server, on UDP and TCP.'),
        ...endpoint,
        records: z
          .record(z.string().min(1), z.array(addressSchema))
          .optional()
          .register(WORDS, { description: 'Addresses by name: { "www.example.com": ["203.0.113.80"] }.' }),
        forward: z
          .array(addressSchema)
          .optional()
          .register(WORDS, { description: 'Servers to ask about other names.' }),
        ttl: durationSchema
          .optional()
          .register(WORDS, { description: 'How long an answer may be kept; 5m by default.' }),
        dns64: prefixSchema.optional().register(WORDS, {
          description:
            'Makes IPv6 addresses with this prefix for names that have only IPv4 ones (RFC 6147): "64:ff9b::/96".',
        }),
      }),
      z.strictObject({
        app: tag('stun', 'Tells clients how it sees them (RFC 8489), on UDP and TCP.'),
        ...endpoint,
        alternateAddress: addressSchema.optional().register(WORDS, {
          description:
            'The second address that behaviour discovery (RFC 5780) needs; the next address of the node in that family by default.',
        }),
        alternatePort: portSchema.min(1).optional().register(WORDS, {
          description: 'The second port of behaviour discovery; the port after the first by default.',
        }),
      }),
      z.strictObject({
        app: tag('pcp', 'Gives mappings of this gateway to hosts inside that ask for them (RFC 6887, 6886).'),
        ...endpoint,
        quota: z
          .int()
          .min(0)
          .optional()
          .register(WORDS, { description: 'The most mappings one host may ask for; any number by default.' }),
      }),
      z.strictObject({
        app: tag('dhcp', 'Gives addresses to interfaces with "dhcp" on its segment (RFC 2131).'),
        pool: addressRangeSchema,
        router: addressSchema.optional().register(WORDS, { description: 'The default gateway to tell.' }),
        resolver: z.array(addressSchema).optional().register(WORDS, { description: 'The DNS servers to tell.' }),
        lease: durationSchema
          .optional()
          .register(WORDS, { description: 'How long an address is given for; 12h by default.' }),
      }),
    ]),
  ])
  .register(WORDS, { id: 'Service', description: 'What listens on a node: a name, or an object.' });

export type ServiceSpec = DeepReadonly<z.infer<typeof serviceSchema>>;

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
      readonly dns64?: Prefix;
    } & Listening)
  | ({
      readonly app: 'stun';
      /** With a second address and port it takes part in behaviour discovery (RFC 5780 §6). */
      readonly alternateAddress?: Ip;
      readonly alternatePort: number;
    } & Listening)
  /** Speaks PCP and NAT-PMP. */
  | ({ readonly app: 'pcp'; readonly quota?: number } & Listening)
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

/** What is wrong with a text that names no service. */
function explainService(text: string): { message: string; hint: string | undefined } {
  if (text === 'dhcp') return { message: 'a DHCP server needs a pool', hint: 'write { "app": "dhcp", "pool": "A-B" }' };
  const message = `"${text}" is not a service: write a name such as "http", or "tcp/8080" or "udp/5000"`;
  return { message, hint: didYouMean(text, ['echo', ...Object.keys(SERVICE_PORTS)]) };
}

function parseName(name: string): ServiceDef | undefined {
  const [, protocol, rest] = /^(tcp|udp)\/(.+)$/.exec(name) ?? [];
  if (rest !== undefined) {
    const ports = parsePorts(rest);
    if (ports === undefined || ports.from === 0 || ports.from !== ports.to) return undefined;
    return { app: 'echo', protocol: protocol === 'udp' ? 'udp' : 'tcp', port: ports.from };
  }
  switch (name) {
    case 'echo':
      return { app: 'echo', protocol: 'tcp', port: 7 };
    case 'http':
      return fromObject({ app: 'http' });
    case 'https':
    case 'http-alt':
      return fromObject({ app: 'http', port: name === 'https' ? 443 : 8080 });
    case 'ftp':
    case 'stun':
    case 'pcp':
      return fromObject({ app: name });
    case 'dns':
    case 'domain':
      return fromObject({ app: 'dns' });
    default: {
      const port = Object.hasOwn(SERVICE_PORTS, name) ? SERVICE_PORTS[name] : undefined;
      return port === undefined ? undefined : { app: 'echo', protocol: UDP_NAMES.has(name) ? 'udp' : 'tcp', port };
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
      return stun(spec, on(3478));
    case 'pcp':
      return { app: 'pcp', ...(spec.quota === undefined ? {} : { quota: spec.quota }), ...on(5351) };
    case 'dns': {
      const dns64 = spec.dns64 === undefined ? undefined : parsePrefix(spec.dns64);
      return {
        app: 'dns',
        ...(dns64 === undefined ? {} : { dns64 }),
        records: Object.fromEntries(Object.entries(spec.records ?? {}).map(([name, ips]) => [name, addresses(ips)])),
        forward: addresses(spec.forward),
        ttl: parseDuration(spec.ttl ?? '') ?? 5 * MINUTE,
        ...on(53),
      };
    }
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

function stun(spec: Extract<ServiceSpec, { app: 'stun' }>, on: Listening): ServiceDef {
  const alternate = spec.alternateAddress === undefined ? undefined : parseIp(spec.alternateAddress);
  const alternatePort = spec.alternatePort ?? (on.port === 65_535 ? on.port - 1 : on.port + 1);
  return {
    app: 'stun',
    ...(alternate === undefined ? {} : { alternateAddress: alternate }),
    alternatePort,
    ...on,
  };
}

/** The first and second address of each family that a STUN server answers from; none for a family with one address. */
export function stunPairs(service: Extract<ServiceDef, { app: 'stun' }>, own: readonly Ip[]): (readonly [Ip, Ip])[] {
  const { address, alternateAddress: alternate } = service;
  const addresses = own.filter((ip) => !isLinkLocal(ip));
  return ([4, 6] as const).flatMap((version) => {
    const all = addresses.filter((ip) => family(ip) === version);
    const first = address === undefined ? all.find((ip) => ip !== alternate) : all.find((ip) => ip === address);
    const second = alternate === undefined ? all.find((ip) => ip !== first) : all.find((ip) => ip === alternate);
    return first === undefined || second === undefined || first === second ? [] : [[first, second] as const];
  });
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
