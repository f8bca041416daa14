/** G7: one stream of datagrams along a chain of routers, beside ns-3. */
import { join } from 'node:path';
import { execute, perform } from '../../../src/lab/execute.ts';
import { ip4 } from '../../../src/sim/addr/ip.ts';
import type { Design, Node } from '../../../src/sim/design/design.ts';
import { type App, type AppCommand, react } from '../../../src/sim/host/app/app.ts';
import { World } from '../../../src/sim/world/world.ts';
import { type Case, type Context, inFolder, needs, versionOf } from '../context.ts';
import { alternate, type Timing, timed } from '../measure.ts';
import { ROOT } from '../place.ts';
import { type Comparison, compareSides, Skipped } from '../result.ts';

const SOURCE = join(ROOT, 'scripts/bench/peer/chain.cc');
const MODULES = ['core', 'network', 'internet', 'applications', 'point-to-point'].map((name) => `ns3-${name}`);
const PORT = 9;
const PAYLOAD = new Uint8Array(64);
const INTERVAL = 0.001;
const ROUTERS = [1, 10];

/** As in `chain.cc`: links of 10 Gb/s and 10 us, each with a /24 of its own; every node knows the way to every link. */
export function chainDesign(routers: number): Design {
  const last = routers + 1;
  const numbers = Array.from({ length: last + 1 }, (_, i) => i);
  const nodes = Object.fromEntries(numbers.map((i) => [`n${i}`, nodeOf(i, last)]));
  const links = numbers.slice(0, last).map((i) => ({
    between: [`n${i}:right`, `n${i + 1}:left`] as const,
    latency: '10us',
    bandwidth: '10Gbit',
  }));
  return { nodes, links };
}

/** Link i has 10.1.i.1 on its left and 10.1.i.2 on its right. */
function nodeOf(i: number, last: number): Node {
  const left = i === 0 ? {} : { left: `10.1.${i - 1}.2/24` };
  const right = i === last ? {} : { right: `10.1.${i}.1/24` };
  const routes = Array.from({ length: last }, (_, link) => link)
    .filter((link) => link !== i && link !== i - 1)
    .map((link) => ({ to: `10.1.${link}.0/24`, via: link < i ? `10.1.${i - 1}.1` : `10.1.${i}.2` }));
  return { kind: i === 0 || i === last ? 'host' : 'router', interfaces: { ...left, ...right }, routes };
}

const tick: AppCommand = { kind: 'timer', name: 'next', after: INTERVAL };

/** A datagram each microsecond. */
function source(packets: number, routers: number): App<number> {
  const to = { ip: ip4(0x0a01_0002 + routers * 256), port: PORT };
  return {
    name: 'source',
    start: () => react(packets, { kind: 'bind', socket: 'out', port: 0, peer: to }, tick),
    handle: (left, event) => {
      if (event.kind !== 'timer') return react(left);
      const send: AppCommand = { kind: 'send', socket: 'out', to, payload: PAYLOAD };
      if (left > 1) return react(left - 1, send, tick);
      return react(0, send, { kind: 'finish', finding: { outcome: 'sent' } });
    },
  };
}

/** Counts to the last datagram. */
function sink(packets: number): App<number> {
  return {
    name: 'sink',
    start: () => react(0, { kind: 'bind', socket: 'in', port: PORT }),
    handle: (received, event) => {
      if (event.kind !== 'datagram') return react(received);
      if (received + 1 < packets) return react(received + 1);
      return react(packets, { kind: 'finish', finding: { outcome: 'received' } });
    },
  };
}

export function runOurs(design: Design, routers: number, packets: number): Timing {
  const world = new World(design, { record: 'off' });
  const counting = world.launch(`n${routers + 1}`, sink(packets));
  const timing = timed(packets * (routers + 1), () => {
    world.launch('n0', source(packets, routers));
    world.runUntil(1000, () => world.finding(counting) !== undefined);
  });
  if (world.finding(counting) === undefined) throw new Error(`not all of ${packets} packets came through`);
  return timing;
}

interface Ran {
  readonly received: number;
  readonly hops: number;
  readonly cpuNs: number;
  readonly wallNs: number;
}

async function runPeer(program: string, routers: number, packets: number): Promise<Timing> {
  const { code, out, err } = await execute({ argv: [program, String(routers), String(packets)] });
  if (code !== 0) throw new Error(`ns-3: ${err}`);
  const { received, hops, cpuNs, wallNs } = JSON.parse(out) as Ran;
  if (received !== packets) throw new Error(`ns-3 received ${received} of ${packets} packets`);
  const all = packets * hops;
  return { cpuNs: cpuNs / all, wallNs: wallNs / all };
}

/** Compiles the peer; how much of the compiler's output matters to nobody. */
async function compilePeer(folder: string): Promise<string> {
  const flags = await execute({ argv: ['pkg-config', '--cflags', '--libs', ...MODULES] });
  if (flags.code !== 0) throw new Skipped('ns-3 is not installed (scripts/setup.sh bench)');
  const program = join(folder, 'chain');
  await perform({ argv: ['g++', '-O2', '-o', program, SOURCE, ...flags.out.trim().split(/\s+/)] });
  return program;
}

async function compareChain(program: string, routers: number, context: Context): Promise<Comparison> {
  const design = chainDesign(routers);
  const hops = routers + 1;
  // a round of ours is soon over: so many take about as long
  const ourPackets = Math.floor(context.size(1_000_000, 20_000) / hops);
  const peerPackets = Math.floor(context.size(200_000, 40_000) / hops);
  const { ours, peer } = await alternate(
    { ours: () => runOurs(design, routers, ourPackets), peer: () => runPeer(program, routers, peerPackets) },
    context.amount.repeats,
  );
  return compareSides({
    id: `G7 ${routers}`,
    title: `a stream along ${routers === 1 ? 'one router' : `${routers} routers`}`,
    per: 'link-hop',
    ours,
    peer,
    peerName: `ns-3 ${await versionOf(['pkg-config', '--modversion', 'ns3-core'], /[\d.]+/)}`,
    measure: 'speed',
    must: 10,
    moonshot: 50,
    agreed: 'every datagram received by the server, in both',
  });
}

const chain: Case = {
  ids: ['G7'],
  title: 'a stream along chains of routers',
  async run(context) {
    needs('g++', 'pkg-config');
    return inFolder(async (folder) => {
      const program = await compilePeer(folder);
      const entries: Comparison[] = [];
      for (const routers of ROUTERS) entries.push(await compareChain(program, routers, context));
      return entries;
    });
  },
};

export const CHAIN: readonly Case[] = [chain];
