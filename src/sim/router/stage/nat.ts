import { family, type Ip } from '../../addr/ip.ts';
import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import { type Packet, PROTOCOL } from '../../packet/packet.ts';
import { withDestination } from '../../packet/rewrite.ts';
import type { NodeProgram, Place, Translation } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { answerError } from '../answer.ts';
import { type Asked, asking, translate, translateNew } from '../bindings.ts';
import { type Connection, type Direction, isBound, type Side } from '../connection.ts';
import { HAS_PORTS } from '../endpoints.ts';
import { judgeSessionError } from '../mapping/errors.ts';
import { admit } from '../mapping/inbound.ts';
import { bindLeased, bindSource, type Mapped } from '../mapping/outbound.ts';
import { govern } from '../mapping/session.ts';
import { isStray, type Strayed, strayIn, strayOut } from '../mapping/stray.ts';
import { refuseUnsolicited } from '../mapping/unsolicited.ts';
import { GO_ON, type Passage, type RouterState, type Stage, type StageResult } from '../passage.ts';
import { sightOf } from '../sight.ts';
import { isBegun } from '../tracked.ts';
import { rewritten, whyTranslated } from './translated.ts';

/**
 * Destination translation at −100 and source translation at 100. Only the packet that opens a connection asks the rules
 * (LNX-HOOK-9); later ones, replies and ICMP errors follow the connection.
 */
function nat(side: Side): Stage {
  return (passage, node, now) => {
    const { packet, tracked } = passage;
    if (!node.program.translates.has(family(packet.dst)) || tracked === undefined) return GO_ON;
    const { connection, direction } = tracked;
    if (connection === undefined || direction === undefined) {
      return tracked.state === 'invalid' ? guide(side, passage, node, now) : GO_ON;
    }
    const flow = { connection, direction, now };
    if (opens(flow, side)) {
      const asked = askRules(side, passage, connection, node.program);
      if (isBegun(tracked)) tracked[side] = asked;
      return begin(side, passage, node, { connection, direction, now, asked });
    }
    if (!strayed(side, passage, flow)) return follow(side, passage, flow, { node });
    node.conntrack.flows.remove(connection, now);
    return refuse(
      'untranslatable',
      'nat',
      `the connection was masqueraded for ${connection.masqueraded}, not ${passage.out}`,
    );
  };
}

/** The first packet of a connection whose binding on this side is open. */
function opens({ connection, direction }: Flow, side: Side): boolean {
  return direction === 'original' && !connection.confirmed && !isBound(connection, side);
}

interface Flow {
  readonly connection: Connection;
  readonly direction: Direction;
  readonly now: Millis;
}

/** Asks the rules of a side about a packet that opens a connection. */
function askRules(side: Side, passage: Passage, { protocol }: Connection, program: NodeProgram): Asked {
  const { packet, out } = passage;
  const { nat } = program;
  const rule = side === 'destination' ? nat?.destination(sightOf(passage)) : nat?.source(sightOf(passage));
  const here = side === 'destination' ? packet.dst : packet.src;
  return asking(rule, out, { protocol, here, given: givenBy(rule, passage, program) });
}

/** Masquerading gives the address of the way out, redirecting the primary one of the interface that it came by. */
function givenBy(rule: Translation | undefined, passage: Passage, program: NodeProgram): Ip | undefined {
  const { packet, in: arrivedBy, out, nextHop } = passage;
  if (rule?.kind === 'redirect') {
    return arrivedBy === undefined ? undefined : program.primaryOf(arrivedBy, family(packet.dst));
  }
  if (rule?.kind !== 'masquerade' || out === undefined || nextHop === undefined) return undefined;
  return program.masqueradeFor(out, nextHop, packet.dst);
}

/** Settles one side of a connection that opens, as the rules ask, and translates the packet. */
function begin(side: Side, passage: Passage, node: RouterState, flow: Flow & { readonly asked: Asked }): StageResult {
  const { in: arrivedBy } = passage;
  const { asked, connection, now } = flow;
  const { rule } = asked;
  if (arrivedBy !== undefined && arrivedBy !== 'lo') {
    const mapped =
      side === 'destination' ? rule === undefined && arrive(passage, node, flow) : leave(passage, node, flow, asked);
    if (mapped) return mapped;
  }
  const bound = translateNew({ conntrack: node.conntrack, connection, side, now }, asked);
  if (bound.kind === 'exhausted') return exhausted(asked, bound.detail);
  return follow(side, passage, flow, {
    node,
    place: rule?.place,
    detail: bound.kind === 'set' ? bound.detail : undefined,
  });
}

/** There is nothing left to give to a connection. */
export function exhausted({ rule }: Asked, detail: string): Extract<StageResult, { verdict: 'drop' }> {
  return refuse('natExhausted', rule?.place ?? 'nat', detail);
}

/** No rule sends it anywhere: a mapping may. Undefined: none has anything to do with it. */
function arrive(passage: Passage, node: RouterState, flow: Flow): StageResult | undefined {
  const { connection, now } = flow;
  const { behaviour } = node.conntrack.tracking;
  if (behaviour === undefined && node.conntrack.isUnmapped) return undefined;
  if (behaviour !== undefined && isStray(passage.packet)) {
    const strayed = strayIn(node, passage, now);
    return strayed === undefined ? undefined : conclude('destination', passage, node, strayed, connection);
  }
  const admission = admit({ node, passage, connection, now }, behaviour);
  switch (admission?.kind) {
    case undefined:
      return undefined;
    case 'unsolicited':
      return refuseUnsolicited(node, passage, behaviour, { detail: admission.detail, now });
    case 'refused':
      return refuseMapping(passage, node, admission);
    case 'alone': {
      const { inside } = admission.mapping;
      const packet = withDestination(passage.packet, inside.ip, inside.port);
      return conclude('destination', passage, node, { kind: 'passed', packet, detail: admission.detail }, connection);
    }
    case 'admitted':
      return follow('destination', passage, flow, { node, by: 'mapping', detail: admission.detail });
  }
}

/** A rule gives it another source: under a behaviour, or a lease, by a mapping. Undefined: the kernel's way. */
function leave(passage: Passage, node: RouterState, flow: Flow, { rule, given }: Asked): StageResult | undefined {
  const { connection, now } = flow;
  const { out } = passage;
  const { behaviour } = node.conntrack.tracking;
  if (out === undefined || (rule?.kind !== 'masquerade' && rule?.kind !== 'snat')) return undefined;
  if (behaviour === undefined && node.conntrack.isUnmapped) return undefined;
  if (given.length === 0) return undefined;
  const crossing = { node, passage, connection, now };
  const way = { rule, addresses: given, out };
  if (behaviour === undefined) {
    const leased = bindLeased(crossing, way);
    return leased && follow('source', passage, flow, { node, place: rule.place, detail: leased.detail });
  }
  if (isStray(passage.packet)) {
    return conclude('source', passage, node, strayOut(node, passage, now) ?? fail('a rule is gone'), connection);
  }
  if (!HAS_PORTS.has(connection.protocol)) {
    govern(connection, { mappings: [], outbound: 'original' }, behaviour, {});
    return undefined;
  }
  const to = connection.endBeyond('destination');
  const mapped = bindSource(crossing, behaviour, way, to);
  if (mapped.kind === 'refused') return refuseMapping(passage, node, mapped, rule.place);
  return follow('source', passage, flow, { node, place: rule.place, detail: mapped.detail });
}

/** A packet that belongs to no connection, where NAT has mappings. */
function guide(side: Side, passage: Passage, node: RouterState, now: Millis): StageResult {
  const strayed = side === 'destination' ? strayIn(node, passage, now) : strayOut(node, passage, now);
  return strayed === undefined ? GO_ON : conclude(side, passage, node, strayed);
}

/** Translated for itself alone: the connection that tracking had begun for it is none. */
function conclude(
  side: Side,
  passage: Passage,
  { conntrack }: RouterState,
  strayed: Strayed,
  connection?: Connection,
): StageResult {
  const { packet } = passage;
  if (connection !== undefined) conntrack.release(connection);
  const state = connection === undefined ? ('invalid' as const) : ('new' as const);
  passage.tracked = { state, detail: 'a packet of no session' };
  if (strayed.kind === 'refused') {
    return refuse('natFiltered', 'nat.filtering', strayed.detail);
  }
  const { packet: after, detail } = strayed;
  const why = { kind: 'translated', ...rewritten(packet, after, side), by: 'mapping', detail } as const;
  passage.packet = after;
  return { verdict: 'next', why };
}

function refuseMapping(
  passage: Passage,
  node: RouterState,
  { reason, detail, answer }: Extract<Mapped, { kind: 'refused' }>,
  place?: Place,
): StageResult {
  const at = reason === 'natHairpin' ? 'nat.hairpin' : reason === 'natLimit' ? 'nat.ports' : (place ?? 'nat');
  const said = answer === undefined ? undefined : answerError(node.program, passage, answer);
  return { ...refuse(reason, at, detail), ...(said === undefined ? {} : { answer: said }) };
}

interface Following {
  readonly node: RouterState;
  readonly place?: Place | undefined;
  readonly detail?: string | undefined;
  readonly by?: 'mapping';
}

function follow(side: Side, passage: Passage, flow: Flow, following: Following): StageResult {
  const { packet } = passage;
  const { connection, direction } = flow;
  const flaw = judgeSessionError(side, packet, flow, following.node);
  if (flaw !== undefined) return refuse('natFiltered', 'nat.filtering', flaw);
  const after = translate(packet, connection, direction, side);
  if (after === undefined)
    return refuse('untranslatable', 'nat', 'a redirect says nothing true about a translated connection');
  if (after === packet) return GO_ON;
  if (isShortGre(packet)) return refuse('untranslatable', following.place ?? 'nat', 'its GRE header is cut short');
  passage.packet = after;
  if (!following.node.told) return GO_ON;
  const { side: changed, from, to } = rewritten(packet, after, side);
  const { place, detail, by = madeBy(connection, place) } = following;
  const why = whyTranslated(
    { kind: 'translated', side: changed, from, to, by, connection: connection.id },
    place,
    detail,
  );
  return { verdict: 'next', why };
}

function madeBy({ master, confirmed }: Connection, place: Place | undefined): 'rule' | 'expectation' | 'flow' {
  if (place !== undefined) return 'rule';
  return master !== undefined && !confirmed ? 'expectation' : 'flow';
}

/** The kernel writes into the first eight bytes of GRE, and drops what has fewer (`gre_manip_pkt`). */
function isShortGre(packet: Packet): boolean {
  return packet.kind === 'other' && packet.protocol === PROTOCOL.gre && packet.payload.length < 8;
}

/** A masqueraded connection that would leave by another interface is forgotten with the packet, as in the kernel. */
function strayed(side: Side, { out }: Passage, { connection, direction }: Flow): boolean {
  const { masqueraded, session } = connection;
  // what turns round here leaves by the way that it came
  if (session?.outbound === 'both') return false;
  return (
    side === 'source' &&
    direction === 'original' &&
    out !== undefined &&
    masqueraded !== undefined &&
    masqueraded !== out
  );
}

function refuse(reason: DropReason, place: Place, detail: string): Extract<StageResult, { verdict: 'drop' }> {
  return { verdict: 'drop', why: { kind: 'refused', reason, place, detail } };
}

export const dnat = nat('destination');
export const snat = nat('source');
