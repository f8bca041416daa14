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
import { issue, itemsOf, type Site } from './site.ts';

/** The protocols a match is limited to; undefined when it is not. */
export function protocolsOf(match: MatchFields | undefined): readonly number[] | undefined {
  if (match?.protocol === undefined) return undefined;
  return itemsOf(match.protocol, []).map(({ item }) => (typeof item === 'number' ? item : PROTOCOL[item]));
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

/** What is wrong with a match, wherever it stands. */
export function checkMatch(site: Site, match: Match, path: Path): Issue[] {
  const parts: readonly (readonly [MatchFields, Path])[] = [
    [match, path],
    ...(match.not === undefined ? [] : [[match.not, [...path, 'not']] as const]),
  ];
  return [
    ...parts.flatMap(([fields, at]) => [
      ...checkInterfaceNames(site, fields, at),
      ...checkGroupNames(site.design, fields, at),
      ...checkProtocolFields(match, fields, at),
    ]),
    ...checkFamilies(site.design, match, path),
  ];
}

function checkInterfaceNames(site: Site, fields: MatchFields, path: Path): Issue[] {
  return (['inInterface', 'outInterface'] as const).flatMap((field) =>
    itemsOf(fields[field], [...path, field]).flatMap(({ item, path: at }) => {
      if (!item.endsWith('*'))
        return item === 'lo' || site.interfaces.has(item) ? [] : [unknownInterface(site, item, at)];
      const start = item.slice(0, -1);
      const found = ['lo', ...site.interfaces.keys()].some((name) => name.startsWith(start));
      return found
        ? []
        : [issue('unknown-name', at, `${site.name} has no interface whose name begins with "${start}"`)];
    }),
  );
}

function checkGroupNames(design: Design, fields: MatchFields, path: Path): Issue[] {
  return (['source', 'destination'] as const).flatMap((field) =>
    itemsOf(fields[field], [...path, field]).flatMap(({ item, path: at }) => unknownGroup(design, item, at)),
  );
}

/** The issue about an `@NAME` that names no group. */
export function unknownGroup(design: Design, item: string, path: Path): Issue[] {
  if (!item.startsWith('@') || groupNamed(design, item.slice(1)) !== undefined) return [];
  const known = Object.keys(design.groups ?? {}).map((name) => `@${name}`);
  return [issue('unknown-name', path, `there is no group "${item}"`, didYouMean(item, known))];
}

/** Fields of one protocol need that protocol in the match itself; `not` can only take away. */
function checkProtocolFields(match: Match, fields: MatchFields, path: Path): Issue[] {
  const issues: Issue[] = [];
  const protocols = protocolsOf(match);
  for (const field of ['sourcePort', 'destinationPort'] as const) {
    if (fields[field] === undefined || hasPorts(match)) continue;
    issues.push(
      issue('match', [...path, field], `${field} needs a protocol with ports`, 'add "protocol": "tcp" or "udp"'),
    );
  }
  if (fields.tcpFlags !== undefined) {
    const { mask, set } = fields.tcpFlags;
    if (match.protocol !== undefined && !isTcpOnly(match))
      issues.push(issue('match', [...path, 'tcpFlags'], 'tcpFlags needs "protocol": "tcp"'));
    for (const flag of set.filter((each) => !mask.includes(each))) {
      const at = [...path, 'tcpFlags', 'set', set.indexOf(flag)];
      issues.push(issue('match', at, `"${flag}" is not in the mask, so that it can never be seen set`));
    }
  }
  if (fields.icmpType === undefined) return issues;
  const versions = protocols?.map(icmpFamily);
  if (versions === undefined || versions.includes(undefined)) {
    const message = 'icmpType needs a protocol that has it';
    return [...issues, issue('match', [...path, 'icmpType'], message, 'add "protocol": "icmp" or "icmpv6"')];
  }
  for (const { item, path: at } of itemsOf(fields.icmpType, [...path, 'icmpType'])) {
    if (versions.some((version) => version !== undefined && icmpTypeNumber(item, version) !== undefined)) continue;
    issues.push(issue('match', at, `${versions[0] === 4 ? 'ICMP' : 'ICMPv6'} has no type "${item}"`));
  }
  return issues;
}

function icmpFamily(protocol: number): Family | undefined {
  if (protocol === PROTOCOL.icmp) return 4;
  return protocol === PROTOCOL.icmpv6 ? 6 : undefined;
}

/** The families whose packets can meet a match, as far as its addresses say; groups that are not there say nothing. */
export function familiesOf(design: Design, match: Match | undefined): ReadonlySet<Family> {
  let left: readonly Family[] = [4, 6];
  for (const field of [match?.source, match?.destination, match?.not?.source, match?.not?.destination]) {
    if (field === undefined) continue;
    const items = typeof field === 'string' ? [field] : field;
    const found = new Set(expandGroups(design, items).map((item): Family => (item.includes(':') ? 6 : 4)));
    if (found.size > 0) left = left.filter((each) => found.has(each));
  }
  return new Set(left);
}

function checkFamilies(design: Design, match: Match, path: Path): Issue[] {
  const families = familiesOf(design, match);
  if (families.size === 0) {
    return [issue('family', path, 'no packet can match: the addresses are IPv4 in one field and IPv6 in another')];
  }
  const versions = protocolsOf(match)?.map(icmpFamily);
  if (versions === undefined || versions.some((version) => version === undefined || families.has(version))) return [];
  const [name, other] = families.has(6) ? ['icmp', 'icmpv6'] : ['icmpv6', 'icmp'];
  const message = `no packet can match: ${name} is not the ICMP of the addresses beside it`;
  return [issue('family', [...path, 'protocol'], message, `write "${other}"`)];
}
