/** A packet of a connection, or the one that opens it, given to the tracker of its protocol. */
import { verifyTransport } from '../../packet/checksum.ts';
import type { Packet } from '../../packet/packet.ts';
import { trackSession } from '../mapping/session.ts';
import { trackGeneric } from './generic.ts';
import { trackIcmp } from './icmp.ts';
import { invalid, type Outcome, type Sighting } from './outcome.ts';
import { trackTcp } from './tcp.ts';
import { trackUdp } from './udp.ts';

/** A UDP datagram without a checksum passes, in both families. ICMP has been looked at before. */
function wrongChecksum(packet: Packet): boolean {
  if (packet.kind === 'icmp' || (packet.kind === 'udp' && packet.checksum === 0)) return false;
  return !verifyTransport(packet);
}

/** Asks the tracker of the packet's protocol; checksums of what is made here are taken for right. */
export function observe(packet: Packet, sighting: Sighting, local: boolean): Outcome {
  if (!local && wrongChecksum(packet)) return invalid(`wrong ${packet.kind.toUpperCase()} checksum`);
  const { session } = sighting.connection;
  if (session?.behaviour !== undefined) {
    const { connection, direction, now } = sighting;
    return trackSession(packet, connection, session, { behaviour: session.behaviour, direction, now });
  }
  switch (packet.kind) {
    case 'tcp':
      return trackTcp(packet, sighting);
    case 'udp':
      return trackUdp(sighting);
    case 'icmp':
      return trackIcmp(sighting);
    case 'other':
      return trackGeneric(packet, sighting);
  }
}
