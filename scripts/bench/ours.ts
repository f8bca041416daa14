/**
 * The engine's side of the comparisons: client, gateway and server as the kernel has them, every node of them simulated.
 * Each burst runs in a fork of the world, so that every one finds the same tables and none the records of another.
 */
import { ip4 } from '../../src/sim/addr/ip.ts';
import { fail } from '../../src/sim/base/fail.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import type { Rule } from '../../src/sim/design/rule.ts';
import { type App, type AppCommand, react } from '../../src/sim/host/app/app.ts';
import { type Packet, udp } from '../../src/sim/packet/packet.ts';
import { explain } from '../../src/sim/trace/explain.ts';
import { World } from '../../src/sim/world/world.ts';
import { type Timing, timed } from './measure.ts';

/** Addresses and ports are those of the kernel's side; a flow has the number that it has there. */
const CLIENT = 0x0a00_0002;
const SERVER = ip4(0xc612_0102);
const WAN = ip4(0xc612_0101);
const PORT = 9;
const FLOWS_PER_CLIENT = 60_000;
const FIRST_PORT = 1024;
/** As the sender in C, which hands over so many at once. */
const BATCH = 64;
/** The UDP payload of a frame of 60 bytes. */
const PAYLOAD = new Uint8Array(18);

/** Discards what arrives before anything else looks at it, and counts: the trace says where it ended. */
const SINK = { raw: { rules: [{ match: { protocol: 'udp' }, action: 'drop' }] } } as const;

const STATEFUL: readonly Rule[] = [
  { match: { state: ['established', 'related'] }, action: 'accept' },
  { match: { inInterface: 'lan' }, action: 'accept' },
];

/** The gateway of every comparison. Without `rules` its filter lets answers in, and everything out. */
export function gatewayNode(rules: readonly Rule[] = STATEFUL): Node {
  return {
    kind: 'gateway',
    interfaces: { lan: '10.255.255.254/8', wan: '198.18.1.1/24' },
    firewall: { forward: { policy: 'drop', rules } },
    nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    // the default would be full long before the largest size
    tracking: { max: 2_000_000 },
  };
}

export function gatewayDesign(rules?: readonly Rule[]): Design {
  return {
    nodes: {
      client: {
        kind: 'host',
        interfaces: { eth0: '10.0.0.2/8' },
        gateway: '10.255.255.254',
        firewall: SINK,
      },
      gateway: gatewayNode(rules),
      server: { kind: 'host', interfaces: { eth0: '198.18.1.2/24' }, gateway: '198.18.1.1', firewall: SINK },
    },
    links: [
      ['client', 'gateway:lan'],
      ['gateway:wan', 'server'],
    ],
  };
}

/** The packet of a flow, by its number, towards the server. */
export function packetOf(flow: number): Packet {
  return udp({
    src: ip4(CLIENT + Math.floor(flow / FLOWS_PER_CLIENT)),
    dst: SERVER,
    sport: FIRST_PORT + (flow % FLOWS_PER_CLIENT),
    dport: PORT,
    payload: PAYLOAD,
  });
}

function answerOf(flow: number): Packet {
  return udp({ src: SERVER, dst: WAN, sport: PORT, dport: FIRST_PORT + flow, payload: PAYLOAD });
}

/** A program that sends packets as they are, and is over. */
function sender(packets: readonly Packet[]): App<undefined> {
  return {
    name: 'sender',
    start: () =>
      react(
        undefined,
        { kind: 'raw', socket: 'raw', level: 'ip' },
        ...packets.map((packet): AppCommand => ({ kind: 'inject', socket: 'raw', packet })),
        { kind: 'finish', finding: { outcome: 'sent' } },
      ),
    handle: (state) => react(state),
  };
}

function sendAll(world: World, node: string, packets: readonly Packet[]): void {
  for (let at = 0; at < packets.length; at += BATCH) {
    world.launch(node, sender(packets.slice(at, at + BATCH)));
    world.settle();
  }
}

/** Packets at the server's door, in this world. */
function arrivedIn(world: World, node: string): number {
  return world.trace.filter(
    (event) =>
      event.kind === 'fate' &&
      event.fate.kind === 'dropped' &&
      event.fate.place === 'firewall.raw.rules[0]' &&
      event.fate.node === node,
  ).length;
}

export interface Burst {
  readonly packets: number;
  /** Different five-tuples, cycled over. */
  readonly flows: number;
}

/** Client, gateway and server in motion. */
export class Path {
  readonly #base: World;

  constructor(rules?: readonly Rule[]) {
    this.#base = new World(gatewayDesign(rules));
  }

  /** One packet each way for each flow, so that the gateway knows them as established. */
  establish(flows: number): void {
    const numbers = Array.from({ length: flows }, (_, i) => i);
    sendAll(this.#base, 'client', numbers.map(packetOf));
    sendAll(this.#base, 'server', numbers.map(answerOf));
    for (const node of ['server', 'client']) {
      const arrived = arrivedIn(this.#base, node);
      if (arrived !== flows) fail(`only ${arrived} of ${flows} packets arrived at the ${node}`);
    }
  }

  /** Sends, and returns what one packet cost, once it is certain that every one arrived. */
  send({ packets, flows }: Burst): Timing {
    const world = this.#base.fork();
    const list = Array.from({ length: flows }, (_, i) => packetOf(i));
    const burst = Array.from({ length: packets }, (_, i) => list[i % flows] ?? fail('no flow'));
    const before = arrivedIn(world, 'server');
    const timing = timed(packets, () => sendAll(world, 'client', burst));
    const arrived = arrivedIn(world, 'server') - before;
    if (arrived !== packets) fail(`only ${arrived} of ${packets} packets arrived`);
    return timing;
  }

  /** The whole story of one packet as text; the tables stay as they are. */
  trace(flow: number): string {
    const world = this.#base.fork();
    const begin = world.recorded;
    sendAll(world, 'client', [packetOf(flow)]);
    return explain(world.since(begin));
  }

  /** `10.0.0.2:1024 198.18.1.1:1024` for each flow after a burst of one packet each: who is inside, and what it is outside. */
  translations(flows: number): readonly string[] {
    const world = this.#base.fork();
    sendAll(
      world,
      'client',
      Array.from({ length: flows }, (_, i) => packetOf(i)),
    );
    return world
      .inspect('gateway')
      .connections.map(
        ({ original, reply }) =>
          `${original.source}:${original.sourcePort} ${reply.destination}:${reply.destinationPort}`,
      )
      .toSorted();
  }
}
