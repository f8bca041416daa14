/** What stages are given and what they give back. */
import type { Endpoint } from '../addr/endpoint.ts';
import { type Ip, isIp4 } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import { verifyHeader } from '../packet/checksum.ts';
import type { Reassembled, Reassembler } from '../packet/fragment.ts';
import { hasPorts, lengthOf, type Packet, type Tcp, type Udp } from '../packet/packet.ts';
import type { NodeProgram } from '../program/program.ts';
import { CHECKED, type Why } from '../trace/trace.ts';
import type { Conntrack } from './conntrack.ts';
import type { Ways } from './stages.ts';
import type { Tracked } from './tracked.ts';

/** The running state of a node's lower half. The program is replaced when the design changes; the tables stay. */
export interface RouterState {
  readonly program: NodeProgram;
  readonly conntrack: Conntrack;
  readonly reassembler: Reassembler;
  /** Whether a socket of this node would take what comes to this endpoint. */
  listens(protocol: number, at: Endpoint): boolean;
  /** Identification of the next IPv6 packet that is cut here. */
  ident: number;
  /** Whether somebody reads what stages say; who does not say it spares the words. */
  told: boolean;
  /** The ways through the program. */
  readonly ways: Ways;
}

/** A packet on its way through one node, with what the stages before have found out: they write it down here. */
export interface Passage {
  packet: Packet;
  /** Undefined: the packet was made here. */
  readonly in: string | undefined;
  out: string | undefined;
  nextHop: Ip | undefined;
  tracked: Tracked | undefined;
  notrack: boolean;
  /** The largest piece (bytes) and the identification that the packet arrived with, when it was put together here. */
  cut: { readonly size: number; readonly ident: number } | undefined;
  /** The packet as it came, where NAT64 has made one of the other family of it: what is said to its sender is about this. */
  arrived: Packet | undefined;
  /** Its destination was inside by an outside prefix, so that its source must seem to be outside. */
  turned: boolean;
  /** The packet that those behind it are about, which `look` finds out: mostly they hold for the next one, too. */
  seen: Packet | undefined;
  /** Whether it can be one of many that are alike (`Flow`). */
  isFlow: boolean;
  /** In bytes. */
  length: number;
  /** Whether its header checksum is known to be right. */
  isSound: boolean;
}

/** Packets that can be alike: TCP and UDP over IPv4. */
export type Flow = Tcp | Udp;

export function isFlow(packet: Packet): packet is Flow {
  return hasPorts(packet) && isIp4(packet.src);
}

/** Brings up to date what is to be seen of a packet without any table. */
export function look(passage: Passage): void {
  const { packet } = passage;
  passage.seen = packet;
  passage.isFlow = isFlow(packet);
  passage.length = lengthOf(packet);
  passage.isSound = false;
}

/** Whether the header checksum is right, which it stays when a packet is translated. */
export function hasSoundHeader(passage: Passage): boolean {
  passage.isSound ||= verifyHeader(passage.packet, passage.length);
  return passage.isSound;
}

/** A packet that a node makes because of another: an ICMP error or a reset, with the connection it speaks of. */
export interface Answer {
  readonly packet: Packet;
  readonly tracked: Tracked | undefined;
}

export type StageResult =
  /** The walk goes on. */
  | { readonly verdict: 'next'; readonly why: Why }
  /** The walk goes on with the list for local delivery. */
  | { readonly verdict: 'local'; readonly why: Why }
  | { readonly verdict: 'drop'; readonly why: Why; readonly answer?: Answer }
  /** Kept until the other pieces come. */
  | { readonly verdict: 'wait'; readonly why: Why }
  /** Kept until a moment, in case something changes for the better. */
  | { readonly verdict: 'hold'; readonly why: Why; readonly until: Millis }
  /** The last piece came: the walk starts again with the whole packet. */
  | { readonly verdict: 'merged'; readonly why: Why; readonly whole: Reassembled }
  /** Out by an interface; in pieces where it does not fit as it is. */
  | { readonly verdict: 'transmit'; readonly why: Why; readonly pieces?: readonly Packet[] };

/** How a packet's walk through one node ended: delivered here, or whatever the last stage said. */
export type End = Exclude<StageResult, { verdict: 'next' | 'local' }> | { readonly verdict: 'deliver' };

/** What the stages of a walk said, in order, and the packet as each left it. */
export interface Trail {
  readonly whys: Why[];
  readonly packets: Packet[];
}

/** Nothing to do, and nothing to say. */
export const GO_ON = { verdict: 'next', why: CHECKED } as const;

export type Stage = (passage: Passage, node: RouterState, now: Millis) => StageResult;
