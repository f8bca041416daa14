/** The leaves of a scenario file: one schema per kind of text, each with the words an editor shows. */
import * as z from 'zod';
import { parseIp } from '../addr/ip.ts';
import { explainPrefix, readInterface, readPrefix } from '../addr/prefix.ts';
import { readIpRange } from '../addr/range.ts';
import { didYouMean } from '../base/suggest.ts';
import { parseDuration } from '../base/time.ts';
import { parseBandwidth } from './bandwidth.ts';
import type { Json } from './patch.ts';
import { parsePorts, SERVICE_PORTS } from './ports.ts';
import { readTarget } from './target.ts';

/**
 * What editors show of a schema: `register(WORDS, …)` writes it down for a schema that was just made, where `meta` makes a
 * copy of one that is used elsewhere too.
 */
export const WORDS = z.globalRegistry;

/** What is wrong with a text, and what would be right. */
export interface Fault {
  readonly message: string;
  readonly hint: string | undefined;
}

/** A string that `fault` finds nothing wrong with. */
export function text(fault: (value: string) => string | Fault | undefined): z.ZodString {
  return z.string().check((ctx) => {
    const found = fault(ctx.value);
    if (found === undefined) return;
    const { message, hint } = typeof found === 'string' ? { message: found, hint: undefined } : found;
    ctx.issues.push({ code: 'custom', input: ctx.value, message, params: { hint } });
  });
}

/** A string that `read` understands; for any other, `read` gives the reason as a string. */
function readable(read: (value: string) => unknown): z.ZodString {
  return text((value) => {
    const found = read(value);
    return typeof found === 'string' ? found : undefined;
  });
}

/** A constant with its meaning: the tag of a union. */
export function tag<const Name extends string>(name: Name, description: string): z.ZodLiteral<Name> {
  const schema = z.literal(name);
  WORDS.add(schema, { description });
  return schema;
}

/** Anything that JSON can say. */
export const jsonSchema: z.ZodType<Json> = z
  .lazy(() =>
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(jsonSchema), z.record(z.string(), jsonSchema)], {
      error: 'missing: it must be a JSON value',
    }),
  )
  .register(WORDS, { id: 'Json', description: 'Any JSON value.' });

const NAME_RULE = 'letters, digits, "_", "-" and ".", beginning with a letter, a digit or "_"';

export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, { error: (issue) => `"${issue.input}" is not a name: ${NAME_RULE}` })
  .refine((value) => parseIp(value) === undefined, {
    error: (issue) => `"${issue.input}" is an address, which cannot be a name`,
  });

export const interfaceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*\*?$/, {
    error: (issue) => `"${issue.input}" is not the name of an interface, nor the beginning of one followed by "*"`,
  })
  .register(WORDS, { description: 'An interface by name, or all whose names begin so: "lan*".' });

export const addressSchema = text((value) =>
  parseIp(value) === undefined ? explainPrefix(value, 'address') : undefined,
).register(WORDS, { description: 'An IPv4 or IPv6 address.', examples: ['192.168.0.1', '2001:db8::1'] });

export const interfaceAddressSchema = readable(readInterface).register(WORDS, {
  description:
    'An address with its prefix length or netmask: 192.168.0.4/24, 192.168.0.4/255.255.255.0, 2001:db8::1/64.',
  examples: ['192.168.0.4/24', '2001:db8::1/64'],
});

export const prefixSchema = readable((value) =>
  value === 'default' ? '"default" is not a prefix: write "0.0.0.0/0" or "::/0"' : readPrefix(value),
).register(WORDS, {
  description: 'A prefix (10.0.0.0/8, 2001:db8::/32) or a single address.',
  examples: ['0.0.0.0/0', '10.0.0.0/8', '2001:db8::/32'],
});

export const durationSchema = text((value) =>
  parseDuration(value) === undefined
    ? `"${value}" is not a duration: write a number with a unit, as "250ms", "5s" or "2h4m"`
    : undefined,
).register(WORDS, { description: 'A duration with a unit: "250ms", "5s", "2h4m".', examples: ['250ms', '5s', '2h4m'] });

export const bandwidthSchema = text((value) =>
  parseBandwidth(value) === undefined
    ? `"${value}" is not a bandwidth: write bits per second with a unit, as "100Mbit"`
    : undefined,
).register(WORDS, { description: 'Bits per second with a unit: bit, kbit, Mbit, Gbit.', examples: ['100Mbit'] });

export const portSchema = z.int().min(0).max(65535).register(WORDS, { description: 'A port, 0 to 65535.' });

/** An address, a prefix, an `A-B` range or an `@group`. */
export const addressSetSchema = readable((value) => {
  if (value.startsWith('@')) return undefined;
  return value.includes('-') ? readIpRange(value) : readPrefix(value);
}).register(WORDS, {
  description: 'An address, a prefix, an "A-B" range or an "@group".',
  examples: ['192.168.0.4', '10.0.0.0/8', '10.0.0.5-10.0.0.9', '@web'],
});

export const addressRangeSchema = readable(readIpRange).register(WORDS, {
  description: 'Addresses from A to B, both included: "A-B".',
  examples: ['192.168.0.100-192.168.0.199'],
});

/** Ports as text: a number, an `A-B` range or an IANA service name. */
export const portRangeSchema = text((value) => {
  if (parsePorts(value) !== undefined) return undefined;
  const [, from = '', to = ''] = /^(\d+)-(\d+)$/.exec(value) ?? [];
  if (Number(from) > Number(to) && Number(from) <= 65535) return `"${value}" ends before it begins`;
  const message = `"${value}" is not a port: write 0 to 65535, "1024-65535", or a service name such as "http"`;
  return { message, hint: didYouMean(value, Object.keys(SERVICE_PORTS)) };
}).register(WORDS, { description: 'A range of ports "1024-65535", one port, or an IANA service name.' });

/** A port number, an `A-B` range or an IANA service name. */
export const portSetSchema = z
  .union([portSchema, portRangeSchema])
  .register(WORDS, { description: 'A port number, a range "1024-65535", or an IANA service name.' });

export const targetSchema = readable(readTarget).register(WORDS, {
  description:
    'What to translate to: ADDRESS, A-B, ADDRESS:PORT, ADDRESS:PORT-PORT or :PORT; an IPv6 address with a port stands in brackets.',
  examples: ['203.0.113.9', '203.0.113.9:40000-50000', ':3128', '[2001:db8::1]:80'],
});

/** One item or a list of them. */
export function oneOrMore<T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([item, z.array(item).min(1)]);
}
