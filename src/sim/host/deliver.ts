/** A packet has been delivered to this node: whose is it? Read RFC 1122 §3.2.2 and §3.3 first. */
import type { Millis } from '../base/time.ts';
import { verifyTransport } from '../packet/checksum.ts';
import { isError } from '../packet/icmp-error.ts';
import type { Icmp, Other, Packet } from '../packet/packet.ts';
import { icmpProtocol, PROTOCOL } from '../packet/protocol.ts';
import { showProtocol } from '../packet/show.ts';
import { deliverSegment, hearSegmentError } from './connections.ts';
import { answerQuery, answerUnreachable } from './icmp.ts';
import { learnPath, readError } from './icmp-report.ts';
import { type Arrival, deliveredToAll, dropped, type Kernel, takenBy, tell } from './kernel.ts';
import type { Reception } from './output.ts';
import type { RawSocket } from './sockets.ts';
import { deliverDatagram, hearDatagramError } from './udp.ts';

/** Gives a whole packet to raw sockets and to the protocol that it is of; says what became of it. */
export function deliver(kernel: Kernel, packet: Packet, via: string, now: Millis): Reception {
  const seen = kernel.sockets.rawSockets('ip');
  if (seen.length > 0) tellRaw(kernel, { packet, interface: via }, seen);
  const reception = hand(kernel, packet, via, now);
  if (seen.length === 0 || reception.kind === 'delivered' || reception.reason === 'badChecksum') return reception;
  // What the kernel answered with a refusal has been refused, whoever looked on.
  if (reception.answered) return reception;
  return deliveredToAll(
    kernel,
    seen.map(({ owner }) => owner),
  );
}

/** Copies for raw sockets. */
export function tellRaw(kernel: Kernel, { packet, interface: via }: Arrival, sockets: readonly RawSocket[]): void {
  for (const { owner } of sockets) {
    tell(kernel, owner, { kind: 'packet', socket: owner.socket, packet, interface: via });
  }
}

function hand(kernel: Kernel, packet: Packet, via: string, now: Millis): Reception {
  if (!verifyTransport(packet)) return dropped('badChecksum', `the ${packet.kind} checksum is wrong`);
  switch (packet.kind) {
    case 'tcp':
      return deliverSegment(kernel, { packet, interface: via }, now);
    case 'udp':
      return deliverDatagram(kernel, packet, via, now);
    case 'icmp':
      return deliverIcmp(kernel, { packet, interface: via }, now);
    case 'other':
      return deliverOther(kernel, { packet, interface: via }, now);
  }
}

function deliverIcmp(kernel: Kernel, arrival: Arrival<Icmp>, now: Millis): Reception {
  if (!isError(arrival.packet)) return answerQuery(kernel, arrival, now);
  const said = readError(arrival.packet);
  if (typeof said === 'string') return dropped('notAccepted', said);
  const { error, quote } = said;
  // a raw socket hears of whatever protocol it has sent
  const mine = kernel.routing.owns(quote.src) && kernel.sockets.rawSockets('ip').length > 0;
  if (mine && error === 'too-big') learnPath(kernel, said, now);
  if (quote.protocol === PROTOCOL.tcp) return hearSegmentError(kernel, said, now);
  if (quote.protocol === PROTOCOL.udp) return hearDatagramError(kernel, said, arrival.interface, now);
  return dropped('noSocket', 'about a packet of no socket');
}

const IGMP = 2;
const NO_NEXT_HEADER = 59;

/** A protocol that is not spoken here. Raw sockets count as speaking it: then nobody is told (as Linux). */
function deliverOther(kernel: Kernel, arrival: Arrival<Other>, now: Millis): Reception {
  const { dst, protocol } = arrival.packet;
  if ([PROTOCOL.tcp, PROTOCOL.udp, icmpProtocol(dst)].includes(protocol)) {
    return dropped('notAccepted', `a ${showProtocol(protocol)} header that cannot be read`);
  }
  if (protocol === IGMP && typeof dst === 'number') return takenBy('igmp');
  const what = `nobody here speaks ${showProtocol(protocol)}`;
  const silent = kernel.sockets.rawSockets('ip').length > 0 || (protocol === NO_NEXT_HEADER && typeof dst === 'bigint');
  const answered = !silent && answerUnreachable(kernel, arrival, 'protocolUnreachable', now);
  return dropped('noProtocol', what, answered ? 'protocol unreachable' : undefined);
}
