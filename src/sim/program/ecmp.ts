/** Which of several equal routes a packet takes: always the same for the same pair of addresses (RFC 2992). */
import { family, fromBytes, type Ip } from '../addr/ip.ts';
import type { Packet } from '../packet/packet.ts';
import type { Route } from './program.ts';

/**
 * The route among equals, by a hash of source and destination (`fib_multipath_hash_policy` 0). An ICMP error goes by
 * the addresses of the packet it quotes, as in the kernel.
 */
export function pick(routes: readonly [Route, ...Route[]] | readonly Route[], packet: Packet): Route | undefined {
  if (routes.length <= 1) return routes[0];
  const { src, dst } = quotedAddresses(packet) ?? packet;
  const hash = hashIp(hashIp(0x9e37_79b9, src), dst) >>> 0;
  return routes[Math.floor((hash / 2 ** 32) * routes.length)];
}

function hashIp(seed: number, ip: Ip): number {
  if (typeof ip === 'number') return mixWord(seed, ip);
  let hash = seed;
  for (let shift = 96n; shift >= 0n; shift -= 32n) hash = mixWord(hash, Number((ip >> shift) & 0xffff_ffffn));
  return hash;
}

/** One round of MurmurHash3's 32-bit mixing, with its final avalanche. */
function mixWord(seed: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e_2d51);
  let hash = seed ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

const ERRORS4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

/** Source and destination in the header that an ICMP error quotes; undefined for any other packet. */
function quotedAddresses(packet: Packet): { readonly src: Ip; readonly dst: Ip } | undefined {
  if (packet.kind !== 'icmp') return undefined;
  const four = family(packet.src) === 4;
  if (four ? !ERRORS4.has(packet.type) : packet.type >= 128) return undefined;
  const [at, size] = four ? [12, 4] : [8, 16];
  const quote = packet.payload;
  if (quote.length < at + 2 * size) return undefined;
  return { src: fromBytes(quote.subarray(at, at + size)), dst: fromBytes(quote.subarray(at + size, at + 2 * size)) };
}
