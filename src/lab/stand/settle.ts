/** Waiting until links are as they were set: the kernel brings them up and takes them down in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabPort } from '../../sim/export/lab.ts';
import type { Agent } from '../agent.ts';
import { execute, LabError } from '../execute.ts';

/** One end of a cable as it should be. */
export interface PortState extends Pick<LabPort, 'end' | 'device' | 'port'> {
  /** The cable is plugged in and the interface is up. */
  readonly up: boolean;
}

interface DeviceState {
  readonly up: boolean;
  /** Its IPv6 addresses can be used. */
  readonly ready: boolean;
}

const PATIENCE_MS = 5000;

/** Resolves once both ends of every cable are as they should be, and bridges pass what they should. */
export async function settle(
  wires: string,
  agents: ReadonlyMap<string, Agent>,
  ports: readonly PortState[],
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const late = await notYet(wires, agents, ports);
    if (late === undefined) return;
    if (performance.now() > until) throw new LabError(`${late} did not come up or go down in time`);
    await sleep(10);
  }
}

async function notYet(
  wires: string,
  agents: ReadonlyMap<string, Agent>,
  ports: readonly PortState[],
): Promise<string | undefined> {
  const passing = await passingPorts(wires);
  const devices = new Map(
    await Promise.all(
      [...agents].map(
        async ([node, agent]) => [node, (await agent.ask('links')) as Record<string, DeviceState>] as const,
      ),
    ),
  );
  const late = ports.find(({ end, device, port, up }) => {
    const state = devices.get(end.node)?.[device];
    return state?.up !== up || (up && !state.ready) || passing.has(port) !== up;
  });
  return late === undefined ? undefined : `${late.end.node}:${late.end.interface}`;
}

interface LinkListing {
  readonly ifname: string;
  readonly linkinfo?: { readonly info_slave_data?: { readonly state?: string } };
}

/** The ports whose bridge passes packets on. */
async function passingPorts(wires: string): Promise<ReadonlySet<string>> {
  const { out } = await execute({ argv: ['ip', '-n', wires, '-d', '-j', 'link', 'show', 'type', 'bridge_slave'] });
  const links = (out.trim() === '' ? [] : JSON.parse(out)) as readonly LinkListing[];
  return new Set(
    links.filter(({ linkinfo }) => linkinfo?.info_slave_data?.state === 'forwarding').map((link) => link.ifname),
  );
}
