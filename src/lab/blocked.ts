/** Which rule stopped a packet: every rule of a lab counts what it meets and carries its place in the design. */
import type { Agent } from './agent.ts';

/** How many packets each place has stopped, for one node. */
export type Stops = ReadonlyMap<string, number>;

interface Listing {
  readonly nftables: readonly { readonly rule?: { readonly comment?: string; readonly expr: readonly object[] } }[];
}

/** The counters of all rules that drop or reject. */
export async function readStops(agent: Agent): Promise<Stops> {
  const { out } = await agent.run(['nft', '-j', 'list', 'ruleset']);
  const stops = new Map<string, number>();
  if (out.trim() === '') return stops;
  for (const { rule } of (JSON.parse(out) as Listing).nftables) {
    if (rule?.comment === undefined || !rule.expr.some((part) => 'drop' in part || 'reject' in part)) continue;
    stops.set(rule.comment, (stops.get(rule.comment) ?? 0) + countOf(rule.expr));
  }
  return stops;
}

function countOf(expressions: readonly object[]): number {
  const [counted] = expressions.flatMap((part) => ('counter' in part ? [part.counter as { packets: number }] : []));
  return counted?.packets ?? 0;
}

/** The one place whose count rose between two readings; undefined when none did, or several. */
export function findBlock(
  before: ReadonlyMap<string, Stops>,
  after: ReadonlyMap<string, Stops>,
): { readonly blockedAt: string; readonly blockedBy: string } | undefined {
  const risen = [...after].flatMap(([node, stops]) =>
    [...stops]
      .filter(([place, count]) => count > (before.get(node)?.get(place) ?? 0))
      .map(([place]) => ({ blockedAt: node, blockedBy: place })),
  );
  return risen.length === 1 ? risen[0] : undefined;
}
