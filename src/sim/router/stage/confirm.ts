import type { Tcp } from '../../packet/packet.ts';
import type { Why } from '../../trace/trace.ts';
import { type Helping, help, type Told } from '../alg/ftp.ts';
import { inspect64 } from '../alg/ftp64.ts';
import type { Connection, Direction } from '../connection.ts';
import { GO_ON, type RouterState, type Stage, type StageResult } from '../passage.ts';

/** Last of all: helpers look at the payload, and a new connection enters the table (LNX-HOOK-8). */
export const confirm: Stage = (passage, node, now) => {
  const { packet, tracked } = passage;
  if (tracked === undefined) return GO_ON;
  const { connection, direction } = tracked;
  if (connection === undefined || direction === undefined) return GO_ON;
  if (connection.confirmed && connection.helper === undefined) return GO_ON;
  if (connection.helper === undefined) return enterTable(node, { connection, direction, now });
  const across = connection.nat64 !== undefined;
  const look = across ? (_: unknown, ...seen: [Tcp, Helping]) => inspect64(node, ...seen) : undefined;
  const helped = help(node.conntrack, packet, { connection, direction, now }, look);
  if (helped.kind === 'drop') {
    const why = { kind: 'refused', reason: helped.reason, place: 'nat.helpers', detail: helped.detail } as const;
    return { verdict: 'drop', why };
  }
  passage.packet = helped.packet;
  if (!connection.confirmed) return enterTable(node, { connection, direction, now });
  return { verdict: 'next', why: whyOf(helped.told) };
};

function whyOf(told: Told | undefined): Why {
  return told === undefined ? { kind: 'checked' } : { kind: 'helped', helper: 'ftp', ...told };
}

function enterTable(
  { conntrack, told }: RouterState,
  flow: { connection: Connection; direction: Direction; now: number },
): StageResult {
  const { connection, direction, now } = flow;
  // an answer to a packet that never made it in speaks of a connection that never was
  if (direction === 'reply') return GO_ON;
  if (conntrack.confirm(connection, now) === 'clash') {
    const detail = 'another connection has taken the same tuple';
    return { verdict: 'drop', why: { kind: 'refused', reason: 'natClash', place: 'nat', detail } };
  }
  if (!told) return GO_ON;
  const { id, original, reply, timeout } = connection;
  return { verdict: 'next', why: { kind: 'confirmed', connection: id, original, reply, timeout } };
}
