/**
 * What leaves: a new connection from an inside endpoint uses the mapping that the behaviour gives it, an old one or a
 * new one. Read RFC 4787 §4, RFC 5382 §4 and §5, RFC 5508 §3 first.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Ip } from '../../addr/ip.ts';
import type { IpRange } from '../../addr/range.ts';
import type { Millis } from '../../base/time.ts';
import type { Behaviour } from '../../design/behaviour.ts';
import { tcp, udp } from '../../packet/build.ts';
import { FLAG } from '../../packet/packet.ts';
import { PROTOCOL } from '../../packet/protocol.ts';
import { showEndpoint } from '../../packet/show.ts';
import { reversed, withEnd } from '../../packet/tuple.ts';
import type { Translation } from '../../program/program.ts';
import type { DropReason } from '../../trace/fate.ts';
import { type ErrorKind, HOST_UNREACHABLE, PROHIBITED } from '../answer.ts';
import { bindTo } from '../bindings.ts';
import type { Connection } from '../connection.ts';
import { isTaken } from '../endpoints.ts';
import type { Passage, RouterState } from '../passage.ts';
import { allocate } from './allocate.ts';
import { type Mapping, type Remote, remoteOf } from './mapping.ts';
import { govern } from './session.ts';

/** The first packet of a connection, on its way through a node. */
export interface Crossing {
  readonly node: RouterState;
  readonly passage: Passage;
  readonly connection: Connection;
  readonly now: Millis;
}

/** A rule that translates sources by mappings. */
export type SourceRule = Extract<Translation, { kind: 'masquerade' | 'snat' }>;

/** How a source is translated: by which rule, to which addresses, by which interface. */
export interface Way {
  readonly rule: SourceRule;
  readonly addresses: readonly IpRange[];
  readonly out: string;
}

/** What became of one end. */
export type Mapped =
  | { readonly kind: 'mapped'; readonly mapping: Mapping; readonly detail: string }
  | {
      readonly kind: 'refused';
      readonly reason: DropReason;
      readonly detail: string;
      readonly answer?: ErrorKind;
    };

const ICMP: ReadonlySet<number> = new Set([PROTOCOL.icmp, PROTOCOL.icmpv6]);

/** The addresses that a rule gives packets that leave by an interface; undefined: none to give. */
export function addressesOf(rule: SourceRule, masquerade: Ip | undefined): readonly IpRange[] | undefined {
  if (rule.kind === 'snat') return rule.addresses;
  return masquerade === undefined ? undefined : [{ from: masquerade, to: masquerade }];
}

/** Gives the source of a new connection the mapping that it uses towards `to`, and starts its session. */
export function bindSource(crossing: Crossing, behaviour: Behaviour, way: Way, to: Endpoint): Mapped {
  const { node, connection, now } = crossing;
  const { conntrack } = node;
  const { protocol } = connection.beyond;
  const inside = connection.endBeyond('source');
  const icmp = ICMP.has(protocol);
  const dependence = protocol === PROTOCOL.tcp ? behaviour.tcp.mapping : behaviour.mapping;
  const remote = remoteOf(dependence, to, icmp);
  const known = findMapping(crossing, inside, remote, way.addresses);
  const found = known ?? find(crossing, behaviour, way, { inside, remote, to });
  if ('kind' in found) return found;
  const seeking = { conntrack, connection, side: 'source', now } as const;
  if (isTaken(seeking, found.outside)) {
    const detail = `${showEndpoint(found.outside.ip, found.outside.port)} already speaks to that destination for another`;
    return { kind: 'refused', reason: 'natClash', detail };
  }
  const end = { remote: to, outbound: 'original' } as const;
  const { mappings } = conntrack;
  const mapping = known ?? mappings.add({ protocol, inside, outside: found.outside, remote }, now, { connection, end });
  if (known !== undefined) mappings.attach(known, connection, end);
  const held =
    protocol === PROTOCOL.tcp &&
    mappings.meet(reversed(withEnd(connection.beyond, 'source', found.outside.ip, found.outside.port)));
  const met = held && behaviour.tcp.simultaneousOpen;
  govern(connection, { mappings: [mapping.id], outbound: 'original' }, behaviour, { met });
  const detail =
    known === undefined ? `a new ${dependence} mapping, ${found.detail}` : `mapping ${known.id} used again`;
  bindTo(seeking, { end: found.outside, detail });
  if (way.rule.kind === 'masquerade') connection.masqueraded = way.out;
  return { kind: 'mapped', mapping, detail };
}

/** Where the kernel decides, an inside endpoint with a lease keeps its outside one (RFC 6887 §11). */
export function bindLeased(crossing: Crossing, { addresses, rule, out }: Way): { readonly detail: string } | undefined {
  const { node, connection, now } = crossing;
  const { conntrack } = node;
  const found = findMapping(crossing, connection.endBeyond('source'), undefined, addresses);
  if (found?.lease === undefined) return undefined;
  const seeking = { conntrack, connection, side: 'source', now } as const;
  if (isTaken(seeking, found.outside)) return undefined;
  const end = { remote: connection.endBeyond('destination'), outbound: 'original' } as const;
  conntrack.mappings.attach(found, connection, end);
  connection.session = { mappings: [found.id], outbound: 'original', behaviour: undefined, state: undefined };
  const detail = `mapping ${found.id}, which was asked for`;
  bindTo(seeking, { end: found.outside, detail });
  if (rule.kind === 'masquerade') connection.masqueraded = out;
  return { detail };
}

/** The mapping that there is: one that was asked for, else the one for these destinations. */
export function findMapping(
  { node, connection, now }: Pick<Crossing, 'node' | 'connection' | 'now'>,
  inside: Endpoint,
  remote: Remote | undefined,
  addresses: readonly IpRange[],
): (Mapping & { readonly detail?: undefined }) | undefined {
  const { mappings } = node.conntrack;
  const own = mappings
    .from(connection.protocol, inside, now)
    .filter(({ outside }) => addresses.some(({ from, to }) => from <= outside.ip && outside.ip <= to));
  const leased = own.find(({ lease }) => lease !== undefined);
  return leased ?? own.find((each) => isSameRemote(each.remote, remote));
}

function isSameRemote(a: Remote | undefined, b: Remote | undefined): boolean {
  return a?.ip === b?.ip && a?.port === b?.port;
}

type Found = { readonly outside: Endpoint; readonly detail: string } | Extract<Mapped, { kind: 'refused' }>;

const ANSWERS: Readonly<Record<Behaviour['exhausted'], ErrorKind | undefined>> = {
  drop: undefined,
  'icmp-admin-prohibited': PROHIBITED,
  'icmp-host-unreachable': HOST_UNREACHABLE,
};

function find(
  { node, connection, now }: Crossing,
  behaviour: Behaviour,
  { rule, addresses, out }: Way,
  { inside, remote, to }: { readonly inside: Endpoint; readonly remote: Remote | undefined; readonly to: Endpoint },
): Found {
  const { mappings, rng } = node.conntrack;
  const { protocol } = connection.original;
  const wanted = {
    protocol,
    inside,
    remote,
    addresses,
    ports: rule.ports,
    subscribers: rule.inside ?? [],
    isFree: (outside: Endpoint) => isFree(node, { protocol, outside, from: to, out, now }),
  };
  const found = allocate(wanted, { behaviour, mappings, rng, now });
  if (found.kind === 'given') return { outside: found.outside, detail: found.detail };
  const answer = ANSWERS[behaviour.exhausted];
  const reason = found.kind === 'limit' ? 'natLimit' : 'natExhausted';
  return { kind: 'refused', reason, detail: found.detail, ...(answer === undefined ? {} : { answer }) };
}

interface Candidate {
  readonly protocol: number;
  readonly outside: Endpoint;
  /** Who would send there, and the interface that it would come by. */
  readonly from: Endpoint;
  readonly out: string;
  readonly now: Millis;
}

/** Nothing of this node's own is there, and no rule forwards what comes there. */
export function isFree(node: RouterState, { protocol, outside, from, out, now }: Candidate): boolean {
  const { conntrack, program } = node;
  if (conntrack.flows.fromSource(protocol, outside, now) !== 0 || node.listens(protocol, outside)) return false;
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return true;
  const ends = { src: from.ip, sport: from.port, dst: outside.ip, dport: outside.port };
  const packet = protocol === PROTOCOL.udp ? udp(ends) : tcp({ ...ends, seq: 0, flags: FLAG.syn });
  const sight = { packet, in: out, out: undefined, state: 'new', snat: false, dnat: false } as const;
  return program.nat?.destination(sight) === undefined;
}
