/** Address translation as written: rules, behaviour, helpers. Read RFC 2663, 3022 and 4787 first. */
import * as z from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import { behaviourSchema } from './behaviour.ts';
import { addressSchema, oneOrMore, prefixSchema, tag, targetSchema, WORDS } from './field.ts';
import { matchSchema } from './rule.ts';

const common = {
  name: z.string().optional().register(WORDS, { description: 'What people call this rule; shown where it decides.' }),
  description: z.string().optional(),
  match: matchSchema.optional().register(WORDS, { description: 'What the rule applies to; everything when left out.' }),
  family: z.enum(['ipv4', 'ipv6', 'both']).optional().register(WORDS, {
    description: 'The family the rule translates: that of its addresses, else IPv4, unless this says otherwise.',
  }),
};

const inside = prefixSchema.meta({ description: 'The addresses on the inside.' });
const outside = prefixSchema.meta({ description: 'The addresses on the outside, as many as inside.' });

export const natRuleSchema = z
  .discriminatedUnion('action', [
    z.strictObject({
      ...common,
      action: tag('masquerade', 'Packets that leave get the address of the interface they leave by as their source.'),
      to: targetSchema.optional().register(WORDS, { description: 'Source ports to choose from: ":1024-65535".' }),
    }),
    z.strictObject({
      ...common,
      action: tag('snat', 'Packets that leave get this source.'),
      to: oneOrMore(targetSchema).register(WORDS, { description: 'The new source; a range or a list is a pool.' }),
    }),
    z.strictObject({
      ...common,
      action: tag('dnat', 'Packets that arrive get this destination.'),
      to: oneOrMore(targetSchema).register(WORDS, { description: 'The new destination; a range or a list is a pool.' }),
    }),
    z.strictObject({
      ...common,
      action: tag('redirect', 'Packets that arrive are sent to this node itself.'),
      to: targetSchema
        .optional()
        .register(WORDS, { description: 'The port here: ":3128"; the same port when left out.' }),
    }),
    z.strictObject({
      ...common,
      action: tag('netmap', 'Maps one prefix to another and back, address by address, ports untouched.'),
      inside,
      outside,
    }),
    z.strictObject({
      ...common,
      action: tag('static', 'Maps an inside address to an outside one, in both directions.'),
      inside,
      outside,
    }),
    z.strictObject({
      ...common,
      action: tag('nat64', 'Carries IPv6 hosts to IPv4 ones, by addresses that stand for them (RFC 6146).'),
      prefix: prefixSchema.meta({ description: 'The IPv6 prefix that stands for IPv4: 64:ff9b::/96.' }),
      pool: z
        .array(addressSchema)
        .min(1)
        .register(WORDS, { description: 'The IPv4 addresses that packets leave with.' }),
    }),
    z.strictObject({
      ...common,
      action: tag('nptv6', 'Maps one IPv6 prefix to another without state (RFC 6296), both of one length up to /64.'),
      inside,
      outside,
    }),
  ])
  .register(WORDS, { id: 'NatRule', description: 'A translation rule: the first that sets a translation wins.' });

export const natSchema = z
  .strictObject({
    behaviour: behaviourSchema.optional().register(WORDS, {
      description: 'A named profile (default "linux": what the kernel does) or its axes (RFC 4787).',
    }),
    rules: z.array(natRuleSchema).optional().register(WORDS, { description: 'Asked in order.' }),
    helpers: z
      .array(z.enum(['ftp']))
      .optional()
      .register(WORDS, { description: 'Application-level gateways, which follow both families.' }),
  })
  .register(WORDS, { id: 'Nat', description: 'Address translation.' });

export type NatRule = DeepReadonly<z.infer<typeof natRuleSchema>>;
export type Nat = DeepReadonly<z.infer<typeof natSchema>>;
