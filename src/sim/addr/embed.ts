/**
 * IPv4 addresses inside IPv6 ones, as translators write them.
 *
 *      bits   0      32     40     48     56     64     72     80     88     96     104
 *     /32     prefix |  IPv4                     | 0   |  suffix
 *     /40     prefix        |  IPv4              | 0   | v4   |  suffix
 *     /48     prefix               |  IPv4       | 0   |  v4         |  suffix
 *     /56     prefix                      | v4   | 0   |  v4                |  suffix
 *     /64     prefix                             | 0   |  IPv4                     |  suffix
 *     /96     prefix                                                  |  IPv4
 *
 * Read RFC 6052 §2.2 and §2.3 first.
 */
import { fail } from '../base/fail.ts';
import { type Ip4, type Ip6, ip4, ip6 } from './ip.ts';
import { contains, type Prefix, parsePrefix } from './prefix.ts';
import { isPublic } from './special.ts';

/** The lengths that a prefix for IPv4 addresses may have. */
export const EMBEDDING_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** 64:ff9b::/96, known to everyone; it carries global IPv4 addresses only (RFC 6052 §3.1). */
export const WELL_KNOWN_PREFIX: Prefix = parsePrefix('64:ff9b::/96') ?? fail('the well-known prefix');

/** Whether a prefix may carry an address: the well-known one no private, local or reserved one. */
export function isCarried(prefix: Prefix, ip: Ip4): boolean {
  return prefix.ip !== WELL_KNOWN_PREFIX.ip || prefix.length !== WELL_KNOWN_PREFIX.length || isPublic(ip);
}

/** Whether bits 64 to 71 are zero, as they must be in every address that is made with this prefix. */
export function leavesOctetFree(prefix: Prefix): boolean {
  return ((BigInt(prefix.ip) >> 56n) & 0xffn) === 0n;
}

/** How many of the 32 bits stand before bit 64; where the rest ends, counted from the right. */
function placeOf({ length }: Prefix): { readonly head: bigint; readonly rest: bigint } {
  if (!EMBEDDING_LENGTHS.includes(length)) return fail(`an IPv4 address does not follow a prefix of ${length} bits`);
  if (length === 96) return { head: 0n, rest: 0n };
  const head = BigInt(64 - length);
  return { head, rest: 56n - (32n - head) };
}

/** The IPv6 address that stands for an IPv4 one; the suffix is zero. A prefix of another length fails. */
export function embed(prefix: Prefix, ip: Ip4): Ip6 {
  const { head, rest } = placeOf(prefix);
  const value = BigInt(ip);
  const before = (value >> (32n - head)) << 64n;
  return ip6(BigInt(prefix.ip) | before | (BigInt.asUintN(Number(32n - head), value) << rest));
}

/** The IPv4 address that an IPv6 one stands for, whatever its suffix; undefined outside of the prefix. */
export function extract(prefix: Prefix, ip: Ip6): Ip4 | undefined {
  if (!contains(prefix, ip)) return undefined;
  const { head, rest } = placeOf(prefix);
  const before = BigInt.asUintN(Number(head), ip >> 64n) << (32n - head);
  return ip4(Number(before | BigInt.asUintN(Number(32n - head), ip >> rest)));
}
