/** The wiring of a design: its interfaces and links with every default filled in. */
import { type InterfaceAddress, parseInterface } from '../addr/prefix.ts';
import { fail } from '../base/fail.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import { parseBandwidth } from './bandwidth.ts';
import type { Design, InterfaceSpec, LinkSpec, Node } from './design.ts';

/** Latency of a link that names none. */
export const DEFAULT_LATENCY: Millis = 1;
export const DEFAULT_MTU = 1500;

export interface LinkEnd {
  readonly node: string;
  readonly interface: string;
}

/** A link of two ends, or a shared segment of more. */
export interface Link {
  /** Its place in `links`. */
  readonly index: number;
  /** As given, else its ends as written: `laptop - home:lan`. */
  readonly name: string;
  readonly ends: readonly LinkEnd[];
  readonly latencyMs: Millis;
  /** The probability that a packet is lost, 0…1. */
  readonly loss: number;
  /** Bits per second; unlimited when absent. */
  readonly bandwidth?: number;
  readonly cost: number;
  readonly up: boolean;
}

export interface Interface {
  readonly addresses: readonly InterfaceAddress[];
  readonly dhcp: boolean;
  readonly up: boolean;
  readonly mtu: number;
}

/** The node of that name; undefined when there is none. */
export function nodeNamed(design: Design, name: string): Node | undefined {
  return Object.hasOwn(design.nodes, name) ? design.nodes[name] : undefined;
}

/** The interface as written, in the one form that says everything. Addresses that are none are left out. */
export function interfaceOf(spec: InterfaceSpec): Interface {
  if (spec === 'dhcp') return { addresses: [], dhcp: true, up: true, mtu: DEFAULT_MTU };
  const texts = typeof spec === 'string' ? [spec] : 'length' in spec ? spec : (spec.addresses ?? []);
  const given = typeof spec === 'string' || 'length' in spec ? {} : spec;
  return {
    addresses: texts.flatMap((text) => parseInterface(text) ?? []),
    dhcp: given.dhcp ?? false,
    up: given.up ?? true,
    mtu: given.mtu ?? DEFAULT_MTU,
  };
}

/** Every interface of a node by name, loopback aside, in the order written. */
export function interfacesOf(node: Node): ReadonlyMap<string, Interface> {
  return new Map(Object.entries(node.interfaces ?? {}).map(([name, spec]) => [name, interfaceOf(spec)]));
}

/** The interface that `NODE:INTERFACE` names, or `NODE` alone when it has exactly one; undefined when there is no such. */
export function resolveEnd(design: Design, text: string): LinkEnd | undefined {
  const [node = '', name, ...rest] = text.split(':');
  const interfaces = nodeNamed(design, node)?.interfaces ?? {};
  const names = Object.keys(interfaces);
  if (rest.length > 0) return undefined;
  const only = names.length === 1 ? names[0] : undefined;
  const wanted = name ?? only;
  return wanted !== undefined && Object.hasOwn(interfaces, wanted) ? { node, interface: wanted } : undefined;
}

/** The ends of a link as written. */
export function endsOf(spec: LinkSpec): readonly string[] {
  return 'between' in spec ? spec.between : spec;
}

const wirings = new WeakMap<Design, readonly Link[]>();

/** All links of a checked design, in order; an end that names no interface fails. */
export function linksOf(design: Design): readonly Link[] {
  const known = wirings.get(design);
  if (known !== undefined) return known;
  const links = readLinks(design);
  wirings.set(design, links);
  return links;
}

function readLinks(design: Design): readonly Link[] {
  return (design.links ?? []).map((spec, index) => {
    const texts = endsOf(spec);
    const given = 'between' in spec ? spec : undefined;
    const bandwidth = given?.bandwidth === undefined ? undefined : parseBandwidth(given.bandwidth);
    return {
      index,
      name: given?.name ?? texts.join(' - '),
      ends: texts.map((text) => resolveEnd(design, text) ?? fail(`links[${index}]: "${text}" names no interface`)),
      latencyMs: parseDuration(given?.latency ?? '') ?? DEFAULT_LATENCY,
      loss: given?.loss ?? 0,
      ...(bandwidth === undefined ? {} : { bandwidth }),
      cost: given?.cost ?? 1,
      up: given?.up ?? true,
    };
  });
}

/** Whether the two name the same interface. */
export function sameEnd(a: LinkEnd, b: LinkEnd): boolean {
  return a.node === b.node && a.interface === b.interface;
}

/** The link of that name, or the one that joins all these ends; undefined when there is none, or an end names no interface. */
export function findLink(design: Design, which: string | readonly string[]): Link | undefined {
  const links = linksOf(design);
  if (typeof which === 'string') return links.find((link) => link.name === which);
  const wanted = which.map((text) => resolveEnd(design, text));
  return links.find(
    (link) =>
      wanted.length > 0 && wanted.every((end) => end !== undefined && link.ends.some((other) => sameEnd(other, end))),
  );
}
