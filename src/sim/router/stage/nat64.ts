/**
 * Between IPv6 and IPv4, both ends at once: what follows sees the other family. Read RFC 6146 first; a TCP segment that
 * opens no session, and belongs to none, is dropped even where a mapping would know its way.
 */

import { extract, isCarried } from '../../addr/embed.ts';
import type { Endpoint } from '../../addr/endpoint.ts';
import { family, isIp6, isLinkLocal, isLoopback, isMulticast, isUnspecified, showIp } from '../../addr/ip.ts';
import { contains, showPrefix } from '../../addr/prefix.ts';
import { contains as holds } from '../../addr/range.ts';
import { special } from '../../addr/special.ts';
import { MIN_MTU_6 } from '../../packet/family/icmp.ts';
import { FLAG, isEcho, lengthOf, type Packet, PROTOCOL, queryId } from '../../packet/packet.ts';
import { withDf } from '../../packet/rewrite.ts';
import type { Nat64, Place } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { answerError, type ErrorKind } from '../answer.ts';
import { type Connection, type Direction, opposite } from '../connection.ts';
import { refuseUnsolicited } from '../mapping/unsolicited.ts';
import { carry } from '../nat64/carry.ts';
import { type Opened, openFromFour, openFromSix } from '../nat64/open.ts';
import { GO_ON, type Passage, type RouterState, type Stage, type StageResult } from '../passage.ts';
import { sightOf } from '../sight.ts';
import { mtuOf } from './forwarding.ts';

/** RFC 6146 §3.5: what is neither TCP nor UDP nor an ICMP query. */
const NOT_SPOKEN: ErrorKind = { v4: [3, 2], v6: [1, 4] };

export const nat64: Stage = (passage, node, now) => {
  const rules = node.program.nat64;
  const { connection, direction } = passage.tracked ?? {};
  if (rules.length === 0) return GO_ON;
  if (connection === undefined || direction === undefined) return refuseStranger(passage, node);
  const flow = { connection, direction, now };
  if (connection.nat64 !== undefined) return cross(passage, node, flow, {});
  const opens = direction === 'original' && !connection.confirmed && passage.in !== undefined && passage.in !== 'lo';
  if (!opens) return GO_ON;
  return family(passage.packet.dst) === 6 ? outward(passage, node, flow) : inward(passage, node, flow);
};

function refuse(reason: DropReason, place: Place, detail: string): StageResult {
  return { verdict: 'drop', why: { kind: 'refused', reason, place, detail } };
}

interface Flow {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: number;
}

/** What no connection explains is not carried, and would only go astray untranslated. */
function refuseStranger(passage: Passage, { program }: RouterState): StageResult {
  const { packet, tracked } = passage;
  if (passage.in === undefined || tracked === undefined) return GO_ON;
  const rule = program.nat64.find(({ addresses, prefix }) =>
    isIp6(packet.dst) ? contains(prefix, packet.dst) : holds(addresses, packet.dst) && !program.owns(packet.dst),
  );
  if (rule === undefined) return GO_ON;
  return refuse('untranslatable', rule.place, `NAT64 carries sessions only: ${tracked.detail}`);
}

function outward(passage: Passage, node: RouterState, flow: Flow): StageResult {
  const { packet } = passage;
  const { src, dst } = packet;
  const rule = node.program.nat64.find(({ applies, prefix }) => contains(prefix, dst) && applies(sightOf(passage)));
  if (rule === undefined || isNoSource(src)) return GO_ON;
  const { place, prefix } = rule;
  const looped = node.program.nat64.find((each) => contains(each.prefix, src));
  if (looped !== undefined) {
    const detail = `the source ${showIp(src)} is itself an address of ${showPrefix(looped.prefix)}: it would go round in a loop`;
    return refuse('martian', place, detail);
  }
  const server = isIp6(dst) ? extract(prefix, dst) : undefined;
  if (server === undefined || !isCarried(prefix, server)) {
    const block = server === undefined ? undefined : special(server);
    const detail = `${showPrefix(prefix)} does not carry ${showIp(server ?? dst)}, which is ${block?.name} space (RFC 6052 §3.1)`;
    return refuse('martian', place, detail);
  }
  if (!isSpoken(packet)) {
    const said = answerError(node.program, passage, NOT_SPOKEN);
    const end = refuse('untranslatable', place, 'NAT64 carries TCP, UDP and ICMP queries');
    return said === undefined || end.verdict !== 'drop' ? end : { ...end, answer: said };
  }
  if (isStray(packet)) return refuse('untranslatable', place, 'the segment opens no session, and none is known');
  return conclude(passage, node, flow, { rule, opened: openFromSix({ ...flow, node, passage }, rule) });
}

/** What routing takes for a martian, or for a packet that stays on its link. */
function isNoSource(ip: Packet['src']): boolean {
  return isUnspecified(ip) || isLoopback(ip) || isMulticast(ip) || isLinkLocal(ip);
}

function isSpoken(packet: Packet): boolean {
  return packet.kind === 'tcp' || packet.kind === 'udp' || isEcho(packet) !== undefined;
}

function isStray(packet: Packet): boolean {
  return packet.kind === 'tcp' && (packet.flags & FLAG.syn) === 0;
}

function inward(passage: Passage, node: RouterState, flow: Flow): StageResult {
  const { packet } = passage;
  const { program } = node;
  const rule = program.nat64.find(({ addresses }) => holds(addresses, packet.dst));
  if (rule === undefined) return GO_ON;
  const opened: Opened = isSpoken(packet)
    ? openFromFour({ ...flow, node, passage }, rule)
    : { kind: 'unsolicited', detail: 'NAT64 carries TCP, UDP and ICMP queries' };
  if (opened.kind !== 'unsolicited') return conclude(passage, node, flow, { rule, opened });
  if (isForNode(passage, node)) return GO_ON;
  return refuseUnsolicited(node, passage, rule.behaviour, { detail: opened.detail, now: flow.now });
}

/** Another rule sends it somewhere, or this node takes it itself at an address that is its own, too. */
function isForNode(passage: Passage, node: RouterState): boolean {
  const { packet } = passage;
  if (node.program.nat?.destination(sightOf(passage)) !== undefined) return true;
  if (!node.program.owns(packet.dst)) return false;
  if (packet.kind !== 'tcp' && packet.kind !== 'udp') return true;
  return node.listens(PROTOCOL[packet.kind], { ip: packet.dst, port: packet.dport });
}

function conclude(
  passage: Passage,
  node: RouterState,
  flow: Flow,
  { rule, opened }: { readonly rule: Nat64; readonly opened: Opened },
): StageResult {
  if (opened.kind === 'opened') return cross(passage, node, flow, { place: rule.place, detail: opened.detail });
  return refuse(opened.kind === 'refused' ? opened.reason : 'natFiltered', rule.place, opened.detail);
}

function cross(
  passage: Passage,
  node: RouterState,
  { connection, direction }: Flow,
  told: { readonly place?: Place; readonly detail?: string },
): StageResult {
  const { packet } = passage;
  const { nat64: prefix } = connection;
  if (prefix === undefined) return GO_ON;
  const to = connection[opposite(direction)].src;
  const own = family(to) === 6 ? node.program.sourceFor(to) : undefined;
  node.ident = (node.ident + 1) >>> 0;
  const mtu = reach(passage, node, to);
  const made = carry(packet, connection, { prefix, direction, ident: node.ident & 0xffff, mtu, own });
  if (made.kind === 'untranslatable') return refuse('untranslatable', told.place ?? 'nat', made.detail);
  const why = {
    kind: 'carried',
    from: endsOf(packet),
    to: endsOf(made),
    connection: connection.id,
    detail: told.detail ?? mappingsOf(connection),
    ...(told.place === undefined ? {} : { place: told.place }),
  } as const;
  Object.assign(passage, recut(passage, made));
  passage.arrived = packet;
  return { verdict: 'next', why };
}

function mappingsOf({ session }: Connection): string {
  return `mapping ${session?.mappings.join(' and ')}`;
}

/** The largest packet of the family to come that fits both the link it came by and the one it goes back by. */
function reach({ in: arrivedBy, packet }: Passage, { program }: RouterState, to: Packet['src']): number {
  const difference = family(packet.dst) === family(to) ? 0 : family(to) === 6 ? 20 : -20;
  const out = program.fib.lookup(to)?.[0]?.out;
  return Math.min(mtuOf(program, arrivedBy) + difference, mtuOf(program, out));
}

/** Pieces that were put together are cut again; what IPv4 allows to be cut fits every link of IPv6 (RFC 7915 §4). */
function recut({ packet, cut }: Passage, made: Packet): Pick<Passage, 'packet' | 'cut'> {
  if (family(packet.dst) === family(made.dst)) return { packet: made, cut };
  if (family(made.dst) === 4) {
    if (cut === undefined) return { packet: made, cut };
    return { packet: withDf(made, false), cut: { size: cut.size - PIECE, ident: cut.ident & 0xffff } };
  }
  if (packet.df) return { packet: made, cut: cut && { ...cut, size: cut.size + PIECE } };
  if (cut === undefined && lengthOf(made) <= MIN_MTU_6) return { packet: made, cut };
  return { packet: made, cut: { size: MIN_MTU_6, ident: cut?.ident ?? packet.ident } };
}

/** What a piece of IPv6 has more of header than one of IPv4, in bytes. */
const PIECE = 28;

function endsOf(packet: Packet): { readonly src: Endpoint; readonly dst: Endpoint } {
  const id = queryId(packet) ?? 0;
  const [sport, dport] = packet.kind === 'tcp' || packet.kind === 'udp' ? [packet.sport, packet.dport] : [id, id];
  return { src: { ip: packet.src, port: sport }, dst: { ip: packet.dst, port: dport } };
}
