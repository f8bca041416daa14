/** ICMP (RFC 792) and ICMPv6 (RFC 4443 §2.1): type, code, checksum, four bytes by type, then data or a quoted packet. */
import type { Icmp, IpHeader } from '../packet.ts';
import { type DecodeError, undecodable, viewOf } from './fault.ts';

export function encodeIcmp(packet: Icmp): Uint8Array {
  const bytes = new Uint8Array(8 + packet.payload.length);
  const view = viewOf(bytes);
  view.setUint8(0, packet.type);
  view.setUint8(1, packet.code);
  view.setUint16(2, packet.checksum);
  view.setUint32(4, packet.rest);
  bytes.set(packet.payload, 8);
  return bytes;
}

export function decodeIcmp(header: IpHeader, body: Uint8Array): Icmp | DecodeError {
  if (body.length < 8) return undecodable('icmp', `${body.length} bytes are less than a header`);
  const view = viewOf(body);
  return {
    kind: 'icmp',
    ...header,
    type: view.getUint8(0),
    code: view.getUint8(1),
    rest: view.getUint32(4),
    payload: body.slice(8),
    checksum: view.getUint16(2),
  };
}
