/** The leaves of a scenario file: one schema per kind of text, each with the words an editor shows. */
import { z } from 'zod';
import { parseIp } from '../addr/ip.ts';
import { explainPrefix, parseInterface, parsePrefix } from '../addr/prefix.ts';
import { parseIpRange } from '../addr/range.ts';
import { parseDuration } from '../base/time.ts';
import { parsePorts } from './ports.ts';

/** A string that `parse` understands; otherwise the message of `explain` says what is wrong and what would be right. */
function text(parse: (value: string) => unknown, explain: (value: string) => string): z.ZodString {
  return z.string().refine((value) => parse(value) !== undefined, {
    error: (issue) => explain(String(issue.input)),
  });
}

export const nameSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, {
  error: (issue) => `"${issue.input}" is not a name: letters, digits, "_", "-" and ".", starting with a letter`,
});
export const addressSchema = text(parseIp, (value) => explainPrefix(value, 'address')).meta({
  description: 'An IPv4 or IPv6 address.',
});
export const interfaceAddressSchema = text(parseInterface, (value) => explainPrefix(value, 'interface')).meta({
  description:
    'An address with its prefix length or netmask: 192.168.0.4/24, 192.168.0.4/255.255.255.0, 2001:db8::1/64.',
});
export const prefixSchema = text(parsePrefix, (value) => explainPrefix(value, 'prefix')).meta({
  description: 'A prefix (10.0.0.0/8) or a single address.',
});
export const groupNameSchema = z.string().regex(/^@.+/, { error: 'a group is named "@NAME"' });
export const durationSchema = text(
  parseDuration,
  (value) => `"${value}" is not a duration: write a number with a unit, as "250ms", "5s" or "2h4m"`,
).meta({ description: 'A duration with a unit: "250ms", "5s", "2h4m".' });
export const portSchema = z.int().min(0).max(65535);

/** An address, a prefix, an `A-B` range or an `@group`. */
export const addressSetSchema = text(
  (value) => (value.startsWith('@') ? value : (parsePrefix(value) ?? parseIpRange(value))),
  (value) =>
    value.includes('-')
      ? `"${value}" is not an address range: write "A-B", A not above B, of one family`
      : explainPrefix(value, 'prefix'),
).meta({ description: 'An address, a prefix, an "A-B" range or an "@group".' });

/** A port number, an `A-B` range or an IANA service name. */
export const portSetSchema = z
  .union([
    portSchema,
    text(
      parsePorts,
      (value) => `"${value}" is not a port: write 0 to 65535, "1024-65535", or a service name such as "http"`,
    ),
  ])
  .meta({ description: 'A port number, a range "1024-65535", or an IANA service name.' });

/** One item or a list of them. */
export function oneOrMore<T extends z.ZodType>(item: T): z.ZodUnion<[T, z.ZodArray<T>]> {
  return z.union([item, z.array(item).min(1)]);
}
