/**
 * The IPv6 header (RFC 8200 §3) with flow label 0, and the fragment header (§4.5):
 *
 *      0               1               2               3
 *     | version 6 · traffic class ·           flow label              |
 *     |        payload length         |  next header  |   hop limit   |
 *     |                   source, 16 bytes                            |
 *     |                 destination, 16 bytes                         |
 *     then, in a fragment, as next header 44:
 *     |  next header  |       0       |     offset / 8 ·  0  ·  M      |
 *     |                       identification                          |
 */
import { fromBytes, toBytes } from '../../addr/ip.ts';
import type { IpHeader, Other, Packet } from '../packet.ts';
import { protocolOf } from '../protocol.ts';
import { type DecodeError, undecodable, viewOf } from './fault.ts';

/** An IP header taken off, with what it carries: a transport, or a piece of one. */
export interface Decapsulated {
  readonly kind: 'decapsulated';
  readonly header: IpHeader;
  readonly protocol: number;
  readonly body: Uint8Array;
  readonly fragment?: NonNullable<Other['fragment']>;
}

const FRAGMENT = 44;

export function encodeIpv6(packet: Packet, body: Uint8Array): Uint8Array {
  const fragment = packet.kind === 'other' ? packet.fragment : undefined;
  const start = fragment === undefined ? 40 : 48;
  const bytes = new Uint8Array(start + body.length);
  const view = viewOf(bytes);
  view.setUint16(0, 0x6000 | (packet.tos << 4));
  view.setUint16(4, bytes.length - 40);
  view.setUint8(6, fragment === undefined ? protocolOf(packet) : FRAGMENT);
  view.setUint8(7, packet.ttl);
  bytes.set(toBytes(packet.src), 8);
  bytes.set(toBytes(packet.dst), 24);
  if (fragment !== undefined) {
    view.setUint8(40, protocolOf(packet));
    view.setUint16(42, fragment.offset | (fragment.more ? 1 : 0));
    view.setUint32(44, packet.ident);
  }
  bytes.set(body, start);
  return bytes;
}

/** Other extension headers are left in the body, under the protocol number of the first. */
export function decodeIpv6(bytes: Uint8Array): Decapsulated | DecodeError {
  if (bytes.length < 40) return undecodable('ipv6', `${bytes.length} bytes are less than a header`);
  const view = viewOf(bytes);
  const total = 40 + view.getUint16(4);
  if (total > bytes.length) return undecodable('ipv6.payloadLength', `${total} of ${bytes.length} bytes`);
  const header = {
    src: fromBytes(bytes.subarray(8, 24)),
    dst: fromBytes(bytes.subarray(24, 40)),
    ttl: view.getUint8(7),
    tos: (view.getUint16(0) >> 4) & 0xff,
    ident: 0,
    df: true,
    headerChecksum: 0,
  };
  const protocol = view.getUint8(6);
  if (protocol !== FRAGMENT) return { kind: 'decapsulated', header, protocol, body: bytes.subarray(40, total) };
  if (total < 48) return undecodable('ipv6.fragment', `${total - 40} bytes are less than a fragment header`);
  const word = view.getUint16(42);
  return {
    kind: 'decapsulated',
    header: { ...header, ident: view.getUint32(44) },
    protocol: view.getUint8(40),
    body: bytes.subarray(48, total),
    fragment: { offset: word & 0xfff8, more: (word & 1) === 1 },
  };
}
