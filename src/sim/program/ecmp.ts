/** Which of several equal routes a packet takes: the same for every packet of a pair of addresses (RFC 2992). */
import type { Ip } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { quoteOf } from '../packet/icmp-error.ts';
import type { Packet } from '../packet/packet.ts';
import type { Route } from './program.ts';

/**
 * The route among equals, by a hash of source and destination (`fib_multipath_hash_policy` 0). An ICMP error goes by
 * the addresses of the packet it quotes, as in the kernel. No route to pick from fails.
 */
export function pick(routes: readonly Route[], packet: Packet): Route {
  const [only] = routes;
  if (only === undefined) return fail('no route to pick from');
  if (routes.length === 1) return only;
  const { src, dst } = (packet.kind === 'icmp' ? quoteOf(packet) : undefined) ?? packet;
  const hash = hashIp(hashIp(0x9e37_79b9, src), dst) >>> 0;
  return routes[Math.floor((hash / 2 ** 32) * routes.length)] as Route;
}

function hashIp(seed: number, ip: Ip): number {
  if (typeof ip === 'number') return mixWord(seed, ip);
  let hash = seed;
  for (let shift = 96n; shift >= 0n; shift -= 32n) hash = mixWord(hash, Number((ip >> shift) & 0xffff_ffffn));
  return hash;
}

/** One round of MurmurHash3 for 32 bits, with its final avalanche. */
function mixWord(seed: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e_2d51);
  let hash = seed ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
