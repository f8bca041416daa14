/**
 * What a router says about a packet it does not pass on. Read RFC 1812 §4.3 and RFC 4443 §2.4 first; where they leave
 * a choice (source address, what is answered at all) the choice is that of Linux.
 */
import { family, type Ip } from '../addr/ip.ts';
import { tcp } from '../packet/build.ts';
import { pseudoSum, sum } from '../packet/checksum.ts';
import { DIFFERENCE, MIN_MTU_6 } from '../packet/family/icmp.ts';
import { error, mayAnswerWithError } from '../packet/icmp-error.ts';
import { FLAG, type Packet, PROTOCOL, type Tcp, tcpSegmentLength } from '../packet/packet.ts';
import type { NodeProgram } from '../program/program.ts';
import type { Answer, Passage } from './passage.ts';
import type { Tracked } from './tracked.ts';

/** Type and code of an ICMP error for IPv4 and for IPv6. */
export interface ErrorKind {
  readonly v4: readonly [type: number, code: number];
  readonly v6: readonly [type: number, code: number];
}

export const NO_ROUTE: ErrorKind = { v4: [3, 0], v6: [1, 0] };
export const HOST_UNREACHABLE: ErrorKind = { v4: [3, 1], v6: [1, 3] };
/** A route of type unreachable: Linux calls it "no route" in IPv6. */
export const UNREACHABLE_ROUTE: ErrorKind = { v4: [3, 1], v6: [1, 0] };
export const PROHIBITED: ErrorKind = { v4: [3, 13], v6: [1, 1] };
export const TTL_EXPIRED: ErrorKind = { v4: [11, 0], v6: [3, 0] };
export const REASSEMBLY_EXPIRED: ErrorKind = { v4: [11, 1], v6: [3, 1] };
export const TOO_BIG: ErrorKind = { v4: [3, 4], v6: [2, 0] };
export const BEYOND_SCOPE: ErrorKind = { v4: [3, 0], v6: [1, 2] };
export const REJECT_KIND: Readonly<Record<string, ErrorKind>> = {
  'icmp-port-unreachable': { v4: [3, 3], v6: [1, 4] },
  'icmp-net-unreachable': { v4: [3, 0], v6: [1, 0] },
  'icmp-host-unreachable': { v4: [3, 1], v6: [1, 3] },
  'icmp-admin-prohibited': { v4: [3, 13], v6: [1, 1] },
};

/** The ICMP error about a packet, from the address that Linux would choose; undefined when none may be sent. */
export function answerError(program: NodeProgram, passage: Passage, kind: ErrorKind, mtu?: number): Answer | undefined {
  const about = passage.arrived ?? passage.packet;
  if (!mayAnswerWithError(about) || program.isBroadcast(about.dst)) return undefined;
  const src = sourceOfError(program, about.src, about.dst, passage.in);
  if (src === undefined) return undefined;
  const [type, code] = family(about.dst) === 4 ? kind.v4 : kind.v6;
  const limit = mtu === undefined ? {} : { mtu: mtuFor(passage, mtu) };
  return { packet: error({ about, src, type, code, ...limit }), tracked: attached(passage) };
}

/** What the sender may send, where NAT64 makes packets longer or shorter than they came (RFC 7915 §4.2, §5.2). */
function mtuFor({ arrived, packet }: Passage, mtu: number): number {
  if (arrived === undefined || family(arrived.dst) === family(packet.dst)) return mtu;
  return family(arrived.dst) === 6 ? Math.max(MIN_MTU_6, mtu + DIFFERENCE) : mtu - DIFFERENCE;
}

/** Protocols whose checksum, if any, is not the Internet checksum of all they carry: GRE, ESP, AH, DCCP, SCTP, UDP-Lite. */
const OWN_CHECKSUM: ReadonlySet<number> = new Set([PROTOCOL.gre, PROTOCOL.esp, 51, 33, PROTOCOL.sctp, 136]);

/**
 * Whether a firewall rejects a packet with ICMP. The kernel says nothing about one whose checksum is wrong, and takes
 * every protocol it does not know for one with an Internet checksum over all of it (`nf_reject_verify_csum`).
 */
export function mayReject(packet: Packet): boolean {
  if (packet.kind !== 'other') return true;
  const { dst, payload, protocol, src } = packet;
  if (family(dst) === 6 && payload.length === 0) return false;
  if (OWN_CHECKSUM.has(protocol)) return true;
  // that of a piece is the checksum of the whole
  if (packet.fragment !== undefined) return false;
  const pseudo = family(dst) === 6 ? pseudoSum(src, dst, protocol, payload.length) : 0;
  return [0, 0xffff].includes(sum(payload, pseudo));
}

/**
 * An error about a packet that was addressed to this node comes from the address it was sent to; else routing chooses.
 * Over IPv6 it does so as if the error went back by the interface that the packet came in by (as Linux).
 */
function sourceOfError(program: NodeProgram, to: Ip, was: Ip, arrivedBy: string | undefined): Ip | undefined {
  if (arrivedBy === undefined) return program.sourceFor(to);
  if (program.owns(was)) return was;
  const routed = program.sourceFor(to);
  return routed === undefined || family(to) === 4 ? routed : program.masqueradeFor(arrivedBy, to, to);
}

/** The reset that a firewall sends for a TCP segment (RFC 9293 §3.10.7.1); undefined where none may be sent. */
export function answerReset(program: NodeProgram, passage: Passage): Answer | undefined {
  const packet = passage.arrived ?? passage.packet;
  if (packet.kind !== 'tcp' || (packet.flags & FLAG.rst) !== 0 || program.isBroadcast(packet.dst)) return undefined;
  return { packet: resetFor(packet), tracked: attached(passage) };
}

function resetFor(segment: Tcp): Tcp {
  const common = { src: segment.dst, dst: segment.src, sport: segment.dport, dport: segment.sport, window: 0 };
  return (segment.flags & FLAG.ack) !== 0
    ? tcp({ ...common, seq: segment.ack, flags: FLAG.rst })
    : tcp({
        ...common,
        seq: 0,
        ack: (segment.seq + tcpSegmentLength(segment)) >>> 0,
        flags: FLAG.rst | FLAG.ack,
      });
}

/**
 * An answer travels with the connection of the packet it is about, the other way, so that NAT can undo itself. What NAT64
 * has carried is answered in the family that it came in, where there is nothing to undo.
 */
function attached({ arrived, tracked }: Passage): Tracked | undefined {
  if (tracked?.connection === undefined) return undefined;
  if (arrived !== undefined) return { state: 'related', detail: 'answers a packet that NAT64 carried' };
  return {
    state: 'related',
    connection: tracked.connection,
    direction: tracked.direction === 'original' ? 'reply' : 'original',
    detail: 'answers a packet of this connection',
  };
}
