/**
 * A design as Linux network namespaces: one per node, and one for the cables.
 *
 *     node namespace            wires namespace              node namespace
 *     lan ──────── veth ──────── l0p0 ─ bridge l0 ─ l0p1 ──────── veth ──────── eth0
 *
 * Every link, also one of two ends, is a bridge among the wires. Taking its ports down is cutting the cable: both ends
 * lose their carrier, and keep their addresses and routes.
 */
import { type Ip, isIp6, isLinkLocal, showIp } from '../addr/ip.ts';
import type { Design, Node } from '../design/design.ts';
import type { LearnedRoute } from '../design/graph.ts';
import { type Interface, interfacesOf, type Link, type LinkEnd, linksOf } from '../design/topology.ts';
import { macOf } from '../program/interface.ts';
import { showRoutes } from './ip-route.ts';
import { showRuleset } from './nft.ts';
import { showSysctls } from './sysctl.ts';

/** Part of a design that the real kernel does otherwise, or not at all. */
export interface Gap {
  /** `nodes.gw.nat.behaviour`, `links[2].loss`. */
  readonly place: string;
  readonly reason: string;
}

/** One end of a cable: `device` in the node's namespace, `port` among the wires. */
export interface LabPort {
  readonly end: LinkEnd;
  readonly device: string;
  readonly port: string;
  readonly mac: string;
  readonly mtu: number;
}

export interface Cable {
  /** The place of the link in the design; undefined for an interface that no link joins. */
  readonly link: number | undefined;
  readonly bridge: string | undefined;
  readonly ports: readonly LabPort[];
  readonly up: boolean;
  /** Options of `tc … netem`, when the design gives the link any of its own. */
  readonly netem: string | undefined;
}

export interface LabNode {
  readonly node: string;
  readonly namespace: string;
  /** The name of each interface in the kernel, which takes 15 characters. */
  readonly devices: ReadonlyMap<string, string>;
  /** Lines for `sysctl -p`, before the interfaces are made. */
  readonly sysctls: readonly string[];
  /** Lines for `ip -batch`. */
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
  /** A file for `nft -f`. */
  readonly ruleset: string;
}

export interface Lab {
  /** The namespace of the cables. */
  readonly wires: string;
  readonly nodes: readonly LabNode[];
  readonly cables: readonly Cable[];
  readonly gaps: readonly Gap[];
}

export interface LabOptions {
  /** Begins the name of every namespace; what keeps two labs on one machine apart. */
  readonly prefix: string;
  /** The routes that forwarding nodes learned, by node. */
  readonly learned?: ReadonlyMap<string, readonly LearnedRoute[]>;
}

/** The lab of a checked design whose DHCP clients have their addresses already (`giveLeases`). */
export function planLab(design: Design, options: LabOptions): Lab {
  const cables = planCables(design);
  const devices = new Map(cables.flatMap(({ ports }) => ports.map(({ end, device }) => [keyOf(end), device] as const)));
  const planned = Object.entries(design.nodes).map(([name, node]) => {
    const own = [...interfacesOf(node).keys()].map(
      (label) => [label, devices.get(keyOf({ node: name, interface: label })) ?? label] as const,
    );
    return planNode(design, name, node, { ...options, devices: new Map(own) });
  });
  return {
    wires: `${options.prefix}-wires`,
    nodes: planned.map((each) => each.node),
    cables,
    gaps: [...planned.flatMap(({ gaps }) => gaps), ...linkGaps(design)],
  };
}

function planNode(
  design: Design,
  name: string,
  node: Node,
  options: LabOptions & { readonly devices: ReadonlyMap<string, string> },
): { readonly node: LabNode; readonly gaps: readonly Gap[] } {
  const { devices, prefix, learned } = options;
  const isPublic = (design.publicInternet ?? []).includes(name);
  const ruleset = showRuleset(node, { groups: design.groups, devices }, isPublic);
  const sysctls = showSysctls(node);
  const gaps = [...ruleset.gaps, ...sysctls.gaps, ...serviceGaps(node)].map(({ place, reason }) => ({
    place: `nodes.${name}.${place}`,
    reason,
  }));
  const addresses = [...interfacesOf(node)].flatMap(([label, found]) =>
    showInterface(devices.get(label) ?? label, found),
  );
  return {
    node: {
      node: name,
      namespace: `${prefix}.${name}`,
      devices,
      sysctls: sysctls.lines,
      addresses: ['link set lo up', ...addresses],
      routes: showRoutes(node, learned?.get(name) ?? [], devices),
      ruleset: ruleset.text,
    },
    gaps,
  };
}

/** The name server of a lab makes no addresses up. */
function serviceGaps({ services = [] }: Node): Gap[] {
  return services.flatMap((service, i) =>
    typeof service !== 'string' && service.app === 'dns' && service.dns64 !== undefined
      ? [{ place: `services[${i}].dns64`, reason: 'the name server of the lab has no DNS64' }]
      : [],
  );
}

/** The smallest MTU that IPv6 works with (RFC 8200 §5). */
const MIN_MTU6 = 1280;

/** An interface has an IPv6 link-local address when it has any of IPv6: the one written, else that of its MAC address. */
function showInterface(device: string, { addresses, mtu, up }: Interface): string[] {
  const six = addresses.filter(({ ip }) => isIp6(ip));
  const derived = six.length > 0 && !six.some(({ ip }) => isLinkLocal(ip));
  return [
    // below this the kernel takes IPv6 off the interface, and knows of no addresses to generate
    ...(mtu < MIN_MTU6 ? [] : [`link set dev ${device} addrgenmode ${derived ? 'eui64' : 'none'}`]),
    ...addresses.map((address) => `address add ${showAddress(address.ip, address.prefix.length)} dev ${device}`),
    ...(up ? [`link set dev ${device} up`] : []),
  ];
}

function showAddress(ip: Ip, length: number): string {
  return `${showIp(ip)}/${length}${isIp6(ip) ? ' nodad' : ''}`;
}

function planCables(design: Design): Cable[] {
  const links = linksOf(design);
  const joined = new Set(links.flatMap((link) => link.ends.map(keyOf)));
  const loose = Object.entries(design.nodes).flatMap(([node, spec]) =>
    [...interfacesOf(spec).keys()].map((name) => ({ node, interface: name })).filter((end) => !joined.has(keyOf(end))),
  );
  const names = deviceNames(design);
  const port = (end: LinkEnd, name: string): LabPort => ({
    end,
    device: names.get(keyOf(end)) ?? end.interface,
    port: name,
    mac: showMac(macOf(end.node, end.interface)),
    mtu: mtuOf(design, end),
  });
  return [
    ...links.map((link) => ({
      link: link.index,
      bridge: `l${link.index}`,
      ports: link.ends.map((end, i) => port(end, `l${link.index}p${i}`)),
      up: link.up,
      netem: showNetem(design, link),
    })),
    ...loose.map((end, i) => ({
      link: undefined,
      bridge: undefined,
      ports: [port(end, `loose${i}`)],
      up: false,
      netem: undefined,
    })),
  ];
}

function mtuOf(design: Design, end: LinkEnd): number {
  const spec = design.nodes[end.node]?.interfaces?.[end.interface];
  return typeof spec === 'object' && 'mtu' in spec && spec.mtu !== undefined ? spec.mtu : 1500;
}

/** Interface names as they are, except those the kernel finds too long, and `lo`, which it has already. */
function deviceNames(design: Design): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(design.nodes).flatMap(([node, spec]) =>
      Object.keys(spec.interfaces ?? {}).map((name, i) => {
        const isFit = name.length <= 15 && name !== 'lo' && name !== 'all' && name !== 'default';
        return [keyOf({ node, interface: name }), isFit ? name : `if${i}_${name.slice(0, 10)}`] as const;
      }),
    ),
  );
}

/** Only what the design says of a link is emulated: by itself a cable of the lab takes no time and loses nothing. */
function showNetem(design: Design, link: Link): string | undefined {
  const spec = design.links?.[link.index];
  if (spec === undefined || !('between' in spec)) return undefined;
  const parts = [
    ...(spec.latency === undefined ? [] : [`delay ${link.latencyMs}ms`]),
    ...(link.loss === 0 ? [] : [`loss ${link.loss * 100}%`]),
    ...(link.bandwidth === undefined ? [] : [`rate ${Math.round(link.bandwidth)}bit`]),
  ];
  return parts.length === 0 ? undefined : parts.join(' ');
}

function linkGaps(design: Design): Gap[] {
  return linksOf(design).flatMap(({ index, loss, ends }) => [
    ...(loss > 0 && loss < 1 ? [{ place: `links[${index}].loss`, reason: 'which packets are lost is chance' }] : []),
    ...(new Set(ends.map((end) => mtuOf(design, end))).size > 1
      ? [
          {
            place: `links[${index}]`,
            reason: 'what TCP has not cut into segments yet passes an end that would not take them in',
          },
        ]
      : []),
  ]);
}

function keyOf(end: LinkEnd): string {
  return `${end.node}:${end.interface}`;
}

function showMac(mac: number): string {
  const digits = mac.toString(16).padStart(12, '0');
  return (digits.match(/../g) ?? []).join(':');
}
