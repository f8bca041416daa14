/**
 * Packets of one family as packets of the other: headers, ICMP, fragments, and the packets that ICMP errors quote. The
 * addresses to be are given; ports and identifiers stay. The hop limit is for the router to count down.
 *
 * Read RFC 7915 first. Like every change in transit, a wrong transport checksum stays wrong.
 */
import { family, type Ip } from '../../addr/ip.ts';
import { headerChecksumOf, keepUdpZero, pseudoSum, sumIp, transportChecksumOf, update } from '../checksum.ts';
import { type Draft, draftOf } from '../draft.ts';
import { isError, quoteOf } from '../icmp-error.ts';
import { lengthOf, transportLength } from '../length.ts';
import type { Icmp, Other, Packet, Tcp, Udp } from '../packet.ts';
import { PROTOCOL } from '../protocol.ts';
import { type Message, type Reach, translateMeaning, translateQuery } from './icmp.ts';
import { type Ends, translateProtocol, translateQuote } from './quote.ts';

export type { Ends } from './quote.ts';

/** What to make of a packet in the other family. */
export interface FamilyChange extends Pick<Reach, 'mtu'> {
  readonly ends: Ends;
  /** For an ICMP error: the addresses of the packet that it quotes, in the other family. */
  readonly quoted?: Ends | undefined;
  /** Identification of an IPv4 packet that was no fragment, 16 bits; default 0. */
  readonly ident?: number | undefined;
}

/** A packet that has no counterpart in the other family. */
export interface Untranslatable {
  readonly kind: 'untranslatable';
  readonly detail: string;
}

function not(detail: string): Untranslatable {
  return { kind: 'untranslatable', detail };
}

/** The largest IPv4 packet that any IPv6 link carries once translated, and that may therefore be cut on its way. */
const MAY_BE_CUT = 1260;
/** The longest ICMP error of IPv4 (RFC 1812 §4.3.2.3), in bytes. */
const LONGEST_ERROR_4 = 576;

/** The packet in the other family, between the addresses given. */
export function translateFamily(packet: Packet, change: FamilyChange): Packet | Untranslatable {
  switch (packet.kind) {
    case 'tcp':
    case 'udp': {
      const draft = draftOf(packet);
      draft.checksum = transportChecksum(packet, change.ends);
      return withHeader(draft, change);
    }
    case 'icmp':
      return isError(packet) ? translateError(packet, change) : translateEcho(packet, change);
    case 'other':
      return translateOther(packet, change);
  }
}

/** Gives a packet the header of the other family, its checksum right. */
function withHeader(draft: Draft<Packet>, { ends: { src, dst }, ident = 0 }: FamilyChange): Packet {
  const piece = draft.kind === 'other' && draft.fragment !== undefined;
  draft.src = src;
  draft.dst = dst;
  if (family(src) === 6) {
    draft.ident = piece ? draft.ident : 0;
    draft.df = true;
  } else {
    draft.ident = piece ? draft.ident & 0xffff : ident;
    draft.df = !piece && lengthOf(draft) > MAY_BE_CUT;
  }
  draft.headerChecksum = headerChecksumOf(draft);
  return draft;
}

/** Only the addresses of the pseudo header change; UDP without a checksum has to get one over IPv6 (RFC 7915 §4.5). */
function transportChecksum(packet: Tcp | Udp, { src: from, dst: to }: Ends): number {
  const { src, dst, checksum } = packet;
  if (packet.kind === 'udp' && checksum === 0 && family(src) === 4) return checksumBetween(packet, from, to);
  const updated = update(update(checksum, sumIp(src), sumIp(from)), sumIp(dst), sumIp(to));
  return packet.kind === 'udp' ? keepUdpZero(checksum, updated) : updated;
}

/** What the transport checksum ought to be between other addresses. */
function checksumBetween(packet: Udp | Icmp, src: Ip, dst: Ip): number {
  const draft = draftOf(packet);
  draft.src = src;
  draft.dst = dst;
  return transportChecksumOf(draft);
}

function translateEcho(packet: Icmp, change: FamilyChange): Packet | Untranslatable {
  const type = translateQuery(packet.type, family(packet.src));
  if (type === undefined) return not(`ICMP type ${packet.type} has no counterpart in the other family`);
  const draft = draftOf(packet);
  draft.type = type;
  const typed = update(packet.checksum, (packet.type << 8) | packet.code, (type << 8) | packet.code);
  draft.checksum = update(typed, covered(packet, packet), covered(packet, change.ends));
  return withHeader(draft, change);
}

/** What an ICMP checksum covers beyond the message: the pseudo header, in IPv6 only. */
function covered(packet: Icmp, { src, dst }: Ends): number {
  return family(src) === 4 ? 0 : pseudoSum(src, dst, PROTOCOL.icmpv6, transportLength(packet));
}

function translateError(error: Icmp, change: FamilyChange): Packet | Untranslatable {
  const quote = quoteOf(error);
  if (quote === undefined || change.quoted === undefined) return not('an ICMP error that quotes no packet');
  const { payload } = error;
  const stated = new DataView(payload.buffer, payload.byteOffset).getUint16(2);
  const meaning = translateMeaning(error, { mtu: change.mtu, length: stated });
  const inner = translateQuote(payload, quote, change.quoted);
  if (meaning === undefined || inner === undefined) {
    return not(`ICMP type ${error.type} code ${error.code} has no counterpart in the other family`);
  }
  return withHeader(say(error, meaning, shorten(inner, change.ends), change.ends), change);
}

function shorten(quote: Uint8Array, { src }: Ends): Uint8Array {
  return family(src) === 4 ? quote.slice(0, LONGEST_ERROR_4 - 28) : quote;
}

/** Every word may have changed: the checksum follows the difference of what it ought to be before and after. */
function say(error: Icmp, { type, code, rest }: Message, payload: Uint8Array, { src, dst }: Ends): Draft<Icmp> {
  const said = draftOf(error);
  said.type = type;
  said.code = code;
  said.rest = rest;
  said.payload = payload;
  const before = ~transportChecksumOf(error) & 0xffff;
  const after = ~checksumBetween(said, src, dst) & 0xffff;
  said.checksum = update(error.checksum, before, after);
  return said;
}

function translateOther(packet: Other, change: FamilyChange): Packet | Untranslatable {
  const protocol = translateProtocol(packet.protocol, family(packet.src));
  if (protocol === undefined || protocol !== packet.protocol) {
    return not('ICMP in pieces, or of the other family, has no counterpart');
  }
  if (EXTENSIONS.has(protocol)) return not('IPv6 extension headers have no counterpart in IPv4');
  const payload = translatePiece(packet, change.ends);
  if (payload === undefined) return not('the checksum of a datagram in pieces that has none cannot be made');
  const draft = draftOf(packet);
  draft.payload = payload;
  return withHeader(draft, change);
}

/** Hop-by-hop options, routing, destination options; IPv4 has no protocols of these numbers to speak of. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);

/** The first piece of a datagram has the checksum of the whole; undefined when it has none. */
function translatePiece(packet: Other, ends: Ends): Uint8Array | undefined {
  const { fragment, payload, protocol, src, dst } = packet;
  const at = protocol === PROTOCOL.tcp ? 16 : protocol === PROTOCOL.udp ? 6 : undefined;
  if (fragment?.offset !== 0 || at === undefined || payload.length < at + 2) return payload;
  const copy = payload.slice();
  const view = new DataView(copy.buffer);
  const before = view.getUint16(at);
  if (protocol === PROTOCOL.udp && before === 0) return undefined;
  const updated = update(update(before, sumIp(src), sumIp(ends.src)), sumIp(dst), sumIp(ends.dst));
  view.setUint16(at, protocol === PROTOCOL.udp ? updated || 0xffff : updated);
  return copy;
}
