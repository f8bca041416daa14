/**
 * A match in the language of nft: which packets a rule of the design means, as expressions of one or several nft rules.
 * A field that a packet does not have neither holds nor fails, so each one also asks for a protocol that has it.
 */

import { type Family, family, type Ip, showIp } from '../addr/ip.ts';
import { showPrefix } from '../addr/prefix.ts';
import { type RangeSet, rangeSet, toPrefixes } from '../addr/range.ts';
import { fail } from '../base/fail.ts';
import { icmpTypeNumber } from '../design/icmp.ts';
import { parsePorts } from '../design/ports.ts';
import type { Match, MatchFields } from '../design/rule.ts';
import { FLAG, PROTOCOL } from '../packet/packet.ts';
import { WITH_PORTS } from '../packet/protocol.ts';
import { addressSet, type Groups } from '../program/group.ts';

/** What the words of a rule stand for on one node. */
export interface Scope {
  readonly groups: Groups;
  /** The name of each interface of the design in the kernel. */
  readonly devices: ReadonlyMap<string, string>;
}

/** One way in which a match can hold. The ways of one match exclude each other, so a packet meets at most one of them. */
export interface Clause {
  /** Both families when undefined. */
  readonly family: Family | undefined;
  /** IANA numbers. */
  readonly protocols: ReadonlySet<number>;
  readonly expressions: readonly string[];
}

const ANY_PROTOCOL: ReadonlySet<number> = new Set(Array.from({ length: 256 }, (_, number) => number));

type Narrowing = (clause: Clause) => Clause[];

/** The ways in which a match holds for packets of these families (`[undefined]`: whichever). */
export function clausesOf(match: Match | undefined, scope: Scope, families: readonly (Family | undefined)[]): Clause[] {
  const start = families.map((family) => ({ family, protocols: ANY_PROTOCOL, expressions: [] }));
  const narrowings = [...fieldsOf(match ?? {}, scope, true), ...fieldsOf(match?.not ?? {}, scope, false)];
  return narrowings.reduce<Clause[]>((clauses, narrow) => clauses.flatMap(narrow), start);
}

/** The families that all address lists of a match have in common; `[undefined]` (whichever) when it has none. */
export function familiesOf(match: Match | undefined, groups: Groups): readonly (Family | undefined)[] {
  const lists = [match?.source, match?.destination, match?.not?.source, match?.not?.destination];
  const sets = lists.flatMap((list) => (list === undefined ? [] : [addressSet(listOf(list), groups)]));
  const named = sets.map((set) => new Set(set.map(({ from }) => family(from)))).filter(({ size }) => size > 0);
  return sets.length === 0
    ? [undefined]
    : ([4, 6] as const).filter((version) => named.every((set) => set.has(version)));
}

/** The clause in nft's words; in a table of both families one of them is named where only it is meant. */
export function showClause(clause: Clause, table: 'inet' | 'ip' | 'ip6'): string[] {
  const { family, protocols, expressions } = clause;
  const named = family !== undefined && table === 'inet' ? [`meta nfproto ipv${family}`] : [];
  return [...named, ...showProtocols(protocols), ...expressions];
}

/** The part of a clause that concerns protocols with ports, and the rest; those that are empty are left out. */
export function splitByPorts(clause: Clause): { readonly ported: Clause[]; readonly portless: Clause[] } {
  return { ported: only(clause, [...WITH_PORTS]), portless: except(clause, [...WITH_PORTS]) };
}

export function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** A value, or an anonymous set of several. */
export function anyOf(values: readonly (string | number)[]): string {
  return values.length === 1 ? String(values[0]) : `{ ${values.join(', ')} }`;
}

/** The addresses of one family in nft's words, a range that is no prefix as `A-B`. */
export function showAddresses(set: RangeSet<Ip>, version: Family): string[] {
  const mine = set.filter(({ from }) => family(from) === version);
  return mine.map((range) => {
    const [prefix, ...more] = toPrefixes([range]);
    if (range.from === range.to) return showIp(range.from);
    return prefix === undefined || more.length > 0 ? `${showIp(range.from)}-${showIp(range.to)}` : showPrefix(prefix);
  });
}

function fieldsOf(fields: MatchFields, scope: Scope, holds: boolean): Narrowing[] {
  const { source, destination, sourcePort, destinationPort, inInterface, outInterface } = fields;
  return [
    source && addresses('saddr', listOf(source), scope, holds),
    destination && addresses('daddr', listOf(destination), scope, holds),
    fields.protocol !== undefined && protocol(listOf(fields.protocol), holds),
    sourcePort !== undefined && ports('sport', listOf(sourcePort), holds),
    destinationPort !== undefined && ports('dport', listOf(destinationPort), holds),
    fields.tcpFlags && tcpFlags(fields.tcpFlags, holds),
    fields.icmpType !== undefined && icmpType(listOf(fields.icmpType), holds),
    inInterface && device('iifname', listOf(inInterface), scope, holds),
    outInterface && device('oifname', listOf(outInterface), scope, holds),
    fields.state && state(listOf(fields.state), holds),
  ].filter((narrowing) => typeof narrowing === 'function');
}

function addresses(field: 'saddr' | 'daddr', texts: readonly string[], scope: Scope, holds: boolean): Narrowing {
  const set = addressSet(texts, scope.groups);
  return (clause) => {
    const mine = clause.family === undefined ? [] : showAddresses(set, clause.family);
    if (mine.length === 0) return holds ? [] : [clause];
    return [and(clause, `${clause.family === 4 ? 'ip' : 'ip6'} ${field} ${is(holds)}${anyOf(mine)}`)];
  };
}

function protocol(names: readonly (keyof typeof PROTOCOL | number)[], holds: boolean): Narrowing {
  const numbers = names.map((name) => (typeof name === 'number' ? name : PROTOCOL[name]));
  return (clause) => (holds ? only(clause, numbers) : except(clause, numbers));
}

function ports(field: 'sport' | 'dport', texts: readonly (string | number)[], holds: boolean): Narrowing {
  const ranges = rangeSet(texts.map((text) => parsePorts(text) ?? fail(`"${text}" is no port`)));
  const values = anyOf(ranges.map(({ from, to }) => (from === to ? from : `${from}-${to}`)));
  return (clause) => only(clause, [...WITH_PORTS]).map((part) => and(part, `th ${field} ${is(holds)}${values}`));
}

function tcpFlags(flags: NonNullable<MatchFields['tcpFlags']>, holds: boolean): Narrowing {
  const bits = (names: readonly (keyof typeof FLAG)[]) => names.reduce((sum, name) => sum | FLAG[name], 0);
  const expression = `tcp flags & ${bits(flags.mask)} ${holds ? '==' : '!='} ${bits(flags.set)}`;
  return (clause) => only(clause, [PROTOCOL.tcp]).map((part) => and(part, expression));
}

/** A name that a family does not know matches nothing of it. */
function icmpType(types: readonly (string | number)[], holds: boolean): Narrowing {
  const [v4 = [], v6 = []] = ([4, 6] as const).map((family) =>
    [...new Set(types.flatMap((type) => icmpTypeNumber(type, family) ?? []))].sort((a, b) => a - b),
  );
  return (clause) => [
    ...typed(only(clause, [PROTOCOL.icmp]), 'icmp', v4, holds),
    ...typed(only(clause, [PROTOCOL.icmpv6]), 'icmpv6', v6, holds),
  ];
}

function typed(clauses: Clause[], field: 'icmp' | 'icmpv6', types: readonly number[], holds: boolean): Clause[] {
  const spoken = clauses.filter(({ family }) => family !== (field === 'icmp' ? 6 : 4));
  if (types.length === 0) return holds ? [] : spoken;
  return spoken.map((clause) => and(clause, `${field} type ${is(holds)}${anyOf(types)}`));
}

/** Patterns are matched here, against the names in the design: in the kernel an interface may have another. */
function device(field: 'iifname' | 'oifname', patterns: readonly string[], scope: Scope, holds: boolean): Narrowing {
  const names = [...scope.devices, ['lo', 'lo'] as const].filter(([name]) => patterns.some((p) => fits(name, p)));
  const values = names.map(([, device]) => `"${device}"`);
  if (values.length === 0) return (clause) => (holds ? [] : [clause]);
  return (clause) => [and(clause, `${field} ${is(holds)}${anyOf(values)}`)];
}

function fits(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** `ct status` fails to match at all where there is no connection, so those packets are told apart first. */
function state(names: readonly string[], holds: boolean): Narrowing {
  const states = names.filter((name) => name !== 'snat' && name !== 'dnat');
  const status = names.filter((name) => name === 'snat' || name === 'dnat').join('|');
  const listed = `ct state ${is(holds)}${anyOf(states)}`;
  if (status === '') return (clause) => [and(clause, listed)];
  const translated = `ct status & (${status}) ${holds ? '!=' : '=='} 0`;
  if (holds) {
    const others = states.length === 0 ? [] : [`ct state != ${anyOf(states)}`];
    return (clause) => [...(states.length === 0 ? [] : [and(clause, listed)]), and(clause, ...others, translated)];
  }
  const also = states.length === 0 ? [] : [listed];
  return (clause) => [
    and(clause, ...also, 'ct state { invalid, untracked }'),
    and(clause, ...also, 'ct state != { invalid, untracked }', translated),
  ];
}

function only(clause: Clause, numbers: readonly number[]): Clause[] {
  return narrowed(
    clause,
    numbers.filter((number) => clause.protocols.has(number)),
  );
}

function except(clause: Clause, numbers: readonly number[]): Clause[] {
  return narrowed(
    clause,
    [...clause.protocols].filter((number) => !numbers.includes(number)),
  );
}

function narrowed(clause: Clause, protocols: readonly number[]): Clause[] {
  return protocols.length === 0 ? [] : [{ ...clause, protocols: new Set(protocols) }];
}

function and(clause: Clause, ...expressions: readonly string[]): Clause {
  return { ...clause, expressions: [...clause.expressions, ...expressions] };
}

function is(holds: boolean): string {
  return holds ? '' : '!= ';
}

function showProtocols(protocols: ReadonlySet<number>): string[] {
  if (protocols.size === ANY_PROTOCOL.size) return [];
  const few = protocols.size <= ANY_PROTOCOL.size / 2;
  const listed = few ? protocols : [...ANY_PROTOCOL].filter((number) => !protocols.has(number));
  return [`meta l4proto ${few ? '' : '!= '}${anyOf([...listed].sort((a, b) => a - b))}`];
}
