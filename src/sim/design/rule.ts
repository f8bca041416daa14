/** A filter rule: what it matches, and what it does with what it matched. */
import { z } from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import { addressSetSchema, nameSchema, oneOrMore, portSetSchema } from './field.ts';

export const PROTOCOL_NAMES = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'gre', 'esp'] as const;
export const STATES = ['new', 'established', 'related', 'invalid', 'untracked', 'snat', 'dnat'] as const;
export const FLAG_NAMES = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const;
export const REJECT_WITH = [
  'icmp-port-unreachable',
  'icmp-net-unreachable',
  'icmp-host-unreachable',
  'icmp-admin-prohibited',
  'tcp-reset',
] as const;

export const protocolSchema = z.union([z.enum(PROTOCOL_NAMES), z.int().min(0).max(255)]);
export const flagSchema = z.enum(FLAG_NAMES);
/** A name of `icmp.ts`, or a number. */
export const icmpTypeSchema = z.union([z.string(), z.int().min(0).max(255)]);
const interfaceNameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*\*?$/, {
  error: 'an interface name, or a prefix of one followed by "*"',
});

const fields = {
  protocol: oneOrMore(protocolSchema).optional().meta({ description: 'Protocol by name or number.' }),
  source: oneOrMore(addressSetSchema).optional(),
  destination: oneOrMore(addressSetSchema).optional(),
  sourcePort: oneOrMore(portSetSchema).optional(),
  destinationPort: oneOrMore(portSetSchema).optional(),
  inInterface: oneOrMore(interfaceNameSchema).optional(),
  outInterface: oneOrMore(interfaceNameSchema).optional(),
  state: oneOrMore(z.enum(STATES))
    .optional()
    .meta({ description: 'Connection-tracking state; snat and dnat: the flow is translated so.' }),
  tcpFlags: z
    .strictObject({ mask: z.array(flagSchema).min(1), set: z.array(flagSchema) })
    .optional()
    .meta({ description: 'Of the flags in mask, exactly those in set are set.' }),
  icmpType: oneOrMore(icmpTypeSchema).optional(),
};

export const matchSchema = z.strictObject({
  ...fields,
  not: z.strictObject(fields).optional().meta({ description: 'The same fields, each of which must fail.' }),
});

const common = {
  name: z.string().optional(),
  description: z.string().optional(),
  match: matchSchema.optional(),
};

export const ruleSchema = z.discriminatedUnion('action', [
  z.strictObject({ ...common, action: z.literal('accept') }),
  z.strictObject({ ...common, action: z.literal('drop') }),
  z.strictObject({ ...common, action: z.literal('reject'), with: z.enum(REJECT_WITH).optional() }),
  z.strictObject({ ...common, action: z.literal('jump'), chain: nameSchema }),
  z.strictObject({ ...common, action: z.literal('return') }),
  z.strictObject({ ...common, action: z.literal('log'), prefix: z.string().optional() }),
  z.strictObject({ ...common, action: z.literal('notrack') }),
]);

export const chainSchema = z.strictObject({
  policy: z.enum(['accept', 'drop']).optional(),
  rules: z.array(ruleSchema).optional(),
});

export const firewallSchema = z.strictObject({
  raw: chainSchema.optional().meta({ description: 'Arriving packets before tracking; the only place for notrack.' }),
  input: chainSchema.optional().meta({ description: 'Packets to this node itself.' }),
  forward: chainSchema.optional().meta({ description: 'Packets through this node.' }),
  output: chainSchema.optional().meta({ description: 'Packets from this node itself.' }),
  chains: z.record(nameSchema, z.array(ruleSchema)).optional().meta({ description: 'User chains, reached by jump.' }),
});

export type Match = DeepReadonly<z.infer<typeof matchSchema>>;
export type MatchFields = Omit<Match, 'not'>;
export type Rule = DeepReadonly<z.infer<typeof ruleSchema>>;
export type Chain = DeepReadonly<z.infer<typeof chainSchema>>;
export type Firewall = DeepReadonly<z.infer<typeof firewallSchema>>;
export type RejectWith = (typeof REJECT_WITH)[number];
