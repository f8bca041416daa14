/** The links of a design, worked out once for each. */
import type { Design } from '../sim/design/design.ts';
import { type Link, linksOf } from '../sim/design/topology.ts';

export interface Wiring {
  readonly links: readonly Link[];
  readonly named: ReadonlyMap<string, Link>;
}

const known = new WeakMap<Design, Wiring>();

export function wiringOf(design: Design): Wiring {
  const before = known.get(design);
  if (before !== undefined) return before;
  const links = linksOf(design);
  const wiring = { links, named: new Map(links.map((link) => [link.name, link])) };
  known.set(design, wiring);
  return wiring;
}
