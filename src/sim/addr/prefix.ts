/** Read RFC 4632 §3.1 and RFC 3021 first. */
import { fail } from '../base/fail.ts';
import { bitsOf, compareIp, type Family, family, type Ip, type Ip4, ip4, ip6, offsetIp, readIp, showIp } from './ip.ts';

/** A block of addresses that agree in their first `length` bits; the bits of `ip` after those are zero. */
export interface Prefix {
  readonly ip: Ip;
  readonly length: number;
}

/** An address on a link, and the prefix of that link. */
export interface InterfaceAddress {
  readonly ip: Ip;
  readonly prefix: Prefix;
}

/** Netmasks by length: signed 32-bit for IPv4 (what `&` works on), unsigned 128-bit for IPv6. */
const MASK4 = Int32Array.from({ length: 33 }, (_, length) => (length === 0 ? 0 : -1 << (32 - length)));
const MASK6 = Array.from({ length: 129 }, (_, length) => ((1n << BigInt(length)) - 1n) << BigInt(128 - length));

const mask4 = (length: number): number => MASK4[length] ?? fail(`/${length} is not an IPv4 prefix length`);
const mask6 = (length: number): bigint => MASK6[length] ?? fail(`/${length} is not an IPv6 prefix length`);

/** The address with all but its first `length` bits cleared; a length outside 0…32 or 0…128 fails. */
export function maskIp(ip: Ip, length: number): Ip {
  return typeof ip === 'number' ? ip4((ip & mask4(length)) >>> 0) : ip6(ip & mask6(length));
}

/** The prefix of this length around an address; a length outside 0…32 or 0…128 fails. */
export function makePrefix(ip: Ip, length: number): Prefix {
  return { ip: maskIp(ip, length), length };
}

/** The prefix that holds this one address: /32 or /128. */
export function hostPrefix(ip: Ip): Prefix {
  return { ip, length: bitsOf(family(ip)) };
}

/** Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32` or a bare address; undefined when host bits are set. */
export function parsePrefix(text: string): Prefix | undefined {
  const found = readPrefix(text);
  return typeof found === 'string' ? undefined : found;
}

/** Reads an address with the prefix of its link: `192.168.0.4/24`, `192.168.0.4/255.255.255.0`, `2001:db8::4/64`. */
export function parseInterface(text: string): InterfaceAddress | undefined {
  const found = readInterface(text);
  return typeof found === 'string' ? undefined : found;
}

/** Why a text is not an address, prefix or interface address: a sentence without its full stop. A text that is one fails. */
export function explainPrefix(text: string, kind: 'address' | 'prefix' | 'interface'): string {
  const found = READERS[kind](text);
  return typeof found === 'string' ? found : fail(`"${text}" is an ${kind} after all`);
}

const READERS = { address: readAddress, prefix: readPrefix, interface: readInterface } as const;

function readAddress(text: string): Ip | string {
  const found = readInterface(text);
  return typeof found === 'string'
    ? readIp(text)
    : `${text} is not an address alone; leave out "${text.slice(text.indexOf('/'))}"`;
}

/** As `parsePrefix`, but a text that is no prefix gives the reason. */
export function readPrefix(text: string): Prefix | string {
  if (!text.includes('/')) {
    const ip = readIp(text);
    return typeof ip === 'string' ? ip : hostPrefix(ip);
  }
  const found = readInterface(text);
  if (typeof found === 'string' || found.ip === found.prefix.ip)
    return typeof found === 'string' ? found : found.prefix;
  return `${text} has host bits set; the network is ${showPrefix(found.prefix)}`;
}

/** As `parseInterface`, but a text that is no interface address gives the reason. */
export function readInterface(text: string): InterfaceAddress | string {
  const slash = text.indexOf('/');
  const ip = readIp(slash < 0 ? text : text.slice(0, slash));
  if (typeof ip === 'string') return ip;
  if (slash < 0) return `${text} has no prefix length; write ${text}/${family(ip) === 4 ? 24 : 64} or the like`;
  const length = readLength(text.slice(slash + 1), family(ip));
  return typeof length === 'string' ? length : { ip, prefix: makePrefix(ip, length) };
}

function readLength(text: string, family: Family): number | string {
  if (family === 4 && text.includes('.')) return readNetmask(text);
  if (!/^(0|[1-9]\d*)$/.test(text)) return `"/${text}" is not a prefix length`;
  const bits = bitsOf(family);
  return Number(text) > bits ? `/${text} is longer than ${bits}` : Number(text);
}

function readNetmask(text: string): number | string {
  const mask = readIp(text);
  if (typeof mask === 'string') return mask;
  const hostBits = ~Number(mask) >>> 0;
  return (hostBits & (hostBits + 1)) === 0 ? Math.clz32(hostBits) : `${text} is not a contiguous netmask`;
}

/** `10.0.0.0/8`, always with the length. */
export function showPrefix(prefix: Prefix): string {
  return `${showIp(prefix.ip)}/${prefix.length}`;
}

export function familyOf(prefix: Prefix): Family {
  return family(prefix.ip);
}

/** Shorter first among prefixes of one network address; otherwise by address, IPv4 before IPv6. */
export function comparePrefix(a: Prefix, b: Prefix): number {
  return compareIp(a.ip, b.ip) || a.length - b.length;
}

/** Whether the address lies in the prefix; never across families. */
export function contains(prefix: Prefix, ip: Ip): boolean {
  if (typeof ip === 'number') {
    return typeof prefix.ip === 'number' && ((ip ^ prefix.ip) & mask4(prefix.length)) === 0;
  }
  return (ip & mask6(prefix.length)) === prefix.ip;
}

/** Whether every address of `b` lies in `a`. */
export function covers(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length && contains(a, b.ip);
}

/** Whether the two have an address in common, which means that one covers the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return covers(a, b) || covers(b, a);
}

/** The mask as an address: 255.0.0.0 for /8. */
export function netmask(prefix: Prefix): Ip {
  return typeof prefix.ip === 'number' ? ip4(mask4(prefix.length) >>> 0) : ip6(mask6(prefix.length));
}

/** The lowest address. */
export function networkAddress(prefix: Prefix): Ip {
  return prefix.ip;
}

/** The highest address. */
export function lastAddress(prefix: Prefix): Ip {
  if (typeof prefix.ip === 'number') return ip4((prefix.ip | ~mask4(prefix.length)) >>> 0);
  return ip6(prefix.ip | (mask6(128) ^ mask6(prefix.length)));
}

/** The directed broadcast address; IPv6 has none, nor have /31 (RFC 3021 §2.1) and /32. */
export function broadcastAddress(prefix: Prefix): Ip4 | undefined {
  const last = lastAddress(prefix);
  return typeof last === 'number' && prefix.length < 31 ? last : undefined;
}

/** Whether the all-zeros host is reserved: for the network (IPv4) or as router anycast (IPv6, RFC 4291 §2.6.1). */
function reservesFirst(prefix: Prefix): boolean {
  return prefix.length < bitsOf(familyOf(prefix)) - 1;
}

/** The lowest address that a host may have: both of a /31 (RFC 3021) or /127 (RFC 6164), else not the network's own. */
export function firstHost(prefix: Prefix): Ip {
  return reservesFirst(prefix) ? offsetIp(prefix.ip, 1) : prefix.ip;
}

/** The highest address that a host may have: the one below the broadcast address, where there is one. */
export function lastHost(prefix: Prefix): Ip {
  const broadcast = broadcastAddress(prefix);
  return broadcast === undefined ? lastAddress(prefix) : offsetIp(broadcast, -1);
}

/** How many addresses there are from the first host to the last. */
export function hostCount(prefix: Prefix): bigint {
  return BigInt(lastHost(prefix)) - BigInt(firstHost(prefix)) + 1n;
}

/** The lower and the upper half; undefined for a single address. */
export function split(prefix: Prefix): [Prefix, Prefix] | undefined {
  const length = prefix.length + 1;
  if (length > bitsOf(familyOf(prefix))) return undefined;
  return [{ ip: prefix.ip, length }, makePrefix(lastAddress(prefix), length)];
}

/** The fewest prefixes that hold the same addresses, in order. */
export function summarise(prefixes: readonly Prefix[]): Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of [...prefixes].sort(comparePrefix)) {
    const last = kept.at(-1);
    if (last !== undefined && covers(last, prefix)) continue;
    kept.push(prefix);
    for (let whole = joinLast(kept); whole !== undefined; whole = joinLast(kept)) kept.splice(-2, 2, whole);
  }
  return kept;
}

/** The prefix whose two halves are the last two of a list, if they are that. */
function joinLast(prefixes: readonly Prefix[]): Prefix | undefined {
  const lower = prefixes.at(-2);
  const upper = prefixes.at(-1);
  if (lower === undefined || upper === undefined || lower.length !== upper.length || lower.length === 0)
    return undefined;
  const whole = makePrefix(lower.ip, lower.length - 1);
  return contains(whole, upper.ip) ? whole : undefined;
}

/**
 * The address at the same place in another prefix, as NETMAP does: new network bits, same host bits. The prefixes must
 * agree in family and length, and `from` must hold the address; anything else fails.
 */
export function mapHostBits(ip: Ip, from: Prefix, to: Prefix): Ip {
  if (from.length !== to.length || familyOf(from) !== familyOf(to)) {
    return fail(`${showPrefix(from)} and ${showPrefix(to)} differ in size`);
  }
  if (!contains(from, ip)) return fail(`${showIp(ip)} is not in ${showPrefix(from)}`);
  if (typeof ip === 'number' && typeof to.ip === 'number') return ip4(((ip & ~mask4(to.length)) | to.ip) >>> 0);
  return offsetIp(to.ip, BigInt(ip) - BigInt(from.ip));
}
