/**
 * TCP (RFC 9293 §3.1):
 *
 *      0               1               2               3
 *     |          source port          |       destination port        |
 *     |                        sequence number                        |
 *     |                     acknowledgement number                    |
 *     | offset/4 ·       flags        |            window             |
 *     |           checksum            |        urgent pointer         |
 *     |              options, up to 40 bytes, then payload            |
 */
import type { IpHeader, Tcp } from '../packet.ts';
import { type DecodeError, undecodable, viewOf } from './fault.ts';

export function encodeTcp(packet: Tcp): Uint8Array {
  const start = 20 + packet.options.length;
  const bytes = new Uint8Array(start + packet.payload.length);
  const view = viewOf(bytes);
  view.setUint16(0, packet.sport);
  view.setUint16(2, packet.dport);
  view.setUint32(4, packet.seq);
  view.setUint32(8, packet.ack);
  view.setUint16(12, ((start / 4) << 12) | packet.flags);
  view.setUint16(14, packet.window);
  view.setUint16(16, packet.checksum);
  view.setUint16(18, packet.urgent);
  bytes.set(packet.options, 20);
  bytes.set(packet.payload, start);
  return bytes;
}

export function decodeTcp(header: IpHeader, body: Uint8Array): Tcp | DecodeError {
  if (body.length < 20) return undecodable('tcp', `${body.length} bytes are less than a header`);
  const view = viewOf(body);
  const start = (view.getUint8(12) >> 4) * 4;
  if (start < 20) return undecodable('tcp.dataOffset', `${start} bytes are less than a header`);
  if (start > body.length) return undecodable('tcp.dataOffset', `${start} of ${body.length} bytes`);
  return {
    kind: 'tcp',
    ...header,
    sport: view.getUint16(0),
    dport: view.getUint16(2),
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    flags: view.getUint16(12) & 0xfff,
    window: view.getUint16(14),
    urgent: view.getUint16(18),
    options: body.slice(20, start),
    payload: body.slice(start),
    checksum: view.getUint16(16),
  };
}
