/** What the nodes of a lab were delivered while a step ran, and which of it the step had sent. */
import type { Agent } from './agent.ts';

/** A packet as an agent heard it. */
export interface Heard {
  /** On the one clock of all agents, in seconds. */
  readonly time: number;
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: number;
  readonly seq?: number;
  readonly type?: number;
  readonly ident?: number;
  /** The first 64 bytes, in hex. */
  readonly payload?: string;
}

export interface Arrival {
  readonly server: string;
  readonly seenAs: { readonly address: string; readonly port?: number };
}

/** How many packets each node had heard at some moment. */
type Positions = ReadonlyMap<string, unknown>;

export async function positionsOf(agents: ReadonlyMap<string, Agent>): Promise<Positions> {
  const all = await Promise.all([...agents].map(async ([node, agent]) => [node, await agent.ask('position')] as const));
  return new Map(all);
}

/** Every packet that was delivered since then, by node. */
export async function heardSince(
  agents: ReadonlyMap<string, Agent>,
  since: Positions,
): Promise<ReadonlyMap<string, readonly Heard[]>> {
  const all = [...agents].map(async ([node, agent]) => {
    const packets = (await agent.ask('heard', { position: since.get(node) ?? 0 })) as readonly Heard[];
    return [node, packets] as const;
  });
  return new Map(await Promise.all(all));
}

/** Who acted in a step, and which packets are its own. */
export interface Sent {
  readonly from: string;
  readonly fits: (packet: Heard) => boolean;
}

/** Where the first packet that fits was delivered since then; at the sender itself only if nowhere else. */
export async function findArrival(
  agents: ReadonlyMap<string, Agent>,
  since: Positions,
  { from, fits }: Sent,
): Promise<Arrival | undefined> {
  const heard = [...(await heardSince(agents, since))].flatMap(([server, packets]) =>
    packets.filter(fits).map((packet) => ({ server, packet })),
  );
  const all = heard.sort((a, b) => a.packet.time - b.packet.time);
  const elsewhere = all.filter(({ server }) => server !== from);
  const found = (elsewhere.length > 0 ? elsewhere : all).at(0);
  if (found === undefined) return undefined;
  const { source: address, sport: port } = found.packet;
  return { server: found.server, seenAs: port === undefined ? { address } : { address, port } };
}

/** Protocols that the agents hear; any other is counted by a rule of its own. */
const HEARD: ReadonlySet<number> = new Set([1, 6, 17, 58]);

/** A table that remembers who sent packets of a protocol the agents do not hear: a raw socket would change the answer. */
function watchTable(protocol: number): string {
  return `table inet mbwatch
delete table inet mbwatch
table inet mbwatch {
  set from4 { type ipv4_addr; flags dynamic; size 64; }
  set from6 { type ipv6_addr; flags dynamic; size 64; }
  chain input {
    type filter hook input priority 250;
    meta l4proto ${protocol} meta nfproto ipv4 update @from4 { ip saddr }
    meta l4proto ${protocol} meta nfproto ipv6 update @from6 { ip6 saddr }
  }
}
`;
}

/** Watches for one protocol on every node while `act` runs; `arrival` says where a packet of it came. */
export async function watching<T>(
  agents: ReadonlyMap<string, Agent>,
  protocol: number,
  act: () => Promise<T>,
): Promise<{ readonly value: T; readonly arrival: Arrival | undefined }> {
  if (HEARD.has(protocol)) return { value: await act(), arrival: undefined };
  const all = [...agents];
  await Promise.all(all.map(([, agent]) => agent.run(['nft', '-f', '-'], watchTable(protocol))));
  const value = await act();
  const seen = await Promise.all(all.map(async ([node, agent]) => ({ node, addresses: await watched(agent) })));
  await Promise.all(all.map(([, agent]) => agent.run(['nft', 'delete', 'table', 'inet', 'mbwatch'])));
  const [found] = seen.flatMap(({ node, addresses }) =>
    addresses.map((address) => ({ server: node, seenAs: { address } })),
  );
  return { value, arrival: found };
}

interface SetListing {
  readonly nftables: readonly { readonly set?: { readonly elem?: readonly string[] } }[];
}

async function watched(agent: Agent): Promise<string[]> {
  const { out } = await agent.run(['nft', '-j', 'list', 'table', 'inet', 'mbwatch']);
  return (JSON.parse(out) as SetListing).nftables.flatMap(({ set }) => [...(set?.elem ?? [])]);
}
