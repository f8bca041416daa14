/** Whom a step means, by the design alone: the address that a name, node or interface stands for. */
import { type Family, family, type Ip, isLinkLocal, parseIp, showIp } from '../sim/addr/ip.ts';
import type { Design } from '../sim/design/design.ts';
import { interfacesOf } from '../sim/design/topology.ts';
import type { Agent } from './agent.ts';

/** An address, or the outcome of asking DNS for one (undefined when nothing could be asked). */
export type Found =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'none'; readonly outcome: string | undefined };

/** Of a node or interface the first address written, in a family that the sender has too; DNS is asked for real. */
export async function findTarget(design: Design, from: string, to: string, agent: Agent): Promise<Found> {
  const ip = parseIp(to);
  if (ip !== undefined) return { kind: 'address', address: showIp(ip) };
  const spoken = familiesOf(design, from);
  const [node = '', name] = to.split(':');
  if (Object.hasOwn(design.nodes, node)) {
    const all = addressesOf(design, node, name);
    const found = all.find((each) => spoken.has(family(each))) ?? all[0];
    return found === undefined ? { kind: 'none', outcome: undefined } : { kind: 'address', address: showIp(found) };
  }
  const types = [4, 6].filter((version) => spoken.has(version as Family) || (version === 4 && spoken.size === 0));
  let outcome: string | undefined;
  for (const version of types) {
    const answer = await resolveName(design, { from, name: to, type: version === 4 ? 'A' : 'AAAA' }, agent);
    const [address] = answer.addresses ?? [];
    if (address !== undefined) return { kind: 'address', address };
    outcome ??= answer.outcome;
  }
  return { kind: 'none', outcome };
}

export interface Resolved {
  readonly outcome: string;
  readonly addresses?: readonly string[];
}

/** Asks the node's resolvers. */
export async function resolveName(
  design: Design,
  { from, name, type }: { readonly from: string; readonly name: string; readonly type: 'A' | 'AAAA' },
  agent: Agent,
): Promise<Resolved> {
  const servers = design.nodes[from]?.resolver ?? [];
  return (await agent.ask('resolve', { servers, name, type })) as Resolved;
}

/** The families in which a node has an address of more than its own link. */
function familiesOf(design: Design, node: string): ReadonlySet<Family> {
  return new Set(addressesOf(design, node).map(family));
}

function addressesOf(design: Design, name: string, only?: string): Ip[] {
  const node = design.nodes[name];
  const interfaces = node === undefined ? [] : [...interfacesOf(node)];
  return interfaces
    .filter(([label]) => only === undefined || label === only)
    .flatMap(([, { addresses }]) => addresses.map(({ ip }) => ip))
    .filter((ip) => !isLinkLocal(ip));
}
