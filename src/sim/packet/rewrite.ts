/**
 * Changing a packet in transit. Every checksum is updated incrementally, so a wrong one stays wrong (a NAT never repairs
 * what it did not break) and a UDP checksum of zero stays zero. A change to the same value returns the packet itself.
 *
 * Read RFC 1624, RFC 3022 §4 and RFC 5508 §4 first.
 */
import { type Ip, toBytes } from '../addr/ip.ts';
import { keepUdpZero, sum, sumIp, update, update32, updateIp } from './checksum.ts';
import { type Draft, draftOf } from './draft.ts';
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
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const sport = port ?? packet.sport;
      if (src === packet.src && sport === packet.sport) return packet;
      const moved = draftOf(packet);
      moved.src = src;
      followAddress(moved, packet.src, src);
      moved.sport = sport;
      follow(moved, packet.sport, sport);
      return moved;
    }
    case 'icmp': {
      const id = newId(packet, port);
      if (src === packet.src && id === packet.rest >>> 16) return packet;
      const moved = draftOf(packet);
      moved.src = src;
      followAddress(moved, packet.src, src);
      putId(moved, id);
      return moved;
    }
    case 'other': {
      if (src === packet.src) return packet;
      const moved = draftOf(packet);
      moved.src = src;
      followAddress(moved, packet.src, src);
      return moved;
    }
  }
}

/** The packet to another destination address, and destination port if given, otherwise as `withSource`. */
export function withDestination<P extends Packet>(packet: P, dst: Ip, port?: number): P;
export function withDestination(packet: Packet, dst: Ip, port?: number): Packet {
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const dport = port ?? packet.dport;
      if (dst === packet.dst && dport === packet.dport) return packet;
      const moved = draftOf(packet);
      moved.dst = dst;
      followAddress(moved, packet.dst, dst);
      moved.dport = dport;
      follow(moved, packet.dport, dport);
      return moved;
    }
    case 'icmp': {
      const id = newId(packet, port);
      if (dst === packet.dst && id === packet.rest >>> 16) return packet;
      const moved = draftOf(packet);
      moved.dst = dst;
      followAddress(moved, packet.dst, dst);
      putId(moved, id);
      return moved;
    }
    case 'other': {
      if (dst === packet.dst) return packet;
      const moved = draftOf(packet);
      moved.dst = dst;
      followAddress(moved, packet.dst, dst);
      return moved;
    }
  }
}

/** Both checksums when an address changes: TCP, UDP and ICMPv6 cover it, ICMP does not. */
function followAddress(draft: Draft<Packet>, before: Ip, after: Ip): void {
  const was = sumIp(before);
  const now = sumIp(after);
  followHeader(draft, was, now);
  if (draft.kind === 'other' || (draft.kind === 'icmp' && typeof after === 'number')) return;
  follow(draft, was, now);
}

/** The header checksum when a word changes. */
function followHeader(draft: Draft<Packet>, before: number, after: number): void {
  draft.headerChecksum = typeof draft.src === 'number' ? update(draft.headerChecksum, before, after) : 0;
}

/** The transport checksum when a word changes. */
function follow(draft: Draft<Tcp | Udp | Icmp>, before: number, after: number): void {
  const updated = update(draft.checksum, before, after);
  draft.checksum = draft.kind === 'udp' ? keepUdpZero(draft.checksum, updated) : updated;
}

/** The identifier to come: the port for a query or answer, else what stands there. */
function newId(packet: Icmp, port: number | undefined): number {
  return port === undefined || inverseType(packet.src, packet.type) === undefined ? packet.rest >>> 16 : port;
}

function putId(draft: Draft<Icmp>, id: number): void {
  follow(draft, draft.rest >>> 16, id);
  draft.rest = id * 0x1_0000 + (draft.rest & 0xffff);
}

/** The packet with another TTL or hop limit. */
export function withTtl<P extends Packet>(packet: P, ttl: number): P;
export function withTtl(packet: Packet, ttl: number): Packet {
  if (ttl === packet.ttl) return packet;
  const protocol = protocolOf(packet);
  const changed = draftOf(packet);
  changed.ttl = ttl;
  followHeader(changed, (packet.ttl << 8) | protocol, (ttl << 8) | protocol);
  return changed;
}

/** The packet with another TOS or traffic class byte. */
export function withTos<P extends Packet>(packet: P, tos: number): P;
export function withTos(packet: Packet, tos: number): Packet {
  if (tos === packet.tos) return packet;
  const changed = draftOf(packet);
  changed.tos = tos;
  followHeader(changed, 0x4500 | packet.tos, 0x4500 | tos);
  return changed;
}

/** The packet with another IPv4 identification; an IPv6 packet, whose identification is of its fragments, stays. */
export function withIdent<P extends Packet>(packet: P, ident: number): P;
export function withIdent(packet: Packet, ident: number): Packet {
  if (typeof packet.src === 'bigint' || ident === packet.ident) return packet;
  const changed = draftOf(packet);
  changed.ident = ident;
  followHeader(changed, packet.ident, ident);
  return changed;
}

/** The packet with the IPv4 don't-fragment bit set or cleared; IPv6 stays. */
export function withDf<P extends Packet>(packet: P, df: boolean): P;
export function withDf(packet: Packet, df: boolean): Packet {
  if (typeof packet.src === 'bigint' || df === packet.df) return packet;
  const changed = draftOf(packet);
  changed.df = df;
  followHeader(changed, packet.df ? 0x4000 : 0, df ? 0x4000 : 0);
  return changed;
}

/** The segment at another sequence number. */
export function withSeq(segment: Tcp, seq: number): Tcp {
  if (seq === segment.seq) return segment;
  const changed = draftOf(segment);
  changed.seq = seq;
  changed.checksum = update32(segment.checksum, segment.seq, seq);
  return changed;
}

/** The segment with another acknowledgement number. */
export function withAck(segment: Tcp, ack: number): Tcp {
  if (ack === segment.ack) return segment;
  const changed = draftOf(segment);
  changed.ack = ack;
  changed.checksum = update32(segment.checksum, segment.ack, ack);
  return changed;
}

/** The segment with other option bytes (as raw as `options`); data offset and lengths follow. */
export function withOptions(segment: Tcp, options: Uint8Array): Tcp {
  const changed = draftOf(segment);
  changed.options = options;
  followLength(changed, segment);
  follow(changed, sum(segment.options), sum(options));
  follow(changed, offsetWord(segment), offsetWord(changed));
  return changed;
}

/** The word of data offset and flags. */
function offsetWord({ options, flags }: Draft<Tcp>): number {
  return ((5 + options.length / 4) << 12) | flags;
}

/** The segment or datagram with another payload; every length that a header states follows. */
export function withPayload<P extends Tcp | Udp>(packet: P, payload: Uint8Array): P;
export function withPayload(packet: Tcp | Udp, payload: Uint8Array): Tcp | Udp {
  const changed = draftOf(packet);
  changed.payload = payload;
  followLength(changed, packet);
  follow(changed, sum(packet.payload), sum(payload));
  return changed;
}

/** The lengths in the IP header and the pseudo header; UDP states its own once more. */
function followLength(draft: Draft<Tcp | Udp>, before: Tcp | Udp): void {
  const was = transportLength(before);
  const now = transportLength(draft);
  followHeader(draft, was + 20, now + 20);
  follow(draft, was, now);
  if (draft.kind === 'udp') follow(draft, was, now);
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
  const v4 = typeof quote.src === 'number';
  payload.set(toBytes(src), v4 ? 12 : 8);
  payload.set(toBytes(dst), v4 ? 16 : 24);
  if (v4) view.setUint16(10, updateIp(updateIp(view.getUint16(10), quote.src, src), quote.dst, dst));
  patchTransport(view, quote, { ...change, src, dst });
  const changed = draftOf(icmp);
  changed.payload = payload;
  follow(changed, sum(icmp.payload), sum(payload));
  return changed;
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
