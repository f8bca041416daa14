/** UDP (RFC 768): source port, destination port, length, checksum, payload. */
import type { IpHeader, Udp } from '../packet.ts';
import { type DecodeError, undecodable, viewOf } from './fault.ts';

export function encodeUdp(packet: Udp): Uint8Array {
  const bytes = new Uint8Array(8 + packet.payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, packet.sport);
  view.setUint16(2, packet.dport);
  view.setUint16(4, bytes.length);
  view.setUint16(6, packet.checksum);
  bytes.set(packet.payload, 8);
  return bytes;
}

export function decodeUdp(header: IpHeader, body: Uint8Array): Udp | DecodeError {
  if (body.length < 8) return undecodable('udp', `${body.length} bytes are less than a header`);
  const view = viewOf(body);
  const length = view.getUint16(4);
  if (length !== body.length) return undecodable('udp.length', `${length}, but IP carries ${body.length} bytes`);
  return {
    kind: 'udp',
    ...header,
    sport: view.getUint16(0),
    dport: view.getUint16(2),
    payload: body.slice(8),
    checksum: view.getUint16(6),
  };
}
