/** The links of a design, found by the interfaces that hang on them. */
import type { Design } from '../sim/design/design.ts';
import { type Link, linksOf } from '../sim/design/topology.ts';

export interface Wiring {
  readonly links: readonly Link[];
  /** By `NODE:INTERFACE`. */
  readonly at: ReadonlyMap<string, Link>;
  readonly named: ReadonlyMap<string, Link>;
}

const known = new WeakMap<Design, Wiring>();

export function wiringOf(design: Design): Wiring {
  const before = known.get(design);
  if (before !== undefined) return before;
  const links = linksOf(design);
  const at = new Map(links.flatMap((link) => link.ends.map((end) => [`${end.node}:${end.interface}`, link] as const)));
  const wiring = { links, at, named: new Map(links.map((link) => [link.name, link])) };
  known.set(design, wiring);
  return wiring;
}
