/** Address translation as written: rules, behaviour, helpers. Read RFC 2663, 3022 and 4787 first. */
import { z } from 'zod';
import type { DeepReadonly } from '../base/readonly.ts';
import { addressSchema, durationSchema, nameSchema, oneOrMore, prefixSchema } from './field.ts';
import { matchSchema } from './rule.ts';

const common = {
  name: z.string().optional(),
  description: z.string().optional(),
  match: matchSchema.optional(),
  family: z.enum(['ipv4', 'ipv6', 'both']).optional().meta({
    description: 'The family the rule translates: that of its addresses, else IPv4, unless this says otherwise.',
  }),
};
/** `ADDRESS[:PORT[-PORT]]`, `A-B[:PORT[-PORT]]`, `:PORT[-PORT]`; IPv6 addresses with ports in brackets. Read by `target.ts`. */
const targetSchema = z.string();

export const natRuleSchema = z.discriminatedUnion('action', [
  z.strictObject({ ...common, action: z.literal('masquerade'), to: targetSchema.optional() }),
  z.strictObject({ ...common, action: z.literal('snat'), to: oneOrMore(targetSchema) }),
  z.strictObject({ ...common, action: z.literal('dnat'), to: oneOrMore(targetSchema) }),
  z.strictObject({ ...common, action: z.literal('redirect'), to: targetSchema.optional() }),
  z.strictObject({ ...common, action: z.literal('netmap'), inside: prefixSchema, outside: prefixSchema }),
  z.strictObject({ ...common, action: z.literal('static'), inside: prefixSchema, outside: prefixSchema }),
  z.strictObject({ ...common, action: z.literal('nat64'), prefix: prefixSchema, pool: z.array(addressSchema) }),
  z.strictObject({ ...common, action: z.literal('nptv6'), inside: prefixSchema, outside: prefixSchema }),
]);

const dependenceSchema = z.enum(['endpoint-independent', 'address-dependent', 'address-and-port-dependent']);
export const behaviourSchema = z.union([
  nameSchema,
  z.strictObject({
    mapping: dependenceSchema.optional(),
    filtering: dependenceSchema.optional(),
    ports: z
      .strictObject({
        allocation: z.enum(['preserve', 'sequential', 'random', 'block']).optional(),
        range: z.string().optional(),
        parity: z.boolean().optional(),
        blockSize: z.int().min(1).optional(),
        perSubscriber: z.int().min(1).optional(),
      })
      .optional(),
    pooling: z.enum(['paired', 'arbitrary']).optional(),
    hairpin: z.boolean().optional(),
    timeouts: z.record(z.string(), durationSchema).optional(),
  }),
]);

export const natSchema = z.strictObject({
  behaviour: behaviourSchema
    .optional()
    .meta({ description: 'A named profile (default "linux") or its axes (RFC 4787).' }),
  rules: z.array(natRuleSchema).optional(),
  helpers: z
    .array(z.enum(['ftp']))
    .optional()
    .meta({ description: 'Application-level gateways.' }),
});

export type NatRule = DeepReadonly<z.infer<typeof natRuleSchema>>;
export type Nat = DeepReadonly<z.infer<typeof natSchema>>;
