/** What a host answers to whatever happens to it: values only, nothing calls back into the network. */
import type { Endpoint } from '../addr/endpoint.ts';
import type { Ip } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { DropReason } from '../trace/fate.ts';
import type { Finding, Lease, MapRequest } from './app/app.ts';

/** What the tables of the node say at this moment; they change under a running host (DHCP, links, routes). */
export interface Routing {
  /** The address that Linux would put on a packet to `dst`, out of interface `via` if one is named; undefined: no route. */
  sourceFor(dst: Ip, via?: string): Ip | undefined;
  /** MTU of the interface that leads to `dst`, in bytes. */
  mtuTo(dst: Ip): number;
  /** One of this node's addresses, loopback included. */
  owns(ip: Ip): boolean;
  /** Limited or directed broadcast, or a multicast group that this node is in. */
  isBroadcast(ip: Ip): boolean;
}

/** A packet that the host sends, as it meets the output chain: whole, and with its checksums right. */
export interface Outgoing {
  readonly packet: Packet;
  /** The interface that it must leave by; routing chooses when there is none. */
  readonly interface: string | undefined;
  /** The application (by the id it was started under) whose socket it comes from; the kernel's own answers have none. */
  readonly app: string | undefined;
  /** `tcp`: a connection or a reset, `udp`: a datagram, `icmp`: an answer of the kernel, `raw`: crafted by an application. */
  readonly cause: 'tcp' | 'udp' | 'icmp' | 'raw';
  /** Where the packet is longer than the path takes and the sender may cut it: the MTU of the pieces, in bytes. */
  readonly fragment: number | undefined;
}

/** What became of a packet that was delivered to this node: the host's half of its fate. */
export type Reception =
  | {
      readonly kind: 'delivered';
      /** The applications that got it (`http`), or the kernel's own part (`echo reply`, `tcp time-wait`, `path mtu`). */
      readonly to: string;
      /** The ids of those applications. */
      readonly apps: readonly string[];
    }
  | {
      readonly kind: 'dropped';
      readonly reason: Extract<DropReason, 'badChecksum' | 'noSocket' | 'noProtocol' | 'notAccepted'>;
      /** Why, for people: `nothing listens on tcp 10.0.0.1:80; answered with RST`. */
      readonly detail: string;
      /** The sender is told so, by a reset or an ICMP error. */
      readonly answered: boolean;
    };

export interface HostOutput {
  /** In the order in which they are sent. */
  readonly packets: readonly Outgoing[];
  /** To be given back to `expire` at their time, those that `wants` has forgotten excepted. Times are absolute. */
  readonly timers: readonly { readonly id: number; readonly at: Millis }[];
  readonly notes: readonly { readonly app: string; readonly text: string }[];
  readonly finished: readonly { readonly app: string; readonly finding: Finding }[];
  /** To be answered by `mapped`. */
  readonly requests: readonly { readonly app: string; readonly request: MapRequest }[];
  readonly configured: readonly { readonly interface: string; readonly lease: Lease | undefined }[];
  /** Answers `receive`, and only that. */
  readonly reception: Reception | undefined;
}

/** A socket as `ss -an` shows it. */
export interface SocketRow {
  readonly protocol: 'tcp' | 'udp' | 'raw' | 'packet';
  /** The address is unspecified for a socket that serves all; raw sockets have neither end. */
  readonly local?: Endpoint;
  readonly remote?: Endpoint;
  /** TCP: the state of RFC 9293. UDP: `ESTABLISHED` when connected to a peer, else `UNCONNECTED`. */
  readonly state: string;
  /** The id of the application; a connection may outlive its own. */
  readonly app?: string;
}
