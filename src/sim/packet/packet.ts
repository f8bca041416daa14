/**
 * The packet as the engine sees it: a readonly value with real fields. Bytes exist only in `wire/` and inside the
 * quote of an ICMP error, which is kept as bytes because routers may cut it anywhere.
 *
 * Read RFC 791, 8200, 9293, 768, 792 and 4443 first.
 */
import type { Ip } from '../addr/ip.ts';
import { inverseType } from './protocol.ts';

export {
  type EchoInit,
  echo,
  FIRST_PACKETS,
  type IcmpInit,
  icmp,
  type OtherInit,
  other,
  seal,
  type TcpInit,
  tcp,
  type UdpInit,
  udp,
} from './build.ts';
export { lengthOf } from './length.ts';
export { PROTOCOL, type ProtocolName, protocolOf } from './protocol.ts';

/** Fields common to IPv4 and IPv6; those of one family only have a neutral value in the other. */
export interface IpHeader {
  readonly src: Ip;
  readonly dst: Ip;
  /** TTL or hop limit, 0…255. */
  readonly ttl: number;
  /** TOS or traffic class byte. */
  readonly tos: number;
  /** IPv4 identification, 16 bits; 0 for IPv6 unless fragmented (then the 32-bit one). */
  readonly ident: number;
  /** IPv4 don't-fragment bit; always true for IPv6, whose routers never fragment. */
  readonly df: boolean;
  /** IPv4 header checksum, 16 bits; 0 for IPv6. Carried, not derived, so that a wrong one stays wrong. */
  readonly headerChecksum: number;
}

/** TCP flag bits as in the header: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;
export type FlagName = keyof typeof FLAG;
const FLAG_NAMES: readonly FlagName[] = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'];

export interface Tcp extends IpHeader {
  readonly kind: 'tcp';
  readonly sport: number;
  readonly dport: number;
  /** Unsigned 32 bits. */
  readonly seq: number;
  readonly ack: number;
  /** Twelve bits: the eight of `FLAG`, above them the four reserved ones of RFC 9293 §3.1, normally 0. */
  readonly flags: number;
  /** As on the wire, not scaled. */
  readonly window: number;
  readonly urgent: number;
  /** Raw option bytes, a multiple of four. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
  readonly checksum: number;
}

export interface Udp extends IpHeader {
  readonly kind: 'udp';
  readonly sport: number;
  readonly dport: number;
  readonly payload: Uint8Array;
  /** 0 means none (IPv4 only). */
  readonly checksum: number;
}

/** ICMP (protocol 1) or ICMPv6 (58), told apart by the family of the addresses. */
export interface Icmp extends IpHeader {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  /** The four bytes after the checksum: identifier and sequence of an echo, MTU of a too-big error, else 0. */
  readonly rest: number;
  /** What follows: echo data, or the quoted packet (IP header first) of an error. */
  readonly payload: Uint8Array;
  readonly checksum: number;
}

/** Any other protocol, and every piece of a fragmented packet. */
export interface Other extends IpHeader {
  readonly kind: 'other';
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** Only on fragments: byte offset and more-fragments bit. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
}

export type Packet = Tcp | Udp | Icmp | Other;

/** The flag bits with these names. */
export function flagsOf(names: readonly FlagName[]): number {
  return names.reduce((bits, name) => bits | FLAG[name], 0);
}

/** The names of the flags that are set, lowest bit first. */
export function flagNames(bits: number): FlagName[] {
  return FLAG_NAMES.filter((name) => (bits & FLAG[name]) !== 0);
}

export function hasPorts(packet: Packet): packet is Tcp | Udp {
  return packet.kind === 'tcp' || packet.kind === 'udp';
}

/** How far a segment moves the sequence number: its payload, and one each for SYN and FIN (RFC 9293 §3.4). */
export function tcpSegmentLength(segment: Tcp): number {
  return segment.payload.length + (segment.flags & FLAG.syn ? 1 : 0) + (segment.flags & FLAG.fin ? 1 : 0);
}

/** Which half of a ping this is, in either family; undefined for every other packet. */
export function isEcho(packet: Packet): 'request' | 'reply' | undefined {
  if (packet.kind !== 'icmp') return undefined;
  const { type } = packet;
  if (typeof packet.src === 'number') return type === 8 ? 'request' : type === 0 ? 'reply' : undefined;
  return type === 128 ? 'request' : type === 129 ? 'reply' : undefined;
}

/** The identifier of an echo request or reply. */
export function echoId(packet: Packet): number | undefined {
  return isEcho(packet) === undefined ? undefined : queryId(packet);
}

/** The sequence number of an echo request or reply. */
export function echoSeq(packet: Packet): number | undefined {
  return packet.kind === 'icmp' && isEcho(packet) !== undefined ? packet.rest & 0xffff : undefined;
}

/** The identifier of any ICMP query or its answer (echo, timestamp, information, address mask); it stands for a port. */
export function queryId(packet: Packet): number | undefined {
  if (packet.kind !== 'icmp' || inverseType(packet.src, packet.type) === undefined) return undefined;
  return packet.rest >>> 16;
}
