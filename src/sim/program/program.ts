/** The Program: one node of a Design compiled to tables that a packet can be walked through. Readonly; made by `compile.ts`. */
import type { Family, Ip } from '../addr/ip.ts';
import type { Prefix } from '../addr/prefix.ts';
import type { IpRange } from '../addr/range.ts';
import type { Millis } from '../base/time.ts';
import type { Behaviour } from '../design/behaviour.ts';
import type { TimeoutName } from '../design/design.ts';
import type { PortRange } from '../design/ports.ts';
import type { RejectWith } from '../design/rule.ts';
import type { Packet } from '../packet/packet.ts';
import type { PortClasses } from './rules/port-classes.ts';

/** A place in the design, relative to its node: `firewall.forward.rules[2]`, `firewall.input.policy`, `routes[0]`, `gateway`. */
export type Place = string;

export interface Interface {
  readonly name: string;
  readonly up: boolean;
  /** Bytes of IP packet. */
  readonly mtu: number;
  /** In the order written; the first of a family is its primary. The derived link-local IPv6 address comes last. */
  readonly addresses: readonly { readonly ip: Ip; readonly prefix: Prefix }[];
  /** 48 bits, derived from node and interface name. */
  readonly mac: number;
  /** Index of the link in the design, when it has one. */
  readonly link: number | undefined;
  readonly dhcp: boolean;
}

export interface Route {
  readonly prefix: Prefix;
  readonly type: 'unicast' | 'local' | 'broadcast' | 'blackhole' | 'unreachable' | 'prohibit';
  readonly via: Ip | undefined;
  /** The interface it leaves by; `lo` for local. */
  readonly out: string | undefined;
  readonly metric: number;
  /** The address that packets from here get, where the route prefers one: IPv4 routes made for an address. */
  readonly source?: Ip;
  /** `routes[1]`, `gateway`, `interfaces.lan` (connected), `routing` (learned), `dhcp`. */
  readonly place: Place;
}

export interface Fib {
  /**
   * The best route(s): longest prefix, then lowest metric; several when they are equal (ECMP, see `pick`). With `out`,
   * among the routes that leave by that interface. Undefined: no route.
   */
  lookup(dst: Ip, out?: string): readonly Route[] | undefined;
  readonly routes: readonly Route[];
}

/** What a rule can see of a packet on its way. */
export interface Sight {
  readonly packet: Packet;
  readonly in: string | undefined;
  readonly out: string | undefined;
  /** Undefined before tracking, or where nothing is tracked: then `state` matches `invalid` only (LNX-HOOK-11). */
  readonly state: 'new' | 'established' | 'related' | 'invalid' | 'untracked' | undefined;
  readonly snat: boolean;
  readonly dnat: boolean;
}

/** What a chain decided and how: evaluation explains itself. */
export interface Decision {
  readonly verdict: 'accept' | 'drop' | 'reject';
  readonly with?: RejectWith;
  /** The rule or policy that decided; undefined when the chain is not there (accept). */
  readonly place: Place | undefined;
  readonly name?: string;
  /** Rules that matched on the way and went on: jumps, logs, notrack. */
  readonly passed: readonly {
    readonly place: Place;
    readonly action: 'jump' | 'log' | 'notrack' | 'return';
    readonly prefix?: string;
  }[];
  readonly notrack: boolean;
}

export interface ChainProgram {
  decide(sight: Sight): Decision;
}

/**
 * A translation rule that matched, ready to be carried out. The addresses are those of the packet's family, a pool when
 * they are several; none means that the address stays and only the port changes. Without ports those stay.
 */
export type Translation =
  | {
      readonly kind: 'masquerade';
      readonly place: Place;
      readonly ports: PortRange | undefined;
      /** The sources that the rule matches, where it names any: who is inside (RFC 7422). */
      readonly inside?: readonly IpRange[];
    }
  | {
      readonly kind: 'snat';
      readonly place: Place;
      readonly addresses: readonly IpRange[];
      readonly ports: PortRange | undefined;
      readonly inside?: readonly IpRange[];
    }
  | {
      readonly kind: 'dnat';
      readonly place: Place;
      readonly addresses: readonly IpRange[];
      readonly ports: PortRange | undefined;
    }
  | { readonly kind: 'redirect'; readonly place: Place; readonly ports: PortRange | undefined }
  /** netmap and static: the host bits stay. */
  | {
      readonly kind: 'map';
      readonly place: Place;
      readonly which: 'source' | 'destination';
      readonly from: Prefix;
      readonly to: Prefix;
    };

export interface NatProgram {
  /** First matching rule that translates the source (at postrouting); none without an outgoing interface. */
  source(sight: Sight): Translation | undefined;
  /** First matching rule that translates the destination (at prerouting); none without an incoming interface. */
  destination(sight: Sight): Translation | undefined;
  /** The addresses that packets may leave with by `snat`. */
  readonly pool: readonly IpRange[];
  /** Whether a rule masquerades what leaves by an interface: by its name, or because the rule names none. */
  masquerades(out: string): 'named' | 'unnamed' | undefined;
}

/** A rule that carries IPv6 to IPv4 and back (RFC 6146). */
export interface Nat64 {
  readonly place: Place;
  /** What stands for all of IPv4. */
  readonly prefix: Prefix;
  /** The addresses of IPv4 that packets leave with. */
  readonly addresses: readonly IpRange[];
  /** The sources that the rule matches, where it names any. */
  readonly subscribers: readonly IpRange[];
  readonly behaviour: Behaviour;
  /** Whether the rule is for a packet from IPv6. */
  applies(sight: Sight): boolean;
}

/** A rule that puts one IPv6 prefix in place of another (RFC 6296). */
export interface PrefixMap {
  readonly place: Place;
  readonly inside: Prefix;
  readonly outside: Prefix;
  /** Whether outside is where this interface leads: by it the packet leaves, or has come. */
  leavesBy(packet: Packet, out: string | undefined): boolean;
}

export interface Tracking {
  readonly max: number;
  readonly loose: boolean;
  readonly timeouts: Readonly<Record<TimeoutName, Millis>>;
  /** How NAT keeps its mappings and sessions; undefined: as the kernel. */
  readonly behaviour: Behaviour | undefined;
}

export interface NodeProgram {
  readonly name: string;
  readonly kind: 'host' | 'router' | 'gateway' | 'firewall';
  /** A host never does. */
  readonly forwards: boolean;
  readonly publicInternet: boolean;
  readonly reversePathFilter: 'off' | 'strict' | 'loose';
  readonly icmpRateLimit: boolean;
  readonly interfaces: ReadonlyMap<string, Interface>;
  /** No interface has a smaller one, in bytes. */
  readonly leastMtu: number;
  readonly fib: Fib;
  /** An address of this node on any interface, or loopback. */
  owns(ip: Ip): boolean;
  /** Limited broadcast, or the broadcast address of a connected prefix, or a multicast group every node is in. */
  isBroadcast(ip: Ip): boolean;
  /** The address that Linux would put on a packet it sends to `dst` (RFC 6724 for IPv6); undefined without a route. */
  sourceFor(dst: Ip, out?: string): Ip | undefined;
  /** The address that masquerading gives a packet to `dst` on its way out to `nextHop`; undefined where there is none. */
  masqueradeFor(out: string, nextHop: Ip, dst: Ip): Ip | undefined;
  /** The interface's address that `redirect` and ICMP name: the first of IPv4, the newest of the widest scope of IPv6. */
  primaryOf(interfaceName: string, family: Family): Ip | undefined;
  /** A chain that is not written accepts everything, and is undefined here. */
  readonly firewall: {
    readonly raw: ChainProgram | undefined;
    readonly input: ChainProgram | undefined;
    readonly forward: ChainProgram | undefined;
    readonly output: ChainProgram | undefined;
  };
  /** What its rules ask of a packet beyond its addresses, its protocol and what tracking says of it. */
  readonly asks: { readonly ports: PortClasses; readonly flags: boolean };
  readonly nat: NatProgram | undefined;
  readonly nat64: readonly Nat64[];
  readonly prefixMaps: readonly PrefixMap[];
  /** Families whose connections are tracked here: where a rule or NAT needs it. */
  readonly tracks: ReadonlySet<Family>;
  /** Families for which NAT hooks exist (existing translations are carried out there only). */
  readonly translates: ReadonlySet<Family>;
  readonly tracking: Tracking;
  readonly helpers: ReadonlySet<'ftp'>;
  readonly resolver: readonly Ip[];
}

/** Every node by name. */
export type Program = ReadonlyMap<string, NodeProgram>;

/** What the running world adds to a node's design when it compiles it. */
export interface Surroundings {
  /** Addresses learned by DHCP, by interface. */
  readonly leases: ReadonlyMap<
    string,
    { readonly address: Ip; readonly prefix: Prefix; readonly router?: Ip; readonly resolver: readonly Ip[] }
  >;
  /** Routes learned by `shortest-path` routing. */
  readonly learned: readonly {
    readonly prefix: Prefix;
    readonly via: Ip;
    readonly interface: string;
    readonly cost: number;
  }[];
}
