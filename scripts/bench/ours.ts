/**
 * The engine's side of the comparisons: client, gateway and server as the kernel has them, every node of them simulated.
 * Each burst runs in a fork of the world, so that every one finds the same tables and none the records of another.
 */
import { ip4 } from '../../src/sim/addr/ip.ts';
import { fail } from '../../src/sim/base/fail.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import type { Rule } from '../../src/sim/design/rule.ts';
import { type Packet, udp } from '../../src/sim/packet/packet.ts';
import { explain } from '../../src/sim/trace/explain.ts';
import type { Fate } from '../../src/sim/trace/fate.ts';
import type { RecordLevel } from '../../src/sim/world/recorder.ts';
import { World } from '../../src/sim/world/world.ts';
import { meanOf, type Timing, timed } from './measure.ts';

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
function gatewayNode(rules: readonly Rule[] = STATEFUL): Node {
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

/** Made once for all rounds, as otherwise each would have a collector of garbage move new ones about. */
const made: Packet[] = [];

/** The packet of each of so many flows. */
function packetsOf(flows: number): readonly Packet[] {
  while (made.length < flows) made.push(packetOf(made.length));
  return made;
}

function answerOf(flow: number): Packet {
  return udp({ src: SERVER, dst: WAN, sport: PORT, dport: FIRST_PORT + flow, payload: PAYLOAD });
}

/** Sends them in batches, each once the one before has arrived; returns how many came to the door of `to`. */
function sendAll(world: World, node: string, to: string, packets: readonly Packet[]): number {
  let arrived = 0;
  let last: Fate | undefined;
  let there = false;
  for (let at = 0; at < packets.length; at += BATCH) {
    for (const fate of world.sendAll(node, packets.slice(at, at + BATCH))) {
      if (fate !== last) {
        there = fate.kind === 'dropped' && fate.node === to && fate.place === 'firewall.raw.rules[0]';
        last = fate;
      }
      if (there) arrived += 1;
    }
  }
  return arrived;
}

interface Burst {
  readonly packets: number;
  /** Different five-tuples, cycled over. */
  readonly flows: number;
  /** So often, each time in another fork; default 1. */
  readonly times?: number;
}

/** Client, gateway and server in motion. */
export class Path {
  readonly #base: World;

  constructor(rules?: readonly Rule[], record: RecordLevel = 'full') {
    this.#base = new World(gatewayDesign(rules), { record });
  }

  /** One packet each way for each flow, so that the gateway knows them as established. */
  establish(flows: number): void {
    const numbers = Array.from({ length: flows }, (_, i) => i);
    const there = sendAll(this.#base, 'client', 'server', packetsOf(flows).slice(0, flows));
    const back = sendAll(this.#base, 'server', 'client', numbers.map(answerOf));
    if (there !== flows || back !== flows) fail(`only ${there} packets of ${flows} arrived, and ${back} answers`);
  }

  /** Sends, and returns what one packet cost, once it is certain that every one arrived. */
  send({ packets, flows, times = 1 }: Burst): Timing {
    const list = packetsOf(flows);
    const burst = Array.from({ length: packets }, (_, i) => list[i % flows] ?? fail('no flow'));
    const all: Timing[] = [];
    for (let i = 0; i < times; i++) {
      const world = this.#base.fork();
      let arrived = 0;
      all.push(
        timed(packets, () => {
          arrived = sendAll(world, 'client', 'server', burst);
        }),
      );
      if (arrived !== packets) fail(`only ${arrived} of ${packets} packets arrived`);
    }
    return meanOf(all);
  }

  /** The whole story of one packet as text; the tables stay as they are. */
  trace(flow: number): string {
    const world = this.#base.fork();
    return explain(world.send('client', packetOf(flow)).trace);
  }

  /** `10.0.0.2:1024 198.18.1.1:1024` for each flow after a burst of one packet each: who is inside, and what it is outside. */
  translations(flows: number): readonly string[] {
    const world = this.#base.fork();
    sendAll(world, 'client', 'server', packetsOf(flows).slice(0, flows));
    return world
      .inspect('gateway')
      .connections.map(
        ({ original, reply }) =>
          `${original.source}:${original.sourcePort} ${reply.destination}:${reply.destinationPort}`,
      )
      .toSorted();
  }
}
