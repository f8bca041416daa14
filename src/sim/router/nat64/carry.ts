/**
 * A packet of a connection that NAT64 carries between the families, with the addresses and ports of the other side. An
 * ICMP error is carried outside and in its quote.
 *
 * Read RFC 6146 §3.6, §3.7 and RFC 7915 first.
 */
import { embed, isCarried } from '../../addr/embed.ts';
import { family, type Ip } from '../../addr/ip.ts';
import type { Prefix } from '../../addr/prefix.ts';
import { translateFamily, type Untranslatable } from '../../packet/family/translate.ts';
import { isError } from '../../packet/icmp-error.ts';
import type { Icmp, Packet } from '../../packet/packet.ts';
import { withDestination, withQuoted, withSource } from '../../packet/rewrite.ts';
import { reversed } from '../../packet/tuple.ts';
import { type Connection, type Direction, opposite } from '../connection.ts';

/** What the router knows and the packet does not. */
export interface Carriage {
  readonly prefix: Prefix;
  readonly direction: Direction;
  /** Identification for an IPv4 packet that was none. */
  readonly ident: number;
  /** The largest packet, of the family translated to, that fits both links, in bytes. */
  readonly mtu: number;
  /** Whose address an IPv6 error has when the prefix may not carry that of the router that reports it. */
  readonly own: Ip | undefined;
}

/** The packet as the other side sees it. */
export function carry(packet: Packet, connection: Connection, carriage: Carriage): Packet | Untranslatable {
  const to = reversed(connection[opposite(carriage.direction)]);
  if (packet.kind === 'icmp' && isError(packet)) return carryError(packet, connection, carriage);
  const turned = family(packet.src) === family(to.src);
  const made = turned ? packet : translateFamily(packet, { ends: to, ident: carriage.ident });
  if (made.kind === 'untranslatable') return made;
  return withDestination(withSource(made, to.src, to.sport), to.dst, to.dport);
}

function carryError(error: Icmp, connection: Connection, carriage: Carriage): Packet | Untranslatable {
  const { direction, ident, mtu } = carriage;
  const quoted = connection[opposite(direction)];
  const { dst } = reversed(quoted);
  const src = reporterOf(error, connection, carriage);
  const change = { src: quoted.src, dst: quoted.dst, sport: quoted.sport, dport: quoted.dport, id: quoted.sport };
  if (family(error.src) === family(dst)) {
    return withDestination(withSource(withQuoted(error, change), src), dst);
  }
  const made = translateFamily(error, { ends: { src, dst }, quoted, ident, mtu });
  return made.kind === 'icmp' ? withQuoted(made, change) : made;
}

/** To IPv6, the reporting router in the prefix; to IPv4, the far end of the connection, for routers have no address there. */
function reporterOf(error: Icmp, connection: Connection, { direction, prefix, own }: Carriage): Ip {
  const { src } = reversed(connection[opposite(direction)]);
  if (typeof error.src === 'bigint' || error.src === connection[direction].src) return src;
  return isCarried(prefix, error.src) ? embed(prefix, error.src) : (own ?? src);
}
