/**
 * The sockets of a host: which ports are claimed, and who gets a packet.
 *
 * A socket without an address serves all of the host's addresses, of both families. Listening sockets and connections
 * from a chosen port have SO_REUSEADDR set, those from an ephemeral one do not; a listener and connections of one
 * application may share a port (SO_REUSEPORT). Checked against bind(2), listen(2) and connect(2) of Linux 6.18.
 *
 * Read RFC 9293 §3.9.1 and RFC 6056 §3.2 first.
 */
import type { Endpoint } from '../addr/endpoint.ts';
import type { Ip } from '../addr/ip.ts';
import type { Rng } from '../base/rng.ts';
import { PROTOCOL } from '../packet/protocol.ts';
import { keyOf } from '../packet/tuple.ts';
import type { SocketError, SocketName } from './app/app.ts';
import type { Tcb } from './tcp/tcb.ts';

export interface Owner {
  /** Id of the application. */
  readonly app: string;
  readonly socket: SocketName;
}

/** What a socket wants of a port. */
export interface Claim {
  readonly port: number;
  /** All addresses when there is none. */
  readonly address: Ip | undefined;
}

export interface DatagramSocket extends Claim {
  readonly kind: 'udp';
  readonly owner: Owner;
  /** Hears nobody else, and the ICMP errors about what it sends there. */
  readonly peer: Endpoint | undefined;
  /** Serves this interface alone (SO_BINDTODEVICE). */
  readonly interface: string | undefined;
  readonly broadcast: boolean;
}

export interface Listener extends Claim {
  readonly kind: 'listener';
  readonly owner: Owner;
}

export interface RawSocket {
  readonly kind: 'raw';
  readonly owner: Owner;
  readonly level: 'ip' | 'packet';
}

export interface Connection {
  readonly kind: 'connection';
  readonly key: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Where the SYN came from, when the peer's address means something there only (link-local). */
  readonly interface: string | undefined;
  /** Undefined while it waits to be accepted, and once its application is over. */
  readonly owner: Owner | undefined;
  /** Where it waits to be accepted. */
  readonly listener: Listener | undefined;
  /** How it came by its port. */
  readonly port: 'ephemeral' | 'chosen' | 'accepted';
  readonly tcb: Tcb;
}

export type Socket = DatagramSocket | Listener | RawSocket | Connection;

const NOBODY: readonly never[] = [];

/** `net.ipv4.ip_local_port_range`. */
const FIRST_EPHEMERAL = 32_768;
const EPHEMERALS = 60_999 - FIRST_EPHEMERAL + 1;

/** The key of the connection between two endpoints. */
export function keyOfConnection(local: Endpoint, remote: Endpoint): string {
  const { tcp } = PROTOCOL;
  return keyOf({ protocol: tcp, src: local.ip, dst: remote.ip, sport: local.port, dport: remote.port });
}

function overlaps(a: Ip | undefined, b: Ip | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** The tables of sockets, by port and by pair of endpoints. */
export class Sockets {
  readonly #rng: Rng;
  readonly #datagram = new Map<number, DatagramSocket[]>();
  readonly #listeners = new Map<number, Listener[]>();
  readonly #connections = new Map<string, Connection>();
  /** The same by local port. */
  readonly #ports = new Map<number, Map<string, Connection>>();
  readonly #raw: Readonly<Record<RawSocket['level'], RawSocket[]>> = { ip: [], packet: [] };

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Sockets are values: they can be shared. */
  copy(): Sockets {
    const copy = new Sockets(this.#rng.copy());
    for (const [port, sockets] of this.#datagram) copy.#datagram.set(port, [...sockets]);
    for (const [port, listeners] of this.#listeners) copy.#listeners.set(port, [...listeners]);
    for (const [key, connection] of this.#connections) copy.#connections.set(key, connection);
    for (const [port, connections] of this.#ports) copy.#ports.set(port, new Map(connections));
    copy.#raw.ip.push(...this.#raw.ip);
    copy.#raw.packet.push(...this.#raw.packet);
    return copy;
  }

  /** Takes up a socket whose claim has been checked; a connection replaces the one with its key. */
  put(socket: Socket): void {
    switch (socket.kind) {
      case 'udp':
        append(this.#datagram, socket);
        return;
      case 'listener':
        append(this.#listeners, socket);
        return;
      case 'raw':
        this.#raw[socket.level].push(socket);
        return;
      case 'connection':
        this.#connections.set(socket.key, socket);
        this.#ports.set(socket.local.port, (this.#ports.get(socket.local.port) ?? new Map()).set(socket.key, socket));
    }
  }

  remove(socket: Socket): void {
    switch (socket.kind) {
      case 'udp':
        take(this.#datagram.get(socket.port), socket);
        return;
      case 'listener':
        take(this.#listeners.get(socket.port), socket);
        return;
      case 'raw':
        take(this.#raw[socket.level], socket);
        return;
      case 'connection':
        this.#connections.delete(socket.key);
        this.#ports.get(socket.local.port)?.delete(socket.key);
    }
  }

  connection(key: string): Connection | undefined {
    return this.#connections.get(key);
  }

  /** The listener for an address; claims see to it that there is only one. */
  listener({ ip, port }: Endpoint): Listener | undefined {
    return this.#listeners.get(port)?.find(({ address }) => overlaps(address, ip));
  }

  /** The socket that hears datagrams from one endpoint to another by an interface; there is only one. */
  datagramSocket(local: Endpoint, remote: Endpoint, via: string): DatagramSocket | undefined {
    const sockets = this.#datagram.get(local.port) ?? NOBODY;
    for (let i = 0; i < sockets.length; i++) {
      const socket = sockets[i] as DatagramSocket;
      if (hears(socket, local.ip, remote, via)) return socket;
    }
    return undefined;
  }

  rawSockets(level: RawSocket['level']): readonly RawSocket[] {
    return this.#raw[level];
  }

  /** Whether there is a packet socket. */
  get sniffs(): boolean {
    return this.#raw.packet.length > 0;
  }

  /** Why a datagram socket cannot have this port, if so: two may share it only on different addresses or interfaces. */
  refuseDatagram(claim: Claim, via: string | undefined): SocketError | undefined {
    const clash = (this.#datagram.get(claim.port) ?? []).some((other) => {
      const apart = via !== undefined && other.interface !== undefined && via !== other.interface;
      return !apart && overlaps(other.address, claim.address);
    });
    return clash ? 'in-use' : undefined;
  }

  /** Why nobody can listen there, if so: another listener, or a connection from that port as an ephemeral one. */
  refuseListener(claim: Claim): SocketError | undefined {
    return this.#isListened(claim) || this.#isTaken(claim) ? 'in-use' : undefined;
  }

  /** Why an application cannot connect from this endpoint to that one, if so. */
  refuseConnection(local: Endpoint, remote: Endpoint, app: string): SocketError | undefined {
    const claim = { port: local.port, address: local.ip };
    if (this.#isListened(claim, app) || this.#isTaken(claim)) return 'in-use';
    const same = this.#connections.get(keyOfConnection(local, remote));
    return same === undefined || isOver(same) ? undefined : 'no-port';
  }

  /** A free ephemeral port, from a random one on upwards; undefined when there is none. */
  ephemeralPort(isFree: (port: number) => boolean): number | undefined {
    const start = this.#rng.int(0, EPHEMERALS - 1);
    for (let i = 0; i < EPHEMERALS; i++) {
      const port = FIRST_EPHEMERAL + ((start + i) % EPHEMERALS);
      if (isFree(port)) return port;
    }
    return undefined;
  }

  /** Whether an ephemeral port serves for a connection: nobody chose or listens on it, and the pair of endpoints is new. */
  isFreeFor(local: Endpoint, remote: Endpoint): boolean {
    const claim = { port: local.port, address: local.ip };
    if (this.#isListened(claim)) return false;
    for (const other of this.#ports.get(local.port)?.values() ?? []) {
      if (other.local.ip !== local.ip) continue;
      if (other.port !== 'ephemeral' || (other.remote.ip === remote.ip && other.remote.port === remote.port))
        return false;
    }
    return true;
  }

  /** Every socket, in no particular order of kinds. */
  all(): Socket[] {
    const bound = [...this.#listeners.values(), ...this.#datagram.values()].flat();
    return [...bound, ...this.#connections.values(), ...this.#raw.ip, ...this.#raw.packet];
  }

  #isListened({ port, address }: Claim, except?: string): boolean {
    const found = this.#listeners.get(port) ?? [];
    return found.some((other) => other.owner.app !== except && overlaps(other.address, address));
  }

  /** A connection has it as an ephemeral port. */
  #isTaken({ port, address }: Claim): boolean {
    const found = [...(this.#ports.get(port)?.values() ?? [])];
    return found.some((other) => other.port === 'ephemeral' && overlaps(other.local.ip, address));
  }
}

/**
 * What is left of a connection only waits for late segments: Linux lets a socket bound to the port take its place, as
 * timestamps tell the two apart (RFC 6191 §2).
 */
function isOver({ tcb }: Connection): boolean {
  return tcb.state === 'TIME-WAIT' || (tcb.state === 'FIN-WAIT-2' && tcb.orphaned);
}

function hears({ address, peer, interface: only }: DatagramSocket, ip: Ip, remote: Endpoint, via: string): boolean {
  if (!overlaps(address, ip) || (only !== undefined && only !== via)) return false;
  return peer === undefined || (peer.ip === remote.ip && peer.port === remote.port);
}

function append<S extends Claim>(sockets: Map<number, S[]>, socket: S): void {
  const found = sockets.get(socket.port);
  if (found === undefined) sockets.set(socket.port, [socket]);
  else found.push(socket);
}

function take<S>(sockets: S[] | undefined, socket: S): void {
  const at = sockets?.indexOf(socket) ?? -1;
  if (at >= 0) sockets?.splice(at, 1);
}
