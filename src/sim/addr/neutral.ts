/**
 * One IPv6 prefix in place of another such that the sum of the address, and with it every transport checksum, stays what
 * it was: one 16-bit word behind the prefix makes up for the difference.
 *
 * Read RFC 6296 §3 first.
 */
import { type Ip6, ip6 } from './ip.ts';
import { mapHostBits, type Prefix } from './prefix.ts';

const ONES = 0xffffn;

/**
 * The address at the same place in `to`, its sum unchanged; `from` must hold it, and both be of one length, at most 64.
 * Undefined: every word that could make up for it is ffff, and such an address is not translated (RFC 6296 §3.4, §3.5).
 * What this maps from one prefix to the other it maps back again.
 */
export function mapNeutrally(ip: Ip6, from: Prefix, to: Prefix): Ip6 | undefined {
  const shift = shiftsFor(from).find((each) => wordAt(ip, each) !== ONES);
  if (shift === undefined) return undefined;
  const moved = BigInt(mapHostBits(ip, from, to));
  const before = wordAt(ip, shift);
  // modulo ffff a sum of words is the number itself, and of the two zeros only 0000 comes out
  const after = BigInt(((Number(before) + residue(from) - residue(to)) % 0xffff) + 0xffff) % ONES;
  return ip6(moved + ((after - before) << shift));
}

function residue({ ip }: Prefix): number {
  return Number(BigInt(ip) % ONES);
}

function wordAt(ip: bigint, shift: bigint): bigint {
  return (ip >> shift) & ONES;
}

/** How far from the right the words stand that may change: the subnet of a /48 or shorter, else the interface identifier. */
function shiftsFor({ length }: Prefix): readonly bigint[] {
  return length <= 48 ? [64n] : [48n, 32n, 16n, 0n];
}
