/** ICMP errors about sessions of a NAT that has a behaviour of its own. Read RFC 5508 §4 and RFC 4787 §8 first. */
import type { Millis } from '../../base/time.ts';
import { sum } from '../../packet/checksum.ts';
import { isError } from '../../packet/icmp-error.ts';
import type { Icmp, Packet } from '../../packet/packet.ts';
import type { Connection, Direction, Side } from '../connection.ts';
import type { RouterState } from '../passage.ts';

interface Flow {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: Millis;
}

/** Why an ICMP error may not pass, if so; where the behaviour wants it, one from outside ends what it speaks of. */
export function judgeSessionError(
  side: Side,
  packet: Packet,
  { connection, direction, now }: Flow,
  node: RouterState,
): string | undefined {
  const { session } = connection;
  if (session?.behaviour === undefined || packet.kind !== 'icmp' || !isError(packet)) return undefined;
  const { icmp } = session.behaviour;
  if (icmp.errors === 'drop') return 'this NAT translates no ICMP errors';
  if (isGarbled(packet)) return 'the header that the ICMP error quotes has a wrong checksum';
  if (icmp.endMapping && side === 'source' && session.outbound !== direction) {
    for (const mapping of node.conntrack.mappings.all(now))
      if (session.mappings.includes(mapping.id)) node.conntrack.endMapping(mapping, now);
  }
  return undefined;
}

/** ICMP-3a: the checksum of the quoted IPv4 header, which every router on the way has looked at. */
function isGarbled({ src, payload }: Icmp): boolean {
  if (typeof src !== 'number') return false;
  return sum(payload.subarray(0, ((payload[0] ?? 0) & 15) * 4)) !== 0xffff;
}
