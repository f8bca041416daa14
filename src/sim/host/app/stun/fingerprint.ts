/** The check that tells STUN from other traffic on the same port. Read RFC 8489 §14.7 first. */

/** Of the CRC-32 of ITU-T V.42, bits reversed. */
const POLYNOMIAL = 0xedb8_8320;
const STUN = 0x5354_554e;

/** The value of FINGERPRINT for a message whose header already counts that attribute, given without it. */
export function fingerprintOf(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return (~crc ^ STUN) >>> 0;
}
