/**
 * The IPv4 header (RFC 791 §3.1), here without options:
 *
 *      0               1               2               3
 *     | version 4 · 5 |      TOS      |         total length          |
 *     |        identification         |  DF MF · fragment offset / 8  |
 *     |      TTL      |   protocol    |        header checksum        |
 *     |                            source                             |
 *     |                         destination                           |
 */
import { fromBytes, toBytes } from '../../addr/ip.ts';
import { update } from '../checksum.ts';
import { fragmentWord } from '../length.ts';
import type { Other, Packet } from '../packet.ts';
import { protocolOf } from '../protocol.ts';
import { type DecodeError, undecodable, viewOf } from './fault.ts';
import type { Decapsulated } from './ipv6.ts';

export function encodeIpv4(packet: Packet, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + body.length);
  const view = viewOf(bytes);
  view.setUint16(0, 0x4500 | packet.tos);
  view.setUint16(2, bytes.length);
  view.setUint16(4, packet.ident);
  view.setUint16(6, fragmentWord(packet));
  view.setUint8(8, packet.ttl);
  view.setUint8(9, protocolOf(packet));
  view.setUint16(10, packet.headerChecksum);
  bytes.set(toBytes(packet.src), 12);
  bytes.set(toBytes(packet.dst), 16);
  bytes.set(body, 20);
  return bytes;
}

/** Options and the reserved flag are not kept: the checksum becomes that of the header without them, a wrong one stays wrong. */
export function decodeIpv4(bytes: Uint8Array): Decapsulated | DecodeError {
  if (bytes.length < 20) return undecodable('ipv4', `${bytes.length} bytes are less than a header`);
  const view = viewOf(bytes);
  const length = (view.getUint8(0) & 15) * 4;
  if (length < 20) return undecodable('ipv4.ihl', `${length} bytes are less than a header`);
  const total = view.getUint16(2);
  if (total < length) return undecodable('ipv4.totalLength', `${total} is less than the header's ${length}`);
  if (total > bytes.length) return undecodable('ipv4.totalLength', `${total} of ${bytes.length} bytes`);
  const word = view.getUint16(6);
  const header = {
    src: fromBytes(bytes.subarray(12, 16)),
    dst: fromBytes(bytes.subarray(16, 20)),
    ttl: view.getUint8(8),
    tos: view.getUint8(1),
    ident: view.getUint16(4),
    df: (word & 0x4000) !== 0,
    headerChecksum: withoutOptions(view, length),
  };
  const body = bytes.subarray(length, total);
  return { kind: 'decapsulated', header, protocol: view.getUint8(9), body, ...fragmentOf(word) };
}

function fragmentOf(word: number): { fragment?: NonNullable<Other['fragment']> } {
  const [offset, more] = [(word & 0x1fff) * 8, (word & 0x2000) !== 0];
  return offset > 0 || more ? { fragment: { offset, more } } : {};
}

function withoutOptions(view: DataView, length: number): number {
  const version = view.getUint16(0);
  const total = view.getUint16(2);
  const word = view.getUint16(6);
  let checksum = view.getUint16(10);
  checksum = update(checksum, version, (version & 0xff) | 0x4500);
  checksum = update(checksum, total, total - length + 20);
  checksum = update(checksum, word, word & 0x7fff);
  for (let at = 20; at < length; at += 2) checksum = update(checksum, view.getUint16(at), 0);
  return checksum;
}
