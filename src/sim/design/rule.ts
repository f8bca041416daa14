/** A filter rule: what it matches, and what it does with what it matched. */
import * as z from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import { addressSetSchema, interfaceNameSchema, nameSchema, oneOrMore, portSetSchema, tag, WORDS } from './field.ts';
import { ICMP_TYPE_NAMES } from './icmp.ts';

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

export const protocolSchema = z.union([z.enum(PROTOCOL_NAMES), z.int().min(0).max(255)]).register(WORDS, {
  description: 'A protocol by name, or by its IANA number.',
});
export const flagSchema = z.enum(FLAG_NAMES);
/** A name of `icmp.ts`, or a number. */
export const icmpTypeSchema = z.union([z.enum(ICMP_TYPE_NAMES), z.int().min(0).max(255)]).register(WORDS, {
  description: 'An ICMP or ICMPv6 type by name or number.',
  examples: ['echo-request', 'time-exceeded', 13],
});

const fields = {
  protocol: oneOrMore(protocolSchema)
    .optional()
    .register(WORDS, { description: 'The protocol by name or number, or a list.' }),
  source: oneOrMore(addressSetSchema).optional().register(WORDS, {
    description: 'Source addresses: an address, a prefix, an "A-B" range or an "@group", or a list.',
  }),
  destination: oneOrMore(addressSetSchema).optional().register(WORDS, {
    description: 'Destination addresses: an address, a prefix, an "A-B" range or an "@group", or a list.',
  }),
  sourcePort: oneOrMore(portSetSchema).optional().register(WORDS, {
    description: 'Source ports: a number, "A-B" or a service name, or a list. Needs a protocol with ports.',
  }),
  destinationPort: oneOrMore(portSetSchema).optional().register(WORDS, {
    description: 'Destination ports: a number, "A-B" or a service name, or a list. Needs a protocol with ports.',
  }),
  inInterface: oneOrMore(interfaceNameSchema)
    .optional()
    .register(WORDS, { description: 'The interface the packet came in by; "lan*" for all that begin so.' }),
  outInterface: oneOrMore(interfaceNameSchema)
    .optional()
    .register(WORDS, { description: 'The interface the packet leaves by; "lan*" for all that begin so.' }),
  state: oneOrMore(z.enum(STATES))
    .optional()
    .register(WORDS, { description: 'Connection-tracking state; snat and dnat: the flow is translated so.' }),
  tcpFlags: z
    .strictObject({ mask: z.array(flagSchema).min(1), set: z.array(flagSchema) })
    .optional()
    .register(WORDS, { description: 'Of the flags in mask, exactly those in set are set.' }),
  icmpType: oneOrMore(icmpTypeSchema)
    .optional()
    .register(WORDS, { description: 'ICMP types by name or number, of the protocol beside it.' }),
};

export const matchSchema = z
  .strictObject({
    ...fields,
    not: z
      .strictObject(fields)
      .optional()
      .register(WORDS, { description: 'The same fields, each of which must fail.' }),
  })
  .register(WORDS, { id: 'Match', description: 'What a rule applies to: every field that is there must hold.' });

const common = {
  name: z.string().optional().register(WORDS, { description: 'What people call this rule; shown where it decides.' }),
  description: z.string().optional(),
  match: matchSchema.optional().register(WORDS, { description: 'What the rule applies to; everything when left out.' }),
};

export const ruleSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ ...common, action: tag('accept', 'Let the packet pass.') }),
    z.strictObject({ ...common, action: tag('drop', 'Discard the packet silently.') }),
    z.strictObject({
      ...common,
      action: tag('reject', 'Discard the packet and tell its sender.'),
      with: z
        .enum(REJECT_WITH)
        .optional()
        .register(WORDS, { description: 'The answer; icmp-port-unreachable by default. tcp-reset is for TCP only.' }),
    }),
    z.strictObject({
      ...common,
      action: tag('jump', 'Go on in a user chain.'),
      chain: nameSchema.meta({ description: 'A name in "chains".' }),
    }),
    z.strictObject({ ...common, action: tag('return', 'Leave this chain for the one that jumped here.') }),
    z.strictObject({
      ...common,
      action: tag('log', 'Write the packet down and go on.'),
      prefix: z.string().optional().register(WORDS, { description: 'What the log line begins with.' }),
    }),
    z.strictObject({ ...common, action: tag('notrack', 'Keep the packet out of connection tracking; only in "raw".') }),
  ])
  .register(WORDS, { id: 'Rule', description: 'A filter rule: the first terminal rule that matches decides.' });

export const chainSchema = z.strictObject({
  policy: z
    .enum(['accept', 'drop'])
    .optional()
    .register(WORDS, { description: 'What happens to a packet that no rule decided; accept by default.' }),
  rules: z.array(ruleSchema).optional(),
});

export const firewallSchema = z
  .strictObject({
    raw: chainSchema
      .optional()
      .register(WORDS, { description: 'Arriving packets before tracking; the only place for notrack.' }),
    input: chainSchema.optional().register(WORDS, { description: 'Packets to this node itself.' }),
    forward: chainSchema.optional().register(WORDS, { description: 'Packets through this node.' }),
    output: chainSchema.optional().register(WORDS, { description: 'Packets from this node itself.' }),
    chains: z
      .record(nameSchema, z.array(ruleSchema))
      .optional()
      .register(WORDS, { description: 'User chains, reached by jump; one that ends returns to its caller.' }),
  })
  .register(WORDS, { id: 'Firewall', description: 'Filter chains; one that is left out accepts everything.' });

/** The chains that packets enter by themselves. */
export const BASE_CHAINS = ['raw', 'input', 'forward', 'output'] as const;
export type BaseChain = (typeof BASE_CHAINS)[number];

export type Match = DeepReadonly<z.infer<typeof matchSchema>>;
export type MatchFields = Omit<Match, 'not'>;
export type Rule = DeepReadonly<z.infer<typeof ruleSchema>>;
export type Chain = DeepReadonly<z.infer<typeof chainSchema>>;
export type Firewall = DeepReadonly<z.infer<typeof firewallSchema>>;
export type RejectWith = (typeof REJECT_WITH)[number];
