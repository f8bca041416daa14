/**
 * What becomes of every packet of a flow alike on its way through a node, put together: other addresses and ports, a TTL
 * that is one less, and what that does to the checksums. Adding it up once gives what one change after the other gives,
 * since sums in one's complement do not depend on their order; only a term of zero must not be added (RFC 1624 §3).
 *
 * Read RFC 1624 first.
 */
import { isIp4 } from '../addr/ip.ts';
import { fold, keepUdpZero, sumIp } from './checksum.ts';
import { draftOf } from './draft.ts';
import { hasPorts, type Packet, type Tcp, type Udp } from './packet.ts';

/** Between the packet that comes and the one that goes on. */
export interface Shift {
  /** Undefined where both stay as they are, whatever they are. */
  readonly ends: Pick<Udp, 'src' | 'dst' | 'sport' | 'dport'> | undefined;
  /** How much less the TTL is: 0 or 1. */
  readonly hops: number;
  /** What to add to the complement of each checksum. */
  readonly header: number;
  readonly transport: number;
}

/** A word that changes, as what it adds to the complement of a checksum. */
function change(before: number, after: number): number {
  return before === after ? 0 : (~before & 0xffff) + after;
}

/** One hop less takes one off the upper half of the word that TTL and protocol share. */
const HOP = 0xffff - 0x0100;

/** What gives a packet other ends, undefined where it keeps its own, and takes hops off its TTL. */
export function shiftTo(before: Tcp | Udp, ends: Shift['ends'], hops: number): Shift {
  if (ends === undefined) return { ends, hops, header: hops === 0 ? 0 : HOP, transport: 0 };
  const addresses = change(sumIp(before.src), sumIp(ends.src)) + change(sumIp(before.dst), sumIp(ends.dst));
  const ports = change(before.sport, ends.sport) + change(before.dport, ends.dport);
  return { ends, hops, header: addresses + (hops === 0 ? 0 : HOP), transport: addresses + ports };
}

/** What made the one of the other; undefined when that is more than a shift, or they are not of IPv4, TCP or UDP. */
export function shiftBetween(before: Packet, after: Packet): Shift | undefined {
  if (!hasPorts(before) || !hasPorts(after)) return undefined;
  const { src, dst, sport, dport } = after;
  if (!isIp4(before.src) || !isIp4(src) || !isIp4(dst)) return undefined;
  const stays = src === before.src && dst === before.dst && sport === before.sport && dport === before.dport;
  const hops = before.ttl - after.ttl;
  const shift = shiftTo(before, stays ? undefined : { src, dst, sport, dport }, hops);
  return (hops === 0 || hops === 1) && isSame(shifted(before, shift), after) ? shift : undefined;
}

function isSame(a: Packet, b: Packet): boolean {
  const fields = Object.keys(b);
  return (
    fields.length === Object.keys(a).length && fields.every((field) => Reflect.get(a, field) === Reflect.get(b, field))
  );
}

/** The packet that goes on, where this one comes and is of the same flow. */
export function shifted(packet: Tcp | Udp, { ends, hops, header, transport }: Shift): Packet {
  const moved = draftOf(packet);
  moved.ttl = packet.ttl - hops;
  if (header !== 0) moved.headerChecksum = after(packet.headerChecksum, header);
  if (ends === undefined) return moved;
  moved.src = ends.src;
  moved.dst = ends.dst;
  moved.sport = ends.sport;
  moved.dport = ends.dport;
  if (transport === 0) return moved;
  const checksum = after(packet.checksum, transport);
  moved.checksum = packet.kind === 'udp' ? keepUdpZero(packet.checksum, checksum) : checksum;
  return moved;
}

function after(checksum: number, added: number): number {
  return ~fold((~checksum & 0xffff) + added) & 0xffff;
}
