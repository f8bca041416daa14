/** Steps that fit a design: traffic between its nodes, to addresses that nobody has, and to the boxes themselves. */
import fc from 'fast-check';
import type { Step } from '../scenarios/schema.ts';
import { isIp4, showIp } from '../sim/addr/ip.ts';
import type { Design } from '../sim/design/design.ts';
import { interfacesOf } from '../sim/design/topology.ts';

/** Few ports, so that services are met and source ports collide. */
const SERVICE_PORTS = [80, 8080, 5000, 22, 21, 53, 7, 9];
const anySourcePort = fc.constantFrom(40000, 40000, 40001, 1024, 600, 20);

/** The addresses of a design, and a few that are nobody's. */
function targets(design: Design, family: 4 | 6): readonly string[] {
  const owned = Object.values(design.nodes).flatMap((node) =>
    [...interfacesOf(node).values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip)),
  );
  const mine = owned.filter((ip) => isIp4(ip) === (family === 4)).map(showIp);
  return [...mine, ...mine, ...(family === 4 ? ['198.51.100.254', '10.255.255.1'] : ['2001:db8:ffff::1'])];
}

/** Around the timeouts of connection tracking. */
const WAITS = ['1s', '31s', '2m1s', '10m'];

/** What steps may be made of. */
export interface StepOptions {
  /** How long a `wait` may be; around the timeouts of connection tracking by default. */
  readonly waits?: readonly string[];
  /** Destination ports, besides a few of well-known services. */
  readonly ports?: readonly number[];
}

/** One step of any verb that sends packets; `from` has an address of the family it speaks. */
export function anyStep(design: Design, { waits = WAITS, ports = [] }: StepOptions = {}): fc.Arbitrary<Step> {
  const senders = Object.entries(design.nodes).flatMap(([name, node]) => {
    const ips = [...interfacesOf(node).values()].flatMap(({ addresses }) => addresses.map(({ ip }) => ip));
    return [...new Set(ips.map((ip): 4 | 6 => (isIp4(ip) ? 4 : 6)))].map((family) => ({ name, family }));
  });
  if (senders.length === 0) return fc.constantFrom(...waits).map((wait) => ({ wait }));
  return fc
    .constantFrom(...senders)
    .chain(({ name: from, family }) =>
      fc.constantFrom(...targets(design, family)).chain((to) => anyStepBetween({ from, to, family, waits, ports })),
    );
}

interface Between {
  readonly from: string;
  readonly to: string;
  readonly family: 4 | 6;
  readonly waits: readonly string[];
  readonly ports: readonly number[];
}

function anyStepBetween({ from, to, family, waits, ports }: Between): fc.Arbitrary<Step> {
  const anyServicePort = fc.constantFrom(...SERVICE_PORTS, ...ports);
  const icmp = family === 4 ? ('icmp' as const) : ('icmpv6' as const);
  const ttl = fc.constantFrom(undefined, undefined, 1, 2, 3);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        connect: fc.record({
          from: fc.constant(from),
          to: fc.constant(to),
          port: anyServicePort,
          sourcePort: anySourcePort,
          timeout: fc.constant('4s'),
        }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        connect: fc.record({
          from: fc.constant(from),
          to: fc.constant(to),
          port: anyServicePort,
          sourcePort: anySourcePort,
          protocol: fc.constant('udp' as const),
          timeout: fc.constant('4s'),
        }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ping: fc.record({ from: fc.constant(from), to: fc.constant(to), timeout: fc.constant('4s') }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc
        .record({
          port: anyServicePort,
          sourcePort: anySourcePort,
          ttl,
          flags: fc.constantFrom(['syn'], ['ack'], ['syn', 'ack'], ['fin', 'ack'], ['rst'], []),
        })
        .map(({ port, sourcePort, ttl: hops, flags }) => ({
          send: {
            from,
            to,
            protocol: 'tcp' as const,
            port,
            sourcePort,
            tcpFlags: [...flags],
            ...(hops === undefined ? {} : { ttl: hops }),
          },
        })),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({ port: anyServicePort, sourcePort: anySourcePort, ttl, size: fc.constantFrom(4, 4, 1400, 3000) })
        .map(({ port, sourcePort, ttl: hops, size }) => ({
          send: {
            from,
            to,
            protocol: 'udp' as const,
            port,
            sourcePort,
            payload: 'x'.repeat(size),
            ...(hops === undefined ? {} : { ttl: hops }),
          },
        })),
    },
    {
      weight: 1,
      arbitrary: ttl.map((hops) => ({
        send: { from, to, protocol: icmp, ...(hops === undefined ? {} : { ttl: hops }) },
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('gre' as const, 'esp' as const, 99)
        .map((protocol) => ({ send: { from, to, protocol } })),
    },
    { weight: 1, arbitrary: fc.constant({ traceroute: { from, to, maxHops: 5 } }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('active', 'passive', 'extended-active', 'extended-passive')
        .map((mode) => ({ ftp: { from, to, mode: mode as 'active' } })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...waits).map((wait) => ({ wait })) },
  );
}

export interface Run {
  readonly design: Design;
  readonly steps: readonly Step[];
}

/** A few steps in a row, which share the state they leave; shrinks to none. */
export function anyTraffic(design: Design, { most = 6, ...options }: TrafficOptions = {}): fc.Arbitrary<Step[]> {
  return fc.array(anyStep(design, options), { maxLength: most });
}

export interface TrafficOptions extends StepOptions {
  /** The most steps; 6 by default. */
  readonly most?: number;
}

/** A design with a few steps tried on it. */
export function anyRun(design: fc.Arbitrary<Design>, maxSteps = 6, options: StepOptions = {}): fc.Arbitrary<Run> {
  return design.chain((found) =>
    fc.record({
      design: fc.constant(found),
      steps: fc.array(anyStep(found, options), { minLength: 1, maxLength: maxSteps }),
    }),
  );
}
