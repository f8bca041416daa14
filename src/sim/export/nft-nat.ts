/** Translation rules in the language of nft: one line per rule, family and side of the box. Read RFC 2663 and 3022 first. */
import { type Family, family, type Ip, showIp } from '../addr/ip.ts';
import { familyOf, type Prefix, parsePrefix, showPrefix } from '../addr/prefix.ts';
import { type IpRange, rangeSet } from '../addr/range.ts';
import { fail } from '../base/fail.ts';
import type { Nat, NatRule } from '../design/nat.ts';
import type { PortRange } from '../design/ports.ts';
import { parseTarget, type Target } from '../design/target.ts';
import { type Clause, clausesOf, familiesOf, listOf, type Scope, showClause, splitByPorts } from './nft-match.ts';

type Hook = 'prerouting' | 'postrouting';
type Verb = 'masquerade' | 'snat' | 'dnat' | 'redirect';

/** One nft rule of a translation table. */
export interface NatLine {
  readonly hook: Hook;
  readonly family: Family;
  readonly text: string;
}

/** The nft rules of a node's translation, and what of it no kernel does; `place` is relative to the node. */
export interface NatText {
  readonly lines: readonly NatLine[];
  readonly gaps: readonly { readonly place: string; readonly reason: string }[];
}

export function showNat(nat: Nat, scope: Scope): NatText {
  const texts = (nat.rules ?? []).map((rule, i) => showRule(rule, scope, `nat.rules[${i}]`));
  const behaviour =
    nat.behaviour === undefined || nat.behaviour === 'linux'
      ? []
      : [{ place: 'nat.behaviour', reason: 'the kernel has no other behaviour than its own, "linux"' }];
  return {
    lines: texts.flatMap(({ lines }) => lines),
    gaps: [...behaviour, ...texts.flatMap(({ gaps }) => gaps)],
  };
}

/** A rule with all that its lines depend on. */
interface Context {
  readonly rule: NatRule;
  readonly scope: Scope;
  readonly place: string;
}

function showRule(rule: NatRule, scope: Scope, place: string): NatText {
  const context = { rule, scope, place };
  switch (rule.action) {
    case 'masquerade':
    case 'redirect':
      return plain(context, rule.action, rule.to === undefined ? [] : [rule.to]);
    case 'snat':
    case 'dnat':
      return plain(context, rule.action, listOf(rule.to));
    case 'static':
    case 'netmap':
      return twoWay(context, readPrefix(rule.inside), readPrefix(rule.outside));
    case 'nat64':
    case 'nptv6':
      return { lines: [], gaps: [{ place, reason: `nftables has no ${rule.action}` }] };
  }
}

function plain(context: Context, verb: Verb, texts: readonly string[]): NatText {
  const targets = texts.map((text) => parseTarget(text) ?? fail(`${context.place}: "${text}" is no target`));
  const hook = verb === 'masquerade' || verb === 'snat' ? 'postrouting' : 'prerouting';
  const results = natFamilies(context, targets).map((version) => {
    const target = merge(targets, version);
    if (typeof target === 'string') return { lines: [], gaps: [{ place: context.place, reason: target }] };
    const clauses = clausesOf(context.rule.match, context.scope, [version]);
    const lines = clauses.flatMap((clause) => showTranslation(clause, verb, target, version));
    return { lines: lines.map((text) => line(context, hook, version, text)), gaps: [] };
  });
  return { lines: results.flatMap(({ lines }) => lines), gaps: results.flatMap(({ gaps }) => gaps) };
}

/** Ports go with protocols that have them only; what else the rule matches is translated by address alone. */
function showTranslation(clause: Clause, verb: Verb, target: Target, version: Family): string[] {
  const table = version === 4 ? 'ip' : 'ip6';
  const say = (part: Clause, what: Target) => {
    const to = showTarget(what, version);
    return [...showClause(part, table), 'counter', to === '' ? verb : `${verb} to ${to}`].join(' ');
  };
  const { addresses, ports } = target;
  if (ports === undefined) return [say(clause, target)];
  const { ported, portless } = splitByPorts(clause);
  const speechless = addresses === undefined && (verb === 'snat' || verb === 'dnat');
  const rest = addresses === undefined ? {} : { addresses };
  return [...ported.map((part) => say(part, target)), ...(speechless ? [] : portless.map((part) => say(part, rest)))];
}

/** The destination of what arrives from outside, and the source of what leaves from inside. */
function twoWay(context: Context, inside: Prefix, outside: Prefix): NatText {
  const version = familyOf(inside);
  const table = version === 4 ? 'ip' : 'ip6';
  const width = version === 4 ? 32 : 128;
  const half = (hook: Hook, from: Prefix, to: Prefix): NatLine[] =>
    clausesOf(context.rule.match, context.scope, [version]).map((clause) => {
      const field = `${table} ${hook === 'prerouting' ? 'daddr' : 'saddr'} ${showPrefix(from)}`;
      const verb = hook === 'prerouting' ? 'dnat' : 'snat';
      const mapped = showMapping(to, width, table);
      return line(
        context,
        hook,
        version,
        [...showClause(clause, table), field, 'counter', `${verb} ${mapped}`].join(' '),
      );
    });
  return { lines: [...half('prerouting', outside, inside), ...half('postrouting', inside, outside)], gaps: [] };
}

function showMapping(prefix: Prefix, width: number, table: 'ip' | 'ip6'): string {
  return prefix.length === width ? `to ${showIp(prefix.ip)}` : `${table} prefix to ${showPrefix(prefix)}`;
}

function line({ place }: Context, hook: Hook, version: Family, text: string): NatLine {
  return { hook, family: version, text: `${text} comment "${place}"` };
}

/** That of its addresses, else IPv4, unless the rule says otherwise. */
function natFamilies({ rule, scope }: Context, targets: readonly Target[]): readonly Family[] {
  const named = targets.flatMap(({ addresses }) => (addresses === undefined ? [] : [family(addresses.from)]));
  const matched = familiesOf(rule.match, scope.groups);
  const possible = matched.filter((version) => version === undefined || named.length === 0 || named.includes(version));
  if (rule.family === 'both') return [4, 6];
  if (rule.family !== undefined) return [rule.family === 'ipv4' ? 4 : 6];
  const chosen = possible.flatMap((version) => version ?? (named.length === 0 ? [4 as const] : named));
  return [...new Set(chosen)];
}

/** The targets of one family as the single pool that an nft rule can name, or why there is none. */
function merge(targets: readonly Target[], version: Family): Target | string {
  const [first] = targets;
  if (first === undefined) return {};
  const mine = targets.filter(({ addresses }) => addresses === undefined || family(addresses.from) === version);
  const pools = rangeSet(mine.flatMap(({ addresses }) => addresses ?? []));
  const ports = new Set(mine.map((target) => showPorts(target.ports)));
  if (mine.length === 0) return 'none of its targets is of the family it translates';
  if (pools.length > 1 || ports.size > 1) return 'nft translates to one range of addresses and ports, not to several';
  const [pool] = pools as readonly IpRange[];
  const range = mine[0]?.ports;
  return { ...(pool === undefined ? {} : { addresses: pool }), ...(range === undefined ? {} : { ports: range }) };
}

/** `A`, `A-B`, `A:P`, `A-B:P-Q`, `:P`; IPv6 addresses before a port stand in brackets. */
function showTarget({ addresses, ports }: Target, version: Family): string {
  const show = (ip: Ip) => (version === 6 && ports !== undefined ? `[${showIp(ip)}]` : showIp(ip));
  const span = addresses === undefined ? [] : [...new Set([show(addresses.from), show(addresses.to)])];
  return `${span.join('-')}${ports === undefined ? '' : `:${showPorts(ports)}`}`;
}

function showPorts(ports: PortRange | undefined): string {
  if (ports === undefined) return '';
  return ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`;
}

function readPrefix(text: string): Prefix {
  return parsePrefix(text) ?? fail(`"${text}" is no prefix`);
}
