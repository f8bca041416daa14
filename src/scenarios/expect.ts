/** What a step may be expected to result in. */
import * as z from 'zod';
import type { DeepReadonly } from '../sim/base/readonly.ts';
import { jsonSchema, WORDS } from '../sim/design/field.ts';
import type { Json } from '../sim/design/patch.ts';

const REACH = ['refused', 'reset', 'unreachable', 'timeout'] as const;

/** The outcomes of each verb that has one, a closed list. */
export const OUTCOMES = {
  connect: ['connected', ...REACH],
  send: ['replied', 'delivered', 'rejected', 'dropped', 'lost'],
  ping: ['replied', 'unreachable', 'timeout'],
  traceroute: ['reached', 'unreachable', 'timeout'],
  resolve: ['resolved', 'nxdomain', 'servfail', 'timeout'],
  fetch: ['fetched', ...REACH, 'nxdomain', 'servfail'],
  ftp: ['transferred', 'control-failed', 'data-failed'],
  stun: ['measured', 'timeout', 'unreachable'],
  punch: ['direct', 'failed'],
  map: ['mapped', 'refused', 'timeout', 'unreachable'],
} as const;

/** A verb that asks something, and so has an outcome. */
export type AskingVerb = keyof typeof OUTCOMES;
export type Verb = AskingVerb | 'wait' | 'change' | 'restart' | 'inspect';

/** A JSON value that the actual one must contain. */
const part = (description: string): z.ZodOptional<z.ZodType<unknown>> =>
  jsonSchema.optional().register(WORDS, { description });

const FIELDS = {
  server: part('The node that answered.'),
  seenAs: part('The address and port of the client as the server saw it: { "address": …, "port": … }.'),
  blockedAt: part('The node that stopped the packet.'),
  blockedBy: part('The place in the design that stopped it: firewall.forward.rules[2], routes, link, …'),
  icmp: part('The ICMP error that the sender received: { "type": …, "code": …, "from": … }.'),
  elapsed: part('How much virtual time passed.'),
  explanation: part('One or two sentences that a person understands.'),
};

/** Results that only some verbs have. */
const MORE = {
  connect: {
    bytes: part('How much data came back.'),
    echoed: part('Whether it came back as it was sent.'),
    reason: part('Why it could not be tried.'),
  },
  send: { error: part('Why the packet could not even leave.') },
  ping: { sent: part('How many requests were sent.'), received: part('How many were answered.') },
  traceroute: { hops: part('The routers on the way, in order.') },
  resolve: { addresses: part('The addresses found.') },
  fetch: { status: part('The HTTP status.'), body: part('The page.'), reason: part('What was wrong with the answer.') },
  ftp: {
    bytes: part('How much data arrived.'),
    command: part('The PORT, PASV, EPRT or EPSV line that was sent.'),
    replies: part('The whole dialogue on the control connection, a line each.'),
    dataPeer: part('The other end of the data connection: { "address": …, "port": … }.'),
    reason: part('The reply or the error that ended it.'),
  },
  stun: {
    mapped: part('The endpoint of the client as the server saw it: { "address": …, "port": … }.'),
    mapping: part('The mapping behaviour of RFC 4787 §4, or "none" without NAT.'),
    filtering: part('The filtering behaviour of RFC 4787 §5.'),
    hairpin: part(
      'Which source a hairpinned packet has, "external-source" or "internal-source"; "none" when it does not come back.',
    ),
    lifetime: part('How long a mapping lasts that nobody uses.'),
    reason: part('Why something could not be measured.'),
  },
  punch: {
    peers: part(
      'For each of the two, in order: its "node", "seenAs" by the rendezvous, the endpoints "heard", and the one it "uses".',
    ),
    flows: part('Whether packets passed at all: "both" ways, "one-way" or "none".'),
    needs: part('"nothing", or "relay" when no direct way was found.'),
    reason: part('Why no direct way was found.'),
  },
  map: {
    external: part('The outside endpoint that leads here: { "address": …, "port": … }.'),
    lifetime: part('How long the mapping was given for.'),
    reason: part('Why there is none: the result code of the answer.'),
  },
  wait: {},
  change: {},
  restart: {},
  inspect: {
    connections: part('Tracked connections.'),
    mappings: part('Mappings of a NAT with a behaviour of its own, and those that clients asked for.'),
    expectations: part('Connections that a helper expects.'),
    leases: part('Addresses that the interfaces of this node got by DHCP.'),
    routes: part('The routing table.'),
    sockets: part('What listens here, and who is connected.'),
  },
} satisfies Record<Verb, z.core.$ZodShape>;

/** Text is short for `{ "outcome": … }`; an object holds when the result contains it. */
export function expectSchema<V extends AskingVerb>(verb: V) {
  const outcome = z.enum<readonly (typeof OUTCOMES)[V][number][]>(OUTCOMES[verb]);
  const fields = z.strictObject({ outcome: outcome.optional(), ...FIELDS, ...MORE[verb] });
  return z.union([outcome, fields]).optional().register(WORDS, { description: 'What must come of this step.' });
}

/** As `expectSchema`, for a verb without an outcome. */
export function unaskedSchema<V extends Exclude<Verb, AskingVerb>>(verb: V) {
  return z
    .strictObject({ ...FIELDS, ...MORE[verb] })
    .optional()
    .register(WORDS, { description: 'What must come of this step.' });
}

/** What a step expects, whatever its verb. */
export type Expect = DeepReadonly<string | ({ outcome?: string } & { [field in keyof typeof FIELDS | Extra]?: Json })>;
type Extra = { [V in Verb]: keyof (typeof MORE)[V] }[Verb];
