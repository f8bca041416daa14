/**
 * One thing at one size, in a process of its own so that its memory is its own: `child.ts WHAT SIZE` prints a `Grown`.
 * Needs `--expose-gc`.
 */

import { ANY4, type Ip4, ip4 } from '../../src/sim/addr/ip.ts';
import { makePrefix, showPrefix } from '../../src/sim/addr/prefix.ts';
import { Rng } from '../../src/sim/base/rng.ts';
import type { Node } from '../../src/sim/design/design.ts';
import { type Packet, udp } from '../../src/sim/packet/packet.ts';
import { compile, compileNode } from '../../src/sim/program/compile.ts';
import type { Fib } from '../../src/sim/program/program.ts';
import { enter, runHop } from '../../src/sim/router/hop.ts';
import { RunningNode } from '../../src/sim/world/node.ts';
import { World } from '../../src/sim/world/world.ts';
import { probe } from '../../src/whatif/probe.ts';
import { chainOf, sightsOf } from './cases/lookup.ts';
import { type Timing, timed } from './measure.ts';
import { campusOf } from './network.ts';
import { gatewayDesign, packetOf } from './ours.ts';
import { generateRules } from './rules.ts';

export interface Grown {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Largest resident set of the process. */
  readonly peakMb: number;
  readonly bytesEach?: number;
  readonly says: string;
}

type Found = Omit<Grown, 'peakMb'>;

const PER_ADDRESS = 60_000;
const AGAIN = 100_000;

function millis({ cpuNs, wallNs }: Timing): Pick<Grown, 'cpuMs' | 'wallMs'> {
  return { cpuMs: cpuNs / 1e6, wallMs: wallNs / 1e6 };
}

function liveBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function nodes(count: number): Found {
  const { design, flows } = campusOf({ nodes: count });
  const some = flows.slice(0, 200);
  const before = liveBytes();
  let programs: ReturnType<typeof compile> | undefined;
  const compiling = timed(1, () => {
    programs = compile(design);
  });
  const size = programs?.size ?? 0;
  const bytesEach = (liveBytes() - before) / size;
  let reached = 0;
  const running = timed(some.length, () => {
    const world = new World(design);
    for (const flow of some) if (probe(world.fork(), flow).reached) reached += 1;
  });
  if (reached === 0) throw new Error('no flow reaches its end');
  const says = `${size} nodes compiled; then ${(running.cpuNs / 1e6).toFixed(2)} ms for each of ${some.length} flows, of which ${reached} reach their end`;
  return { ...millis(compiling), bytesEach, says };
}

/** Walks packets through the gateway alone, and writes nothing down. Returns how many leave it. */
function through({ router }: RunningNode, count: number, packetAt: (i: number) => Packet): number {
  let left = 0;
  for (let i = 0; i < count; i++) {
    if (runHop(enter(packetAt(i), 'lan'), router, 0).verdict === 'transmit') left += 1;
  }
  return left;
}

function makeGateway(): RunningNode {
  return new RunningNode(compileNode(gatewayDesign(), 'gateway'), { seed: new Rng(1), recalls: true, heard: false });
}

/** Many clients, and as many servers as it takes for one address to be enough. */
function connectionAt(i: number): Packet {
  const group = Math.floor(i / PER_ADDRESS);
  return udp({
    src: ip4(0x0a00_0002 + group),
    dst: ip4(0xc612_0102 + group),
    sport: 1024 + (i % PER_ADDRESS),
    dport: 9,
  });
}

function connections(count: number): Found {
  const gateway = makeGateway();
  const before = liveBytes();
  const opening = timed(1, () => {
    const left = through(gateway, count, connectionAt);
    if (left !== count) throw new Error(`only ${left} of ${count} connections were opened`);
  });
  const bytesEach = (liveBytes() - before) / count;
  const rng = new Rng(2);
  const order = Int32Array.from({ length: AGAIN }, () => rng.int(0, count - 1));
  const again = timed(AGAIN, () => void through(gateway, AGAIN, (i) => connectionAt(order[i] ?? 0)));
  if (gateway.router.conntrack.flows.size !== count) throw new Error('connections were lost');
  const says = `all live at once; then ${again.cpuNs.toFixed(0)} ns for a packet of one of them`;
  return { ...millis(opening), bytesEach, says };
}

/** All to one server from behind one address. */
function pool(count: number): Found {
  const gateway = makeGateway();
  let left = 0;
  const opening = timed(1, () => {
    left = through(gateway, count, packetOf);
  });
  const outside = new Set([...gateway.router.conntrack.flows.all()].map(({ reply }) => reply.dport));
  if (outside.size !== left) throw new Error(`${left} connections have ${outside.size} ports`);
  return { ...millis(opening), says: `${left} got a port of their own` };
}

function rules(count: number): Found {
  const list = generateRules('acl', count);
  const before = liveBytes();
  let chain: ReturnType<typeof chainOf> | undefined;
  const compiling = timed(1, () => {
    chain = chainOf(list);
  });
  const bytesEach = (liveBytes() - before) / count;
  const sights = sightsOf(list, 16_384);
  let accepted = 0;
  const looking = (): void => {
    for (const sight of sights) if (chain?.decide(sight).verdict === 'accept') accepted += 1;
  };
  // until there is an index, and the code is compiled
  for (let round = 0; round < 8; round++) looking();
  const each = timed(sights.length, looking);
  if (accepted === 0) throw new Error('nothing was accepted');
  return { ...millis(compiling), bytesEach, says: `compiled; then ${each.cpuNs.toFixed(0)} ns a lookup` };
}

/** Lengths of the prefixes of a full table of the Internet, and their shares in percent. */
const LENGTHS = [
  [24, 61],
  [22, 12],
  [23, 10],
  [21, 5],
  [20, 5],
  [19, 4],
  [16, 3],
] as const;

function routerWith(count: number, rng: Rng): Node {
  const lengths = LENGTHS.flatMap(([length, share]) => Array.from({ length: share }, () => length));
  const routes = Array.from({ length: count }, () => {
    const prefix = makePrefix(anyAddress(rng), lengths[rng.int(0, 99)] ?? 24);
    return { to: showPrefix(prefix), via: '198.18.1.2' };
  });
  return { kind: 'router', interfaces: { wan: '198.18.1.1/24' }, gateway: '198.18.1.2', routes };
}

function anyAddress(rng: Rng): Ip4 {
  return ip4(rng.int(0x0100_0000, 0xdfff_ffff));
}

/** A default route, and prefixes all over the address space. */
function routes(count: number): Found {
  const rng = new Rng(3);
  const design = { nodes: { router: routerWith(count, rng) } };
  const before = liveBytes();
  let fib: Fib | undefined;
  const compiling = timed(1, () => {
    fib = compileNode(design, 'router').fib;
  });
  const bytesEach = (liveBytes() - before) / count;
  const addresses = Array.from({ length: 65_536 }, () => anyAddress(rng));
  let found = 0;
  const lookUp = (list: readonly Ip4[]): Timing =>
    timed(AGAIN * 10, () => {
      for (let i = 0; i < AGAIN * 10; i++) if (fib?.lookup(list[i % list.length] ?? ANY4) !== undefined) found += 1;
    });
  lookUp(addresses);
  const [few, many] = [lookUp(addresses.slice(0, 1024)), lookUp(addresses)];
  if (found !== AGAIN * 30) throw new Error('an address has no route');
  const says = `compiled; then ${few.cpuNs.toFixed(1)} ns a lookup among 1024 addresses, ${many.cpuNs.toFixed(1)} ns among 65,536`;
  return { ...millis(compiling), bytesEach, says };
}

const WHAT: Readonly<Record<string, (size: number) => Found>> = {
  nothing: () => ({ cpuMs: 0, wallMs: 0, says: 'the process alone' }),
  nodes,
  connections,
  pool,
  rules,
  routes,
};

const [what = '', size = '0'] = process.argv.slice(2);
const found = WHAT[what]?.(Number(size));
if (found === undefined) throw new Error(`child.ts ${Object.keys(WHAT).join('|')} SIZE`);
const grown: Grown = { ...found, peakMb: process.resourceUsage().maxRSS / 1024 };
process.stdout.write(`${JSON.stringify(grown)}\n`);
