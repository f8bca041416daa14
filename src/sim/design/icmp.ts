/** ICMP message types by the names that nft and iptables know. Read RFC 792, 950, 1256, 4443 and 4861 first. */
import type { Family } from '../addr/ip.ts';

type Names = Readonly<Record<string, number>>;

/** Types of ICMP (protocol 1); the first name of a number is its usual one. */
export const ICMP_TYPES: Names = {
  'echo-reply': 0,
  'destination-unreachable': 3,
  'source-quench': 4,
  redirect: 5,
  'echo-request': 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'parameter-problem': 12,
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'info-request': 15,
  'info-reply': 16,
  'address-mask-request': 17,
  'address-mask-reply': 18,
  ping: 8,
  pong: 0,
  'ttl-exceeded': 11,
};

/** Types of ICMPv6 (protocol 58); the first name of a number is its usual one. */
export const ICMPV6_TYPES: Names = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'router-renumbering': 138,
  'ind-neighbor-solicit': 141,
  'ind-neighbor-advert': 142,
  'mld2-listener-report': 143,
  ping: 128,
  pong: 129,
  'ttl-exceeded': 3,
  'mld-listener-reduction': 132,
  'router-solicitation': 133,
  'router-advertisement': 134,
  'neighbor-solicitation': 135,
  'neighbour-solicitation': 135,
  'neighbor-advertisement': 136,
  'neighbour-advertisement': 136,
  redirect: 137,
};

/** Every name that some family knows. */
export const ICMP_TYPE_NAMES: readonly string[] = [
  ...new Set([...Object.keys(ICMP_TYPES), ...Object.keys(ICMPV6_TYPES)]),
];

function namesOf(family: Family): Names {
  return family === 4 ? ICMP_TYPES : ICMPV6_TYPES;
}

/** The number of a type given by name or number; undefined for a name the family does not know. */
export function icmpTypeNumber(type: string | number, family: Family): number | undefined {
  if (typeof type === 'number') return type;
  const names = namesOf(family);
  return Object.hasOwn(names, type) ? names[type] : undefined;
}

/** The usual name of a type; undefined for one without a name. */
export function icmpTypeName(type: number, family: Family): string | undefined {
  return Object.entries(namesOf(family)).find(([, number]) => number === type)?.[0];
}
