/**
 * How a NAT behaves, axis by axis, and the named profiles: each axis may be set without the others.
 *
 * Read RFC 4787 §4 to §6, RFC 5382, RFC 5508, RFC 6888 and RFC 7857 first; RFC 7422 for deterministic ports.
 */
import * as z from 'zod';
import { fail } from '../base/fail.ts';
import type { DeepReadonly } from '../base/readonly.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import { durationSchema, nameSchema, portRangeSchema, WORDS } from './field.ts';
import { type PortRange, parsePorts } from './ports.ts';
import { ALL_PROFILES, PROFILE_NAMES, PROFILES } from './profiles.ts';

/** What a mapping, or the right to use it, depends on besides the inside endpoint, from least to most. */
export const DEPENDENCES = ['endpoint-independent', 'address-dependent', 'address-and-port-dependent'] as const;
export type Dependence = (typeof DEPENDENCES)[number];

const dependenceSchema = z.enum(DEPENDENCES);
const mappingSchema = dependenceSchema
  .optional()
  .register(WORDS, { description: 'For which destinations an inside endpoint keeps its mapping (RFC 4787 §4.1).' });
const filteringSchema = dependenceSchema
  .optional()
  .register(WORDS, { description: 'Who may use a mapping from outside (RFC 4787 §5).' });

/** Names of the lifetimes of sessions. */
export const LIFETIME_NAMES = [
  'udp',
  'udpWellKnown',
  'tcpTransitory',
  'tcpEstablished',
  'tcpIncomingSyn',
  'icmp',
  'generic',
] as const;
export type LifetimeName = (typeof LIFETIME_NAMES)[number];

const portsSchema = z
  .strictObject({
    allocation: z.enum(['preserve', 'sequential', 'random', 'block', 'deterministic']).optional().register(WORDS, {
      description:
        'How an outside port is chosen: as inside if it is free, the next one, any one, any one of a block that the subscriber holds (RFC 6888 §4), or of a block that follows from its address (RFC 7422).',
    }),
    range: portRangeSchema.optional().register(WORDS, { description: 'The outside ports; "1024-65535" by default.' }),
    parity: z.boolean().optional().register(WORDS, { description: 'Even ports map to even ones (RFC 4787 §4.2.2).' }),
    contiguity: z.boolean().optional().register(WORDS, {
      description: 'The port after one that is mapped gets the port after its outside port (RFC 4787 §4.2.3).',
    }),
    wellKnown: z.boolean().optional().register(WORDS, {
      description:
        'Ports 1 to 1023 map to such ports, and no others do (RFC 4787 §4.2.1); true by default, unless a range is given.',
    }),
    blockSize: z
      .int()
      .min(1)
      .max(65535)
      .optional()
      .register(WORDS, { description: 'Ports in a block; 512 by default.' }),
    blocks: z
      .int()
      .min(1)
      .optional()
      .register(WORDS, { description: 'The most blocks one inside address may hold; 1 by default.' }),
    perSubscriber: z.int().min(1).optional().register(WORDS, {
      description: 'The most outside ports and identifiers one inside address may hold (RFC 6888 REQ-4).',
    }),
    overload: z.boolean().optional().register(WORDS, {
      description: 'Mappings may share an outside endpoint while they are for different destinations (RFC 7857 §3).',
    }),
    holdDown: durationSchema.optional().register(WORDS, {
      description:
        'How long an outside port rests before another inside endpoint gets it (RFC 6888 REQ-8); none by default.',
    }),
    held: z
      .int()
      .min(0)
      .optional()
      .register(WORDS, { description: 'The most ports that rest at a time; any number by default.' }),
  })
  .register(WORDS, { description: 'How outside ports, and identifiers of ICMP queries, are given out.' });

const tcpSchema = z.strictObject({
  mapping: mappingSchema,
  filtering: filteringSchema,
  unsolicited: z.enum(['hold', 'drop', 'reset', 'reject']).optional().register(WORDS, {
    description:
      'A SYN from outside that may not pass: held for 6 s in case one from inside meets it, then answered with ICMP port unreachable (RFC 5382 REQ-4, the default); or dropped; or answered at once with a reset, or with ICMP.',
  }),
  simultaneousOpen: z.boolean().optional().register(WORDS, {
    description: 'Whether a SYN from outside may answer the SYN from inside (RFC 5382 REQ-2); true by default.',
  }),
});

const icmpSchema = z.strictObject({
  errors: z.enum(['translate', 'drop']).optional().register(WORDS, {
    description: 'What becomes of ICMP errors about translated packets; "translate" by default (RFC 5508 §4).',
  }),
  endMapping: z.boolean().optional().register(WORDS, {
    description: 'An ICMP error from outside ends the session it speaks of; false by default (RFC 4787 REQ-12).',
  }),
});

/** The axes of a behaviour. What is left out comes from `profile`, else from what the RFCs recommend. */
export const axesSchema = z
  .strictObject({
    profile: nameSchema
      .optional()
      .register(WORDS, { description: 'The profile to start from; the other fields override it.' }),
    mapping: mappingSchema,
    filtering: filteringSchema,
    filterScope: z.enum(['mapping', 'endpoint']).optional().register(WORDS, {
      description:
        'Whether filtering asks what was sent through the mapping (the default) or, by any mapping, from the inside endpoint.',
    }),
    ports: portsSchema.optional(),
    pooling: z.enum(['paired', 'arbitrary']).optional().register(WORDS, {
      description:
        'Whether an inside address keeps one outside address of the pool (RFC 4787 §4.1); it does by default.',
    }),
    hairpin: z
      .union([z.boolean(), z.enum(['external-source', 'internal-source'])])
      .optional()
      .register(WORDS, {
        description:
          'Inside hosts reach each other by outside addresses, and see the outside (true) or the inside endpoint of each other (RFC 4787 §6).',
      }),
    refresh: z.enum(['outbound', 'inbound', 'both']).optional().register(WORDS, {
      description: 'Packets of which direction keep a session alive (RFC 4787 §4.3); "outbound" by default.',
    }),
    timeouts: z
      .partialRecord(z.enum(LIFETIME_NAMES), durationSchema)
      .optional()
      .register(WORDS, { description: 'How long an idle session lives, by its protocol and state.' }),
    tcp: tcpSchema.optional().register(WORDS, { description: 'What is special to TCP.' }),
    icmp: icmpSchema.optional().register(WORDS, { description: 'What is special to ICMP.' }),
    refusal: z.enum(['keep', 'end']).optional().register(WORDS, {
      description: 'Whether a packet that filtering refuses ends the mapping it came for; "keep" by default.',
    }),
    exhausted: z.enum(['drop', 'icmp-admin-prohibited', 'icmp-host-unreachable']).optional().register(WORDS, {
      description:
        'What the sender hears when no mapping can be made: nothing (the default), ICMP 3/13 (RFC 5508 REQ-8) or 3/1 (RFC 6888 REQ-11).',
    }),
  })
  .register(WORDS, {
    id: 'NatBehaviour',
    description: 'The behaviour of a NAT by its axes (RFC 4787, 5382, 5508, 6888).',
  });

/** What editors show of the names, and offer. */
const profileSchema = nameSchema.meta({
  description: `A profile. ${Object.entries(ALL_PROFILES)
    .map(([name, { title }]) => `"${name}": ${title}`)
    .join('. ')}.`,
  examples: [...PROFILE_NAMES],
});

export const behaviourSchema = z.union([profileSchema, axesSchema]);

export type Axes = DeepReadonly<z.infer<typeof axesSchema>>;
export type BehaviourSpec = DeepReadonly<z.infer<typeof behaviourSchema>>;

/** How outside ports are given out. */
export interface PortAxes {
  readonly allocation: 'preserve' | 'sequential' | 'random' | 'block' | 'deterministic';
  readonly range: PortRange;
  readonly parity: boolean;
  readonly contiguity: boolean;
  readonly wellKnown: boolean;
  readonly blockSize: number;
  readonly blocks: number;
  /** Infinity: as many as there are. */
  readonly perSubscriber: number;
  readonly overload: boolean;
  readonly holdDown: Millis;
  /** Infinity: any number. */
  readonly held: number;
}

/** A behaviour with every axis settled. */
export interface Behaviour {
  readonly mapping: Dependence;
  readonly filtering: Dependence;
  readonly filterScope: 'mapping' | 'endpoint';
  readonly ports: PortAxes;
  readonly pooling: 'paired' | 'arbitrary';
  readonly hairpin: 'none' | 'external-source' | 'internal-source';
  readonly refresh: 'outbound' | 'inbound' | 'both';
  readonly timeouts: Readonly<Record<LifetimeName, Millis>>;
  readonly tcp: {
    readonly mapping: Dependence;
    readonly filtering: Dependence;
    readonly unsolicited: 'hold' | 'drop' | 'reset' | 'reject';
    readonly simultaneousOpen: boolean;
  };
  readonly icmp: { readonly errors: 'translate' | 'drop'; readonly endMapping: boolean };
  readonly refusal: 'keep' | 'end';
  readonly exhausted: 'drop' | 'icmp-admin-prohibited' | 'icmp-host-unreachable';
}

const MINUTE = 60_000;

/** RFC 4787 REQ-5, RFC 5382 REQ-4 and REQ-5, RFC 5508 REQ-2. */
const LIFETIMES: Readonly<Record<LifetimeName, Millis>> = {
  udp: 5 * MINUTE,
  udpWellKnown: 5 * MINUTE,
  tcpTransitory: 4 * MINUTE,
  tcpEstablished: 124 * MINUTE,
  tcpIncomingSyn: 6_000,
  icmp: MINUTE,
  generic: 5 * MINUTE,
};

const FULL_RANGE: PortRange = { from: 1024, to: 65_535 };

/**
 * Settles every axis: what is written, over the profile, over what the RFCs recommend. Undefined: "linux", whose
 * behaviour is the kernel's and has no axes. A name that is no profile fails.
 */
export function resolveBehaviour(spec: BehaviourSpec | undefined): Behaviour | undefined {
  const written: Axes = typeof spec === 'string' ? { profile: spec } : (spec ?? { profile: 'linux' });
  if (written.profile === 'linux') return undefined;
  return settle(overlay(written));
}

/** The axes as written, over those of the profile that they name. */
export function overlay(written: Axes): Axes {
  const { profile, ...own } = written;
  if (profile === undefined || profile === 'linux') return own;
  const base = Object.hasOwn(PROFILES, profile) ? PROFILES[profile] : undefined;
  const { ports, timeouts, tcp, icmp, ...rest } = base?.axes ?? fail(`no profile "${profile}"`);
  return {
    ...rest,
    ...own,
    ports: { ...ports, ...own.ports },
    timeouts: { ...timeouts, ...own.timeouts },
    tcp: { ...tcp, ...own.tcp },
    icmp: { ...icmp, ...own.icmp },
  };
}

function settle({ tcp = {}, icmp = {}, hairpin = true, ...axes }: Axes): Behaviour {
  const { mapping = 'endpoint-independent', filtering = 'endpoint-independent' } = axes;
  return {
    mapping,
    filtering,
    filterScope: axes.filterScope ?? 'mapping',
    ports: settlePorts(axes.ports ?? {}),
    pooling: axes.pooling ?? 'paired',
    hairpin: typeof hairpin === 'string' ? hairpin : hairpin ? 'external-source' : 'none',
    refresh: axes.refresh ?? 'outbound',
    timeouts: settleTimeouts(axes.timeouts ?? {}),
    tcp: {
      mapping: tcp.mapping ?? mapping,
      filtering: tcp.filtering ?? filtering,
      unsolicited: tcp.unsolicited ?? 'hold',
      simultaneousOpen: tcp.simultaneousOpen ?? true,
    },
    icmp: { errors: icmp.errors ?? 'translate', endMapping: icmp.endMapping ?? false },
    refusal: axes.refusal ?? 'keep',
    exhausted: axes.exhausted ?? 'drop',
  };
}

function settlePorts(ports: NonNullable<Axes['ports']>): PortAxes {
  const range =
    ports.range === undefined ? FULL_RANGE : (parsePorts(ports.range) ?? fail(`"${ports.range}" is no range`));
  return {
    allocation: ports.allocation ?? 'preserve',
    range,
    parity: ports.parity ?? true,
    contiguity: ports.contiguity ?? false,
    wellKnown: ports.wellKnown ?? ports.range === undefined,
    blockSize: ports.blockSize ?? 512,
    blocks: ports.blocks ?? 1,
    perSubscriber: ports.perSubscriber ?? Number.POSITIVE_INFINITY,
    overload: ports.overload ?? false,
    holdDown: ports.holdDown === undefined ? 0 : read(ports.holdDown),
    held: ports.held ?? Number.POSITIVE_INFINITY,
  };
}

/** The lifetime of UDP sessions with well-known ports is that of all UDP sessions, unless it is given. */
function settleTimeouts(written: NonNullable<Axes['timeouts']>): Readonly<Record<LifetimeName, Millis>> {
  const given = Object.fromEntries(Object.entries(written).map(([name, text]) => [name, read(text)]));
  const udp = given.udp ?? LIFETIMES.udp;
  return { ...LIFETIMES, udpWellKnown: udp, ...given };
}

function read(text: string): Millis {
  return parseDuration(text) ?? fail(`"${text}" is no duration`);
}
