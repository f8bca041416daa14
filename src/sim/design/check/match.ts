/** What a rule matches: names that are not there, fields that do not go together, matches that nothing can meet. */

import type { Family } from '../../addr/ip.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { didYouMean } from '../../base/suggest.ts';
import { PROTOCOL } from '../../packet/packet.ts';
import { WITH_PORTS } from '../../packet/protocol.ts';
import type { Design } from '../design.ts';
import { expandGroups, groupNamed } from '../group.ts';
import { icmpTypeNumber } from '../icmp.ts';
import type { Match, MatchFields } from '../rule.ts';
import { unknownInterface } from './routes.ts';
import { below, issue, itemsOf, type Site } from './site.ts';

/** The protocols a match is limited to; undefined when it is not. */
export function protocolsOf(match: MatchFields | undefined): readonly number[] | undefined {
  const given = match?.protocol;
  if (given === undefined) return undefined;
  return (typeof given === 'object' ? given : [given]).map((item) =>
    typeof item === 'number' ? item : PROTOCOL[item],
  );
}

/** Whether a match lets only packets with ports through. */
export function hasPorts(match: Match | undefined): boolean {
  return protocolsOf(match)?.every((protocol) => WITH_PORTS.has(protocol)) ?? false;
}

/** Whether a match lets no packet with ports through. */
export function lacksPorts(match: Match | undefined): boolean {
  return protocolsOf(match)?.every((protocol) => !WITH_PORTS.has(protocol)) ?? false;
}

export function isTcpOnly(match: Match | undefined): boolean {
  return protocolsOf(match)?.every((protocol) => protocol === PROTOCOL.tcp) ?? false;
}

/** What is wrong with a match, wherever it stands: paths begin at the match. */
export function checkMatch(site: Site, match: Match): Issue[] {
  const issues = checkFields(site, match, match);
  if (match.not !== undefined) {
    for (const found of checkFields(site, match, match.not)) issues.push(below(['not'], found));
  }
  const family = checkFamilies(site.design, match);
  if (family !== undefined) issues.push(family);
  return issues;
}

/** Paths begin at these fields, which are those of the match or of its `not`. */
function checkFields(site: Site, match: Match, fields: MatchFields): Issue[] {
  const issues: Issue[] = [];
  for (const field of INTERFACES) {
    if (fields[field] === undefined) continue;
    for (const { item, path } of itemsOf(fields[field], [field])) issues.push(...checkInterfaceName(site, item, path));
  }
  for (const field of ADDRESSES) {
    const given = fields[field];
    // of a single address, as most rules have, there is nothing to say
    if (given === undefined || (typeof given === 'string' && !given.startsWith('@'))) continue;
    for (const { item, path } of itemsOf(given, [field])) issues.push(...unknownGroup(site.design, item, path));
  }
  checkPorts(match, fields, issues);
  if (fields.tcpFlags !== undefined) checkFlags(match, fields.tcpFlags, issues);
  if (fields.icmpType !== undefined) checkIcmpType(match, fields.icmpType, issues);
  return issues;
}

const INTERFACES = ['inInterface', 'outInterface'] as const;
const ADDRESSES = ['source', 'destination'] as const;
const PORTS = ['sourcePort', 'destinationPort'] as const;

function checkInterfaceName(site: Site, item: string, path: Path): Issue[] {
  if (!item.endsWith('*'))
    return item === 'lo' || site.interfaces.has(item) ? [] : [unknownInterface(site, item, path)];
  const start = item.slice(0, -1);
  if (['lo', ...site.interfaces.keys()].some((name) => name.startsWith(start))) return [];
  return [issue('unknown-name', path, `${site.name} has no interface whose name begins with "${start}"`)];
}

/** The issue about an `@NAME` that names no group. */
export function unknownGroup(design: Design, item: string, path: Path): Issue[] {
  if (!item.startsWith('@') || groupNamed(design, item.slice(1)) !== undefined) return [];
  const known = Object.keys(design.groups ?? {}).map((name) => `@${name}`);
  return [issue('unknown-name', path, `there is no group "${item}"`, didYouMean(item, known))];
}

/** Fields of one protocol need that protocol in the match itself; `not` can only take away. */
function checkPorts(match: Match, fields: MatchFields, issues: Issue[]): void {
  for (const field of PORTS) {
    if (fields[field] === undefined || hasPorts(match)) continue;
    issues.push(issue('match', [field], `${field} needs a protocol with ports`, 'add "protocol": "tcp" or "udp"'));
  }
}

function checkFlags(match: Match, { mask, set }: NonNullable<MatchFields['tcpFlags']>, issues: Issue[]): void {
  if (match.protocol !== undefined && !isTcpOnly(match))
    issues.push(issue('match', ['tcpFlags'], 'tcpFlags needs "protocol": "tcp"'));
  for (const flag of set.filter((each) => !mask.includes(each))) {
    const at = ['tcpFlags', 'set', set.indexOf(flag)];
    issues.push(issue('match', at, `"${flag}" is not in the mask, so that it can never be seen set`));
  }
}

function checkIcmpType(match: Match, icmpType: NonNullable<MatchFields['icmpType']>, issues: Issue[]): void {
  const versions = protocolsOf(match)?.map(icmpFamily);
  if (versions === undefined || versions.includes(undefined)) {
    const message = 'icmpType needs a protocol that has it';
    issues.push(issue('match', ['icmpType'], message, 'add "protocol": "icmp" or "icmpv6"'));
    return;
  }
  for (const { item, path } of itemsOf(icmpType, ['icmpType'])) {
    if (versions.some((version) => version !== undefined && icmpTypeNumber(item, version) !== undefined)) continue;
    issues.push(issue('match', path, `${versions[0] === 4 ? 'ICMP' : 'ICMPv6'} has no type "${item}"`));
  }
}

function icmpFamily(protocol: number): Family | undefined {
  if (protocol === PROTOCOL.icmp) return 4;
  return protocol === PROTOCOL.icmpv6 ? 6 : undefined;
}

/** The families whose packets can meet a match, as far as its addresses say; groups that are not there say nothing. */
export function familiesOf(design: Design, match: Match | undefined): ReadonlySet<Family> {
  const bits = familyBits(design, match);
  return new Set(([4, 6] as const).filter((family) => bits & BIT[family]));
}

/** Sets of families as bits. */
const BIT = { 4: 1, 6: 2 } as const;
const BOTH = BIT[4] | BIT[6];

const bitOf = (address: string): number => BIT[address.includes(':') ? 6 : 4];

function familyBits(design: Design, match: Match | undefined): number {
  let left = BOTH;
  for (const field of ADDRESSES) {
    left &= familiesIn(design, match?.[field]) & familiesIn(design, match?.not?.[field]);
  }
  return left;
}

/** The families of addresses, as bits; no addresses say nothing. */
function familiesIn(design: Design, given: string | readonly string[] | undefined): number {
  if (given === undefined) return BOTH;
  if (typeof given === 'string' && !given.startsWith('@')) return bitOf(given);
  const items = expandGroups(design, typeof given === 'string' ? [given] : given);
  return items.reduce((bits, item) => bits | bitOf(item), 0) || BOTH;
}

function checkFamilies(design: Design, match: Match): Issue | undefined {
  const families = familyBits(design, match);
  if (families === 0) {
    return issue('family', [], 'no packet can match: the addresses are IPv4 in one field and IPv6 in another');
  }
  const protocols = protocolsOf(match);
  const reachable = (protocol: number): boolean => {
    const version = icmpFamily(protocol);
    return version === undefined || (families & BIT[version]) !== 0;
  };
  if (protocols === undefined || protocols.some(reachable)) return undefined;
  const [name, other] = families & BIT[6] ? ['icmp', 'icmpv6'] : ['icmpv6', 'icmp'];
  const message = `no packet can match: ${name} is not the ICMP of the addresses beside it`;
  return issue('family', ['protocol'], message, `write "${other}"`);
}
