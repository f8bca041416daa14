/**
 * Changing a packet in transit. Every checksum is updated incrementally, so a wrong one stays wrong (a NAT never repairs
 * what it did not break) and a UDP checksum of zero stays zero. A change to the same value returns the packet itself.
 *
 * Read RFC 1624, RFC 3022 §4 and RFC 5508 §4 first.
 */
import { type Ip, toBytes } from '../addr/ip.ts';
import { keepUdpZero, sum, sumIp, update, update32, updateIp } from './checksum.ts';
import { draftOf } from './draft.ts';
import { type Quote, quoteOf } from './icmp-error.ts';
import { transportLength } from './length.ts';
import type { Icmp, Packet, Tcp, Udp } from './packet.ts';
import { icmpProtocol, inverseType, PROTOCOL, protocolOf } from './protocol.ts';

/**
 * The packet from another source address, and source port if given. The port of an ICMP query or answer is its
 * identifier; a packet without ports ignores it. Other protocols and fragments change in the IP header only.
 */
export function withSource<P extends Packet>(packet: P, src: Ip, port?: number): P;
export function withSource(packet: Packet, src: Ip, port?: number): Packet {
  const headerChecksum = updateHeader(packet, packet.src, src);
  const checksum = updateTransport(packet, packet.src, src);
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const sport = port ?? packet.sport;
      if (src === packet.src && sport === packet.sport) return packet;
      const moved = draftOf(packet);
      moved.src = src;
      moved.headerChecksum = headerChecksum;
      moved.sport = sport;
      moved.checksum = updatePort(packet, checksum, packet.sport, sport);
      return moved;
    }
    case 'icmp': {
      const [before, id] = [packet.rest >>> 16, newId(packet, port)];
      if (src === packet.src && id === before) return packet;
      return { ...packet, src, headerChecksum, rest: restOf(packet, id), checksum: update(checksum, before, id) };
    }
    case 'other':
      return src === packet.src ? packet : { ...packet, src, headerChecksum };
  }
}

/** The packet to another destination address, and destination port if given, otherwise as `withSource`. */
export function withDestination<P extends Packet>(packet: P, dst: Ip, port?: number): P;
export function withDestination(packet: Packet, dst: Ip, port?: number): Packet {
  const headerChecksum = updateHeader(packet, packet.dst, dst);
  const checksum = updateTransport(packet, packet.dst, dst);
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const dport = port ?? packet.dport;
      if (dst === packet.dst && dport === packet.dport) return packet;
      const moved = draftOf(packet);
      moved.dst = dst;
      moved.headerChecksum = headerChecksum;
      moved.dport = dport;
      moved.checksum = updatePort(packet, checksum, packet.dport, dport);
      return moved;
    }
    case 'icmp': {
      const [before, id] = [packet.rest >>> 16, newId(packet, port)];
      if (dst === packet.dst && id === before) return packet;
      return { ...packet, dst, headerChecksum, rest: restOf(packet, id), checksum: update(checksum, before, id) };
    }
    case 'other':
      return dst === packet.dst ? packet : { ...packet, dst, headerChecksum };
  }
}

function updateHeader(packet: Packet, before: Ip, after: Ip): number {
  return typeof after === 'number' ? updateIp(packet.headerChecksum, before, after) : 0;
}

/** The transport checksum when an address changes: TCP, UDP and ICMPv6 cover it, ICMP does not. */
function updateTransport(packet: Packet, before: Ip, after: Ip): number {
  if (packet.kind === 'other') return 0;
  if (packet.kind === 'icmp' && typeof after === 'number') return packet.checksum;
  const updated = updateIp(packet.checksum, before, after);
  return packet.kind === 'udp' ? keepUdpZero(packet.checksum, updated) : updated;
}

function updatePort(packet: Tcp | Udp, checksum: number, before: number, after: number): number {
  const updated = update(checksum, before, after);
  return packet.kind === 'udp' ? keepUdpZero(checksum, updated) : updated;
}

/** The identifier to come: the port for a query or answer, else what stands there. */
function newId(packet: Icmp, port: number | undefined): number {
  return port === undefined || inverseType(packet.src, packet.type) === undefined ? packet.rest >>> 16 : port;
}

function restOf(packet: Icmp, id: number): number {
  return id * 0x1_0000 + (packet.rest & 0xffff);
}

/** The packet with another TTL or hop limit. */
export function withTtl<P extends Packet>(packet: P, ttl: number): P;
export function withTtl(packet: Packet, ttl: number): Packet {
  if (ttl === packet.ttl) return packet;
  const protocol = protocolOf(packet);
  const changed = draftOf(packet);
  changed.ttl = ttl;
  const [before, after] = [(packet.ttl << 8) | protocol, (ttl << 8) | protocol];
  changed.headerChecksum = typeof packet.src === 'number' ? update(packet.headerChecksum, before, after) : 0;
  return changed;
}

/** The packet with another TOS or traffic class byte. */
export function withTos<P extends Packet>(packet: P, tos: number): P {
  return withHeaderWord(packet, { tos }, 0x4500 | packet.tos, 0x4500 | tos);
}

/** The packet with another IPv4 identification; an IPv6 packet, whose identification is of its fragments, stays. */
export function withIdent<P extends Packet>(packet: P, ident: number): P {
  return typeof packet.src === 'number' ? withHeaderWord(packet, { ident }, packet.ident, ident) : packet;
}

/** The packet with the IPv4 don't-fragment bit set or cleared; IPv6 stays. */
export function withDf<P extends Packet>(packet: P, df: boolean): P {
  if (typeof packet.src === 'bigint') return packet;
  return withHeaderWord(packet, { df }, packet.df ? 0x4000 : 0, df ? 0x4000 : 0);
}

function withHeaderWord<P extends Packet>(
  packet: P,
  change: Partial<Pick<Packet, 'tos' | 'ident' | 'df'>>,
  before: number,
  after: number,
): P {
  if (before === after) return packet;
  const headerChecksum = typeof packet.src === 'number' ? update(packet.headerChecksum, before, after) : 0;
  return { ...packet, ...change, headerChecksum };
}

/** The segment at another sequence number. */
export function withSeq(segment: Tcp, seq: number): Tcp {
  if (seq === segment.seq) return segment;
  return { ...segment, seq, checksum: update32(segment.checksum, segment.seq, seq) };
}

/** The segment with another acknowledgement number. */
export function withAck(segment: Tcp, ack: number): Tcp {
  if (ack === segment.ack) return segment;
  return { ...segment, ack, checksum: update32(segment.checksum, segment.ack, ack) };
}

/** The segment with other option bytes (as raw as `options`); data offset and lengths follow. */
export function withOptions(segment: Tcp, options: Uint8Array): Tcp {
  const resized = resize(segment, { ...segment, options });
  const before = ((5 + segment.options.length / 4) << 12) | segment.flags;
  const after = ((5 + options.length / 4) << 12) | segment.flags;
  const checksum = update(resized.checksum, sum(segment.options), sum(options));
  return { ...resized, checksum: update(checksum, before, after) };
}

/** The segment or datagram with another payload; every length that a header states follows. */
export function withPayload<P extends Tcp | Udp>(packet: P, payload: Uint8Array): P {
  const resized = resize(packet, { ...packet, payload });
  const updated = update(resized.checksum, sum(packet.payload), sum(payload));
  const checksum = packet.kind === 'udp' ? keepUdpZero(resized.checksum, updated) : updated;
  return { ...resized, checksum };
}

/** Brings the lengths in the IP header and the pseudo header (UDP states its own once more) up to date. */
function resize<P extends Tcp | Udp>(before: P, after: P): P {
  const [old, now] = [transportLength(before), transportLength(after)];
  const headerChecksum = typeof after.src === 'number' ? update(after.headerChecksum, old + 20, now + 20) : 0;
  const updated = update(after.checksum, old, now);
  const checksum = after.kind === 'udp' ? keepUdpZero(after.checksum, update(updated, old, now)) : updated;
  return { ...after, headerChecksum, checksum };
}

/** What to change in the packet that an error quotes. */
export interface QuoteChange {
  readonly src?: Ip | undefined;
  readonly dst?: Ip | undefined;
  readonly sport?: number | undefined;
  readonly dport?: number | undefined;
  /** Identifier of an ICMP query. */
  readonly id?: number | undefined;
}

/**
 * The error with its quote rewritten in place: addresses, ports or identifier, the quoted IP and transport checksums as
 * far as the quote reaches, last the error's own checksum. What is not in the quote is left alone.
 */
export function withQuoted(icmp: Icmp, change: QuoteChange): Icmp {
  const quote = quoteOf(icmp);
  if (quote === undefined) return icmp;
  const src = change.src ?? quote.src;
  const dst = change.dst ?? quote.dst;
  const payload = icmp.payload.slice();
  const view = new DataView(payload.buffer);
  const [from, to] = typeof quote.src === 'number' ? [12, 16] : [8, 24];
  payload.set(toBytes(src), from);
  payload.set(toBytes(dst), to);
  if (typeof quote.src === 'number') {
    view.setUint16(10, updateIp(updateIp(view.getUint16(10), quote.src, src), quote.dst, dst));
  }
  patchTransport(view, quote, { ...change, src, dst });
  return { ...icmp, payload, checksum: update(icmp.checksum, sum(icmp.payload), sum(payload)) };
}

function patchTransport(view: DataView, quote: Quote, change: QuoteChange & { src: Ip; dst: Ip }): void {
  if (quote.offset > 0) return;
  const { transport: at, protocol } = quote;
  const swaps: (readonly [before: number, after: number])[] = [];
  const put = (offset: number, before: number | undefined, after: number | undefined) => {
    if (before === undefined || after === undefined) return;
    view.setUint16(at + offset, after);
    swaps.push([before, after]);
  };
  put(0, quote.sport, change.sport);
  put(2, quote.dport, change.dport);
  if (quote.type !== undefined && inverseType(quote.src, quote.type) !== undefined) put(4, quote.id, change.id);
  if (protocol !== PROTOCOL.icmp) {
    swaps.push([sumIp(quote.src), sumIp(change.src)], [sumIp(quote.dst), sumIp(change.dst)]);
  }
  const where = checksumOffset(quote);
  if (where === undefined || at + where + 2 > view.byteLength) return;
  const before = view.getUint16(at + where);
  const updated = swaps.reduce((checksum, [old, now]) => update(checksum, old, now), before);
  view.setUint16(at + where, protocol === PROTOCOL.udp ? keepUdpZero(before, updated) : updated);
}

/** Where in its header a transport keeps the Internet checksum, in bytes. */
function checksumOffset(quote: Quote): number | undefined {
  switch (quote.protocol) {
    case PROTOCOL.udp:
      return 6;
    case PROTOCOL.tcp:
      return 16;
    case icmpProtocol(quote.src):
      return 2;
    default:
      return undefined;
  }
}
