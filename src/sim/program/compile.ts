/** Design → Program, node by node. What an edit did not touch is not compiled again: the same objects come back. */
import { type Ip, isIp4, isLoopback, LIMITED_BROADCAST, parseIp } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import type { Design, Node } from '../design/design.ts';
import { linksOf, nodeNamed } from '../design/topology.ts';
import type { Groups } from './group.ts';
import { compileInterfaces } from './interface.ts';
import { remember } from './memo.ts';
import type { Fib, Interface, NodeProgram, Program, Surroundings } from './program.ts';
import { compileFib, type FibInput } from './routes/fib.ts';
import { compileSource } from './routes/source.ts';
import { compileFirewall } from './rules/classify.ts';
import { compileNat64, compilePrefixMaps } from './rules/ipv6.ts';
import { BOTH } from './rules/match.ts';
import { compileNat } from './rules/nat.ts';
import { PortClasses } from './rules/port-classes.ts';
import { ALONE, sameLeases, sameSurroundings } from './surroundings.ts';
import { compileTracking, familySet, trackedFamilies } from './tracking.ts';

/** Compiles every node; `surroundingsOf` says what each has learned so far (nothing, unless given). */
export function compile(design: Design, surroundingsOf: (node: string) => Surroundings = () => ALONE): Program {
  const names = Object.keys(design.nodes);
  return new Map(names.map((name) => [name, compileNode(design, name, surroundingsOf(name))]));
}

/** Compiles one node of a checked design as things stand (leases may change later); a node that is not there fails. */
export function compileNode(design: Design, name: string, surroundings: Surroundings = ALONE): NodeProgram {
  const node = nodeNamed(design, name) ?? fail(`no node "${name}"`);
  return programOf(node, name, {
    groups: node.firewall === undefined && node.nat === undefined ? undefined : design.groups,
    links: wiringOf(design).get(name) ?? NO_LINKS,
    publicInternet: design.publicInternet?.includes(name) ?? false,
    surroundings: { leases: new Map(surroundings.leases), learned: surroundings.learned },
  });
}

/** Which link each interface is on, by its index in the design. */
type Links = ReadonlyMap<string, number>;
const NO_LINKS: Links = new Map();

interface NodeInput {
  readonly groups: Groups;
  readonly links: Links;
  readonly publicInternet: boolean;
  readonly surroundings: Surroundings;
}

const programOf = remember(compileParts, (a, b) => {
  const same = a.groups === b.groups && a.publicInternet === b.publicInternet && sameLinks(a.links, b.links);
  return same && sameSurroundings(a.surroundings, b.surroundings);
});

function compileParts(node: Node, name: string, input: NodeInput): NodeProgram {
  const { groups, links, publicInternet, surroundings } = input;
  const interfaces = interfacesOf(node.interfaces ?? NO_INTERFACES, name, { leases: surroundings.leases, links });
  const { gateway, routes } = node;
  const fib = fibOf(node.interfaces ?? NO_INTERFACES, name, { interfaces, gateway, routes, surroundings });
  const rules = node.nat?.rules ?? NO_RULES;
  const nat = compileNat(rules, groups);
  const firewall = compileFirewall(node.firewall ?? NO_FIREWALL, groups);
  const nat64 = compileNat64(rules, groups, node.nat?.behaviour);
  return {
    name,
    kind: node.kind,
    forwards: node.kind !== 'host',
    publicInternet,
    reversePathFilter: node.reversePathFilter ?? 'off',
    icmpRateLimit: node.icmpRateLimit ?? false,
    interfaces,
    leastMtu: Math.min(...Array.from(interfaces.values(), ({ mtu }) => mtu)),
    fib,
    ...compileAddresses(interfaces, fib),
    ...compileSource(interfaces, fib),
    firewall: firewall.chains,
    asks: {
      ports: new PortClasses([...firewall.lists, ...(nat?.lists ?? [])]),
      flags: firewall.asksFlags || nat?.asksFlags === true,
    },
    nat: nat?.program,
    nat64,
    prefixMaps: compilePrefixMaps(rules, groups),
    tracks: trackedFamilies(node, firewall.asksStates, nat64.length > 0 ? BOTH : (nat?.families ?? 0)),
    translates: familySet(nat?.families ?? 0),
    tracking: compileTracking(node.tracking, node.nat?.behaviour),
    helpers: new Set(node.nat?.helpers),
    resolver: resolversOf(node, interfaces, surroundings),
  };
}

const NO_INTERFACES = {};
const NO_FIREWALL = {};
const NO_RULES = [] as const;

const interfacesOf = remember(
  compileInterfaces,
  (a, b) => sameLinks(a.links, b.links) && sameLeases(a.leases, b.leases),
);

/** The interfaces follow from the key and the leases. */
const fibOf = remember(
  (_spec: object, _name: string, input: FibInput) => compileFib(input),
  (a, b) => a.gateway === b.gateway && a.routes === b.routes && sameSurroundings(a.surroundings, b.surroundings),
);

function sameLinks(a: Links, b: Links): boolean {
  return a.size === b.size && [...a].every(([name, index]) => b.get(name) === index);
}

const wirings = new WeakMap<Design, ReadonlyMap<string, Links>>();

function wiringOf(design: Design): ReadonlyMap<string, Links> {
  const known = wirings.get(design);
  if (known !== undefined) return known;
  const made = new Map<string, Map<string, number>>();
  for (const { index, ends } of linksOf(design)) {
    for (const end of ends) {
      const links = made.get(end.node) ?? new Map<string, number>();
      made.set(end.node, links.set(end.interface, index));
    }
  }
  wirings.set(design, made);
  return made;
}

/** The multicast groups of all nodes (RFC 1112 §4, RFC 4291 §2.7.1), and the limited broadcast. */
const EVERYONE = ['224.0.0.1', 'ff01::1', 'ff02::1'].flatMap((text) => parseIp(text) ?? []);

function compileAddresses(
  interfaces: ReadonlyMap<string, Interface>,
  fib: Fib,
): Pick<NodeProgram, 'owns' | 'isBroadcast'> {
  const own = new Set<Ip>();
  for (const { addresses } of interfaces.values()) {
    for (const { ip } of addresses) own.add(ip);
  }
  const broadcasts = fib.routes.filter(({ type, prefix }) => type === 'broadcast' && isIp4(prefix.ip));
  const many = new Set<Ip>([...EVERYONE, LIMITED_BROADCAST, ...broadcasts.map(({ prefix }) => prefix.ip)]);
  return { owns: (ip) => own.has(ip) || isLoopback(ip), isBroadcast: (ip) => many.has(ip) };
}

/** Those written, then those that leases brought. */
function resolversOf(node: Node, interfaces: ReadonlyMap<string, Interface>, { leases }: Surroundings): readonly Ip[] {
  const written = (node.resolver ?? []).map((text) => parseIp(text) ?? fail(`"${text}" is not an address`));
  const leased = [...interfaces.values()].flatMap(({ name, dhcp }) => (dhcp ? (leases.get(name)?.resolver ?? []) : []));
  return [...new Set([...written, ...leased])];
}
