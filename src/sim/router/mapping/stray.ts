/**
 * Packets that begin no session and belong to none: a segment that is no SYN passes where a mapping is, and ICMP errors
 * about nothing that is known do not. Read RFC 6146 §3.5.2.2, RFC 5508 §4 first.
 */
import { isError } from '../../packet/icmp-error.ts';
import { FLAG, type Packet } from '../../packet/packet.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { withDestination, withSource } from '../../packet/rewrite.ts';
import type { Passage, RouterState } from '../passage.ts';
import { sightOf } from '../sight.ts';
import { isOutside, mappingFor, refusalOf } from './inbound.ts';
import { remoteOf } from './mapping.ts';

/** What becomes of a stray packet on one side of the box; undefined: NAT has nothing to do with it. */
export type Strayed =
  | { readonly kind: 'passed'; readonly packet: Packet; readonly detail: string }
  | { readonly kind: 'refused'; readonly detail: string };

/** A segment that cannot begin a session. */
export function isStray(packet: Packet): boolean {
  return packet.kind === 'tcp' && (packet.flags & (FLAG.syn | FLAG.ack | FLAG.rst | FLAG.fin)) !== FLAG.syn;
}

/** Where it arrives. */
export function strayIn(node: RouterState, passage: Passage, now: number): Strayed | undefined {
  const { packet, in: arrivedBy } = passage;
  const { behaviour } = node.conntrack.tracking;
  if (behaviour === undefined || arrivedBy === undefined) return undefined;
  const outside = isOutside(node.program, packet.dst, arrivedBy);
  if (packet.kind === 'icmp' && isError(packet) && outside) {
    return { kind: 'refused', detail: 'an ICMP error about no session that is known, or one that is damaged' };
  }
  if (packet.kind !== 'tcp') return undefined;
  const to = { ip: packet.dst, port: packet.dport };
  const there = node.conntrack.mappings.at(PROTOCOL.tcp, to, now);
  if (there.length === 0) {
    if (!outside || node.listens(PROTOCOL.tcp, to)) return undefined;
    return { kind: 'refused', detail: 'a segment of no session, and no mapping is there' };
  }
  const sender = { ip: packet.src, port: packet.sport };
  const mapping = mappingFor(there, sender);
  const refusal = refusalOf({ node, now }, behaviour, mapping, sender);
  if (refusal !== undefined) return { kind: 'refused', detail: refusal };
  const { inside } = mapping;
  const detail = `mapping ${mapping.id}, for a segment of no session`;
  return { kind: 'passed', packet: withDestination(packet, inside.ip, inside.port), detail };
}

/** Where it leaves: nothing that a rule translates goes out untranslated. */
export function strayOut(node: RouterState, passage: Passage, now: number): Strayed | undefined {
  const { packet, in: arrivedBy } = passage;
  const { behaviour } = node.conntrack.tracking;
  if (behaviour === undefined || arrivedBy === undefined) return undefined;
  const rule = node.program.nat?.source(sightOf(passage));
  if (rule?.kind !== 'masquerade' && rule?.kind !== 'snat') return undefined;
  if (packet.kind !== 'tcp') return { kind: 'refused', detail: 'it belongs to no session, and can begin none' };
  const inside = { ip: packet.src, port: packet.sport };
  const remote = remoteOf(behaviour.tcp.mapping, { ip: packet.dst, port: packet.dport }, false);
  const mapping = node.conntrack.mappings.find(PROTOCOL.tcp, inside, remote, now);
  if (mapping === undefined) return { kind: 'refused', detail: 'a segment of no session, and it has no mapping' };
  const { outside } = mapping;
  const detail = `mapping ${mapping.id}, for a segment of no session`;
  return { kind: 'passed', packet: withSource(packet, outside.ip, outside.port), detail };
}
