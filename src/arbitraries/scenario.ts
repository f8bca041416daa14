/** Whole scenarios, and packets that make sense in a design. */
import fc from 'fast-check';
import type { Scenario } from '../scenarios/schema.ts';
import { family, type Ip, ip4 } from '../sim/addr/ip.ts';
import { parsePrefix } from '../sim/addr/prefix.ts';
import type { Design } from '../sim/design/design.ts';
import { echo, type Packet, tcp, udp } from '../sim/packet/packet.ts';
import { anyIpIn } from './addr.ts';
import { anyDesign, type DesignOptions } from './design.ts';
import { anyFlags, anyPayload } from './packet.ts';
import { addressesIn } from './place.ts';
import { anyTraffic, type TrafficOptions } from './step.ts';

export interface ScenarioOptions extends TrafficOptions {
  readonly network?: DesignOptions;
}

/** Any network with any traffic, as a scenario that `runScenario` takes; shrinks to one router without steps. */
export function anyScenario({ network, ...traffic }: ScenarioOptions = {}): fc.Arbitrary<Scenario> {
  return anyDesign(network).chain((design) =>
    fc.record({
      name: fc.constant('generated'),
      network: fc.constant(design),
      seed: fc.nat({ max: 1000 }),
      steps: anyTraffic(design, traffic),
    }),
  );
}

const LOOPBACK = ip4(0x7f00_0001);

/** A packet, and the node that sends it. */
export interface Sent {
  readonly from: string;
  readonly packet: Packet;
}

/**
 * A packet that a node of the design may send: from an address of its own, mostly to an address that somebody has. A
 * design without addresses has loopback alone, one without nodes is a `TypeError`.
 */
export function anyPacketIn(design: Design): fc.Arbitrary<Sent> {
  const names = Object.keys(design.nodes);
  const own = names.flatMap((from) => addressesIn(design, from).map((src) => ({ from, src })));
  const senders = own.length > 0 ? own : names.map((from) => ({ from, src: LOOPBACK }));
  if (senders.length === 0) throw new TypeError('the design has no node that could send a packet');
  return fc
    .constantFrom(...senders)
    .chain(({ from, src }) =>
      anyTarget(design, src).chain((dst) => anyPacketBetween(src, dst).map((packet) => ({ from, packet }))),
    );
}

function anyTarget(design: Design, src: Ip): fc.Arbitrary<Ip> {
  const known = [src, ...addressesIn(design).filter((ip) => family(ip) === family(src))];
  const nobody = parsePrefix(family(src) === 4 ? '198.51.100.0/24' : '2001:db8:ffff::/64');
  return nobody === undefined
    ? fc.constantFrom(...known)
    : fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: anyIpIn(nobody) });
}

const anyPort = fc.oneof(fc.constantFrom(80, 53, 21, 22, 7, 40_000, 1024), fc.integer({ min: 1, max: 65_535 }));

function anyPacketBetween(src: Ip, dst: Ip): fc.Arbitrary<Packet> {
  const ends = { src: fc.constant(src), dst: fc.constant(dst), ttl: fc.constantFrom(64, 1, 2, 255) };
  const ports = { ...ends, sport: anyPort, dport: anyPort };
  return fc.oneof<fc.Arbitrary<Packet>[]>(
    fc.record({ ...ports, payload: anyPayload() }).map(udp),
    fc.record({ ...ports, flags: anyFlags, seq: fc.nat({ max: 0xffff_ffff }) }).map(tcp),
    fc.record({ ...ends, id: fc.nat({ max: 65_535 }), seq: fc.nat({ max: 9 }), payload: anyPayload() }).map(echo),
  );
}
