/** What rules ask of a packet, read once before they are gone through. */
import { ANY4, type Family, type Ip } from '../../addr/ip.ts';
import type { STATES } from '../../design/rule.ts';
import { type Other, type Packet, PROTOCOL } from '../../packet/packet.ts';
import { WITH_PORTS } from '../../packet/protocol.ts';
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

/**
 * What a packet is, one bit each, so that a rule refuses it with one `&`: its family, its protocol (those with a bit of
 * their own, or another), its state without translations, and which ports it lacks. Higher bits are for interfaces.
 */
export const TRAIT = {
  four: 1,
  six: 2,
  tcp: 4,
  udp: 8,
  icmp: 16,
  icmpv6: 32,
  otherProtocol: 64,
  /** `STATE_BIT`s of new to untracked, shifted by as many bits as there are above. */
  states: 7,
  noSport: 1 << 12,
  noDport: 1 << 13,
  /** The first bit that is free. */
  free: 14,
} as const;

// engines fold into code only what no other module may import
const {
  four: FOUR,
  six: SIX,
  tcp: TCP,
  udp: UDP,
  icmp: ICMP,
  icmpv6: ICMPV6,
  noSport: NO_SPORT,
  noDport: NO_DPORT,
} = TRAIT;
const { tcp: IS_TCP, udp: IS_UDP, icmp: IS_ICMP, icmpv6: IS_ICMPV6 } = PROTOCOL;
const { new: NEW, established: ESTABLISHED, related: RELATED, invalid: INVALID, untracked: UNTRACKED } = STATE_BIT;
const { snat: SNAT, dnat: DNAT } = STATE_BIT;
const STATES_FROM = TRAIT.states;

/**
 * A packet as rules see it. Fields that only some protocols have are −1 where this packet has none, or not here (a later
 * fragment); names of interfaces are empty where there is none.
 */
export class View {
  family: Family = 4;
  protocol = 0;
  src: Ip = ANY4;
  dst: Ip = ANY4;
  sport = -1;
  dport = -1;
  tcpFlags = -1;
  icmpType = -1;
  in = '';
  out = '';
  /** Sum of `STATE_BIT`. */
  states = 0;
  /** Sum of `TRAIT`. */
  traits = 0;
  /** What counts against the packet in the list that is asked: its traits, and the conditions that it does not meet. */
  against = 0;
  /** IPv4 addresses as signed words; 0 for IPv6. */
  srcWord = 0;
  dstWord = 0;
  /** The addresses cut to some lengths; written by the index that reads them. */
  readonly srcKeys = new Int32Array(4);
  readonly dstKeys = new Int32Array(4);

  /** Before tracking, and where nothing is tracked, every packet is invalid to a rule (LNX-HOOK-11). */
  read(sight: Sight): this {
    const { packet } = sight;
    const { src, dst } = packet;
    const four = typeof src === 'number';
    const state = bitOfState(sight.state);
    this.family = four ? 4 : 6;
    this.src = src;
    this.dst = dst;
    this.srcWord = four ? src | 0 : 0;
    this.dstWord = typeof dst === 'number' ? dst | 0 : 0;
    this.in = sight.in ?? '';
    this.out = sight.out ?? '';
    this.states = state | (sight.snat ? SNAT : 0) | (sight.dnat ? DNAT : 0);
    this.traits = (four ? FOUR : SIX) | (state << STATES_FROM) | this.#readHeader(packet, four);
    return this;
  }

  /** Returns the traits of protocol and ports. */
  #readHeader(packet: Packet, four: boolean): number {
    this.tcpFlags = this.icmpType = this.sport = this.dport = -1;
    switch (packet.kind) {
      case 'tcp':
        this.protocol = IS_TCP;
        this.tcpFlags = packet.flags;
        this.sport = packet.sport;
        this.dport = packet.dport;
        return TCP;
      case 'udp':
        this.protocol = IS_UDP;
        this.sport = packet.sport;
        this.dport = packet.dport;
        return UDP;
      case 'icmp':
        this.protocol = four ? IS_ICMP : IS_ICMPV6;
        this.icmpType = packet.type;
        return (four ? ICMP : ICMPV6) | NO_SPORT | NO_DPORT;
      case 'other':
        this.#readBytes(packet);
        return traitOf(this.protocol) | (this.sport < 0 ? NO_SPORT : 0) | (this.dport < 0 ? NO_DPORT : 0);
    }
  }

  /**
   * A first fragment, or a packet that is cut short, shows as much of its header as it carries; a later fragment none.
   * (So does iptables; nftables on 6.18 takes whatever bytes of a later fragment lie where the header would be.)
   */
  #readBytes({ protocol, payload, fragment }: Other): void {
    this.protocol = protocol;
    if (fragment !== undefined && fragment.offset > 0) return;
    if (protocol === PROTOCOL.icmp || protocol === PROTOCOL.icmpv6) this.icmpType = payload[0] ?? -1;
    if (!WITH_PORTS.has(protocol)) return;
    this.sport = wordAt(payload, 0);
    this.dport = wordAt(payload, 2);
    if (protocol === PROTOCOL.tcp) this.tcpFlags = payload[13] ?? -1;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return at + 2 > bytes.length ? -1 : (bytes[at] as number) * 256 + (bytes[at + 1] as number);
}

/** The bit of a protocol among `TRAIT`. */
export function traitOf(protocol: number): number {
  switch (protocol) {
    case PROTOCOL.tcp:
      return TRAIT.tcp;
    case PROTOCOL.udp:
      return TRAIT.udp;
    case PROTOCOL.icmp:
      return TRAIT.icmp;
    case PROTOCOL.icmpv6:
      return TRAIT.icmpv6;
    default:
      return TRAIT.otherProtocol;
  }
}

function bitOfState(state: Sight['state']): number {
  switch (state) {
    case 'new':
      return NEW;
    case 'established':
      return ESTABLISHED;
    case 'related':
      return RELATED;
    case 'untracked':
      return UNTRACKED;
    default:
      return INVALID;
  }
}

const shared = new View();

/** The packet as rules see it, in a view that all share: it holds until the next call. */
export function viewOf(sight: Sight): View {
  return shared.read(sight);
}
