/**
 * Internet checksums: sums, incremental updates, and what a packet's checksums ought to be.
 *
 * Read RFC 1071, RFC 1624, RFC 768 (the zero of UDP) and RFC 8200 §8.1 first.
 */
import type { Ip } from '../addr/ip.ts';
import { fragmentWord, lengthOf, transportLength } from './length.ts';
import type { Icmp, Packet, Tcp, Udp } from './packet.ts';
import { icmpProtocol, PROTOCOL, protocolOf } from './protocol.ts';

/** Adds the carries back until 16 bits are left; for totals below 2^32. */
export function fold(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** One's-complement sum of the big-endian words, folded to 16 bits; an odd last byte is padded with zero. */
export function sum(bytes: Uint8Array, start = 0): number {
  const { length } = bytes;
  const eights = length & ~7;
  let high = 0;
  let low = 0;
  let at = 0;
  // twice as fast as word by word
  for (; at < eights; at += 8) {
    high += (bytes[at] as number) + (bytes[at + 2] as number) + (bytes[at + 4] as number) + (bytes[at + 6] as number);
    low +=
      (bytes[at + 1] as number) + (bytes[at + 3] as number) + (bytes[at + 5] as number) + (bytes[at + 7] as number);
  }
  for (; at < length; at += 2) {
    high += bytes[at] as number;
    if (at + 1 < length) low += bytes[at + 1] as number;
  }
  return fold(start + high * 256 + low);
}

/** The Internet checksum (RFC 1071): the complement of the sum. */
export function checksum(bytes: Uint8Array): number {
  return ~sum(bytes) & 0xffff;
}

/** The sum of an address's words, folded. */
export function sumIp(ip: Ip): number {
  return fold(wordsOf(ip));
}

/** The same before it is folded: 2^16 is 1 modulo 0xffff, so one remainder adds all eight of IPv6. */
function wordsOf(ip: Ip): number {
  if (typeof ip === 'number') return (ip >>> 16) + (ip & 0xffff);
  return ip === 0n ? 0 : Number(ip % 0xffffn) || 0xffff;
}

/** The pseudo header of TCP and UDP (RFC 9293 §3.1, 768) and of every IPv6 transport (RFC 8200 §8.1), summed. */
export function pseudoSum(src: Ip, dst: Ip, protocol: number, length: number): number {
  return fold(wordsOf(src) + wordsOf(dst) + protocol + (length >>> 16) + (length & 0xffff));
}

/**
 * The checksum after one 16-bit word (or folded sum of words) changed: HC' = ~(~HC + ~m + m'), RFC 1624 equation 3.
 * A wrong checksum stays wrong, an unchanged word changes nothing.
 */
export function update(checksum: number, oldWord: number, newWord: number): number {
  if (oldWord === newWord) return checksum;
  return ~fold((~checksum & 0xffff) + (~oldWord & 0xffff) + newWord) & 0xffff;
}

/** `update` for a field of 32 bits. */
export function update32(checksum: number, oldValue: number, newValue: number): number {
  return update(update(checksum, oldValue >>> 16, newValue >>> 16), oldValue & 0xffff, newValue & 0xffff);
}

/** `update` for an address that the checksum covers. */
export function updateIp(checksum: number, oldIp: Ip, newIp: Ip): number {
  return update(checksum, sumIp(oldIp), sumIp(newIp));
}

/** The zero rules of UDP after an update: no checksum (0) stays none, a computed 0 is sent as ffff (RFC 768, 3022 §4.1). */
export function keepUdpZero(before: number, updated: number): number {
  return before === 0 ? 0 : updated || 0xffff;
}

/** Not folded yet: 2^32 is far away. */
function headerWords(packet: Packet, length: number): number {
  const { dst, ident, src, tos, ttl } = packet;
  const words = 0x4500 + tos + length + ident + fragmentWord(packet) + (ttl << 8) + protocolOf(packet);
  return words + wordsOf(src) + wordsOf(dst);
}

function transportSum(packet: Tcp | Udp | Icmp): number {
  switch (packet.kind) {
    case 'udp':
      return udpSum(packet);
    case 'tcp':
      return tcpSum(packet);
    case 'icmp':
      return icmpSum(packet);
  }
}

function udpSum({ dport, dst, payload, sport, src }: Udp): number {
  const length = 8 + payload.length;
  return sum(payload, pseudoSum(src, dst, PROTOCOL.udp, length) + sport + dport + length);
}

function tcpSum(packet: Tcp): number {
  const { ack, options, payload, seq } = packet;
  const pseudo = pseudoSum(packet.src, packet.dst, PROTOCOL.tcp, transportLength(packet));
  const words = packet.sport + packet.dport + (seq >>> 16) + (seq & 0xffff) + (ack >>> 16) + (ack & 0xffff);
  const offsetAndFlags = ((5 + options.length / 4) << 12) | packet.flags;
  return sum(payload, sum(options, pseudo + words + offsetAndFlags + packet.window + packet.urgent));
}

function icmpSum({ code, dst, payload, rest, src, type }: Icmp): number {
  const pseudo = typeof src === 'bigint' ? pseudoSum(src, dst, icmpProtocol(src), 8 + payload.length) : 0;
  return sum(payload, pseudo + ((type << 8) | code) + (rest >>> 16) + (rest & 0xffff));
}

/** What the header checksum ought to be; 0 for IPv6, which has none. */
export function headerChecksumOf(packet: Packet): number {
  return typeof packet.src === 'number' ? ~fold(headerWords(packet, lengthOf(packet))) & 0xffff : 0;
}

/** What the transport checksum ought to be, never 0 for UDP. */
export function transportChecksumOf(packet: Tcp | Udp | Icmp): number {
  const found = ~transportSum(packet) & 0xffff;
  return packet.kind === 'udp' ? found || 0xffff : found;
}

/** Which of the packet's checksums are right. */
export interface Verified {
  /** True for IPv6. */
  readonly header: boolean;
  /** True where it cannot be seen: fragments, and protocols without a model. */
  readonly transport: boolean;
}

/** Recomputes both checksums in full; UDP without one (0) is right over IPv4 and wrong over IPv6 (RFC 8200 §8.1). */
export function verify(packet: Packet): Verified {
  return { header: verifyHeader(packet, lengthOf(packet)), transport: verifyTransport(packet) };
}

/** The header alone; `length`: of the packet, in bytes. */
export function verifyHeader(packet: Packet, length: number): boolean {
  return typeof packet.src === 'bigint' || fold(headerWords(packet, length) + packet.headerChecksum) === 0xffff;
}

/** What the header carries. */
export function verifyTransport(packet: Packet): boolean {
  if (packet.kind === 'other') return true;
  if (packet.kind === 'udp' && packet.checksum === 0) return typeof packet.src === 'number';
  return fold(transportSum(packet) + packet.checksum) === 0xffff;
}
