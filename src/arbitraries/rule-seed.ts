/**
 * Generators of rules for a node that is not known yet. A seed holds choices as numbers, which count round whatever there
 * turns out to be to choose from; so a rule and the network around it shrink independently.
 */
import fc from 'fast-check';
import type { NatRule } from '../sim/design/nat.ts';
import {
  type BaseChain,
  FLAG_NAMES,
  type Match,
  type MatchFields,
  REJECT_WITH,
  type Rule,
  STATES,
} from '../sim/design/rule.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Addresses of one family to choose from; never empty. */
export type Pool = readonly [string, ...string[]];

/** What the rules of one node can speak of. */
export interface RuleContext {
  /** Never empty; at least `lo`. */
  readonly interfaces: readonly string[];
  /** Prefixes, addresses, ranges and groups. */
  readonly addresses: { readonly 4: Pool; readonly 6: Pool };
  /** The chain the rule stands in; `shared` is a user chain that several base chains jump to. */
  readonly chain: BaseChain | 'shared' | 'arriving' | 'leaving';
  /** User chains that may be jumped to from here. */
  readonly jumps: readonly string[];
}

export const pick = fc.nat({ max: 63 });

/** The thing that a pick stands for; undefined when there is none. */
export function choose<T>(items: readonly T[], n: number): T | undefined {
  return items[n % items.length];
}

/** Mostly undefined, which it shrinks to. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>, weight = 3): fc.Arbitrary<T | undefined> {
  return fc.oneof({ withCrossShrink: true }, { weight, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

const picks = fc.array(pick, { minLength: 1, maxLength: 2 });
const anyPorts = fc.array(
  fc.constantFrom<string | number>(80, 443, 53, 5000, 8080, 'http', 'domain', '1024-65535', '5000-5010', 0, 65535),
  { minLength: 1, maxLength: 2 },
);
type ProtocolSeed = 'icmp*' | 'list' | 'tcp' | 'udp' | 'sctp' | 'gre' | number;
const anyProtocol = fc.oneof(
  { withCrossShrink: true },
  { weight: 5, arbitrary: fc.constant<ProtocolSeed>('tcp') },
  { weight: 4, arbitrary: fc.constantFrom<ProtocolSeed[]>('udp', 'icmp*') },
  { weight: 1, arbitrary: fc.constantFrom<ProtocolSeed[]>('list', 'sctp', 'gre', 6, 50) },
);
const anyTcpFlags = fc
  .tuple(fc.subarray([...FLAG_NAMES], { minLength: 1 }), fc.array(fc.boolean(), { maxLength: 8 }))
  .map(([mask, set]) => ({ mask, set: mask.filter((_, i) => set[i] ?? false) }));

const fieldSeed = {
  source: rarely(picks),
  destination: rarely(picks),
  sourcePort: rarely(anyPorts, 5),
  destinationPort: rarely(anyPorts, 2),
  inInterface: rarely(fc.tuple(pick, fc.boolean())),
  outInterface: rarely(fc.tuple(pick, fc.boolean())),
  state: rarely(fc.uniqueArray(fc.constantFrom(...STATES), { minLength: 1, maxLength: 3 })),
  tcpFlags: rarely(anyTcpFlags, 4),
  icmpType: rarely(picks, 2),
};
const anyFieldSeed = fc.record(fieldSeed);
type FieldSeed = typeof anyFieldSeed extends fc.Arbitrary<infer T> ? T : never;

const anyMatchSeed = fc.record({
  family: fc.constantFrom<4 | 6 | 'both'>(4, 6, 'both'),
  protocol: rarely(anyProtocol, 1),
  fields: anyFieldSeed,
  not: rarely(fc.record({ protocol: rarely(anyProtocol), fields: anyFieldSeed }), 4),
});
type MatchSeed = typeof anyMatchSeed extends fc.Arbitrary<infer T> ? T : never;

const TYPES4 = ['echo-request', 'echo-reply', 'destination-unreachable', 'time-exceeded', 13] as const;
const TYPES6 = [
  'echo-request',
  'echo-reply',
  'destination-unreachable',
  'packet-too-big',
  'nd-neighbor-solicit',
] as const;

function protocolOf(seed: ProtocolSeed | undefined, family: 4 | 6 | 'both'): Match['protocol'] {
  if (seed === 'icmp*') return family === 'both' ? ['icmp', 'icmpv6'] : family === 4 ? 'icmp' : 'icmpv6';
  return seed === 'list' ? ['tcp', 'udp'] : seed;
}

/** Whether every protocol of the match has ports. */
export function carriesPorts(match: Match | undefined): boolean {
  const protocols = [match?.protocol ?? []].flat();
  return protocols.length > 0 && protocols.every((each) => ['tcp', 'udp', 'sctp', 6, 17].includes(each));
}

function fieldsOf(
  seed: FieldSeed,
  family: 4 | 6 | 'both',
  protocol: Match['protocol'],
  context: RuleContext,
): MatchFields {
  const fields: Mutable<MatchFields> = {};
  const addresses = (chosen: readonly number[]): string | string[] => {
    const of = (pool: Pool) => chosen.map((n) => choose(pool, n) ?? pool[0]);
    const found = [
      ...(family === 6 ? [] : of(context.addresses[4])),
      ...(family === 4 ? [] : of(context.addresses[6])),
    ];
    return found.length === 1 ? (found[0] ?? []) : found;
  };
  const named = ([n, wild]: readonly [number, boolean]): string => {
    const name = choose(context.interfaces, n) ?? 'lo';
    return wild ? `${name.slice(0, 2)}*` : name;
  };
  const { chain } = context;
  if (seed.source !== undefined) fields.source = addresses(seed.source);
  if (seed.destination !== undefined) fields.destination = addresses(seed.destination);
  if (carriesPorts({ protocol }) && seed.sourcePort !== undefined) fields.sourcePort = seed.sourcePort;
  if (carriesPorts({ protocol }) && seed.destinationPort !== undefined) fields.destinationPort = seed.destinationPort;
  if (seed.inInterface !== undefined && chain !== 'output' && chain !== 'shared')
    fields.inInterface = named(seed.inInterface);
  if (seed.outInterface !== undefined && ['forward', 'output', 'leaving'].includes(chain)) {
    fields.outInterface = named(seed.outInterface);
  }
  if (seed.state !== undefined) fields.state = seed.state;
  if ((protocol === 'tcp' || protocol === 6) && seed.tcpFlags !== undefined) fields.tcpFlags = seed.tcpFlags;
  const icmp = [protocol ?? []].flat().filter((each) => each === 'icmp' || each === 'icmpv6');
  if (seed.icmpType !== undefined && icmp.length > 0) {
    const types = icmp.includes('icmp') ? TYPES4 : TYPES6;
    fields.icmpType = seed.icmpType.map((n) => choose<(typeof TYPES4 | typeof TYPES6)[number]>(types, n) ?? 8);
  }
  return fields;
}

function matchOf(seed: MatchSeed, context: RuleContext): Match {
  const protocol = protocolOf(seed.protocol, seed.family);
  const match: Mutable<Match> = {
    ...(protocol === undefined ? {} : { protocol }),
    ...fieldsOf(seed.fields, seed.family, protocol, context),
  };
  if (seed.not === undefined) return match;
  const excluded = protocol === undefined ? protocolOf(seed.not.protocol, seed.family) : undefined;
  const not = {
    ...(excluded === undefined ? {} : { protocol: excluded }),
    ...fieldsOf(seed.not.fields, seed.family, protocol, context),
  };
  return Object.keys(not).length === 0 ? match : { ...match, not };
}

export const anyRuleSeed = fc.record({
  name: rarely(fc.constantFrom('web in', 'no telnet', 'answers'), 5),
  match: fc.option(anyMatchSeed, { nil: undefined }),
  action: fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.constantFrom('accept', 'drop') },
    { weight: 4, arbitrary: fc.constantFrom('reject', 'jump', 'notrack') },
    { weight: 1, arbitrary: fc.constantFrom('return', 'log') },
  ),
  with: rarely(fc.oneof(fc.constantFrom(...REJECT_WITH), fc.constant('tcp-reset' as const)), 1),
  jump: pick,
  prefix: rarely(fc.constantFrom('fw: ', 'dropped '), 1),
});
export type RuleSeed = typeof anyRuleSeed extends fc.Arbitrary<infer T> ? T : never;

/** The rule that a seed comes to in its place. */
export function ruleOf(seed: RuleSeed, context: RuleContext): Rule {
  const match = seed.match === undefined ? undefined : matchOf(seed.match, context);
  const common = { ...(seed.name === undefined ? {} : { name: seed.name }), ...(match === undefined ? {} : { match }) };
  const chain = choose(context.jumps, seed.jump);
  switch (seed.action) {
    case 'reject': {
      if (context.chain === 'raw') return { ...common, action: 'drop' };
      const tcpOnly = match?.protocol === 'tcp' || match?.protocol === 6;
      if (seed.with === undefined || (seed.with === 'tcp-reset' && !tcpOnly)) return { ...common, action: 'reject' };
      return { ...common, action: 'reject', with: seed.with };
    }
    case 'jump':
      return chain === undefined ? { ...common, action: 'drop' } : { ...common, action: 'jump', chain };
    case 'notrack':
      return { ...common, action: context.chain === 'raw' ? 'notrack' : 'accept' };
    case 'log':
      return { ...common, action: 'log', ...(seed.prefix === undefined ? {} : { prefix: seed.prefix }) };
    case 'drop':
    case 'return':
      return { ...common, action: seed.action };
    default:
      return { ...common, action: 'accept' };
  }
}

/** What the NAT rules of one node can speak of, besides. */
export interface NatContext extends Omit<RuleContext, 'chain' | 'jumps'> {
  /** Addresses to appear with; single ones, ascending. */
  readonly outside: { readonly 4: Pool; readonly 6: Pool };
  /** Hosts to send arriving packets to. */
  readonly inside: { readonly 4: Pool; readonly 6: Pool };
  /** Prefixes or addresses that can be mapped one to one; no two overlap on either side. */
  readonly mappings: readonly { readonly inside: string; readonly outside: string }[];
}

export const anyNatSeed = fc.record({
  match: fc.option(anyMatchSeed, { nil: undefined }),
  action: fc.constantFrom('masquerade', 'snat', 'dnat', 'redirect', 'netmap', 'static'),
  version: fc.constantFrom<4 | 6>(4, 4, 6),
  family: rarely(fc.constantFrom('ipv4', 'ipv6', 'both')),
  address: fc.tuple(pick, pick, fc.constantFrom('one', 'range', 'list')),
  ports: rarely(fc.constantFrom('80', '8080-8090', '40000-50000', '3128'), 1),
  bare: rarely(fc.constant(true)),
});
export type NatSeed = typeof anyNatSeed extends fc.Arbitrary<infer T> ? T : never;

/** The NAT rule that a seed comes to; undefined when there is no mapping left to make. */
export function natRuleOf(
  seed: NatSeed,
  context: NatContext,
  nextMapping: () => NatContext['mappings'][number] | undefined,
): NatRule | undefined {
  if (seed.action === 'netmap' || seed.action === 'static') {
    const mapping = nextMapping();
    return mapping === undefined ? undefined : { action: seed.action, ...mapping };
  }
  const arriving = seed.action === 'dnat' || seed.action === 'redirect';
  const place: RuleContext = { ...context, chain: arriving ? 'arriving' : 'leaving', jumps: [] };
  const match = seed.match === undefined ? undefined : matchOf(seed.match, place);
  const common = match === undefined ? {} : { match };
  const ports = carriesPorts(match) ? seed.ports : undefined;
  const version = seed.match === undefined || seed.match.family === 'both' ? seed.version : seed.match.family;
  const family =
    seed.match === undefined || seed.match.family === 'both' ? seed.family : (`ipv${seed.match.family}` as const);
  const natural = { ...common, ...(family === undefined ? {} : { family }) };
  if (seed.action === 'masquerade' || seed.action === 'redirect') {
    return { ...natural, action: seed.action, ...(ports === undefined ? {} : { to: `:${ports}` }) };
  }
  if (seed.bare === true && ports !== undefined) return { ...natural, action: seed.action, to: `:${ports}` };
  const pool = arriving ? context.inside[version] : context.outside[version];
  return { ...common, action: seed.action, to: targetsOf(seed.address, pool, version, ports) };
}

function targetsOf(
  [a, b, form]: NatSeed['address'],
  pool: Pool,
  version: 4 | 6,
  ports: string | undefined,
): string | string[] {
  const indices = [a % pool.length, b % pool.length].sort((x, y) => x - y);
  const [low = pool[0], high = pool[0]] = indices.map((i) => pool[i] ?? pool[0]);
  const withPorts = (text: string) => {
    if (ports === undefined) return text;
    return version === 6 ? `[${text}]:${ports}` : `${text}:${ports}`;
  };
  if (form === 'one' || low === high) return withPorts(low);
  return form === 'range' ? withPorts(`${low}-${high}`) : [withPorts(low), withPorts(high)];
}

/** Any match that makes sense in a chain of a node. */
export function anyMatch(context: RuleContext): fc.Arbitrary<Match> {
  return anyMatchSeed.map((seed) => matchOf(seed, context));
}

/** Any rule that makes sense in a chain of a node: every field, every action. */
export function anyRule(context: RuleContext): fc.Arbitrary<Rule> {
  return anyRuleSeed.map((seed) => ruleOf(seed, context));
}

/** Any NAT rule that makes sense on a node: every kind that Linux has. */
export function anyNatRule(context: NatContext): fc.Arbitrary<NatRule> {
  const [mapping] = context.mappings;
  return anyNatSeed.map((seed) => natRuleOf(seed, context, () => mapping) ?? { action: 'masquerade' });
}
