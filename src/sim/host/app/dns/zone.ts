/** The records that a server holds itself. Read RFC 1034 §4.3.2, RFC 4592 (wildcards) and RFC 8020 first. */
import { type Ip, isIp4 } from '../../../addr/ip.ts';
import { canonicalName, type DnsRecord } from '../message-dns.ts';

/** By name, which may begin with `*.`: addresses, and names that it is another name for. */
export type DnsRecords = Readonly<Record<string, readonly (Ip | string)[]>>;

export interface Zone {
  readonly names: ReadonlyMap<string, readonly (Ip | string)[]>;
  /** Every name that exists: those with records and those above them. */
  readonly existing: ReadonlySet<string>;
  /** Seconds. */
  readonly ttl: number;
}

export type Lookup =
  | { readonly kind: 'found'; readonly records: readonly DnsRecord[] }
  | { readonly kind: 'alias'; readonly record: DnsRecord; readonly target: string }
  /** The name exists, records of this type do not. */
  | { readonly kind: 'no-data' }
  | { readonly kind: 'unknown' };

/** `ttl` in seconds, for every record. */
export function makeZone(records: DnsRecords, ttl: number): Zone {
  const names = new Map(Object.entries(records).map(([name, values]) => [canonicalName(name), values]));
  const existing = new Set<string>();
  for (const name of names.keys()) {
    for (let at: string | undefined = name; at !== undefined; at = above(at)) existing.add(at);
  }
  return { names, existing, ttl };
}

function above(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot < 0 ? undefined : name.slice(dot + 1);
}

/** What the zone has of a type (`ANY` for all); records found through a wildcard bear the name asked for. */
export function lookUp(zone: Zone, name: string, type: string): Lookup {
  const key = canonicalName(name);
  const exact = zone.names.get(key);
  const values = exact ?? (zone.existing.has(key) ? [] : wildcard(zone, key));
  if (values === undefined) return { kind: 'unknown' };
  const records = values.map((value) => recordOf(name, value, zone.ttl));
  const found = records.filter((record) => type === 'ANY' || record.type === type);
  if (found.length > 0) return { kind: 'found', records: found };
  const alias = records.find((record) => record.type === 'CNAME');
  return alias?.type === 'CNAME' ? { kind: 'alias', record: alias, target: alias.data } : { kind: 'no-data' };
}

/** Only the nearest name above that exists may have the wildcard (RFC 4592 §3.3.1). */
function wildcard(zone: Zone, name: string): readonly (Ip | string)[] | undefined {
  let at = above(name);
  while (at !== undefined && !zone.existing.has(at)) at = above(at);
  return zone.names.get(at === undefined ? '*' : `*.${at}`);
}

function recordOf(name: string, value: Ip | string, ttl: number): DnsRecord {
  if (typeof value === 'string') return { type: 'CNAME', name, ttl, data: value };
  return { type: isIp4(value) ? 'A' : 'AAAA', name, ttl, data: value };
}
