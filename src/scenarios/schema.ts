/**
 * The scenario file: networks, and what is tried on them. From this schema come the types, the validation and the
 * published JSON Schema.
 */
import * as z from 'zod';
import type { DeepReadonly } from '../sim/base/readonly.ts';
import { type Change, changeSchema } from '../sim/design/change.ts';
import { type Design, designSchema } from '../sim/design/design.ts';
import { durationSchema, nameSchema, portSchema, WORDS } from '../sim/design/field.ts';
import { flagSchema, icmpTypeSchema, protocolSchema } from '../sim/design/rule.ts';
import { STUN_TESTS } from '../sim/host/app/stun/plan.ts';
import { expectSchema, unaskedSchema } from './expect.ts';
import { type InvariantSpec, invariantSchema } from './invariant/schema.ts';

export const FTP_MODES = ['active', 'passive', 'extended-active', 'extended-passive'] as const;

const from = nameSchema.meta({ description: 'The node that acts.' });
const to = z
  .string()
  .min(1)
  .register(WORDS, {
    description: 'A node, NODE:INTERFACE, an address, or a DNS name.',
    examples: ['web', 'gw:lan', '203.0.113.80'],
  });
const timeout = durationSchema.optional().register(WORDS, { description: 'How long to wait before giving up.' });
const bytes = z.int().min(0).optional().register(WORDS, { description: 'How much data to transfer.' });
const sourcePort = portSchema.optional().register(WORDS, {
  description: 'The port to send from, or the identifier of an ICMP query; one is chosen by default.',
});

const common = { name: z.string().optional().register(WORDS, { description: 'What people call this step.' }) };

const connectSchema = z.strictObject({
  from,
  to,
  port: portSchema.min(1),
  sourcePort,
  protocol: z.enum(['tcp', 'udp']).optional().register(WORDS, { description: 'tcp by default.' }),
  bytes,
  timeout,
});
const sendSchema = z.strictObject({
  from,
  to,
  protocol: protocolSchema,
  port: portSchema.optional().register(WORDS, { description: 'The destination port.' }),
  sourcePort,
  payload: z.string().optional(),
  ttl: z.int().min(0).max(255).optional().register(WORDS, { description: 'TTL or hop limit; 64 by default.' }),
  tcpFlags: z
    .array(flagSchema)
    .optional()
    .register(WORDS, { description: 'The TCP flags that are set; ["syn"] by default.' }),
  icmpType: icmpTypeSchema.optional().register(WORDS, { description: 'echo-request by default.' }),
});

export const stepSchema = z
  .union(
    [
      z.strictObject({
        ...common,
        connect: connectSchema.meta({ description: 'Opens a connection (TCP) or exchanges a datagram (UDP).' }),
        expect: expectSchema('connect'),
      }),
      z.strictObject({
        ...common,
        send: sendSchema.meta({ description: 'Sends one packet.' }),
        expect: expectSchema('send'),
      }),
      z.strictObject({
        ...common,
        ping: z
          .strictObject({ from, to, count: z.int().min(1).max(65535).optional(), timeout })
          .register(WORDS, { description: 'Sends ICMP echo requests.' }),
        expect: expectSchema('ping'),
      }),
      z.strictObject({
        ...common,
        traceroute: z
          .strictObject({ from, to, maxHops: z.int().min(1).max(255).optional() })
          .register(WORDS, { description: 'Finds the routers on the way by their ICMP errors.' }),
        expect: expectSchema('traceroute'),
      }),
      z.strictObject({
        ...common,
        resolve: z
          .strictObject({
            from,
            name: z.string().min(1).register(WORDS, { description: 'The DNS name to look up.' }),
            type: z.enum(['A', 'AAAA']).optional().register(WORDS, { description: 'The record type; A by default.' }),
          })
          .register(WORDS, { description: 'Asks the resolvers of a node.' }),
        expect: expectSchema('resolve'),
      }),
      z.strictObject({
        ...common,
        fetch: z
          .strictObject({
            from,
            url: z.string().regex(/^https?:\/\/[^/\s]+(\/\S*)?$/, {
              error: (issue) => `"${issue.input}" is not a URL: write "http://HOST/PATH"`,
            }),
          })
          .register(WORDS, { description: 'Gets a page over HTTP.' }),
        expect: expectSchema('fetch'),
      }),
      z.strictObject({
        ...common,
        ftp: z
          .strictObject({
            from,
            to,
            port: portSchema.min(1).optional().register(WORDS, { description: 'The control port; 21 by default.' }),
            mode: z
              .enum(FTP_MODES)
              .register(WORDS, { description: 'Who opens the data connection: PORT, PASV, EPRT or EPSV.' }),
            encrypted: z
              .boolean()
              .optional()
              .register(WORDS, { description: 'TLS on the control connection (RFC 4217).' }),
            bytes,
          })
          .register(WORDS, { description: 'Transfers a file.' }),
        expect: expectSchema('ftp'),
      }),
      z.strictObject({
        ...common,
        stun: z
          .strictObject({
            from,
            to,
            port: portSchema
              .min(1)
              .optional()
              .register(WORDS, { description: 'The port of the STUN server; 3478 by default.' }),
            tests: z
              .array(z.enum(STUN_TESTS))
              .optional()
              .register(WORDS, { description: 'What to find out; all but "lifetime" by default, which takes long.' }),
          })
          .register(WORDS, { description: 'Asks a STUN server how the NAT on the way behaves (RFC 5780).' }),
        expect: expectSchema('stun'),
      }),
      z.strictObject({
        ...common,
        punch: z
          .strictObject({
            peers: z
              .array(nameSchema)
              .length(2)
              .register(WORDS, { description: 'The two nodes that want to reach each other.' }),
            via: nameSchema.meta({ description: 'The node both can reach, which tells each about the other.' }),
            port: portSchema.min(1).optional().register(WORDS, {
              description: 'Where the rendezvous listens on that node during the step; 3475 by default.',
            }),
            protocol: z.enum(['tcp', 'udp']).optional().register(WORDS, { description: 'udp by default.' }),
            local: z.boolean().optional().register(WORDS, {
              description: 'Peers that share a public address try their own addresses too; true by default.',
            }),
          })
          .register(WORDS, { description: 'Hole punching (RFC 5128): each tries to reach the other directly.' }),
        expect: expectSchema('punch'),
      }),
      z.strictObject({
        ...common,
        map: z
          .strictObject({
            from,
            via: to.optional().register(WORDS, { description: 'Whom to ask; its default gateway by default.' }),
            protocol: z.enum(['tcp', 'udp']),
            port: portSchema
              .min(1)
              .register(WORDS, { description: 'The port of this node that is to be reached from outside.' }),
            externalPort: portSchema.min(1).optional().register(WORDS, {
              description: 'The outside port that is wanted; the same by default, and another if it is taken.',
            }),
            exact: z
              .boolean()
              .optional()
              .register(WORDS, { description: 'That outside port or none (PREFER_FAILURE).' }),
            lifetime: durationSchema
              .optional()
              .register(WORDS, { description: '2h by default; "0s" gives the mapping up.' }),
            by: z
              .enum(['pcp', 'nat-pmp'])
              .optional()
              .register(WORDS, { description: 'The protocol to ask by; pcp by default.' }),
          })
          .register(WORDS, { description: 'Asks the gateway for a port mapping (RFC 6887, RFC 6886).' }),
        expect: expectSchema('map'),
      }),
      z.strictObject({
        ...common,
        wait: durationSchema.meta({ description: 'Lets virtual time pass.' }),
        expect: unaskedSchema('wait'),
      }),
      z.strictObject({
        ...common,
        change: changeSchema.meta({ description: 'Changes the running network; untouched nodes keep their tables.' }),
        expect: unaskedSchema('change'),
      }),
      z.strictObject({
        ...common,
        restart: nameSchema.meta({ description: 'A node that loses its connection and NAT tables.' }),
        expect: unaskedSchema('restart'),
      }),
      z.strictObject({
        ...common,
        inspect: nameSchema.meta({ description: 'A node whose tables are looked at.' }),
        expect: unaskedSchema('inspect'),
      }),
    ],
    {
      error:
        'a step has exactly one verb: connect, send, ping, traceroute, resolve, fetch, ftp, stun, punch, map, wait, change, restart or inspect',
    },
  )
  .register(WORDS, { id: 'Step', description: 'One verb, with an optional name and what to expect.' });

export const scenarioSchema = z
  .strictObject({
    name: z.string().min(1).register(WORDS, { description: 'Unique in the file.' }),
    description: z.string().optional(),
    network: z
      .union([nameSchema, designSchema])
      .register(WORDS, { description: 'A name in "networks", or a network.' }),
    change: changeSchema
      .optional()
      .register(WORDS, { description: 'A what-if: applied to a copy before the first step.' }),
    seed: z.int().optional().register(WORDS, { description: 'All randomness comes from it; 1 by default.' }),
    steps: z.array(stepSchema).register(WORDS, { description: 'Run in order on one clock; state carries over.' }),
  })
  .register(WORDS, { id: 'Scenario', description: 'Steps tried on a network.' });

export const scenarioFileSchema = z
  .strictObject({
    $schema: z
      .string()
      .optional()
      .register(WORDS, { description: 'Where the JSON Schema of this file is, for editors.' }),
    networks: z.record(nameSchema, designSchema).optional().register(WORDS, { description: 'Networks by name.' }),
    scenarios: z.array(scenarioSchema).optional(),
    invariants: z.array(invariantSchema).optional().register(WORDS, {
      description: 'What must hold in the networks by name, whatever happens there: for "middlebox check" to try.',
    }),
  })
  .register(WORDS, { title: 'middlebox scenario file', description: 'Networks, and what is tried on them.' });

export interface ScenarioFile {
  readonly $schema?: string | undefined;
  readonly networks?: Readonly<Record<string, Design>> | undefined;
  readonly scenarios?: readonly Scenario[] | undefined;
  readonly invariants?: readonly InvariantSpec[] | undefined;
}
export interface Scenario {
  readonly name: string;
  readonly description?: string | undefined;
  readonly network: string | Design;
  readonly change?: Change | undefined;
  readonly seed?: number | undefined;
  readonly steps: readonly Step[];
}
type Inferred = z.infer<typeof stepSchema>;
/** Changes are readonly to begin with, and too deep to be made so. */
export type Step = Inferred extends infer S ? (S extends { change: Change } ? Readonly<S> : DeepReadonly<S>) : never;
export type { Change } from '../sim/design/change.ts';
export type { Design as Network } from '../sim/design/design.ts';
export { type Expect, OUTCOMES, type Verb } from './expect.ts';
