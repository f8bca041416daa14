/** What rules ask of a packet, read once before they are gone through. */

import { type Family, family, type Ip } from '../../addr/ip.ts';
import type { STATES } from '../../design/rule.ts';
import { type Other, type Packet, PROTOCOL } from '../../packet/packet.ts';
import { protocolOf, WITH_PORTS } from '../../packet/protocol.ts';
import type { Sight } from '../program.ts';

/** States as bits, so that a rule tests a list of them at once. */
export const STATE_BIT: Readonly<Record<(typeof STATES)[number], number>> = {
  new: 1,
  established: 2,
  related: 4,
  invalid: 8,
  untracked: 16,
  snat: 32,
  dnat: 64,
};

/** The fields that some protocols have; −1 where this packet has none, or not here (a later fragment). */
interface Header {
  readonly sport: number;
  readonly dport: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
}

export interface View {
  readonly family: Family;
  readonly protocol: number;
  readonly src: Ip;
  readonly dst: Ip;
  readonly header: Header;
  /** Empty where there is no interface. */
  readonly in: string;
  readonly out: string;
  /** Sum of `STATE_BIT`. */
  readonly states: number;
}

/** Before tracking, and where nothing is tracked, every packet is invalid to a rule (LNX-HOOK-11). */
export function viewOf(sight: Sight): View {
  const { packet } = sight;
  const translated = (sight.snat ? STATE_BIT.snat : 0) | (sight.dnat ? STATE_BIT.dnat : 0);
  return {
    family: family(packet.src),
    protocol: protocolOf(packet),
    src: packet.src,
    dst: packet.dst,
    header: headerOf(packet),
    in: sight.in ?? '',
    out: sight.out ?? '',
    states: STATE_BIT[sight.state ?? 'invalid'] | translated,
  };
}

const NO_HEADER: Header = { sport: -1, dport: -1, tcpFlags: -1, icmpType: -1 };

function headerOf(packet: Packet): Header {
  switch (packet.kind) {
    case 'tcp':
      return { sport: packet.sport, dport: packet.dport, tcpFlags: packet.flags, icmpType: -1 };
    case 'udp':
      return { sport: packet.sport, dport: packet.dport, tcpFlags: -1, icmpType: -1 };
    case 'icmp':
      return { sport: -1, dport: -1, tcpFlags: -1, icmpType: packet.type };
    case 'other':
      return headerOfOther(packet);
  }
}

/**
 * A first fragment, or a packet that is cut short, shows as much of its header as it carries; a later fragment none. (So
 * does iptables; nftables on 6.18 takes whatever bytes of a later fragment lie where the header would be.)
 */
function headerOfOther({ protocol, payload, fragment }: Other): Header {
  if (fragment !== undefined && fragment.offset > 0) return NO_HEADER;
  const byte = (at: number) => payload[at] ?? -1;
  if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) return { ...NO_HEADER, icmpType: byte(0) };
  if (!WITH_PORTS.has(protocol)) return NO_HEADER;
  const word = (at: number) => (at + 2 > payload.length ? -1 : byte(at) * 256 + byte(at + 1));
  return { sport: word(0), dport: word(2), tcpFlags: protocol === PROTOCOL.tcp ? byte(13) : -1, icmpType: -1 };
}
