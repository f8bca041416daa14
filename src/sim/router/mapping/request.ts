/**
 * Mappings that a client asks for, rather than makes by sending: with a lease, open to everybody or to whom the client
 * says, and its own as long as the lease runs. Gateways that behave as the kernel have them too.
 *
 * Read RFC 6887 §11 and §15, RFC 6886 §3.3 first.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import { family, type Ip } from '../../addr/ip.ts';
import type { IpRange } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import type { Millis } from '../../base/time.ts';
import { type Behaviour, resolveBehaviour } from '../../design/behaviour.ts';
import { udp } from '../../packet/build.ts';
import type { NodeProgram } from '../../program/program.ts';
import type { RouterState } from '../passage.ts';
import { allocate } from './allocate.ts';
import type { Lease, Mapping } from './mapping.ts';
import { addressesOf, isFree, type Way } from './outbound.ts';

/** What a client asks for. */
export interface MappingRequest {
  /** IANA number of TCP or UDP. */
  readonly protocol: number;
  readonly inside: Endpoint;
  /** The outside endpoint that it would like; any other may be given, unless `exact`. */
  readonly outsidePort?: number;
  readonly outsideAddress?: Ip;
  readonly exact?: boolean;
  readonly lifetime: Millis;
  /** Who may use it from outside: everybody when left out. */
  readonly filter?: Lease['filter'];
}

/** Why a mapping is not given. */
export interface Refusal {
  /** `address`: no rule translates the inside one. `limit`: it holds all that it may. `taken`: the exact one is not free. */
  readonly kind: 'address' | 'limit' | 'exhausted' | 'taken';
  readonly detail: string;
}

export type Requested =
  | { readonly kind: 'given'; readonly mapping: Mapping }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Makes the mapping that is asked for, or gives the one that the inside endpoint has a new lease. */
export function requestMapping(node: RouterState, request: MappingRequest, now: Millis): Requested {
  const { conntrack } = node;
  const { mappings } = conntrack;
  const { protocol, inside, lifetime, filter } = request;
  const way = wayOf(node.program, inside);
  if (way === undefined) return refused('address', 'no rule translates the inside address on its way out');
  const lease: Lease = { expires: now + lifetime, filter };
  const own = mappings.from(protocol, inside, now).find((each) => each.remote === undefined);
  if (own !== undefined) {
    if (request.exact === true && !isWanted(request, own.outside)) {
      return refused('taken', 'the inside endpoint has another outside one already');
    }
    mappings.lease(own, lease, now);
    return { kind: 'given', mapping: own };
  }
  const found = seek(node, request, way, now);
  if ('detail' in found) return { kind: 'refused', refusal: found };
  return { kind: 'given', mapping: mappings.add({ protocol, inside, outside: found, remote: undefined }, now, lease) };
}

/** Takes back the lease of an inside endpoint; connections that use the mapping go on. False: there is none. */
export function removeMapping(
  { conntrack: { mappings } }: RouterState,
  { protocol, inside }: Pick<MappingRequest, 'protocol' | 'inside'>,
  now: Millis,
): boolean {
  const own = mappings.from(protocol, inside, now).find(({ lease }) => lease !== undefined);
  if (own !== undefined) mappings.lease(own, undefined, now);
  return own !== undefined;
}

function refused(kind: Refusal['kind'], detail: string): Requested {
  return { kind: 'refused', refusal: { kind, detail } };
}

function isWanted({ outsidePort, outsideAddress }: MappingRequest, { ip, port }: Endpoint): boolean {
  return (outsidePort ?? port) === port && (outsideAddress ?? ip) === ip;
}

/** How an inside endpoint would leave: the first rule that translates it on the way of the default route, or any way. */
export function wayOf({ fib, interfaces, nat, primaryOf }: NodeProgram, { ip, port }: Endpoint): Way | undefined {
  const outs = [
    ...fib.routes.filter(({ prefix, type }) => prefix.length === 0 && type === 'unicast').map(({ out }) => out ?? ''),
    ...interfaces.keys(),
  ];
  const packet = udp({ src: ip, sport: port, dst: ip, dport: port });
  for (const out of outs) {
    const rule = nat?.source({ packet, in: '', out, state: 'new', snat: false, dnat: false });
    if (rule?.kind !== 'masquerade' && rule?.kind !== 'snat') continue;
    const addresses = addressesOf(rule, primaryOf(out, family(ip)));
    if (addresses !== undefined && addresses.length > 0) return { rule, addresses, out };
  }
  return undefined;
}

/** A gateway that behaves as the kernel gives ports as the RFCs recommend. */
const USUAL: Behaviour = resolveBehaviour({}) ?? fail('the recommended behaviour is not the kernel');

function seek(node: RouterState, request: MappingRequest, way: Way, now: Millis): Endpoint | Refusal {
  const { conntrack } = node;
  const { protocol, inside, outsidePort = inside.port, outsideAddress, exact = false } = request;
  const { mappings, rng, tracking } = conntrack;
  const behaviour = tracking.behaviour ?? USUAL;
  const addresses = narrow(way.addresses, outsideAddress, exact);
  if (addresses === undefined)
    return { kind: 'taken', detail: 'the outside address is not one of those that are given' };
  const isOpen = (outside: Endpoint) =>
    (!exact || isWanted(request, outside)) &&
    !isSpoken(node, protocol, outside, now) &&
    isFree(node, { protocol, outside, from: { ip: outside.ip, port: 0 }, out: way.out, now });
  const suggested = { ...behaviour, ports: { ...behaviour.ports, allocation: 'preserve' as const, parity: false } };
  const found = allocate(
    {
      protocol,
      inside: { ip: inside.ip, port: outsidePort },
      remote: undefined,
      addresses,
      ports: exact ? { from: outsidePort, to: outsidePort } : way.rule.ports,
      subscribers: way.rule.inside ?? [],
      isFree: isOpen,
    },
    { behaviour: isBlocked(behaviour) ? behaviour : suggested, mappings, rng, now },
  );
  if (found.kind === 'given') return found.outside;
  return { kind: exact && found.kind === 'exhausted' ? 'taken' : found.kind, detail: found.detail };
}

/** Ports come from blocks, whatever a client suggests. */
function isBlocked({ ports: { allocation } }: Behaviour): boolean {
  return allocation === 'block' || allocation === 'deterministic';
}

/** The address that the client would like, where it may have it; undefined: it may not, and wants no other. */
function narrow(addresses: readonly IpRange[], wanted: Ip | undefined, exact: boolean): readonly IpRange[] | undefined {
  if (wanted === undefined) return addresses;
  const within = addresses.some(({ from, to }) => from <= wanted && wanted <= to);
  return within ? [{ from: wanted, to: wanted }] : exact ? undefined : addresses;
}

/** Whether a connection that has no mapping leaves with this endpoint (CTL-1): the kernel's choice. */
function isSpoken({ conntrack }: RouterState, protocol: number, { ip, port }: Endpoint, now: Millis): boolean {
  for (const { expires, reply } of conntrack.flows.all()) {
    if (expires > now && reply.protocol === protocol && reply.dst === ip && reply.dport === port) return true;
  }
  return false;
}
