/**
 * What an application is to the engine: a state machine over socket events. It owns no socket and reads no clock; it
 * answers each event with a new state and commands, which the host carries out in order. Servers and the client
 * programs behind the steps of a scenario (connect, ping, ftp, …) are both written so.
 */
import type { Endpoint } from '../../addr/endpoint.ts';
import type { Ip } from '../../addr/ip.ts';
import type { Prefix } from '../../addr/prefix.ts';
import type { Millis } from '../../base/time.ts';
import type { Packet } from '../../packet/packet.ts';

/** Chosen by the application; an accepted connection is named by the host `LISTENER#N`, N counting from 1. */
export type SocketName = string;

/** Why a socket operation failed, in the words of the sockets API (errno in brackets). */
export type SocketError =
  | 'refused' // ECONNREFUSED: RST, or ICMP port unreachable
  | 'reset' // ECONNRESET: RST on an open connection
  | 'unreachable' // ENETUNREACH, EHOSTUNREACH, EACCES: no route, or an ICMP error
  | 'timeout' // ETIMEDOUT: retransmissions gave up
  | 'in-use' // EADDRINUSE: the port is claimed
  | 'no-port' // EADDRNOTAVAIL: no ephemeral port is free
  | 'no-address' // EADDRNOTAVAIL: not an address of this node
  | 'too-big'; // EMSGSIZE: larger than the path takes, and fragmenting is off

/** An ICMP error as the socket got it. */
export interface IcmpReport {
  readonly type: number;
  readonly code: number;
  readonly from: Ip;
}

export type AppEvent =
  /** Answers `listen` and `bind`, before anything else of that socket: it is there, and this is the port it got. An
   * address is unspecified unless one was asked for, or a peer was named (then routing chose it). */
  | { readonly kind: 'bound'; readonly socket: SocketName; readonly local: Endpoint }
  | {
      readonly kind: 'datagram';
      readonly socket: SocketName;
      readonly from: Endpoint;
      readonly to: Endpoint;
      readonly payload: Uint8Array;
      readonly interface: string;
    }
  | {
      readonly kind: 'accepted';
      readonly socket: SocketName;
      readonly listener: SocketName;
      readonly peer: Endpoint;
      readonly local: Endpoint;
    }
  | { readonly kind: 'connected'; readonly socket: SocketName; readonly peer: Endpoint; readonly local: Endpoint }
  | { readonly kind: 'data'; readonly socket: SocketName; readonly payload: Uint8Array }
  /** The peer sent FIN: no more data will come, ours may still go. */
  | { readonly kind: 'ended'; readonly socket: SocketName }
  /** Both directions are finished (or the socket was closed); the name is free again. */
  | { readonly kind: 'closed'; readonly socket: SocketName }
  /** A fatal error: the socket is gone, and no `closed` follows. A UDP socket that is bound stays, as does a raw one; it
   * hears each ICMP error about what it sent to its peer, time exceeded included (as with IP_RECVERR). */
  | { readonly kind: 'failed'; readonly socket: SocketName; readonly error: SocketError; readonly icmp?: IcmpReport }
  /** A packet on a raw socket. */
  | { readonly kind: 'packet'; readonly socket: SocketName; readonly packet: Packet; readonly interface: string }
  | { readonly kind: 'timer'; readonly name: string }
  /** Answers `map`. */
  | { readonly kind: 'mapping'; readonly id: string; readonly outcome: MapOutcome }
  /** Link or address of an interface changed (a DHCP client starts again). */
  | { readonly kind: 'link'; readonly interface: string; readonly up: boolean };

/** What an application wants of the table of mappings of its own node, on behalf of a host inside. */
export type MapRequest =
  | {
      readonly kind: 'map';
      /** Chosen by the application; it comes back with the answer. */
      readonly id: string;
      readonly protocol: number;
      readonly inside: Endpoint;
      /** Port 0: whichever. The address is a wish only where there are several. */
      readonly suggested: Endpoint;
      /** Rather nothing than another port than suggested. */
      readonly exact: boolean;
      /** From now on. */
      readonly lifetime: Millis;
    }
  /** Port 0: all of that address. */
  | { readonly kind: 'unmap'; readonly id: string; readonly protocol: number; readonly inside: Endpoint }
  /** Asks for the outside address that an inside one would get. */
  | { readonly kind: 'address'; readonly id: string; readonly inside: Endpoint };

export type MapOutcome =
  | { readonly kind: 'mapped'; readonly outside: Endpoint }
  | { readonly kind: 'removed' }
  /** `not-inside`: nothing that this node translates; `taken`: the very port that was wanted. */
  | { readonly kind: 'refused'; readonly why: 'not-inside' | 'taken' | 'no-port' };

/** Address configuration learned by DHCP for one interface. */
export interface Lease {
  readonly address: Ip;
  readonly prefix: Prefix;
  readonly router?: Ip;
  readonly resolver: readonly Ip[];
  readonly server: Ip;
  /** Absolute virtual time. */
  readonly expires: Millis;
}

/** What a client program found out; `run.ts` turns it into the Result of a step. */
export interface Finding {
  readonly outcome: string;
  readonly icmp?: IcmpReport;
  /** Further fields of the Result (`status`, `hops`, `addresses`, `bytes`, …): JSON values. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** What it means, in one or two sentences; otherwise the trace explains the outcome. */
  readonly says?: string;
  /** The endpoint that the client used, when it had a socket. */
  readonly local?: Endpoint;
  /** The client as the server reported it. */
  readonly seenAs?: Endpoint;
}

export type AppCommand =
  | { readonly kind: 'listen'; readonly socket: SocketName; readonly port: number; readonly address?: Ip }
  | {
      readonly kind: 'connect';
      readonly socket: SocketName;
      readonly to: Endpoint;
      /** Default: an ephemeral port and the address that routing chooses. */
      readonly from?: { readonly ip?: Ip; readonly port?: number };
    }
  /** UDP. Port 0 asks for an ephemeral one (for `listen` too). With `peer` the socket is connected and gets its ICMP
   * errors. With `interface` it serves that interface alone, beside sockets of the same port on others (SO_BINDTODEVICE). */
  | {
      readonly kind: 'bind';
      readonly socket: SocketName;
      readonly port: number;
      readonly address?: Ip;
      readonly peer?: Endpoint;
      readonly interface?: string;
      readonly broadcast?: boolean;
    }
  /** UDP. `from` answers from the address that was asked; `interface` is needed for broadcasts. */
  | {
      readonly kind: 'send';
      readonly socket: SocketName;
      readonly to: Endpoint;
      readonly payload: Uint8Array;
      readonly from?: Ip;
      readonly interface?: string;
      readonly ttl?: number;
    }
  | { readonly kind: 'write'; readonly socket: SocketName; readonly payload: Uint8Array }
  /** Sends FIN once everything written is out; data may still come. */
  | { readonly kind: 'shutdown'; readonly socket: SocketName }
  /** Closes as close(2): FIN (RST when unread data is pending), no more events but `closed`. Nothing happens to a socket
   * that is gone already; so with the two commands around this one, and `write`. */
  | { readonly kind: 'close'; readonly socket: SocketName }
  /** RST and gone. */
  | { readonly kind: 'abort'; readonly socket: SocketName }
  /** A raw IP socket sees what is delivered locally, after the input chain; a packet socket sees every frame, before any filter. */
  | { readonly kind: 'raw'; readonly socket: SocketName; readonly level: 'ip' | 'packet' }
  /** Sends a packet with these fields; its checksums are computed on the way out, and the source address is filled in by
   * routing when unspecified and `interface` is absent. The raw socket named hears `failed` when there is no way out. */
  | { readonly kind: 'inject'; readonly socket: SocketName; readonly packet: Packet; readonly interface?: string }
  /** Replaces a timer of the same name. */
  | { readonly kind: 'timer'; readonly name: string; readonly after: Millis }
  | { readonly kind: 'cancel'; readonly name: string }
  | { readonly kind: 'configure'; readonly interface: string; readonly lease: Lease | undefined }
  | { readonly kind: 'map'; readonly request: MapRequest }
  /** A line for the trace: what the application understood or decided. */
  | { readonly kind: 'note'; readonly text: string }
  /** The program is over; its sockets are closed in order. */
  | { readonly kind: 'finish'; readonly finding: Finding };

export interface Reaction<State> {
  readonly state: State;
  readonly commands: readonly AppCommand[];
}

/** The state with these commands, none by default. */
export function react<State>(state: State, ...commands: readonly AppCommand[]): Reaction<State> {
  return { state, commands };
}

export interface App<State> {
  /** As in the design or the step: `http`, `ftp client`. */
  readonly name: string;
  start(now: Millis): Reaction<State>;
  /** Never mutates `state`. */
  handle(state: State, event: AppEvent, now: Millis): Reaction<State>;
}
