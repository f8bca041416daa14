/** Timeouts that nobody would wait for: the kernel's own settings against the simulator's figures. */
import { showDuration } from '../sim/base/time.ts';
import type { Design, TimeoutName } from '../sim/design/design.ts';
import { TIMEOUT_KEYS } from '../sim/export/sysctl.ts';
import { compileTracking } from '../sim/program/tracking.ts';
import type { Agent } from './agent.ts';

/** By node, then by name; durations as text. */
export type Timeouts = Readonly<Record<string, Readonly<Record<string, string>>>>;

const NAMES = Object.entries(TIMEOUT_KEYS);

/** What the kernel of each node is set to. */
export async function readTimeouts(agents: ReadonlyMap<string, Agent>, nodes: readonly string[]): Promise<Timeouts> {
  const read = async (node: string) => {
    const keys = NAMES.map(([, key]) => `net.netfilter.nf_conntrack_${key}`);
    const { out = '' } = (await agents.get(node)?.run(['sysctl', '-e', ...keys])) ?? {};
    const found = new Map(out.split('\n').map((line) => line.split(' = ') as [string, string]));
    const values = NAMES.map(([name], i) => [name, showDuration(Number(found.get(keys[i] ?? '')) * 1000)] as const);
    return [node, Object.fromEntries(values)] as const;
  };
  return Object.fromEntries(await Promise.all(nodes.map(read)));
}

/** What the simulator uses. */
export function timeoutsOf(design: Design, nodes: readonly string[]): Timeouts {
  const simulated = (node: string) => {
    const { timeouts } = compileTracking(design.nodes[node]?.tracking);
    return Object.fromEntries(NAMES.map(([name]) => [name, showDuration(timeouts[name as TimeoutName])]));
  };
  return Object.fromEntries(nodes.map((node) => [node, simulated(node)]));
}

/** Nodes that may track connections. */
export function trackingNodes(design: Design): string[] {
  return Object.entries(design.nodes).flatMap(([name, { nat, firewall, tracking }]) =>
    nat === undefined && firewall === undefined && tracking === undefined ? [] : [name],
  );
}
