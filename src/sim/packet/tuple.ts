/**
 * What makes packets one flow: the tuple, its reverse, and every key under which flows are stored.
 *
 * Read RFC 2663 §2, RFC 4787 §4 and RFC 5508 §3 first.
 */
import type { Ip } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import type { Quote } from './icmp-error.ts';
import type { Icmp, Other, Packet } from './packet.ts';
import { icmpProtocol, inverseType, PROTOCOL, protocolOf } from './protocol.ts';

/** One direction of a flow. Both addresses are of one family. */
export interface Tuple {
  readonly protocol: number;
  readonly src: Ip;
  readonly dst: Ip;
  /** 0 for a protocol without ports; the identifier, in both ports, for an ICMP query or answer. */
  readonly sport: number;
  readonly dport: number;
  /** ICMP only: type and code, so that a query and its answer are different tuples, each the reverse of the other. */
  readonly type?: number;
  readonly code?: number;
}

/** The packet's tuple; undefined for a fragment, an ICMP message that is no query or answer, a malformed transport. */
export function tupleOf(packet: Packet): Tuple | undefined {
  const { src, dst } = packet;
  switch (packet.kind) {
    case 'tcp':
    case 'udp':
      return { protocol: protocolOf(packet), src, dst, sport: packet.sport, dport: packet.dport };
    case 'icmp':
      return icmpTuple(packet, packet.rest >>> 16);
    case 'other':
      return packet.fragment === undefined ? portless(packet) : undefined;
  }
}

/** The tuple of the packet that an ICMP error quotes; undefined when too little of it is there, or it has none. */
export function tupleOfQuote(quote: Quote): Tuple | undefined {
  const { protocol, src, dst, sport, dport } = quote;
  if (quote.offset > 0) return undefined;
  if (sport !== undefined && dport !== undefined) return { protocol, src, dst, sport, dport };
  const { type, code, id } = quote;
  if (type !== undefined && code !== undefined && id !== undefined) return icmpTuple({ src, dst, type, code }, id);
  return portless(quote);
}

function icmpTuple(message: Pick<Icmp, 'src' | 'dst' | 'type' | 'code'>, id: number): Tuple | undefined {
  const { src, dst, type, code } = message;
  if (inverseType(src, type) === undefined) return undefined;
  return { protocol: icmpProtocol(src), src, dst, sport: id, dport: id, type, code };
}

/** Protocols read in full elsewhere come here only when their header is cut short or wrong. */
function portless({ protocol, src, dst }: Pick<Other, 'protocol' | 'src' | 'dst'>): Tuple | undefined {
  const known = protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp || protocol === icmpProtocol(src);
  return known ? undefined : { protocol, src, dst, sport: 0, dport: 0 };
}

/** The tuple of the answers: ends swapped, and for ICMP the inverse type (8 and 0, 13 and 14, …). */
export function reversed(tuple: Tuple): Tuple {
  const { protocol, src, dst, sport, dport, type, code } = tuple;
  if (type === undefined || code === undefined) return { protocol, src: dst, dst: src, sport: dport, dport: sport };
  const inverse = inverseType(src, type) ?? fail(`ICMP type ${type} has no inverse`);
  return { protocol, src: dst, dst: src, sport: dport, dport: sport, type: inverse, code };
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  if (a.src !== b.src || a.dst !== b.dst || a.sport !== b.sport || a.dport !== b.dport) return false;
  return a.protocol === b.protocol && a.type === b.type && a.code === b.code;
}

/** The tuple with another end on one side. An ICMP query has one identifier for both ends. */
export function withEnd(tuple: Tuple, side: 'source' | 'destination', ip: Ip, port: number): Tuple {
  const { protocol, src, dst, sport, dport, type } = tuple;
  if (side === 'source' ? ip === src && port === sport : ip === dst && port === dport) return tuple;
  if (type !== undefined) {
    return { ...tuple, src: side === 'source' ? ip : src, dst: side === 'source' ? dst : ip, sport: port, dport: port };
  }
  return side === 'source'
    ? { protocol, src: ip, dst, sport: port, dport }
    : { protocol, src, dst: ip, sport, dport: port };
}

/** Stands for all tuples from one endpoint, ICMP queries of whatever type. */
export function sourceOf({ protocol, src, sport }: Tuple): Tuple {
  return { protocol, src, dst: src, sport, dport: 0 };
}

/** A key that two tuples share exactly when they are the same; each character holds 16 bits. */
export function keyOf(tuple: Tuple): string {
  const { src, dst, sport, dport, protocol } = tuple;
  const message = ((tuple.type ?? 0) << 8) | (tuple.code ?? 0);
  if (typeof src === 'number' && typeof dst === 'number') {
    return String.fromCharCode(src >>> 16, src & 0xffff, dst >>> 16, dst & 0xffff, sport, dport, protocol, message);
  }
  return packIp(src) + packIp(dst) + String.fromCharCode(sport, dport, protocol, message);
}

/** On how much of the far end a mapping or a filter depends: endpoint independent, address, or address and port dependent. */
export type Dependence = 'none' | 'address' | 'addressAndPort';

/**
 * The key of a NAT mapping (RFC 4787 §4.1) for a packet with this tuple: its source endpoint and as much of the
 * destination as the mapping depends on. For a filter (§5) pass the reverse of the arriving tuple. ICMP queries share
 * a mapping by identifier whatever their type. Keys of different dependence never meet.
 */
export function keyFor(dependence: Dependence, tuple: Tuple): string {
  const { src, dst, sport, dport, protocol } = tuple;
  const near = packIp(src) + String.fromCharCode(sport, protocol);
  if (dependence === 'none') return near;
  const far = near + packIp(dst);
  return dependence === 'address' ? far : far + String.fromCharCode(dport);
}

/** The key of the datagram that a fragment belongs to: source, destination, protocol, identification (RFC 791 §3.2). */
export function fragmentKey({ src, dst, protocol, ident }: Other): string {
  return packIp(src) + packIp(dst) + String.fromCharCode(protocol, ident >>> 16, ident & 0xffff);
}

const wide = new DataView(new ArrayBuffer(16));

function packIp(ip: Ip): string {
  if (typeof ip === 'number') return String.fromCharCode(ip >>> 16, ip & 0xffff);
  wide.setBigUint64(0, ip >> 64n);
  wide.setBigUint64(8, ip);
  const [a, b, c, d] = [wide.getUint32(0), wide.getUint32(4), wide.getUint32(8), wide.getUint32(12)];
  return String.fromCharCode(a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff);
}
