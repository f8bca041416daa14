import { family } from '../../addr/ip.ts';
import { fail } from '../../base/fail.ts';
import { fragment } from '../../packet/fragment.ts';
import { lengthOf, type Packet } from '../../packet/packet.ts';
import { CHECKED } from '../../trace/trace.ts';
import { answerError, TOO_BIG } from '../answer.ts';
import type { Passage, RouterState, Stage } from '../passage.ts';
import { mtuOf } from './forwarding.ts';

/** Out of the interface: cut where it must and may be (LNX-FWD-12, LNX-FRAG-1). */
export const egress: Stage = (passage, node) => {
  const { program } = node;
  const { packet, out = fail('no way out'), nextHop = fail('no next hop') } = passage;
  const limit = mtuOf(program, out);
  const why = node.told ? ({ kind: 'sent', out, nextHop } as const) : CHECKED;
  const size = Math.min(limit, passage.cut?.size ?? limit);
  if (lengthOf(packet) <= size) return { verdict: 'transmit', why };
  if (mayCut(passage))
    return {
      verdict: 'transmit',
      why,
      pieces: fragment(packet, size, passage.cut?.ident ?? identOf(packet, node)),
    };
  const detail = `${lengthOf(packet)} bytes do not fit ${out}, which takes ${limit}`;
  const answer = answerError(program, passage, TOO_BIG, limit);
  return {
    verdict: 'drop',
    why: { kind: 'refused', reason: 'tooBig', place: 'mtu', detail },
    ...(answer === undefined ? {} : { answer }),
  };
};

/** IPv6 is cut by its sender only, or by whoever put the pieces together. */
function mayCut({ packet, in: from, cut }: Passage): boolean {
  if (cut !== undefined) return true;
  return family(packet.dst) === 4 ? !packet.df : from === undefined && !isStream(packet);
}

function isStream(packet: Packet): boolean {
  return packet.kind === 'tcp';
}

/** IPv4 packets carry an identification; an IPv6 packet gets one when it is cut (RFC 8200 §4.5). */
export function identOf(packet: Packet, node: RouterState): number {
  if (family(packet.dst) === 4) return packet.ident;
  node.ident = (node.ident + 1) >>> 0;
  return node.ident;
}
