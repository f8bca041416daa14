/** What a node's firewall and NAT are in the language of nft: one file, applied in one transaction. */

import type { Ip } from '../addr/ip.ts';
import { minus, prefixRange, type RangeSet, rangeSet, union } from '../addr/range.ts';
import { SPECIAL_BLOCKS } from '../addr/special.ts';
import { unreachable } from '../base/fail.ts';
import type { Node } from '../design/design.ts';
import type { Chain, RejectWith, Rule } from '../design/rule.ts';
import { PROTOCOL } from '../packet/packet.ts';
import { addressSet } from '../program/group.ts';
import { anyOf, type Clause, clausesOf, familiesOf, type Scope, showAddresses, showClause } from './nft-match.ts';
import { type NatText, showNat } from './nft-nat.ts';

/** A node's rules as a file for `nft -f`, and what of them no kernel does. */
export interface Ruleset {
  readonly text: string;
  readonly gaps: NatText['gaps'];
}

/** Every table that a ruleset may have; each is replaced whole, and connections are kept. */
const TABLES = ['inet mbpublic', 'inet mb', 'inet mbhelper', 'ip mbnat', 'ip6 mbnat'] as const;
type Table = (typeof TABLES)[number];

const HOOKS = {
  raw: 'prerouting priority -300',
  input: 'input priority 0',
  forward: 'forward priority 0',
  output: 'output priority 0',
} as const;

/** Neighbour discovery and group membership keep IPv6 links alive; designs do not speak of them. */
const LINK_UPKEEP = 'icmpv6 type { 130-137, 143 } accept';

/**
 * The ruleset of one node. Each rule counts what it meets and carries its place in the design as a comment, so that
 * the counters tell which rule stopped a packet.
 */
export function showRuleset(node: Node, scope: Scope, isPublicInternet: boolean): Ruleset {
  const nat = node.nat === undefined ? { lines: [], gaps: [] } : showNat(node.nat, scope);
  const bodies: Readonly<Record<Table, readonly string[]>> = {
    'inet mbpublic': isPublicInternet ? publicInternet() : [],
    'inet mb': node.firewall === undefined ? [] : filter(node.firewall, scope),
    'inet mbhelper': (node.nat?.helpers ?? []).includes('ftp') ? FTP_HELPER : [],
    'ip mbnat': translation(nat, 4),
    'ip6 mbnat': translation(nat, 6),
  };
  const tables = TABLES.flatMap((name) => [
    `table ${name}`,
    `delete table ${name}`,
    ...(bodies[name].length === 0 ? [] : [`table ${name} {`, ...bodies[name].map(indent), '}']),
  ]);
  return { text: `${tables.join('\n')}\n`, gaps: nat.gaps };
}

function filter(firewall: NonNullable<Node['firewall']>, scope: Scope): string[] {
  const { chains = {} } = firewall;
  const names = Object.keys(chains);
  const user = Object.entries(chains).flatMap(([name, rules]) =>
    block(`chain ${userChain(names, name)}`, showRules(rules, `firewall.chains.${name}`, scope, names)),
  );
  const base = (['raw', 'input', 'forward', 'output'] as const).flatMap((hook) => {
    const chain = firewall[hook];
    return chain === undefined ? [] : block(`chain ${hook}`, baseChain(chain, hook, scope, names));
  });
  // chains may jump to one another in any order, so all are declared first
  return [...names.map((name) => `chain ${userChain(names, name)} {}`), ...user, ...base];
}

function baseChain(chain: Chain, hook: keyof typeof HOOKS, scope: Scope, names: readonly string[]): string[] {
  const policy = chain.policy ?? 'accept';
  return [
    `type filter hook ${HOOKS[hook]}; policy ${policy};`,
    ...(hook === 'forward' ? [] : [LINK_UPKEEP]),
    ...showRules(chain.rules ?? [], `firewall.${hook}.rules`, scope, names),
    ...(policy === 'drop' ? [`counter drop comment "firewall.${hook}.policy"`] : []),
  ];
}

function showRules(rules: readonly Rule[], place: string, scope: Scope, chains: readonly string[]): string[] {
  return rules.flatMap((rule, i) =>
    clausesOf(rule.match, scope, familiesOf(rule.match, scope.groups)).flatMap((clause) =>
      showRule(rule, clause, chains).map((text) => `${text} comment "${place}[${i}]"`),
    ),
  );
}

function showRule(rule: Rule, clause: Clause, chains: readonly string[]): string[] {
  const say = (part: Clause, action: string) => [[...showClause(part, 'inet'), 'counter', action].join(' ')];
  switch (rule.action) {
    case 'accept':
    case 'drop':
    case 'return':
    case 'notrack':
      return say(clause, rule.action);
    case 'jump':
      return say(clause, `jump ${userChain(chains, rule.chain)}`);
    case 'log':
      return say(clause, `log prefix "${(rule.prefix ?? '').replaceAll(/["\\\n]/g, ' ').slice(0, 100)}"`);
    case 'reject':
      return showReject(rule.with ?? 'icmp-port-unreachable', clause, say);
    default:
      return unreachable(rule);
  }
}

/** The names of nft that give both families their code: 3/3 and 1/4, 3/0 and 1/0, 3/1 and 1/3, 3/13 and 1/1. */
const REJECT: Readonly<Record<Exclude<RejectWith, 'tcp-reset'>, string>> = {
  'icmp-port-unreachable': 'icmpx port-unreachable',
  'icmp-net-unreachable': 'icmpx no-route',
  'icmp-host-unreachable': 'icmpx host-unreachable',
  'icmp-admin-prohibited': 'icmpx admin-prohibited',
};

/** Only TCP can be reset; a rule that says so matches nothing else. */
function showReject(kind: RejectWith, clause: Clause, say: (part: Clause, action: string) => string[]): string[] {
  if (kind !== 'tcp-reset') return say(clause, `reject with ${REJECT[kind]}`);
  if (!clause.protocols.has(PROTOCOL.tcp)) return [];
  return say({ ...clause, protocols: new Set([PROTOCOL.tcp]) }, 'reject with tcp reset');
}

/** Names of the design may hold characters that nft does not take, and may be words of its language. */
function userChain(names: readonly string[], name: string): string {
  return `user${names.indexOf(name)}_${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
}

function translation({ lines }: NatText, family: 4 | 6): string[] {
  const mine = lines.filter((line) => line.family === family);
  if (mine.length === 0) return [];
  const chain = (hook: 'prerouting' | 'postrouting', priority: number) =>
    block(`chain ${hook}`, [
      `type nat hook ${hook} priority ${priority};`,
      ...mine.filter((line) => line.hook === hook).map((line) => line.text),
    ]);
  return [...chain('prerouting', -100), ...chain('postrouting', 100)];
}

/** After tracking (−200), before the first NAT chain. */
const FTP_HELPER: readonly string[] = [
  ...block('ct helper ftp', ['type "ftp" protocol tcp;']),
  ...block('chain assign', ['type filter hook prerouting priority -150;', 'tcp dport 21 ct helper set "ftp"']),
];

/** Addresses that never leave a link are the link's own business. */
const ON_LINK = ['0.0.0.0', '224.0.0.0/4', '255.255.255.255', '::', 'fe80::/10', 'ff00::/8'];

/** Drops what has an address that the public Internet does not carry. */
function publicInternet(): string[] {
  const confined = SPECIAL_BLOCKS.toReversed().reduce<RangeSet<Ip>>((set, { prefix, global, documentation }) => {
    const own = rangeSet([prefixRange(prefix)]);
    return global || documentation ? minus(set, own) : union(set, own);
  }, []);
  const dropped = minus(confined, addressSet(ON_LINK, undefined));
  const drops = ([4, 6] as const).flatMap((family) => {
    const named = anyOf(showAddresses(dropped, family));
    const table = family === 4 ? 'ip' : 'ip6';
    return ['saddr', 'daddr'].map((field) => `${table} ${field} ${named} counter drop comment "publicInternet"`);
  });
  const head = ['type filter hook prerouting priority -450;', 'iifname "lo" accept', LINK_UPKEEP];
  return block('chain arrive', [...head, ...drops]);
}

function block(head: string, body: readonly string[]): string[] {
  return [`${head} {`, ...body.map(indent), '}'];
}

function indent(text: string): string {
  return `  ${text}`;
}
