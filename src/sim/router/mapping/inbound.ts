/**
 * What arrives at an outside endpoint: whose mapping it is, whether the sender may use it, and what is said to one who
 * may not; and packets from inside to outside endpoints, which turn round here.
 *
 * Read RFC 4787 §5 and §6, RFC 5382 §4.3 and §5, RFC 6887 §11 first.
 */

import type { Endpoint } from '../../addr/endpoint.ts';
import { type Ip, showIp } from '../../addr/ip.ts';
import { contains } from '../../addr/prefix.ts';
import { fail } from '../../base/fail.ts';
import type { Behaviour } from '../../design/behaviour.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { showEndpoint } from '../../packet/show.ts';
import type { NodeProgram } from '../../program/program.ts';
import { bindTo } from '../bindings.ts';
import { endpointOf } from '../endpoints.ts';
import type { Passage } from '../passage.ts';
import { sightOf } from '../sight.ts';
import { SOURCE_BOUND } from '../status.ts';
import { expiryOf, hasSent, isIn, type Mapping } from './mapping.ts';
import { addressesOf, bindSource, type Crossing, type Mapped, type Way } from './outbound.ts';
import { govern } from './session.ts';

/** What becomes of a packet that asks for a way in. */
export type Admission =
  /** It has one, and its connection with it. */
  | { readonly kind: 'admitted'; readonly mapping: Mapping; readonly detail: string }
  /** It has one, for this packet alone: what the inside answers goes another way. */
  | { readonly kind: 'alone'; readonly mapping: Mapping; readonly detail: string }
  /** Nobody here lets it in. */
  | { readonly kind: 'unsolicited'; readonly detail: string }
  | Extract<Mapped, { kind: 'refused' }>;

const PORTED: ReadonlySet<number> = new Set([PROTOCOL.tcp, PROTOCOL.udp]);

/** Looks for a mapping where a new connection arrives. Undefined: NAT has nothing to do with it. */
export function admit(crossing: Crossing, behaviour: Behaviour | undefined): Admission | undefined {
  const { node, passage, connection, now } = crossing;
  const { protocol } = connection.original;
  if (!PORTED.has(protocol)) return undefined;
  const to = endpointOf(connection.original, 'destination');
  const found = node.conntrack.mappings.at(protocol, to, now);
  // where the kernel decides, connections find their own way, and only leases are asked
  const there = behaviour === undefined ? found.filter(({ lease }) => lease !== undefined) : found;
  if (behaviour === undefined && there.length === 0) return undefined;
  const turning = turnOf(node.program, passage, to.ip);
  if (there.length === 0) return turning === undefined ? strange(crossing, behaviour, to) : undefined;
  if (behaviour === undefined) return turning === undefined ? choose(crossing, behaviour, there) : undefined;
  if (turning === undefined) return choose(crossing, behaviour, there);
  if (behaviour.hairpin === 'none') {
    const detail = `this NAT does not turn round what comes from inside to ${showEndpoint(to.ip, to.port)}`;
    return { kind: 'refused', reason: 'natHairpin', detail };
  }
  return turnRound(crossing, behaviour, there, turning);
}

/** A packet to an address that NAT gives out, but no endpoint that it has given: unless it is for this node itself. */
function strange({ node, passage }: Crossing, behaviour: Behaviour | undefined, to: Endpoint): Admission | undefined {
  if (behaviour === undefined || !isOutside(node.program, to.ip, passage.in)) return undefined;
  if (node.listens(protocolIn(passage), to)) return undefined;
  return { kind: 'unsolicited', detail: `no mapping is at ${showEndpoint(to.ip, to.port)}` };
}

function protocolIn({ packet }: Passage): number {
  return packet.kind === 'tcp' ? PROTOCOL.tcp : PROTOCOL.udp;
}

/** Whether a packet that came by an interface is for an address that NAT gives to what leaves. */
export function isOutside(program: NodeProgram, ip: Ip, arrivedBy: string | undefined): boolean {
  const { nat, interfaces } = program;
  if (nat === undefined || arrivedBy === undefined) return false;
  if (nat.pool.some(({ from, to }) => from <= ip && ip <= to)) return true;
  const isOut = (name: string) => isOuter(program, name);
  if (!isOut(arrivedBy)) return false;
  return [...interfaces.values()].some(({ name, addresses }) => isOut(name) && addresses.some((own) => own.ip === ip));
}

/** An interface that a rule masquerades by name; else, where rules name none, one that the default route leaves by. */
function isOuter({ nat, fib }: NodeProgram, name: string): boolean {
  const how = nat?.masquerades(name);
  if (how !== 'unnamed') return how === 'named';
  return fib.routes.some(({ prefix, out, type }) => prefix.length === 0 && out === name && type === 'unicast');
}

/** How a packet for an outside address would leave if it came from inside; undefined when it did not. */
function turnOf(program: NodeProgram, passage: Passage, to: Ip): Way | undefined {
  const { nat, interfaces } = program;
  const { in: arrivedBy } = passage;
  if (nat === undefined || arrivedBy === undefined || isOuter(program, arrivedBy)) return undefined;
  for (const { name, addresses } of interfaces.values()) {
    if (name === arrivedBy) continue;
    const rule = nat.source({ ...sightOf(passage), out: name });
    if (rule?.kind !== 'masquerade' && rule?.kind !== 'snat') continue;
    const given = addressesOf(rule, addresses.some(({ ip }) => ip === to) ? to : undefined) ?? [];
    if (given.some((range) => range.from <= to && to <= range.to)) return { rule, addresses: given, out: name };
  }
  return undefined;
}

/** Inside to inside by an outside endpoint: the sender shows its own outside endpoint, or itself. */
function turnRound(crossing: Crossing, behaviour: Behaviour, there: readonly Mapping[], way: Way): Admission {
  const { connection } = crossing;
  const to = endpointOf(connection.original, 'destination');
  if (behaviour.hairpin === 'internal-source') {
    const sender = endpointOf(connection.original, 'source');
    return enter(crossing, behaviour, { mapping: mappingFor(there, sender), sender, near: [] });
  }
  const mapped = bindSource(crossing, behaviour, way, to);
  if (mapped.kind === 'refused') return mapped;
  return choose(crossing, behaviour, there, mapped.mapping);
}

/** Of the mappings at one endpoint, the one that knows the sender, else the first. */
export function mappingFor(there: readonly Mapping[], sender: Endpoint): Mapping {
  return (
    there.find(({ remote }) => isIn(remote, sender)) ?? there[0] ?? fail('no mapping at an endpoint that has some')
  );
}

/** The mapping that knows the sender, if the sender may use it. `near`: the sender's own, where it is inside. */
function choose(
  crossing: Crossing,
  behaviour: Behaviour | undefined,
  there: readonly Mapping[],
  near?: Mapping,
): Admission {
  const { connection, node, now } = crossing;
  const sender = near?.outside ?? endpointOf(connection.original, 'source');
  const mapping = mappingFor(there, sender);
  const refusal = refusalOf(crossing, behaviour, mapping, sender);
  if (refusal === undefined) {
    return enter(crossing, behaviour, { mapping, sender, near: near === undefined ? [] : [near.id] });
  }
  // both ends may be about to speak to each other: the sender has opened its own filter
  if (near !== undefined) node.conntrack.remember(connection, now);
  if (behaviour?.refusal === 'end') node.conntrack.endMapping(mapping, now);
  return { kind: 'unsolicited', detail: refusal };
}

/** Why a sender may not use a mapping; undefined when it may. */
export function refusalOf(
  { node, now }: Pick<Crossing, 'node' | 'now'>,
  behaviour: Behaviour | undefined,
  mapping: Mapping,
  sender: Endpoint,
): string | undefined {
  const { lease, protocol, inside } = mapping;
  if (lease !== undefined) {
    const { filter } = lease;
    const open = filter?.some(
      ({ prefix, port }) => contains(prefix, sender.ip) && (port ?? sender.port) === sender.port,
    );
    return (open ?? true) ? undefined : `the lease is not for ${showEndpoint(sender.ip, sender.port)}`;
  }
  if (behaviour === undefined) return 'the lease is over';
  const filtering = protocol === PROTOCOL.tcp ? behaviour.tcp.filtering : behaviour.filtering;
  if (filtering === 'endpoint-independent') return undefined;
  const { mappings } = node.conntrack;
  const asked = behaviour.filterScope === 'mapping' ? [mapping] : mappings.from(protocol, inside, now);
  const byPort = filtering === 'address-and-port-dependent';
  for (const { sessions } of asked) {
    for (const [connection, end] of sessions) {
      const same = end.remote.ip === sender.ip && (!byPort || end.remote.port === sender.port);
      if (same && connection.expires > now && hasSent(connection, end)) return undefined;
    }
  }
  const who = byPort ? showEndpoint(sender.ip, sender.port) : showIp(sender.ip);
  return `${filtering} filtering: ${showEndpoint(inside.ip, inside.port)} has sent nothing to ${who}`;
}

interface Entry {
  readonly mapping: Mapping;
  readonly sender: Endpoint;
  /** Mappings of the sender, where it is inside. */
  readonly near: readonly number[];
}

/** The destination becomes the inside endpoint, for the connection or, where the way back is another, for the packet. */
function enter(crossing: Crossing, behaviour: Behaviour | undefined, { mapping, sender, near }: Entry): Admission {
  const { node, connection, now, passage } = crossing;
  const { conntrack } = node;
  const turned = near.length > 0;
  const stranger = passage.packet.kind !== 'tcp' && mapping.lease === undefined && !isIn(mapping.remote, sender);
  const detail = `mapping ${mapping.id}${turned ? ', turned round' : ''}`;
  if (!turned && (stranger || conntrack.flows.hasReplyWith(connection, 'destination', mapping.inside, now))) {
    return { kind: 'alone', mapping, detail: `${detail}; an answer goes by a mapping of its own` };
  }
  const left = expiryOf(mapping) - now;
  conntrack.mappings.attach(mapping, connection, { remote: sender, outbound: 'reply' });
  const mappings = [...near, mapping.id];
  if (behaviour === undefined)
    connection.session = { mappings, outbound: 'reply', behaviour: undefined, state: undefined };
  else govern(connection, { mappings, outbound: turned ? 'both' : 'reply' }, behaviour, { left });
  bindTo({ conntrack, connection, side: 'destination' }, { end: mapping.inside, detail });
  if (behaviour !== undefined) connection.status |= SOURCE_BOUND;
  return { kind: 'admitted', mapping, detail };
}
