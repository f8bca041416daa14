/**
 * New sessions of NAT64: from IPv6 by the mapping of the inside endpoint, an old one or a new one; from IPv6 back to
 * IPv6 by the mapping of another; from IPv4 by a mapping that there is.
 *
 * Read RFC 6146 §3.5 and §3.8 first.
 */

import { embed, extract, isCarried } from '../../addr/embed.ts';
import type { Endpoint } from '../../addr/endpoint.ts';
import { isIp4, isIp6, showIp } from '../../addr/ip.ts';
import { contains as holds } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { showEndpoint } from '../../packet/show.ts';
import { reversed, type Tuple } from '../../packet/tuple.ts';
import type { Nat64 } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import type { Connection } from '../connection.ts';
import { endpointOf } from '../endpoints.ts';
import { allocate } from '../mapping/allocate.ts';
import { refusalOf } from '../mapping/inbound.ts';
import { expiryOf, type Mapping } from '../mapping/mapping.ts';
import { type Crossing, isFree } from '../mapping/outbound.ts';
import { govern } from '../mapping/session.ts';
import { DESTINATION_BOUND, SOURCE_BOUND } from '../status.ts';

/** What became of the first packet of a session. */
export type Opened =
  | { readonly kind: 'opened'; readonly detail: string }
  /** Nobody inside has asked for it. */
  | { readonly kind: 'unsolicited'; readonly detail: string }
  | { readonly kind: 'refused'; readonly reason: DropReason; readonly detail: string };

/** Mappings of both families are kept under the protocol of IPv4. */
function protocolOutside({ protocol }: Tuple): number {
  return protocol === PROTOCOL.icmpv6 ? PROTOCOL.icmp : protocol;
}

const ECHO = { 4: { type: 8, code: 0 }, 6: { type: 128, code: 0 } } as const;

/** The tuple between two endpoints of the other family; an ICMP query has one identifier, that of its inside. */
function across({ protocol }: Tuple, from: Endpoint, to: Endpoint): Tuple {
  const tuple = { src: from.ip, sport: from.port, dst: to.ip, dport: to.port };
  if (protocol !== PROTOCOL.icmp && protocol !== PROTOCOL.icmpv6) return { protocol, ...tuple };
  return isIp4(from.ip)
    ? { protocol: PROTOCOL.icmp, ...tuple, ...ECHO[4] }
    : { protocol: PROTOCOL.icmpv6, ...tuple, ...ECHO[6] };
}

/** Gives a new connection from IPv6 the way that it takes through IPv4. */
export function openFromSix(crossing: Crossing, rule: Nat64): Opened {
  const { connection, node, now } = crossing;
  const { original } = connection;
  const server = isIp6(original.dst) ? extract(rule.prefix, original.dst) : undefined;
  const to = { ip: server ?? fail('an address outside of the prefix'), port: original.dport };
  const protocol = protocolOutside(original);
  const inside = endpointOf(original, 'source');
  const { mappings } = node.conntrack;
  const known = mappings.from(protocol, inside, now).find(({ outside }) => holds(rule.addresses, outside.ip));
  const found = known ?? give(crossing, rule, { protocol, inside, to });
  if ('kind' in found) return found;
  const { outside } = found;
  const isQuery = protocol === PROTOCOL.icmp;
  const far = { ip: to.ip, port: isQuery ? outside.port : to.port };
  const peer = holds(rule.addresses, to.ip) ? insideAt(crossing, protocol, far) : undefined;
  if (peer === undefined && holds(rule.addresses, to.ip) && !node.program.owns(to.ip)) {
    return { kind: 'refused', reason: 'natFiltered', detail: `no mapping is at ${showEndpoint(to.ip, to.port)}` };
  }
  const refusal = peer && refusalOf(crossing, rule.behaviour, peer, outside);
  if (refusal !== undefined) return { kind: 'refused', reason: 'natFiltered', detail: refusal };
  const tuple = peer === undefined ? across(original, outside, far) : turned(original, rule, outside, peer);
  const { flows } = node.conntrack;
  if (
    flows.hasAnswer(tuple, now) ||
    mappings.isLeased(tuple.protocol, endpointOf(tuple, 'source'), endpointOf(original, 'source'), now)
  ) {
    const detail = `${showEndpoint(outside.ip, outside.port)} already speaks to that destination for another`;
    return { kind: 'refused', reason: 'natClash', detail };
  }
  const end = { remote: far, outbound: 'original' } as const;
  const mapping = known ?? mappings.add({ protocol, inside, outside, remote: undefined }, now, { connection, end });
  mappings.attach(mapping, connection, end);
  if (peer !== undefined) mappings.attach(peer, connection, { remote: outside, outbound: 'reply' });
  const met = peer === undefined && protocol === PROTOCOL.tcp && mappings.meet(reversed(tuple));
  const used = [mapping.id, ...(peer === undefined ? [] : [peer.id])];
  govern(connection, { mappings: used, outbound: peer === undefined ? 'original' : 'both' }, rule.behaviour, { met });
  settle(connection, rule, tuple);
  const how = 'detail' in found ? `new mapping ${mapping.id}, ${found.detail}` : `mapping ${mapping.id} used again`;
  return { kind: 'opened', detail: peer === undefined ? how : `${how}; turned round by mapping ${peer.id}` };
}

/** Both ends change at once, and for as long as the connection lives. */
function settle(connection: Connection, { prefix }: Nat64, tuple: Tuple): void {
  connection.beyond = tuple;
  connection.nat64 = prefix;
  connection.status |= SOURCE_BOUND;
  connection.status |= DESTINATION_BOUND;
}

/** N64-5: as if it had left by its own outside endpoint and come in to the other's. */
function turned(original: Tuple, { prefix }: Nat64, outside: Endpoint, { inside }: Mapping): Tuple {
  const ip = isIp4(outside.ip) ? embed(prefix, outside.ip) : fail('an outside endpoint of IPv6');
  return across(original, { ip, port: outside.port }, inside);
}

/** The mapping at an outside endpoint, if it is one of NAT64. */
export function insideAt({ node, now }: Crossing, protocol: number, outside: Endpoint): Mapping | undefined {
  return node.conntrack.mappings.at(protocol, outside, now).find(({ inside }) => isIp6(inside.ip));
}

interface Sought {
  readonly protocol: number;
  readonly inside: Endpoint;
  readonly to: Endpoint;
}

type Given = { readonly outside: Endpoint; readonly detail: string } | Extract<Opened, { kind: 'refused' }>;

function give({ node, now }: Crossing, rule: Nat64, { protocol, inside, to }: Sought): Given {
  const { mappings, rng } = node.conntrack;
  const out = node.program.fib.lookup(to.ip)?.[0]?.out ?? '';
  const { addresses, behaviour, subscribers } = rule;
  const found = allocate(
    {
      protocol,
      inside,
      remote: undefined,
      addresses,
      ports: undefined,
      subscribers,
      isFree: (outside) => isFree(node, { protocol, outside, from: to, out, now }),
    },
    { behaviour, mappings, rng, now },
  );
  if (found.kind === 'given') return { outside: found.outside, detail: found.detail };
  return { kind: 'refused', reason: found.kind === 'limit' ? 'natLimit' : 'natExhausted', detail: found.detail };
}

/** Lets a new connection from IPv4 in by the mapping that is there, if the sender may use it. */
export function openFromFour(crossing: Crossing, rule: Nat64): Opened {
  const { connection, node, now } = crossing;
  const { original } = connection;
  const sender = endpointOf(original, 'source');
  const to = endpointOf(original, 'destination');
  const mapping = insideAt(crossing, protocolOutside(original), to);
  if (mapping === undefined) return { kind: 'unsolicited', detail: `no mapping is at ${showEndpoint(to.ip, to.port)}` };
  const refusal = refusalOf(crossing, rule.behaviour, mapping, sender);
  if (refusal !== undefined) return { kind: 'unsolicited', detail: refusal };
  if (!isIp4(sender.ip) || !isCarried(rule.prefix, sender.ip)) {
    return { kind: 'refused', reason: 'martian', detail: `the prefix does not carry ${showIp(sender.ip)}` };
  }
  const { inside } = mapping;
  const isQuery = original.protocol === PROTOCOL.icmp;
  const from = { ip: embed(rule.prefix, sender.ip), port: isQuery ? inside.port : sender.port };
  const tuple = across(original, from, inside);
  if (node.conntrack.flows.hasAnswer(tuple, now)) {
    return { kind: 'refused', reason: 'natClash', detail: 'another connection goes that way' };
  }
  const left = expiryOf(mapping) - now;
  node.conntrack.mappings.attach(mapping, connection, { remote: sender, outbound: 'reply' });
  govern(connection, { mappings: [mapping.id], outbound: 'reply' }, rule.behaviour, { left });
  settle(connection, rule, tuple);
  return { kind: 'opened', detail: `mapping ${mapping.id}` };
}
