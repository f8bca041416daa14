/**
 * ICMP errors: building them, reading what they quote, and when none may be sent. Errors of both families go by one set
 * of names.
 *
 * Read RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3 and RFC 4443 first.
 */
import { family, fromBytes, type Ip, isLoopback, isMulticast, isUnspecified, LIMITED_BROADCAST } from '../addr/ip.ts';
import { icmp } from './build.ts';
import type { Icmp, Packet } from './packet.ts';
import { icmpProtocol, PROTOCOL } from './protocol.ts';
import { encode } from './wire/frame.ts';

export interface IcmpCode {
  readonly type: number;
  readonly code: number;
}

export type IcmpErrorName =
  | 'netUnreachable'
  | 'hostUnreachable'
  | 'protocolUnreachable'
  | 'portUnreachable'
  | 'fragmentationNeeded'
  | 'netProhibited'
  | 'hostProhibited'
  | 'adminProhibited'
  | 'rejectRoute'
  | 'timeExceeded'
  | 'reassemblyTimeExceeded';

/**
 * Type and code of each error by family. In ICMPv6 they read: no route, address unreachable, unknown next header, port
 * unreachable, packet too big, administratively prohibited (three times), reject route, hop limit and reassembly time
 * exceeded. IPv4 has no code for a reject route: the network is unreachable.
 */
export const ICMP_ERROR: Readonly<Record<4 | 6, Readonly<Record<IcmpErrorName, IcmpCode>>>> = {
  4: {
    netUnreachable: { type: 3, code: 0 },
    hostUnreachable: { type: 3, code: 1 },
    protocolUnreachable: { type: 3, code: 2 },
    portUnreachable: { type: 3, code: 3 },
    fragmentationNeeded: { type: 3, code: 4 },
    netProhibited: { type: 3, code: 9 },
    hostProhibited: { type: 3, code: 10 },
    adminProhibited: { type: 3, code: 13 },
    rejectRoute: { type: 3, code: 0 },
    timeExceeded: { type: 11, code: 0 },
    reassemblyTimeExceeded: { type: 11, code: 1 },
  },
  6: {
    netUnreachable: { type: 1, code: 0 },
    hostUnreachable: { type: 1, code: 3 },
    protocolUnreachable: { type: 4, code: 1 },
    portUnreachable: { type: 1, code: 4 },
    fragmentationNeeded: { type: 2, code: 0 },
    netProhibited: { type: 1, code: 1 },
    hostProhibited: { type: 1, code: 1 },
    adminProhibited: { type: 1, code: 1 },
    rejectRoute: { type: 1, code: 6 },
    timeExceeded: { type: 3, code: 0 },
    reassemblyTimeExceeded: { type: 3, code: 1 },
  },
};

const ERROR_TYPES_4: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

/** Reports trouble with another packet: ICMP 3, 4, 5, 11, 12 (RFC 1122 §3.2.2), ICMPv6 below 128 (RFC 4443 §2.1). */
export function isError(packet: Packet): boolean {
  return packet.kind === 'icmp' && isErrorType(packet.src, packet.type);
}

function isErrorType(ip: Ip, type: number): boolean {
  return typeof ip === 'number' ? ERROR_TYPES_4.has(type) : type < 128;
}

/** What an error says about the packet it quotes. Fields beyond the end of the quote are not there. */
export interface Quote {
  readonly src: Ip;
  readonly dst: Ip;
  readonly ttl: number;
  readonly protocol: number;
  /** Fragment offset in bytes; above 0 the quote has no transport header. */
  readonly offset: number;
  /** Where the transport header begins in the quote, in bytes; options and extension headers are stepped over. */
  readonly transport: number;
  /** Both ports of TCP and UDP: the first four bytes. */
  readonly sport?: number;
  readonly dport?: number;
  /** TCP sequence number. */
  readonly seq?: number;
  /** ICMP type and code, and the four bytes that hold an identifier. */
  readonly type?: number;
  readonly code?: number;
  readonly id?: number;
}

interface QuotedHeader extends Pick<Quote, 'src' | 'dst' | 'ttl' | 'protocol' | 'offset' | 'transport'> {}

/**
 * Reads the quoted IP header and as much of the transport header as is there (RFC 5508 §4.2 wants options skipped and
 * quotes of any length read). Undefined for a message that is no error, or whose quoted IP header is cut or garbled.
 */
export function quoteOf(icmp: Icmp): Quote | undefined {
  if (!isError(icmp)) return undefined;
  const bytes = icmp.payload;
  const header = typeof icmp.src === 'number' ? quotedHeader4(bytes) : quotedHeader6(bytes);
  if (header === undefined || header.offset > 0) return header;
  const rest = bytes.subarray(header.transport);
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  switch (header.protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp: {
      if (rest.length < 4) return header;
      const ports = { sport: view.getUint16(0), dport: view.getUint16(2) };
      if (header.protocol !== PROTOCOL.tcp || rest.length < 8) return { ...header, ...ports };
      return { ...header, ...ports, seq: view.getUint32(4) };
    }
    case icmpProtocol(icmp.src): {
      if (rest.length < 4) return header;
      const message = { type: view.getUint8(0), code: view.getUint8(1) };
      return rest.length < 8 ? { ...header, ...message } : { ...header, ...message, id: view.getUint16(4) };
    }
    default:
      return header;
  }
}

function quotedHeader4(bytes: Uint8Array): QuotedHeader | undefined {
  if (bytes.length < 20) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const transport = (view.getUint8(0) & 15) * 4;
  if (view.getUint8(0) >> 4 !== 4 || transport < 20) return undefined;
  return {
    src: fromBytes(bytes.subarray(12, 16)),
    dst: fromBytes(bytes.subarray(16, 20)),
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
    offset: (view.getUint16(6) & 0x1fff) * 8,
    transport,
  };
}

/** Extension headers that may stand before the transport header: hop-by-hop, routing, fragment, destination options. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 44, 60]);
const FRAGMENT = 44;

function quotedHeader6(bytes: Uint8Array): QuotedHeader | undefined {
  if (bytes.length < 40) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) >> 4 !== 6) return undefined;
  let protocol = view.getUint8(6);
  let transport = 40;
  let offset = 0;
  while (offset === 0 && EXTENSIONS.has(protocol) && transport + 8 <= bytes.length) {
    if (protocol === FRAGMENT) offset = view.getUint16(transport + 2) & 0xfff8;
    const length = protocol === FRAGMENT ? 8 : (view.getUint8(transport + 1) + 1) * 8;
    protocol = view.getUint8(transport);
    transport += length;
  }
  const [src, dst] = [fromBytes(bytes.subarray(8, 24)), fromBytes(bytes.subarray(24, 40))];
  return { src, dst, ttl: view.getUint8(7), protocol, offset, transport };
}

export interface ErrorInit extends IcmpCode {
  /** The packet that failed, as it was at that point. */
  readonly about: Packet;
  /** Whose address the error comes from; it goes to the source of `about`. */
  readonly src: Ip;
  /** Next-hop MTU of a fragmentation-needed or packet-too-big error, in bytes. */
  readonly mtu?: number | undefined;
  /** The whole `rest` field instead: pointer of a parameter problem, gateway of a redirect. */
  readonly rest?: number | undefined;
  /** The longest that the error may be, in bytes: 576 for IPv4 (RFC 1812 §4.3.2.3), 1280 for IPv6 (RFC 4443 §2.4 c). */
  readonly limit?: number | undefined;
}

/** An error that quotes as much of the packet as fits. IPv4 raises the precedence as Linux does, IPv6 sends class 0. */
export function error(init: ErrorInit): Icmp {
  const { about, src, type, code } = init;
  const [limit, header, tos] = family(src) === 4 ? [576, 20, 0xc0 | (about.tos & 0x1e)] : [1280, 40, 0];
  const room = Math.min(init.limit ?? limit, limit) - header - 8;
  const payload = encode(about).slice(0, Math.max(room, 0));
  return icmp({ src, dst: about.src, tos, type, code, rest: init.rest ?? init.mtu ?? 0, payload });
}

/**
 * Whether an ICMP error may be sent about this packet (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443 §2.4 e): never about
 * an error, a fragment other than the first, a packet to many, or one whose source is no single host. Given what
 * would be sent, IPv6 allows packet too big (2) and unknown option (4/2) about multicast. Loopback speaks to loopback.
 */
export function mayAnswerWithError(packet: Packet, answer?: IcmpCode): boolean {
  const { src, dst } = packet;
  if (packet.kind === 'other' && packet.fragment !== undefined && packet.fragment.offset > 0) return false;
  const type = icmpTypeOf(packet);
  if (type !== undefined && !mayBeAnswered(src, type)) return false;
  if (dst === LIMITED_BROADCAST || (isMulticast(dst) && !reachesSenderOfMulticast(src, answer))) return false;
  if (isUnspecified(src) || isMulticast(src)) return false;
  if (isLoopback(src) && !isLoopback(dst)) return false;
  return typeof src === 'bigint' || src >>> 28 !== 15;
}

/** The ICMP type, also in a first fragment or a message too short to be read further. */
function icmpTypeOf(packet: Packet): number | undefined {
  if (packet.kind === 'icmp') return packet.type;
  return packet.kind === 'other' && packet.protocol === icmpProtocol(packet.src) ? packet.payload[0] : undefined;
}

const REDIRECT_6 = 137;
/** Echo, timestamp, information and address mask: Linux takes every other type of ICMP for a possible error. */
const SAFE_4: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);

function mayBeAnswered(ip: Ip, type: number): boolean {
  if (isErrorType(ip, type)) return false;
  return typeof ip === 'number' ? SAFE_4.has(type) : type !== REDIRECT_6;
}

function reachesSenderOfMulticast(src: Ip, answer: IcmpCode | undefined): boolean {
  if (answer === undefined || typeof src === 'number') return false;
  return answer.type === 2 || (answer.type === 4 && answer.code === 2);
}
