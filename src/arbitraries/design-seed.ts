/** What a network is built from: choices that mean something whatever the rest of the network is. */
import fc from 'fast-check';
import type { ServiceSpec } from '../sim/design/design.ts';
import type { Neighbour, Segment } from './address-text.ts';
import { anyFirewallSeed } from './firewall-seed.ts';
import { anyNatSeed, pick, rarely } from './rule-seed.ts';

/** What a network may have; everything is on but where said otherwise. */
export interface DesignOptions {
  /** The most nodes; 8 by default. */
  readonly nodes?: number;
  readonly ipv6?: boolean;
  readonly firewall?: boolean;
  readonly nat?: boolean;
  readonly services?: boolean;
  /** Routes and gateways that are missing, discard, or lead elsewhere. */
  readonly holes?: boolean;
  readonly groups?: boolean;
  /** Secondary addresses, small MTUs, reverse path filters, tracking settings. */
  readonly oddities?: boolean;
  /** Links that are down, or lose packets; off by default. */
  readonly faults?: boolean;
  /** Hosts that get their address by DHCP; off by default. */
  readonly dhcp?: boolean;
  /** `shortest-path` instead of static routes now and then; off by default. */
  readonly learned?: boolean;
}

const anyHostSeed = fc.record({
  /** Which of its gateways is missing. */
  lost: rarely(fc.constantFrom('ipv4', 'ipv6', 'both'), 8),
  services: fc.subarray<ServiceSpec>(
    ['http', 'tcp/8080', 'udp/5000', 'ssh', 'ftp', 'dns', { app: 'echo', protocol: 'udp', port: 7 }],
    {
      maxLength: 3,
    },
  ),
  firewall: rarely(anyFirewallSeed, 6),
  dhcp: rarely(fc.constant(true)),
});
export type HostSeed = typeof anyHostSeed extends fc.Arbitrary<infer T> ? T : never;

export const anyRouterSeed = fc.record({
  parent: pick,
  kind: fc.constantFrom('router', 'gateway', 'firewall'),
  uplink: fc.constantFrom(24, 30, 31),
  lans: fc.array(fc.array(anyHostSeed, { maxLength: 3 }), { maxLength: 2 }),
  firewall: rarely(anyFirewallSeed, 1),
  nat: rarely(fc.array(anyNatSeed, { minLength: 1, maxLength: 3 }), 1),
  helper: rarely(fc.constant(true)),
  holes: rarely(fc.array(pick, { minLength: 1, maxLength: 2 })),
  detour: rarely(
    fc.tuple(pick, fc.constantFrom('blackhole', 'unreachable', 'prohibit', 'unicast'), fc.nat({ max: 3 })),
    5,
  ),
  secondary: rarely(fc.constant(true), 5),
  mtu: rarely(fc.constantFrom(1280, 1400, 9000), 5),
  rpf: rarely(fc.constantFrom('strict', 'loose'), 5),
  loose: rarely(fc.boolean(), 5),
  linkDown: rarely(fc.boolean(), 7),
  loss: rarely(fc.constantFrom(0.01, 0.2), 7),
  latency: rarely(fc.constantFrom('250us', '8ms', '40ms')),
});
export type RouterSeed = typeof anyRouterSeed extends fc.Arbitrary<infer T> ? T : never;

export interface DesignSeed {
  readonly routers: readonly RouterSeed[];
  readonly stack: 'ipv4' | 'ipv6' | 'dual';
  readonly groups: readonly number[] | undefined;
  readonly learned: boolean;
}

/** A router as it is being put together: its interfaces, the segments it is on but the one up, and who is next door. */
export interface Site {
  readonly seed: RouterSeed;
  readonly name: string;
  readonly interfaces: Map<string, string[]>;
  readonly own: Segment[];
  readonly children: Neighbour[];
  up: Neighbour | undefined;
}
/** A host on a LAN of a router. */
export interface Host {
  readonly name: string;
  readonly seed: HostSeed;
  readonly site: Site;
  readonly addresses: string[];
  readonly gateway4: string | undefined;
  readonly gateway6: string | undefined;
  readonly dynamic: boolean;
  /** The number of its LAN. */
  readonly lan: number;
}
