/**
 * The Design: a network as its author wrote it, validated. It is the document itself (strings stay strings, rules stay
 * arrays in the order written), so an RFC 6902 operation on the file is an edit of the design.
 */
import { z } from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import {
  addressSchema,
  addressSetSchema,
  durationSchema,
  groupNameSchema,
  interfaceAddressSchema,
  nameSchema,
  oneOrMore,
  portSchema,
  prefixSchema,
} from './field.ts';
import { natSchema } from './nat.ts';
import { firewallSchema } from './rule.ts';

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

export const interfaceSchema = z.union([
  z.literal('dhcp'),
  interfaceAddressSchema,
  z.array(interfaceAddressSchema),
  z.strictObject({
    addresses: z.array(interfaceAddressSchema).optional(),
    dhcp: z.boolean().optional(),
    up: z.boolean().optional(),
    mtu: z.int().min(68).max(65535).optional(),
  }),
]);

export const routeSchema = z.strictObject({
  to: prefixSchema,
  via: addressSchema.optional(),
  interface: nameSchema.optional(),
  metric: z.int().min(0).max(4294967295).optional(),
  type: z.enum(['unicast', 'blackhole', 'unreachable', 'prohibit']).optional(),
});

const service = { address: addressSchema.optional(), port: portSchema.min(1).optional() };
export const serviceSchema = z.union([
  z.string(),
  z.discriminatedUnion('app', [
    z.strictObject({ app: z.literal('echo'), ...service, protocol: z.enum(['tcp', 'udp']) }),
    z.strictObject({ app: z.literal('http'), ...service, pages: z.record(z.string(), z.string()).optional() }),
    z.strictObject({
      app: z.literal('ftp'),
      ...service,
      passivePorts: z.string().optional(),
      strictPort: z.boolean().optional(),
      announce: addressSchema.optional(),
    }),
    z.strictObject({
      app: z.literal('dns'),
      ...service,
      records: z.record(z.string(), z.array(z.string())).optional(),
      forward: z.array(addressSchema).optional(),
      ttl: durationSchema.optional(),
    }),
    z.strictObject({ app: z.literal('stun'), ...service }),
    z.strictObject({
      app: z.literal('dhcp'),
      pool: z.string(),
      router: addressSchema.optional(),
      resolver: z.array(addressSchema).optional(),
      lease: durationSchema.optional(),
    }),
  ]),
]);

export const nodeSchema = z.strictObject({
  kind: z.enum(['host', 'router', 'gateway', 'firewall']),
  description: z.string().optional(),
  interfaces: z.record(nameSchema, interfaceSchema).optional(),
  gateway: oneOrMore(addressSchema).optional(),
  routes: z.array(routeSchema).optional(),
  firewall: firewallSchema.optional(),
  nat: natSchema.optional(),
  icmpRateLimit: z.boolean().optional(),
  reversePathFilter: z.enum(['off', 'strict', 'loose']).optional(),
  tracking: z
    .strictObject({
      max: z.int().min(1).optional(),
      loose: z.boolean().optional(),
      timeouts: z.partialRecord(z.enum(TIMEOUT_NAMES), durationSchema).optional(),
    })
    .optional(),
  services: z.array(serviceSchema).optional(),
  resolver: z.array(addressSchema).optional(),
});

const endSchema = z.string().regex(/^[^:]+(:[^:]+)?$/, { error: 'an end of a link is "NODE" or "NODE:INTERFACE"' });
export const linkSchema = z.union([
  z.array(endSchema).min(2),
  z.strictObject({
    between: z.array(endSchema).min(2),
    name: z.string().optional(),
    latency: durationSchema.optional(),
    loss: z.number().min(0).max(1).optional(),
    bandwidth: z.string().optional(),
    cost: z.number().positive().optional(),
    up: z.boolean().optional(),
  }),
]);

export const designSchema = z.strictObject({
  description: z.string().optional(),
  groups: z.record(nameSchema, z.array(z.union([groupNameSchema, addressSetSchema]))).optional(),
  nodes: z.record(nameSchema, nodeSchema),
  links: z.array(linkSchema).optional(),
  routing: z.enum(['static', 'shortest-path']).optional(),
  publicInternet: z.array(nameSchema).optional(),
});

export type Design = DeepReadonly<z.infer<typeof designSchema>>;
export type Node = DeepReadonly<z.infer<typeof nodeSchema>>;
export type InterfaceSpec = DeepReadonly<z.infer<typeof interfaceSchema>>;
export type RouteSpec = DeepReadonly<z.infer<typeof routeSchema>>;
export type ServiceSpec = DeepReadonly<z.infer<typeof serviceSchema>>;
export type LinkSpec = DeepReadonly<z.infer<typeof linkSchema>>;
