/**
 * Addresses of IPv6 for names that have none, made from those of IPv4 (DNS64).
 *
 * Read RFC 6147 §5 and RFC 6052 §3.1 first.
 */
import { embed, extract, isCarried } from '../../../addr/embed.ts';
import { type Ip, ip6, isIp4, isIp6, showIp } from '../../../addr/ip.ts';
import { contains, makePrefix, type Prefix } from '../../../addr/prefix.ts';
import { canonicalName, type DnsRecord } from '../message-dns.ts';

/** ::ffff:0:0/96, which no packet carries (RFC 6147 §5.1.4). */
const MAPPED = makePrefix(ip6(0xffffn << 32n), 96);
/** Seconds, where the denial does not say how long it holds (RFC 6147 §5.1.7). */
const UNKNOWN_TTL = 600;

/** The records without addresses that count as absent. */
export function usable(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return records.filter((record) => !(record.type === 'AAAA' && contains(MAPPED, record.data)));
}

/** How long a name may be taken to have no address of IPv6, in seconds. */
export function ttlOfDenial(authorities: readonly DnsRecord[]): number {
  const ttls = authorities.flatMap((record) => (record.type === 'SOA' ? [record.ttl, record.minimum] : []));
  return ttls.length === 0 ? UNKNOWN_TTL : Math.min(...ttls);
}

/** Each address of IPv4 that the prefix may carry as one of IPv6, kept no longer than `ttl` seconds; aliases as they are. */
export function synthesise(prefix: Prefix, records: readonly DnsRecord[], ttl: number): readonly DnsRecord[] {
  return records.flatMap((record): DnsRecord[] => {
    if (record.type !== 'A') return [record];
    if (!isIp4(record.data) || !isCarried(prefix, record.data)) return [];
    return [{ type: 'AAAA', name: record.name, ttl: Math.min(record.ttl, ttl), data: embed(prefix, record.data) }];
  });
}

/** The name under in-addr.arpa that a reverse name under the prefix stands for (RFC 6147 §5.3.1). */
export function reverseName(prefix: Prefix, name: string): string | undefined {
  const ip = addressNamed(name);
  const four = ip === undefined || !isIp6(ip) ? undefined : extract(prefix, ip);
  return four === undefined ? undefined : `${showIp(four).split('.').reverse().join('.')}.in-addr.arpa`;
}

/** The address of a full name under ip6.arpa (RFC 3596 §2.5). */
function addressNamed(name: string): Ip | undefined {
  const found = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(canonicalName(name));
  const nibbles = found?.[1]?.replaceAll('.', '');
  return nibbles === undefined ? undefined : ip6(BigInt(`0x${[...nibbles].reverse().join('')}`));
}
