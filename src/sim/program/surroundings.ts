/** What a running world adds to a node; equal surroundings give the same program. */
import { comparePrefix } from '../addr/prefix.ts';
import type { Surroundings } from './program.ts';

/** A node on its own: nothing learned. */
export const ALONE: Surroundings = { leases: new Map(), learned: [] };

type Leases = Surroundings['leases'];
type Learned = Surroundings['learned'];

export function sameSurroundings(a: Surroundings, b: Surroundings): boolean {
  return sameLeases(a.leases, b.leases) && sameLearned(a.learned, b.learned);
}

export function sameLeases(a: Leases, b: Leases): boolean {
  return a.size === b.size && [...a].every(([name, lease]) => isSameLease(lease, b.get(name)));
}

type Lease = Leases extends ReadonlyMap<string, infer L> ? L : never;

function isSameLease(a: Lease, b: Lease | undefined): boolean {
  if (a === b || b === undefined) return a === b;
  const resolvers = a.resolver.length === b.resolver.length && a.resolver.every((ip, i) => ip === b.resolver[i]);
  return resolvers && a.address === b.address && a.router === b.router && comparePrefix(a.prefix, b.prefix) === 0;
}

function sameLearned(a: Learned, b: Learned): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((route, i) => isSameRoute(route, b[i]));
}

function isSameRoute(a: Learned[number], b: Learned[number] | undefined): boolean {
  if (a === b || b === undefined) return a === b;
  const way = a.via === b.via && a.interface === b.interface && a.cost === b.cost;
  return way && comparePrefix(a.prefix, b.prefix) === 0;
}
