/** What rules ask of a packet, read once before they are gone through. */
import { type Family, family, type Ip } from '../addr/ip.ts';
import type { STATES } from '../design/rule.ts';
import { type Other, type Packet, PROTOCOL } from '../packet/packet.ts';
import type { Sight } from './program.ts';

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

/** Numbers are −1 where the packet has no such field, or it lies in another fragment. */
export interface View {
  readonly family: Family;
  readonly protocol: number;
  readonly src: Ip;
  readonly dst: Ip;
  readonly sport: number;
  readonly dport: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  /** Empty where there is no interface. */
  readonly in: string;
  readonly out: string;
  /** Sum of `STATE_BIT`. */
  readonly states: number;
}

/** Before tracking, and where nothing is tracked, every packet is invalid to a rule (LNX-HOOK-11). */
export function viewOf(sight: Sight): View {
  const { packet } = sight;
  const states =
    STATE_BIT[sight.state ?? 'invalid'] | (sight.snat ? STATE_BIT.snat : 0) | (sight.dnat ? STATE_BIT.dnat : 0);
  const header = headerOf(packet);
  return {
    family: family(packet.src),
    protocol: header.protocol,
    src: packet.src,
    dst: packet.dst,
    sport: header.sport,
    dport: header.dport,
    tcpFlags: header.tcpFlags,
    icmpType: header.icmpType,
    in: sight.in ?? '',
    out: sight.out ?? '',
    states,
  };
}

type Header = Pick<View, 'protocol' | 'sport' | 'dport' | 'tcpFlags' | 'icmpType'>;

function headerOf(packet: Packet): Header {
  switch (packet.kind) {
    case 'tcp':
      return {
        protocol: PROTOCOL.tcp,
        sport: packet.sport,
        dport: packet.dport,
        tcpFlags: packet.flags,
        icmpType: -1,
      };
    case 'udp':
      return { protocol: PROTOCOL.udp, sport: packet.sport, dport: packet.dport, tcpFlags: -1, icmpType: -1 };
    case 'icmp': {
      const protocol = family(packet.src) === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
      return { protocol, sport: -1, dport: -1, tcpFlags: -1, icmpType: packet.type };
    }
    case 'other':
      return headerOfOther(packet);
  }
}

/** Protocols whose header begins with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp, 33, PROTOCOL.sctp, 136]);

/** A first fragment shows as much of its header as it carries; a later one shows the protocol only. */
function headerOfOther({ protocol, payload, fragment, src }: Other): Header {
  const hidden = { protocol, sport: -1, dport: -1, tcpFlags: -1, icmpType: -1 };
  if (fragment !== undefined && fragment.offset > 0) return hidden;
  const byte = (at: number) => payload[at] ?? -1;
  if (protocol === (family(src) === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6)) return { ...hidden, icmpType: byte(0) };
  if (!WITH_PORTS.has(protocol) || payload.length < 4) return hidden;
  const tcpFlags = protocol === PROTOCOL.tcp ? byte(13) : -1;
  return { ...hidden, sport: byte(0) * 256 + byte(1), dport: byte(2) * 256 + byte(3), tcpFlags };
}
