/** Whole IP packets to bytes and back. What can be built can be encoded; `decode` gives it back unchanged. */
import { fail, unreachable } from '../../base/fail.ts';
import { lengthOf, longest } from '../length.ts';
import type { IpHeader, Packet } from '../packet.ts';
import { icmpProtocol, PROTOCOL } from '../protocol.ts';
import { type DecodeError, isDecodeError, undecodable } from './fault.ts';
import { decodeIcmp, encodeIcmp } from './icmp.ts';
import { decodeIpv4, encodeIpv4 } from './ipv4.ts';
import { decodeIpv6, encodeIpv6 } from './ipv6.ts';
import { decodeTcp, encodeTcp } from './tcp.ts';
import { decodeUdp, encodeUdp } from './udp.ts';

export { type DecodeError, isDecodeError } from './fault.ts';

/** The bytes of the IP packet, its checksums as they stand. */
export function encode(packet: Packet): Uint8Array {
  if (lengthOf(packet) > longest(packet)) fail(`a packet of ${lengthOf(packet)} bytes is too long`);
  const body = encodeBody(packet);
  return typeof packet.src === 'number' ? encodeIpv4(packet, body) : encodeIpv6(packet, body);
}

/** The bytes after the IP header(s). */
export function encodeBody(packet: Packet): Uint8Array {
  switch (packet.kind) {
    case 'tcp':
      return encodeTcp(packet);
    case 'udp':
      return encodeUdp(packet);
    case 'icmp':
      return encodeIcmp(packet);
    case 'other':
      return packet.payload;
    default:
      return unreachable(packet);
  }
}

/** Reads one IP packet; bytes behind its stated length are ignored, checksums are kept and not judged. */
export function decode(bytes: Uint8Array): Packet | DecodeError {
  const version = (bytes[0] ?? 0) >> 4;
  if (version !== 4 && version !== 6) return undecodable('ip.version', `${version} is neither 4 nor 6`);
  const packet = version === 4 ? decodeIpv4(bytes) : decodeIpv6(bytes);
  if (isDecodeError(packet)) return packet;
  const { header, protocol, body, fragment } = packet;
  if (fragment === undefined) return decodeBody(header, protocol, body);
  return { kind: 'other', ...header, protocol, payload: body.slice(), fragment };
}

/** Reads what an IP header carries. */
export function decodeBody(header: IpHeader, protocol: number, body: Uint8Array): Packet | DecodeError {
  switch (protocol) {
    case PROTOCOL.tcp:
      return decodeTcp(header, body);
    case PROTOCOL.udp:
      return decodeUdp(header, body);
    case icmpProtocol(header.src):
      return decodeIcmp(header, body);
    default:
      return { kind: 'other', ...header, protocol, payload: body.slice() };
  }
}
