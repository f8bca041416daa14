/**
 * What can become of a packet: a closed list. Every packet that exists has exactly one fate; docs/fates.md says when
 * each applies.
 */
import type { Place } from '../program/program.ts';

/** Why a node dropped a packet. */
export const DROP_REASONS = [
  'rule', // a filter rule said drop or reject
  'policy', // no rule decided, and the policy is drop
  'noRoute', // no route to the destination
  'blackhole', // a route of type blackhole, unreachable or prohibit
  'ttlExpired',
  'tooBig', // larger than the next link takes, and fragmenting is forbidden
  'martian', // an address that no packet may carry there
  'reversePath', // reverse path filter
  'notForwarding', // a host does not forward
  'publicInternet', // special-purpose address on the public Internet
  'badChecksum',
  'noSocket', // nobody listens on the port
  'noProtocol', // the protocol is not spoken here
  'notAccepted', // a socket is there, but TCP or the application has no use for the packet
  'natExhausted', // no free public endpoint
  'natLimit', // the inside address holds as many mappings as it may
  'natFiltered', // no mapping, or not one that the sender may use
  'natHairpin', // inside hosts do not reach each other by outside addresses
  'tableFull', // connection tracking has no room
  'untranslatable', // a redirect about a translated flow, or a masqueraded flow whose way out changed
  'natClash', // another connection took the same tuple
  'helperIncomplete', // an application helper saw half a command
  'reassemblyTimeout',
  'broadcast', // not forwarded
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Why a packet never reached the next node. */
export const LOSS_REASONS = ['lossyLink', 'linkDown', 'noNeighbour', 'nodeDown', 'notConnected', 'queueFull'] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

export type Fate =
  /** A socket or the node's own network stack took it; `to` says which (`http`, `tcp/80`, `echo reply`, …). */
  | { readonly kind: 'delivered'; readonly node: string; readonly to: string }
  | {
      readonly kind: 'dropped';
      readonly node: string;
      readonly reason: DropReason;
      readonly place: Place;
      readonly detail?: string;
    }
  | {
      readonly kind: 'lost';
      readonly node: string;
      readonly reason: LossReason;
      readonly place: Place;
      readonly detail?: string;
    }
  /** Cut into pieces, each a packet with a fate of its own. */
  | { readonly kind: 'fragmented'; readonly node: string; readonly into: readonly number[] }
  /** A piece that became part of a whole packet again. */
  | { readonly kind: 'reassembled'; readonly node: string; readonly into: number }
  /** Still on its way when the run ended. */
  | { readonly kind: 'pending'; readonly node: string };
