/**
 * Everything outside a network, as one host beyond its edge: `internet`, with a public address that nothing in the design
 * mentions, a web server and a name server.
 */
import { type Family, family, type Ip, isLinkLocal, parseIp, showIp } from '../sim/addr/ip.ts';
import { contains, overlaps, type Prefix, parseInterface, parsePrefix } from '../sim/addr/prefix.ts';
import type { Design, LinkSpec, Node } from '../sim/design/design.ts';
import { endsOf, type Interface, interfacesOf, type LinkEnd, resolveEnd } from '../sim/design/topology.ts';
import { remember } from '../sim/program/memo.ts';

/** A design with the outside added to it. */
export interface Outside {
  readonly design: Design;
  /** What the host is called: `internet`, unless a node of the design is called so. */
  readonly name: string;
  /** Nodes, and interfaces (`NODE:INTERFACE`), that are there to connect it and are nobody's target. */
  readonly scaffold: ReadonlySet<string>;
}

/**
 * Adds the outside where the network ends: at a router of the public Internet (one without a default route, if there is
 * one); else behind the next hop of a default route that no node of the design has; else at the router where the
 * default routes of others end. Undefined where there is none of these: then nothing is outside.
 */
export function withInternet(design: Design): Outside | undefined {
  if (!known.has(design)) known.set(design, place(design));
  return known.get(design);
}

/** Many what-ifs are of one design. */
const known = new WeakMap<Design, Outside | undefined>();

function place(design: Design): Outside | undefined {
  const name = NAMES.find((each) => !Object.hasOwn(design.nodes, each) && !Object.hasOwn(design.nodes, `${each}-edge`));
  const edge = name === undefined ? undefined : edgeOf(design);
  if (name === undefined || edge === undefined) return undefined;
  const added = { name, space: freeSpace(design) };
  return edge.kind === 'router' ? behindRouter(design, edge.node, added) : behindHop(design, edge, added);
}

const NAMES = ['internet', 'outside', 'rest-of-the-world'];

type Edge =
  | { readonly kind: 'router'; readonly node: string }
  /** A default route by this interface, to addresses that nobody has. */
  | { readonly kind: 'hop'; readonly end: LinkEnd; readonly hops: readonly Ip[]; readonly back: readonly Ip[] };

function edgeOf(design: Design): Edge | undefined {
  const open = (name: string): boolean => defaultHops(design.nodes[name] ?? NO_NODE).length === 0;
  const carriers = design.publicInternet ?? [];
  const carrier = carriers.find(open) ?? carriers[0];
  if (carrier !== undefined) return { kind: 'router', node: carrier };
  const owners = ownersOf(design);
  for (const [name, node] of Object.entries(design.nodes)) {
    const missing = defaultHops(node).filter((ip) => !owners.has(ip));
    const edge = missing.length === 0 ? undefined : hopEdge(name, node, missing);
    if (edge !== undefined) return edge;
  }
  const ends = Object.values(design.nodes).flatMap((node) => defaultHops(node).flatMap((ip) => owners.get(ip) ?? []));
  const router = ends.find((name) => design.nodes[name]?.kind !== 'host' && open(name));
  return router === undefined ? undefined : { kind: 'router', node: router };
}

const NO_NODE: Node = { kind: 'host' };

const hopsKnown = new WeakMap<Node, readonly Ip[]>();

function defaultHops(node: Node): readonly Ip[] {
  const known = hopsKnown.get(node);
  if (known !== undefined) return known;
  const routed = (node.routes ?? []).flatMap(({ to, via }) =>
    parsePrefix(to)?.length === 0 && via !== undefined ? [via] : [],
  );
  const hops = [...[node.gateway ?? []].flat(), ...routed].flatMap((text) => parseIp(text) ?? []);
  hopsKnown.set(node, hops);
  return hops;
}

function ownersOf(design: Design): ReadonlyMap<Ip, string> {
  return new Map(
    Object.entries(design.nodes).flatMap(([name, node]) => addressesOf(node).map(({ ip }) => [ip, name] as const)),
  );
}

const addressesKnown = new WeakMap<Node, readonly Interface['addresses'][number][]>();

function addressesOf(node: Node): readonly Interface['addresses'][number][] {
  const known = addressesKnown.get(node);
  if (known !== undefined) return known;
  const addresses = [...interfacesOf(node).values()].flatMap((each) => each.addresses);
  addressesKnown.set(node, addresses);
  return addresses;
}

function hopEdge(name: string, node: Node, missing: readonly Ip[]): Edge | undefined {
  for (const [out, { addresses }] of interfacesOf(node)) {
    const hops = missing.filter((ip) => addresses.some(({ prefix }) => contains(prefix, ip)));
    const back = hops.flatMap((hop) => addresses.find(({ prefix }) => contains(prefix, hop))?.ip ?? []);
    if (hops.length > 0) return { kind: 'hop', end: { node: name, interface: out }, hops, back };
  }
  return undefined;
}

interface Added {
  readonly name: string;
  readonly space: Space;
}

/** The router gets one more interface, and the host hangs on it. */
function behindRouter(design: Design, router: string, { name, space }: Added): Outside {
  const before = design.nodes[router] ?? NO_NODE;
  const families = new Set(
    addressesOf(before)
      .filter(({ ip }) => !isLinkLocal(ip))
      .map(({ ip }) => family(ip)),
  );
  const port = NAMES.find((each) => !Object.hasOwn(before.interfaces ?? {}, each)) ?? 'to-internet';
  const nodes = {
    ...design.nodes,
    [router]: withPort(before, port, { space, families }),
    [name]: hostIn(before, 'host', { space, families }),
  };
  const links = [...spelledOut(design, router), [`${router}:${port}`, `${name}:eth0`]];
  return { design: { ...design, nodes, links }, name, scaffold: new Set([`${router}:${port}`]) };
}

/** A node that gets a second interface must be named with its first one in the links that it is on. */
function spelledOut(design: Design, node: string): readonly LinkSpec[] {
  const links = design.links ?? [];
  const end = resolveEnd(design, node);
  if (end === undefined) return links;
  const spell = (text: string): string => (text === node ? `${node}:${end.interface}` : text);
  return links.map((spec) => {
    if (!endsOf(spec).includes(node)) return spec;
    return 'between' in spec ? { ...spec, between: spec.between.map(spell) } : spec.map(spell);
  });
}

/** A router takes the addresses that nobody had, on the link of the interface that leads there, and the host is behind it. */
function behindHop(design: Design, edge: Extract<Edge, { kind: 'hop' }>, { name, space }: Added): Outside {
  const { end, hops, back } = edge;
  const before = design.nodes[end.node] ?? NO_NODE;
  const families = new Set(hops.map(family));
  const router = `${name}-edge`;
  const own = addressesOf(before);
  const inner = hops.map((hop) => `${showIp(hop)}/${own.find(({ prefix }) => contains(prefix, hop))?.prefix.length}`);
  const nodes = {
    ...design.nodes,
    [router]: edgeNode(before, 'edge', { inner, back: back.map(showIp), outer: routerIn(space, families) }),
    [name]: hostIn(before, 'host', { space, families }),
  };
  const links = [...joined(design, end, `${router}:in`), [`${router}:out`, `${name}:eth0`]];
  return { design: { ...design, nodes, links }, name, scaffold: new Set([router]) };
}

/** The link of an interface with one end more, or a new one where it hangs on none. */
function joined(design: Design, end: LinkEnd, more: string): readonly LinkSpec[] {
  const links = design.links ?? [];
  const isThere = (text: string): boolean => {
    const found = resolveEnd(design, text);
    return found?.node === end.node && found.interface === end.interface;
  };
  const at = links.findIndex((spec) => endsOf(spec).some(isThere));
  if (at < 0) return [...links, [`${end.node}:${end.interface}`, more]];
  return links.map((spec, i) =>
    i !== at ? spec : 'between' in spec ? { ...spec, between: [...spec.between, more] } : [...spec, more],
  );
}

interface Space {
  readonly 4: string;
  readonly 6: string;
}

interface Attachment {
  readonly space: Space;
  readonly families: ReadonlySet<Family>;
}

/** Equal attachments of one node give the same objects, so that an edit elsewhere leaves them as they are. */
function sameAttachment(a: Attachment, b: Attachment): boolean {
  return (
    a.space[4] === b.space[4] &&
    a.space[6] === b.space[6] &&
    [4, 6].every((each) => a.families.has(each as Family) === b.families.has(each as Family))
  );
}

const withPort = remember(
  (node: Node, port: string, { space, families }: Attachment): Node => ({
    ...node,
    interfaces: { ...node.interfaces, [port]: routerIn(space, families) },
  }),
  sameAttachment,
);

const hostIn = remember(
  (_beside: Node, _label: string, { space, families }: Attachment): Node => ({
    kind: 'host',
    description: 'Everything outside.',
    interfaces: { eth0: inSpace(space, families, 2).map((ip) => `${ip.text}/${ip.length}`) },
    gateway: inSpace(space, families, 1).map(({ text }) => text),
    services: ['http', 'https', 'dns'],
  }),
  sameAttachment,
);

interface EdgeParts {
  readonly inner: readonly string[];
  readonly outer: readonly string[];
  readonly back: readonly string[];
}

const edgeNode = remember(
  (_beside: Node, _label: string, { inner, outer, back }: EdgeParts): Node => ({
    kind: 'router',
    description: 'Where the network ends.',
    interfaces: { in: inner, out: outer },
    gateway: back,
  }),
  (a, b) => JSON.stringify(a) === JSON.stringify(b),
);

function routerIn(space: Space, families: ReadonlySet<Family>): string[] {
  return inSpace(space, families, 1).map(({ text, length }) => `${text}/${length}`);
}

function inSpace(space: Space, families: ReadonlySet<Family>, host: number): { text: string; length: number }[] {
  const four = { text: `${space[4]}.${host}`, length: 24 };
  const six = { text: `${space[6]}::${host}`, length: 64 };
  return [...(families.has(4) ? [four] : []), ...(families.has(6) ? [six] : [])];
}

/** Documentation space first, which no network has; any public /24 when all of it is in use. */
function freeSpace(design: Design): Space {
  const mentioned = [...Object.values(design.nodes).flatMap(mentionedBy), ...mentionedBy(design.groups ?? NO_GROUPS)];
  const isFree = (text: string): boolean => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && !mentioned.some((other) => overlaps(prefix, other));
  };
  return {
    4: FOURS.find((start) => isFree(`${start}.0/24`)) ?? '198.51.100',
    6: SIXES.find((start) => isFree(`${start}::/64`)) ?? '2001:db8:0:ffff',
  };
}

const NO_GROUPS = {};
const FOURS = ['198.51.100', '203.0.113', '192.0.2', ...Array.from({ length: 200 }, (_, i) => `9.${i}.9`)];
const SIXES = Array.from({ length: 200 }, (_, i) => `2001:db8:${(0xffff - i).toString(16)}`);

const mentionsKnown = new WeakMap<object, readonly Prefix[]>();

/** Every address and prefix in a part of the design, but for those that mean half the world. */
function mentionedBy(part: object): readonly Prefix[] {
  const known = mentionsKnown.get(part);
  if (known !== undefined) return known;
  const texts = JSON.stringify(part).match(/[0-9a-fA-F]*[.:][0-9a-fA-F.:]+(\/\d+)?/g) ?? [];
  const prefixes = texts.flatMap((text) => parsePrefix(text) ?? parseInterface(text)?.prefix ?? []);
  const mentions = prefixes.filter(({ length }) => length > 8);
  mentionsKnown.set(part, mentions);
  return mentions;
}
