/** What would have let a packet through, in one sentence per reason. */
import { showIp } from '../addr/ip.ts';
import { lengthOf, type Packet, protocolOf } from '../packet/packet.ts';
import { showProtocol } from '../packet/show.ts';
import type { DropReason, LossReason } from './fate.ts';

interface Stopped {
  readonly node: string;
  readonly place: string;
  readonly packet: Packet;
}

const DROPS: Readonly<Record<DropReason, (at: Stopped) => string>> = {
  rule: ({ place }) => `A rule before ${place} that accepts it would let it through.`,
  policy: ({ place }) => `A rule of ${chainOf(place)} that accepts it would let it through.`,
  noRoute: ({ node, packet }) => `A route to ${showIp(packet.dst)} on ${node} would carry it on.`,
  blackhole: ({ node, place }) => `Without ${place}, or with a longer prefix beside it, ${node} would carry it on.`,
  ttlExpired: () => 'A larger TTL would carry it further, unless it goes round in a loop.',
  tooBig: ({ packet }) => `Packets smaller than ${lengthOf(packet)} bytes would fit, or a larger MTU on that link.`,
  martian: () => 'A packet with addresses that may appear on a wire would pass.',
  reversePath: ({ node }) =>
    `A route back by the same interface, or reversePathFilter "loose" or "off" on ${node}, would let it pass.`,
  notForwarding: ({ node }) => `If ${node} were a router, or the sender had another gateway, it would be carried on.`,
  publicInternet: () => 'Translated to a public address before it gets there, it would pass.',
  badChecksum: () => 'With a right checksum it would pass.',
  noSocket: ({ node, packet }) => `A service on ${portOf(packet)} of ${node} would answer.`,
  noProtocol: ({ node, packet }) =>
    `A program on ${node} that speaks ${showProtocol(protocolOf(packet))} would take it.`,
  notAccepted: () => 'A connection that is open would take it.',
  natExhausted: ({ place }) => `More addresses or ports in ${place} would make room.`,
  natLimit: ({ node }) =>
    `With a larger nat.behaviour.ports.perSubscriber or more blocks on ${node}, or once a mapping ends, it would get one.`,
  natFiltered: ({ packet }) =>
    `Once the inside host has sent something to ${showIp(packet.src)}, or with a filtering that asks for less, it would pass.`,
  natHairpin: ({ node }) => `With nat.behaviour.hairpin on ${node} it would reach the inside host.`,
  tableFull: ({ node }) => `A larger tracking.max on ${node} would make room.`,
  untranslatable: () => 'A connection opened anew would get a translation that fits.',
  natClash: () => 'Sent again, it would find the other connection in place and get an endpoint of its own.',
  helperIncomplete: () => 'Sent in one segment, the command would pass the helper.',
  reassemblyTimeout: () => 'With all its pieces it would pass.',
  broadcast: () => 'Sent to one address, it would be routed.',
};

const POLICY = '.policy';

/** `firewall.input` of `firewall.input.policy`. */
function chainOf(place: string): string {
  return place.endsWith(POLICY) ? place.slice(0, -POLICY.length) : place;
}

const LOSSES: Readonly<Record<LossReason, (at: Stopped) => string>> = {
  lossyLink: () => 'Sent again, it may get through.',
  linkDown: () => 'With the link up it would get through.',
  noNeighbour: ({ node }) =>
    `A node with that address on the link, or a route of ${node} by another gateway, would take it.`,
  nodeDown: ({ node }) => `With ${node} up it would get through.`,
  notConnected: ({ node }) => `A link on that interface of ${node} would carry it.`,
  queueFull: () => 'Sent more slowly, or over more bandwidth, it would get through.',
};

export function remedyFor(reason: DropReason | LossReason, at: Stopped): string {
  return isDrop(reason) ? DROPS[reason](at) : LOSSES[reason](at);
}

function isDrop(reason: DropReason | LossReason): reason is DropReason {
  return Object.hasOwn(DROPS, reason);
}

function portOf(packet: Packet): string {
  return packet.kind === 'tcp' || packet.kind === 'udp'
    ? `${packet.kind}/${packet.dport}`
    : showProtocol(protocolOf(packet));
}
