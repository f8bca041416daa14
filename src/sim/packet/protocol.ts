/**
 * Protocol numbers, and what follows from the kind and family of a packet alone.
 *
 * Read RFC 792, 4443 and the IANA protocol number registry first.
 */
import { type Family, family, type Ip } from '../addr/ip.ts';
import type { Packet } from './packet.ts';

/** IANA protocol numbers that the engine knows by name. */
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, gre: 47, esp: 50, icmpv6: 58, sctp: 132 } as const;
/** Protocols whose header begins with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
export const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, 33, PROTOCOL.sctp, 136]);
export type ProtocolName = keyof typeof PROTOCOL;

/** The ICMP of a family: protocol 1 for IPv4, 58 for IPv6. */
export function icmpProtocol(ip: Ip): number {
  return typeof ip === 'number' ? PROTOCOL.icmp : PROTOCOL.icmpv6;
}

/** The protocol number of what the packet carries; for a fragment that of the whole packet. */
export function protocolOf(packet: Packet): number {
  switch (packet.kind) {
    case 'tcp':
      return PROTOCOL.tcp;
    case 'udp':
      return PROTOCOL.udp;
    case 'icmp':
      return icmpProtocol(packet.src);
    case 'other':
      return packet.protocol;
  }
}

/** Query and answer types that carry an identifier: echo, timestamp, information and address mask; echo in ICMPv6. */
const INVERSE: Readonly<Record<Family, ReadonlyMap<number, number>>> = {
  4: inverse([8, 0], [13, 14], [15, 16], [17, 18]),
  6: inverse([128, 129]),
};

function inverse(...pairs: readonly (readonly [query: number, answer: number])[]): ReadonlyMap<number, number> {
  return new Map(pairs.flatMap(([query, answer]) => [[query, answer] as const, [answer, query] as const]));
}

/** The type that answers this ICMP query type, or that asks for this answer; undefined for every other type. */
export function inverseType(ip: Ip, type: number): number | undefined {
  return INVERSE[family(ip)].get(type);
}

/** Asks rather than answers: echo request, and in IPv4 timestamp, information and address mask request. */
export function isQuery(ip: Ip, type: number): boolean {
  return typeof ip === 'number' ? type === 8 || type === 13 || type === 15 || type === 17 : type === 128;
}
