/** The lengths that headers state, derived from a packet's fields. Read RFC 791 §3.1 and RFC 8200 §3 first. */
import type { Packet } from './packet.ts';

/** Header of IPv4 without options, and of IPv6 with the fragment header if there is one, in bytes. */
export function headerLength(packet: Packet): number {
  if (typeof packet.src === 'number') return 20;
  return packet.kind === 'other' && packet.fragment !== undefined ? 48 : 40;
}

/** Everything after the IP header(s), in bytes. */
export function transportLength(packet: Packet): number {
  switch (packet.kind) {
    case 'tcp':
      return 20 + packet.options.length + packet.payload.length;
    case 'udp':
    case 'icmp':
      return 8 + packet.payload.length;
    case 'other':
      return packet.payload.length;
  }
}

/** Total length of the IP packet on the wire, in bytes. */
export function lengthOf(packet: Packet): number {
  return headerLength(packet) + transportLength(packet);
}

/** The longest that `lengthOf` may be: both families state lengths in 16 bits, IPv6 without its own header. */
export function longest(packet: Packet): number {
  return typeof packet.src === 'number' ? 65_535 : 65_575;
}

/** The IPv4 word of flags and fragment offset. */
export function fragmentWord(packet: Packet): number {
  const df = packet.df ? 0x4000 : 0;
  if (packet.kind !== 'other' || packet.fragment === undefined) return df;
  return df | (packet.fragment.more ? 0x2000 : 0) | (packet.fragment.offset >> 3);
}
