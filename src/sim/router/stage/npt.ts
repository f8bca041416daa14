/**
 * Prefixes swapped without state: on the way in before anything looks at the connection, on the way out after everything
 * has. Between the two there are inside addresses only. Read RFC 6296 first.
 */
import { isIp6, showIp } from '../../addr/ip.ts';
import { mapNeutrally } from '../../addr/neutral.ts';
import { contains, type Prefix } from '../../addr/prefix.ts';
import { isError, quoteOf } from '../../packet/icmp-error.ts';
import type { Packet } from '../../packet/packet.ts';
import { withDestination, withQuoted, withSource } from '../../packet/rewrite.ts';
import type { PrefixMap } from '../../program/program.ts';
import { answerError, type ErrorKind } from '../answer.ts';
import { GO_ON, type Passage, type RouterState, type Stage, type StageResult } from '../passage.ts';

/** Source address failed policy; no route to destination (RFC 6296 §3.4 asks for some destination unreachable). */
const UNMAPPED_SOURCE: ErrorKind = { v4: [3, 0], v6: [1, 5] };
const UNMAPPED_DESTINATION: ErrorKind = { v4: [3, 0], v6: [1, 0] };

export const npt: Stage = (passage, node) => {
  if (node.program.prefixMaps.length === 0 || !isIp6(passage.packet.dst)) return GO_ON;
  return passage.out === undefined ? inward(passage, node) : outward(passage, node);
};

/** What comes from outside, and what turns round here (RFC 6296 §2.3); an address of this node itself stays. */
function inward(passage: Passage, node: RouterState): StageResult {
  const { packet } = passage;
  if (node.program.owns(packet.dst)) return GO_ON;
  const comes = ({ inside, leavesBy }: PrefixMap) => contains(inside, packet.src) || leavesBy(packet, passage.in);
  const map = node.program.prefixMaps.find((each) => contains(each.outside, packet.dst) && comes(each));
  if (map === undefined || !isIp6(packet.dst)) return GO_ON;
  const { inside, outside } = map;
  const dst = mapNeutrally(packet.dst, outside, inside);
  if (dst === undefined) return refuse(passage, node, { map, ip: packet.dst, kind: UNMAPPED_DESTINATION });
  const moved = withDestination(quoteMapped(packet, 'src', outside, inside), dst);
  const why = { kind: 'mapped', side: 'destination', from: packet.dst, to: dst, place: map.place } as const;
  passage.packet = moved;
  passage.turned = contains(inside, packet.src);
  return { verdict: 'next', why };
}

/** What leaves for somewhere else than the inside, unless it turns round here. */
function outward(passage: Passage, node: RouterState): StageResult {
  const { packet, out, turned } = passage;
  const leaves = ({ inside, leavesBy }: PrefixMap) =>
    turned || (!contains(inside, packet.dst) && leavesBy(packet, out));
  const map = node.program.prefixMaps.find((each) => leaves(each) && speaksFor(packet, each.inside));
  if (map === undefined) return GO_ON;
  const { inside, outside, place } = map;
  const quoted = quoteMapped(packet, 'dst', inside, outside);
  if (!isIp6(packet.src) || !contains(inside, packet.src)) {
    const why = { kind: 'mapped', side: 'source', from: packet.src, to: packet.src, place } as const;
    passage.packet = quoted;
    return { verdict: 'next', why };
  }
  const src = mapNeutrally(packet.src, inside, outside);
  if (src === undefined) return refuse(passage, node, { map, ip: packet.src, kind: UNMAPPED_SOURCE });
  const why = { kind: 'mapped', side: 'source', from: packet.src, to: src, place } as const;
  passage.packet = withSource(quoted, src);
  return { verdict: 'next', why };
}

/** Whether an inside address is its source, or stands in what an error of this node quotes. */
function speaksFor(packet: Packet, inside: Prefix): boolean {
  if (contains(inside, packet.src)) return true;
  const quote = packet.kind === 'icmp' && isError(packet) ? quoteOf(packet) : undefined;
  return quote !== undefined && contains(inside, quote.dst);
}

/** An error with one end of the packet that it quotes mapped, if it lies in the prefix. */
function quoteMapped(packet: Packet, end: 'src' | 'dst', from: Prefix, to: Prefix): Packet {
  const quote = packet.kind === 'icmp' ? quoteOf(packet) : undefined;
  const ip = quote?.[end];
  if (packet.kind !== 'icmp' || ip === undefined || !isIp6(ip) || !contains(from, ip)) return packet;
  return withQuoted(packet, { [end]: mapNeutrally(ip, from, to) });
}

function refuse(
  passage: Passage,
  { program }: RouterState,
  { map, ip, kind }: { readonly map: PrefixMap; readonly ip: Packet['src']; readonly kind: ErrorKind },
): StageResult {
  const detail = `no other prefix keeps the sum of ${showIp(ip)}: the words that could make up for it are ffff`;
  const why = { kind: 'refused', reason: 'untranslatable', place: map.place, detail } as const;
  const answer = answerError(program, passage, kind);
  return { verdict: 'drop', why, ...(answer === undefined ? {} : { answer }) };
}
