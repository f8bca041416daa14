/**
 * Protocols without a state of their own: entries by address alone, and a timer (LNX-GEN-1).
 *
 * Of SCTP only the shape is judged (RFC 9260 §3, §6.8): checksum, chunks, and that an association begins with INIT. Its
 * ports and states are not modelled, so two associations between the same addresses share an entry. GRE has one entry
 * for both ends; the call identifiers of PPTP are not told apart.
 */
import type { Other } from '../../packet/packet.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { refresh } from '../connection.ts';
import { ASSURED } from '../status.ts';
import { ACCEPTED, invalid, type Outcome, type Sighting } from './outcome.ts';

/** Judges a packet of any protocol without ports of its own here, and refreshes the timer. */
export function trackGeneric(packet: Other, sighting: Sighting): Outcome {
  if (packet.protocol === PROTOCOL.gre) return trackGre(sighting);
  if (packet.protocol === PROTOCOL.sctp) return trackSctp(packet, sighting);
  refresh(sighting.connection, sighting.tracking.timeouts.generic, sighting.now);
  return ACCEPTED;
}

function trackGre({ connection, tracking, now }: Sighting): Outcome {
  const { gre, greStream } = tracking.timeouts;
  refresh(connection, connection.seenReply ? greStream : gre, now);
  if (connection.seenReply) connection.status |= ASSURED;
  return ACCEPTED;
}

/** Milliseconds: an association being set up, and one that is. */
const SCTP_OPENING = 3_000;
const SCTP_ESTABLISHED = 210_000;
const COMMON_HEADER = 12;
const INIT = 1;

function trackSctp({ payload }: Other, { connection, now }: Sighting): Outcome {
  const first = firstChunk(payload);
  if (first === undefined) return invalid('a malformed SCTP packet');
  if (!connection.confirmed && first !== INIT) return invalid('an SCTP packet that belongs to no association');
  refresh(connection, connection.seenReply ? SCTP_ESTABLISHED : SCTP_OPENING, now);
  if (connection.seenReply) connection.status |= ASSURED;
  return ACCEPTED;
}

/** The type of the first chunk of a well-formed packet. */
function firstChunk(payload: Uint8Array): number | undefined {
  if (payload.length < COMMON_HEADER + 4) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const unsummed = payload.slice();
  unsummed.fill(0, 8, COMMON_HEADER);
  if (view.getUint32(8, true) !== crc32c(unsummed)) return undefined;
  for (let at = COMMON_HEADER; at + 4 <= payload.length; ) {
    const length = view.getUint16(at + 2);
    if (length < 4) return undefined;
    at += (length + 3) & ~3;
  }
  return view.getUint8(COMMON_HEADER);
}

/** RFC 9260 appendix A. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}
