/**
 * A connection that opens as one before it did. What the stages say of its first packet is remembered, as far as they
 * only look; what opens it (a binding on each side, which depends on all others, and the table) is done each time, by
 * the stages whose work it is. Where that turns out otherwise, the walk goes on from there.
 */

import type { Ip } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import { hasPorts, type Packet, type Tcp, type Udp } from '../packet/packet.ts';
import { type Ends, type Shift, shifted, shiftTo } from '../packet/shift.ts';
import type { NodeProgram } from '../program/program.ts';
import { translate, translateNew } from './bindings.ts';
import type { Connection } from './connection.ts';
import { type End, GO_ON, type Passage, type RouterState, type StageResult } from './passage.ts';
import { moveOn, type Opening, type Recalled } from './recall.ts';
import { confirm } from './stage/confirm.ts';
import { exhausted } from './stage/nat.ts';
import type { Line, Ways } from './stages.ts';
import { type Begun, isBegun, type Tracked } from './tracked.ts';

/** Whether it is of a packet that opens a connection that nothing had announced, and that no helper reads. */
export function isOpening(tracked: Tracked | undefined): tracked is Begun {
  return isBegun(tracked) && tracked.state === 'new' && tracked.connection.helper === undefined;
}

/** What to remember of a connection that a walk has opened, with the classes of its ports; undefined where it has not. */
export function openingOf(
  before: Packet,
  { tracked, packet: after }: Passage,
  { verdict }: End,
  portsOf: (packet: Pick<Udp, 'sport' | 'dport'>) => number,
): Opening | undefined {
  if (!isOpening(tracked) || !hasPorts(before) || !hasPorts(after)) return undefined;
  if (tracked.connection.nat64 !== undefined || (verdict !== 'drop' && !tracked.connection.confirmed)) return undefined;
  const { destination, source } = tracked;
  if (before.dst === after.dst && before.dport === after.dport) return { destination, source, to: undefined };
  const ports = portsOf({ sport: before.sport, dport: after.dport });
  return { destination, source, to: { dst: after.dst, ports } };
}

/** A walk that has come as far as tracking. */
export interface Begin {
  readonly ways: Ways;
  readonly line: Line;
  readonly node: RouterState;
  readonly now: Millis;
}

/** The stage at which a walk was no longer as remembered, and what it said. */
export interface Parting {
  readonly line: Line;
  readonly at: number;
  readonly result: StageResult;
}

/** Opens a connection once more for what `isOpening`: the end of the walk, or where it goes on by itself. */
export function openAgain(
  { end, out, nextHop, shift }: Recalled,
  { destination, source, to }: Opening,
  passage: Passage,
  { ways, line, node, now }: Begin,
): End | Parting {
  const packet = passage.packet as Tcp | Udp;
  const { connection } = passage.tracked as Begun;
  const { conntrack, program } = node;
  if (destination !== undefined) {
    const bound = translateNew({ conntrack, connection, side: 'destination', now }, destination);
    if (bound.kind === 'exhausted') return { line, at: line.dnat, result: exhausted(destination, bound.detail) };
    if (!goesTo(to, connection, packet, program)) {
      passage.packet = translate(packet, connection, 'original', 'destination') ?? packet;
      return { line, at: line.dnat, result: GO_ON };
    }
  }
  const onward = end.verdict === 'deliver' ? ways.stay.flows : line;
  passage.out = out;
  passage.nextHop = nextHop;
  if (end.verdict === 'drop') return { line: onward, at: onward.snat, result: end };
  if (source !== undefined) {
    const bound = translateNew({ conntrack, connection, side: 'source', now }, source);
    if (bound.kind === 'exhausted') return { line: onward, at: onward.snat, result: exhausted(source, bound.detail) };
  }
  if (shift !== undefined && leadsThere(shift, connection)) moveOn(passage, shifted(packet, shift));
  else moveOn(passage, shifted(packet, shiftTo(packet, endsOf(connection), shift?.hops ?? 0)));
  const done = confirm(passage, node, now);
  return done.verdict === 'next' ? end : { line: onward, at: onward.confirm, result: done };
}

/** Whether the rules from here on see the packet as they saw the one that is remembered. */
function goesTo(to: Opening['to'], connection: Connection, { sport }: Tcp | Udp, { asks }: NodeProgram): boolean {
  if (to === undefined || !connection.dnat) return to === undefined && !connection.dnat;
  const { ip, port } = connection.endBeyond('destination');
  return ip === to.dst && asks.ports.of({ sport, dport: port }) === to.ports;
}

/** Whether a shift does to the first packet of a connection what its translation does. */
function leadsThere(shift: Shift, { src, dst, ports, replySrc, replyDst, replyPorts }: Connection): boolean {
  if (wordOf(shift.src, src) !== replyDst || wordOf(shift.dst, dst) !== replySrc) return false;
  return (
    (shift.sport ?? ports >>> 16) === (replyPorts & 0xffff) && (shift.dport ?? ports & 0xffff) === replyPorts >>> 16
  );
}

/** An address that a flow of IPv4 is given, as a signed word; or the one that it has. */
function wordOf(given: Ip | undefined, own: number): number {
  return given === undefined ? own : (given as number) | 0;
}

/** The ends of the first packet of a connection beyond here. */
function endsOf(connection: Connection): Ends {
  const { ip: src, port: sport } = connection.endBeyond('source');
  const { ip: dst, port: dport } = connection.endBeyond('destination');
  return { src, dst, sport, dport };
}
