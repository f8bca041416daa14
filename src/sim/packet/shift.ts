/**
 * What becomes of every packet of a flow alike on its way through a node, put together: other addresses and ports, a TTL
 * that is one less, and what that does to the checksums. Adding it up once gives what one change after the other gives,
 * since sums in one's complement do not depend on their order; only a term of zero must not be added (RFC 1624 §3).
 *
 * Read RFC 1624 first.
 */
import { type Ip, isIp4 } from '../addr/ip.ts';
import { fold, keepUdpZero, sumIp } from './checksum.ts';
import { draftOf } from './draft.ts';
import { hasPorts, type Packet, type Tcp, type Udp } from './packet.ts';

/** Between the packet that comes and the one that goes on. */
export interface Shift {
  /** What each becomes; undefined: it stays, whatever it is. */
  readonly src: Ip | undefined;
  readonly dst: Ip | undefined;
  readonly sport: number | undefined;
  readonly dport: number | undefined;
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

/** Both ends of a packet. */
export type Ends = Pick<Udp, 'src' | 'dst' | 'sport' | 'dport'>;

/** What gives a packet other ends, and takes hops off its TTL. */
export function shiftTo(before: Ends, { src, dst, sport, dport }: Ends, hops: number): Shift {
  const addresses = change(sumIp(before.src), sumIp(src)) + change(sumIp(before.dst), sumIp(dst));
  const ports = change(before.sport, sport) + change(before.dport, dport);
  return {
    src: src === before.src ? undefined : src,
    dst: dst === before.dst ? undefined : dst,
    sport: sport === before.sport ? undefined : sport,
    dport: dport === before.dport ? undefined : dport,
    hops,
    header: addresses + (hops === 0 ? 0 : HOP),
    transport: addresses + ports,
  };
}

/** What made the one of the other; undefined when that is more than a shift, or they are not of IPv4, TCP or UDP. */
export function shiftBetween(before: Packet, after: Packet): Shift | undefined {
  if (!hasPorts(before) || !hasPorts(after)) return undefined;
  if (!isIp4(before.src) || !isIp4(after.src) || !isIp4(after.dst)) return undefined;
  const hops = before.ttl - after.ttl;
  const shift = shiftTo(before, after, hops);
  return (hops === 0 || hops === 1) && isSame(shifted(before, shift), after) ? shift : undefined;
}

function isSame(a: Packet, b: Packet): boolean {
  const fields = Object.keys(b);
  return (
    fields.length === Object.keys(a).length && fields.every((field) => Reflect.get(a, field) === Reflect.get(b, field))
  );
}

/** The packet that goes on, where this one comes and is of the same flow. */
export function shifted(packet: Tcp | Udp, { src, dst, sport, dport, hops, header, transport }: Shift): Packet {
  const moved = draftOf(packet);
  moved.ttl = packet.ttl - hops;
  if (header !== 0) moved.headerChecksum = after(packet.headerChecksum, header);
  if (src !== undefined) moved.src = src;
  if (dst !== undefined) moved.dst = dst;
  if (sport !== undefined) moved.sport = sport;
  if (dport !== undefined) moved.dport = dport;
  if (transport === 0) return moved;
  const checksum = after(packet.checksum, transport);
  moved.checksum = packet.kind === 'udp' ? keepUdpZero(packet.checksum, checksum) : checksum;
  return moved;
}

function after(checksum: number, added: number): number {
  return ~fold((~checksum & 0xffff) + added) & 0xffff;
}
