import type { Endpoint } from '../../addr/endpoint.ts';
import { family } from '../../addr/ip.ts';
import type { Millis } from '../../base/time.ts';
import { echoId, hasPorts, type Packet, PROTOCOL } from '../../packet/packet.ts';
import type { Place } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { translate, translateNew } from '../bindings.ts';
import type { Connection, Direction, Side } from '../connection.ts';
import type { Passage, RouterState, Stage, StageResult } from '../passage.ts';
import { sightOf } from './filter.ts';

/**
 * Destination translation at −100 and source translation at 100. Only the packet that opens a connection asks the rules
 * (LNX-HOOK-9); later ones, replies and ICMP errors follow the connection.
 */
function nat(side: Side): Stage {
  return (passage, node, now) => {
    const { connection, direction } = passage.tracked ?? {};
    if (
      connection === undefined ||
      direction === undefined ||
      !node.program.translates.has(family(passage.packet.dst))
    ) {
      return { verdict: 'next', why: { kind: 'checked' }, passage };
    }
    const flow = { connection, direction, now };
    if (opens(flow, side)) return begin(side, passage, node, flow);
    if (!strayed(side, passage, flow)) return follow(side, passage, flow);
    node.conntrack.flows.remove(connection, now);
    return refuse(
      passage,
      'untranslatable',
      'nat',
      `the connection was masqueraded for ${connection.masqueraded}, not ${passage.out}`,
    );
  };
}

/** The first packet of a connection whose binding on this side is open. */
function opens({ connection, direction }: Flow, side: Side): boolean {
  return direction === 'original' && !connection.confirmed && !connection.bound[side];
}

interface Flow {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: Millis;
}

function begin(side: Side, passage: Passage, node: RouterState, flow: Flow): StageResult {
  const { program, conntrack } = node;
  const { packet, in: arrivedBy, out, nextHop } = passage;
  const { nat } = program;
  const rule = side === 'destination' ? nat?.destination(sightOf(passage)) : nat?.source(sightOf(passage));
  const leaves = out !== undefined && nextHop !== undefined;
  const bound = translateNew(conntrack, flow.connection, side, {
    rule,
    now: flow.now,
    out,
    masquerade: leaves ? program.masqueradeFor(out, nextHop, packet.dst) : undefined,
    redirect: arrivedBy === undefined ? undefined : program.primaryOf(arrivedBy, family(packet.dst)),
  });
  if (bound.kind === 'exhausted') return refuse(passage, 'natExhausted', rule?.place ?? 'nat', bound.detail);
  return follow(side, passage, flow, {
    place: rule?.place,
    detail: bound.kind === 'set' ? bound.detail : undefined,
  });
}

function follow(
  side: Side,
  passage: Passage,
  flow: Flow,
  asked?: { place: Place | undefined; detail: string | undefined },
): StageResult {
  const { packet } = passage;
  const { connection, direction } = flow;
  const after = translate(packet, connection, direction, side);
  if (after === undefined)
    return refuse(passage, 'untranslatable', 'nat', 'a redirect says nothing true about a translated connection');
  if (after === packet) return { verdict: 'next', why: { kind: 'checked' }, passage };
  if (isShortGre(packet))
    return refuse(passage, 'untranslatable', asked?.place ?? 'nat', 'its GRE header is cut short');
  const why = {
    kind: 'translated',
    ...rewritten(packet, after, side),
    by:
      asked?.place !== undefined
        ? 'rule'
        : connection.master !== undefined && !connection.confirmed
          ? 'expectation'
          : 'flow',
    connection: connection.id,
    ...(asked?.place === undefined ? {} : { place: asked.place }),
    ...(asked?.detail === undefined ? {} : { detail: asked.detail }),
  } as const;
  return { verdict: 'next', why, passage: { ...passage, packet: after } };
}

/** The kernel writes into the first eight bytes of GRE, and drops what has fewer (`gre_manip_pkt`). */
function isShortGre(packet: Packet): boolean {
  return packet.kind === 'other' && packet.protocol === PROTOCOL.gre && packet.payload.length < 8;
}

/** A masqueraded connection that would leave by another interface is forgotten with the packet, as in the kernel. */
function strayed(side: Side, { out }: Passage, { connection, direction }: Flow): boolean {
  const { masqueraded } = connection;
  return (
    side === 'source' &&
    direction === 'original' &&
    out !== undefined &&
    masqueraded !== undefined &&
    masqueraded !== out
  );
}

function refuse(passage: Passage, reason: DropReason, place: Place, detail: string): StageResult {
  return { verdict: 'drop', why: { kind: 'refused', reason, place, detail }, passage };
}

/** The outer endpoint that changed; in an ICMP error it may be the quoted packet alone. */
function rewritten(before: Packet, after: Packet, side: Side): { side: Side; from: Endpoint; to: Endpoint } {
  const [was, is] = [endpoints(before), endpoints(after)];
  const changed = differ(was.source, is.source)
    ? 'source'
    : differ(was.destination, is.destination)
      ? 'destination'
      : side;
  return { side: changed, from: was[changed], to: is[changed] };
}

function endpoints(packet: Packet): Record<Side, Endpoint> {
  const id = echoId(packet) ?? 0;
  const [sport, dport] = hasPorts(packet) ? [packet.sport, packet.dport] : [id, id];
  return { source: { ip: packet.src, port: sport }, destination: { ip: packet.dst, port: dport } };
}

function differ(a: Endpoint, b: Endpoint): boolean {
  return a.ip !== b.ip || a.port !== b.port;
}

export const dnat = nat('destination');
export const snat = nat('source');
