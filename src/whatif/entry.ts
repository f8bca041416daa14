/** Ways in by translation: the addresses and ports of a NAT box that lead to services behind it. */
import { family, type Ip, isLinkLocal } from '../sim/addr/ip.ts';
import { contains, mapHostBits, type Prefix, parsePrefix } from '../sim/addr/prefix.ts';
import { parseIpRange } from '../sim/addr/range.ts';
import type { Design, Node } from '../sim/design/design.ts';
import { expandGroups } from '../sim/design/group.ts';
import type { NatRule } from '../sim/design/nat.ts';
import { type PortRange, parsePorts } from '../sim/design/ports.ts';
import type { Match } from '../sim/design/rule.ts';
import { parseTarget } from '../sim/design/target.ts';
import type { NodeProgram } from '../sim/program/program.ts';
import type { Offer } from './service.ts';

/** A rule seen from outside: which endpoint, if any, leads to an offer of a node at one of its own addresses. */
export interface Entry {
  /** The node that translates. */
  readonly node: string;
  lead(node: string, own: Ip, offer: Offer): readonly Endpoint[];
}

interface Endpoint {
  readonly address: Ip;
  readonly port?: number;
}

/** Every way in that the rules of a node open, in their order. */
export function entriesOf(design: Design, name: string, program: NodeProgram): readonly Entry[] {
  const node = design.nodes[name];
  return (node?.nat?.rules ?? []).flatMap((rule) => entryOf(rule, { design, name, program }) ?? []);
}

interface Place {
  readonly design: Design;
  readonly name: string;
  readonly program: NodeProgram;
}

function entryOf(rule: NatRule, place: Place): Entry | undefined {
  switch (rule.action) {
    case 'static':
    case 'netmap':
      return mapped(rule, place);
    case 'dnat':
      return forwarded(rule, place);
    case 'redirect':
      return redirected(rule, place);
    default:
      return undefined;
  }
}

function mapped({ inside, outside }: { inside: string; outside: string }, { name }: Place): Entry | undefined {
  const [from, to] = [parsePrefix(inside), parsePrefix(outside)];
  if (from === undefined || to === undefined) return undefined;
  return {
    node: name,
    lead: (_node, own, offer) =>
      contains(from, own) ? [{ address: mapHostBits(own, from, to), ...portOf(offer.port) }] : [],
  };
}

function forwarded(rule: Extract<NatRule, { action: 'dnat' }>, place: Place): Entry {
  const targets = [rule.to].flat().flatMap((text) => parseTarget(text) ?? []);
  return {
    node: place.name,
    lead: (_node, own, offer) =>
      targets.flatMap(({ addresses, ports }) => {
        const hit = addresses !== undefined && family(addresses.from) === family(own);
        return hit && addresses.from <= own && own <= addresses.to
          ? doors(rule.match, { own, offer, ports }, place)
          : [];
      }),
  };
}

function redirected(rule: Extract<NatRule, { action: 'redirect' }>, place: Place): Entry {
  const ports = rule.to === undefined ? undefined : parseTarget(rule.to)?.ports;
  return {
    node: place.name,
    lead: (node, own, offer) => (node === place.name ? doors(rule.match, { own, offer, ports }, place) : []),
  };
}

/** What a rule leads to: an offer at an address; `ports` are those that it translates to, if it does. */
interface Led {
  readonly own: Ip;
  readonly offer: Offer;
  readonly ports: PortRange | undefined;
}

/** The endpoints that a matching packet may be sent to. */
function doors(match: Match | undefined, led: Led, place: Place): Endpoint[] {
  const { own, offer, ports } = led;
  const protocols = match?.protocol === undefined ? undefined : [match.protocol].flat();
  if (protocols !== undefined && !protocols.some((each) => each === offer.protocol)) return [];
  const port = outerPort(match, offer.port, ports);
  if (port === 'none') return [];
  return addressesBefore(match, place)
    .filter((address) => family(address) === family(own))
    .map((address) => ({ address, ...portOf(port) }));
}

/** The port that leads to `port`: the one matched that stays, or the first of those that become it. */
function outerPort(match: Match | undefined, port: number | undefined, to: PortRange | undefined) {
  const matched = match?.destinationPort === undefined ? undefined : portsOf(match.destinationPort);
  if (port === undefined) return matched === undefined && to === undefined ? undefined : 'none';
  if (to !== undefined && (port < to.from || port > to.to)) return 'none';
  if (matched === undefined || matched.some(({ from, to: end }) => from <= port && port <= end)) return port;
  return to === undefined ? 'none' : (matched[0]?.from ?? 'none');
}

function portsOf(written: NonNullable<Match['destinationPort']>): PortRange[] {
  return [written].flat().flatMap((each) => parsePorts(each) ?? []);
}

function portOf(port: number | undefined): { readonly port?: number } {
  return port === undefined ? {} : { port };
}

/** The destinations that a rule names, the first address of each; else those of the interfaces that packets come in by. */
function addressesBefore(match: Match | undefined, { design, program }: Place): readonly Ip[] {
  if (match?.destination !== undefined) {
    return expandGroups(design, [match.destination].flat()).flatMap((text) => firstOf(text) ?? []);
  }
  const patterns = match?.inInterface === undefined ? undefined : [match.inInterface].flat();
  const facing = [...program.interfaces.values()].filter(
    ({ name }) => patterns === undefined || patterns.some((pattern) => namesInterface(pattern, name)),
  );
  return facing.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)).filter((ip) => !isLinkLocal(ip));
}

function firstOf(text: string): Ip | undefined {
  const prefix: Prefix | undefined = text.includes('-') ? undefined : parsePrefix(text);
  return prefix === undefined ? parseIpRange(text)?.from : prefix.ip;
}

function namesInterface(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** Whether a node translates destinations at all. */
export function translates(node: Node): boolean {
  return (node.nat?.rules ?? []).some(({ action }) => action !== 'masquerade' && action !== 'snat');
}
