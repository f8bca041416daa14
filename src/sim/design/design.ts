/**
 * The Design: a network as its author wrote it, validated. It is the document itself (strings stay strings, rules stay
 * arrays in the order written), so an RFC 6902 operation on the file is an edit of the design.
 */
import * as z from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import {
  addressSchema,
  addressSetSchema,
  bandwidthSchema,
  durationSchema,
  interfaceAddressSchema,
  nameSchema,
  oneOrMore,
  prefixSchema,
  WORDS,
} from './field.ts';
import { natSchema } from './nat.ts';
import { firewallSchema } from './rule.ts';
import { serviceSchema } from './service.ts';

/** Names of the connection-tracking timeouts: those of the kernel's `nf_conntrack_*` keys, shortened. */
export const TIMEOUT_NAMES = [
  'tcpSynSent',
  'tcpSynRecv',
  'tcpEstablished',
  'tcpFinWait',
  'tcpCloseWait',
  'tcpLastAck',
  'tcpTimeWait',
  'tcpClose',
  'tcpMaxRetrans',
  'tcpUnacknowledged',
  'udp',
  'udpStream',
  'icmp',
  'generic',
  'gre',
  'greStream',
  'expectation',
] as const;
export type TimeoutName = (typeof TIMEOUT_NAMES)[number];

export const interfaceSchema = z
  .union([
    z.literal('dhcp'),
    interfaceAddressSchema,
    z.array(interfaceAddressSchema),
    z.strictObject({
      addresses: z.array(interfaceAddressSchema).optional(),
      dhcp: z
        .boolean()
        .optional()
        .register(WORDS, { description: 'Ask a DHCP server on the segment for an IPv4 address.' }),
      up: z
        .boolean()
        .optional()
        .register(WORDS, { description: 'Whether the interface is up when the run begins; true by default.' }),
      mtu: z.int().min(68).max(65535).optional().register(WORDS, {
        description: 'The largest IP packet in bytes; 1500 by default. IPv6 needs 1280 (RFC 8200 §5).',
      }),
    }),
  ])
  .register(WORDS, { id: 'Interface', description: 'One address, several, "dhcp", or an object.' });

export const routeSchema = z
  .strictObject({
    to: prefixSchema.meta({ description: 'The destinations: a prefix; 0.0.0.0/0 or ::/0 for the default route.' }),
    via: addressSchema.optional().register(WORDS, { description: 'The next hop.' }),
    interface: nameSchema
      .optional()
      .register(WORDS, { description: 'The interface it leaves by; that of the next hop by default.' }),
    metric: z
      .int()
      .min(0)
      .max(4294967295)
      .optional()
      .register(WORDS, { description: 'Among routes to one prefix the lowest wins; 0 by default.' }),
    type: z
      .enum(['unicast', 'blackhole', 'unreachable', 'prohibit'])
      .optional()
      .register(WORDS, { description: 'blackhole discards silently, unreachable and prohibit with an ICMP error.' }),
  })
  .register(WORDS, { id: 'Route', description: 'A static route. The longest prefix wins, then the lowest metric.' });

export const nodeSchema = z
  .strictObject({
    kind: z
      .enum(['host', 'router', 'gateway', 'firewall'])
      .register(WORDS, { description: 'A host never forwards; the others do. Any kind may carry a firewall and NAT.' }),
    description: z.string().optional(),
    interfaces: z
      .record(nameSchema, interfaceSchema)
      .optional()
      .register(WORDS, { description: 'Interfaces by name, loopback aside.' }),
    gateway: oneOrMore(addressSchema).optional().register(WORDS, {
      description: 'The next hop of the default route; a list of an IPv4 and an IPv6 address for both.',
    }),
    routes: z.array(routeSchema).optional(),
    firewall: firewallSchema.optional(),
    nat: natSchema.optional(),
    icmpRateLimit: z.boolean().optional().register(WORDS, {
      description:
        'The limits of the kernel on ICMP errors; off by default, so that no verdict depends on how fast one asks.',
    }),
    reversePathFilter: z.enum(['off', 'strict', 'loose']).optional().register(WORDS, {
      description: 'Discards packets whose source is not routed back the way they came (RFC 3704); off by default.',
    }),
    tracking: z
      .strictObject({
        max: z
          .int()
          .min(1)
          .optional()
          .register(WORDS, { description: 'The most connections in the table; 262144 by default.' }),
        loose: z
          .boolean()
          .optional()
          .register(WORDS, { description: 'Picks up TCP connections in the middle; true by default.' }),
        timeouts: z
          .partialRecord(z.enum(TIMEOUT_NAMES), durationSchema)
          .optional()
          .register(WORDS, { description: 'How long an idle connection is remembered, by its state.' }),
      })
      .optional()
      .register(WORDS, { description: 'Connection tracking, which is on where a rule or NAT needs it.' }),
    services: z.array(serviceSchema).optional().register(WORDS, { description: 'What listens here.' }),
    resolver: z
      .array(addressSchema)
      .optional()
      .register(WORDS, { description: 'DNS servers that this node asks, in order.' }),
  })
  .register(WORDS, { id: 'Node', description: 'A host, router, gateway or firewall.' });

const endSchema = z
  .string()
  .regex(/^[^:]+(:[^:]+)?$/, { error: (issue) => `"${issue.input}" is not "NODE" or "NODE:INTERFACE"` })
  .register(WORDS, { description: 'NODE:INTERFACE, or NODE alone when it has one interface.' });
export const linkSchema = z
  .union([
    z.array(endSchema).min(2),
    z.strictObject({
      between: z
        .array(endSchema)
        .min(2)
        .register(WORDS, { description: 'The ends; more than two make one shared segment.' }),
      name: z.string().min(1).optional(),
      latency: durationSchema.optional().register(WORDS, { description: 'How long a packet takes; 1ms by default.' }),
      loss: z
        .number()
        .min(0)
        .max(1)
        .optional()
        .register(WORDS, { description: 'The probability that a packet is lost, 0 to 1.' }),
      bandwidth: bandwidthSchema.optional(),
      cost: z
        .int()
        .min(1)
        .max(65535)
        .optional()
        .register(WORDS, { description: 'For shortest-path routing; 1 by default.' }),
      up: z
        .boolean()
        .optional()
        .register(WORDS, { description: 'Whether the link is up when the run begins; true by default.' }),
    }),
  ])
  .register(WORDS, { id: 'Link', description: 'A link between interfaces: a list of its ends, or an object.' });

export const designSchema = z
  .strictObject({
    description: z.string().optional(),
    groups: z
      .record(nameSchema, z.array(addressSetSchema))
      .optional()
      .register(WORDS, { description: 'Address groups, used as "@NAME" wherever a match takes addresses.' }),
    nodes: z.record(nameSchema, nodeSchema).register(WORDS, { description: 'Nodes by name.' }),
    links: z.array(linkSchema).optional(),
    routing: z.enum(['static', 'shortest-path']).optional().register(WORDS, {
      description:
        'shortest-path: nodes that forward learn a route to every connected prefix over the least-cost path. Static by default.',
    }),
    publicInternet: z.array(nameSchema).optional().register(WORDS, {
      description:
        'Routers of the public Internet: they discard packets from or to space that is not globally reachable (RFC 6890).',
    }),
  })
  .register(WORDS, { id: 'Network', description: 'A network: nodes and the links between them.' });

export type Design = DeepReadonly<z.infer<typeof designSchema>>;
export type Node = DeepReadonly<z.infer<typeof nodeSchema>>;
export type InterfaceSpec = DeepReadonly<z.infer<typeof interfaceSchema>>;
export type RouteSpec = DeepReadonly<z.infer<typeof routeSchema>>;
export type LinkSpec = DeepReadonly<z.infer<typeof linkSchema>>;
export type { ServiceSpec } from './service.ts';
