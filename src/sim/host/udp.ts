/** UDP: datagrams in and out. Read RFC 768, RFC 1122 §4.1 and RFC 8085 §3.2 first. */

import type { Endpoint } from '../addr/endpoint.ts';
import { ANY4, family, type Ip, isMulticast } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import { finishUdp, portOf } from '../packet/build.ts';
import type { Udp } from '../packet/packet.ts';
import { showEndpoint } from '../packet/show.ts';
import type { AppCommand, SocketError } from './app/app.ts';
import { answerUnreachable } from './icmp.ts';
import { learnPath, type Said } from './icmp-report.ts';
import { type Arrival, deliveredTo, dropped, type Kernel, pathTo, send, tell, tellFailure } from './kernel.ts';
import type { Reception } from './output.ts';
import type { DatagramSocket, Owner } from './sockets.ts';

type Bind = Extract<AppCommand, { kind: 'bind' }>;
type Send = Extract<AppCommand, { kind: 'send' }>;

/** Headers of IPv4 and UDP, in bytes. */
const HEADERS = 28;
/** The longest payload: both families state the length in 16 bits, IPv6 without its own header. */
const LONGEST = { 4: 65_507, 6: 65_527 } as const;

/** Makes a socket, or says why not. */
export function bind(kernel: Kernel, owner: Owner, command: Bind): void {
  const made = makeSocket(kernel, owner, command);
  if (typeof made === 'string') {
    kernel.programs.name(owner, { kind: 'connection', key: '' });
    tellFailure(kernel, owner, { error: made }, true);
    return;
  }
  kernel.programs.name(owner, made);
  kernel.sockets.put(made);
  tell(kernel, owner, { kind: 'bound', socket: owner.socket, local: { ip: made.address ?? ANY4, port: made.port } });
}

function makeSocket(kernel: Kernel, owner: Owner, command: Bind): DatagramSocket | SocketError {
  const { routing, sockets } = kernel;
  const { broadcast = false, interface: only, peer } = command;
  if (command.address !== undefined && !isLocal(kernel, command.address)) return 'no-address';
  if (peer !== undefined && !broadcast && isToMany(kernel, peer.ip)) return 'unreachable';
  const address = command.address ?? (peer === undefined ? undefined : routing.sourceFor(peer.ip, only));
  if (peer !== undefined && address === undefined) return 'unreachable';
  const isFree = (port: number) => sockets.refuseDatagram({ port, address }, only) === undefined;
  const port = command.port === 0 ? sockets.ephemeralPort(isFree) : command.port;
  if (port === undefined) return 'no-port';
  const refused = sockets.refuseDatagram({ port, address }, only);
  return refused ?? { kind: 'udp', owner, port, address, peer, interface: only, broadcast };
}

/** Linux lets a datagram socket be bound to a broadcast or multicast address too. */
function isLocal({ routing }: Kernel, ip: Ip): boolean {
  return routing.owns(ip) || routing.isBroadcast(ip);
}

/** A broadcast needs permission (SO_BROADCAST), a multicast does not. */
function isToMany({ routing }: Kernel, ip: Ip): boolean {
  return routing.isBroadcast(ip) && !isMulticast(ip);
}

/** Sends a datagram; what stands in the way is told to the socket, which stays. */
export function sendDatagram(kernel: Kernel, socket: DatagramSocket, command: Send, now: Millis): void {
  const src = sourceOf(kernel, socket, command);
  if (typeof src === 'string') return tellFailure(kernel, socket.owner, { error: src }, false);
  const { payload, to } = command;
  const path = pathTo(kernel, to.ip, now);
  const packet = finishUdp({
    kind: 'udp',
    src,
    dst: to.ip,
    // A multicast stays on its link unless the application wants more (IP_MULTICAST_TTL).
    ttl: command.ttl ?? (isMulticast(to.ip) ? 1 : 64),
    tos: 0,
    ident: kernel.outbox.identFor(to.ip),
    df: typeof src === 'bigint' || (path.df && payload.length + HEADERS <= path.mtu),
    headerChecksum: 0,
    sport: portOf(socket.port, 'source port'),
    dport: portOf(to.port, 'destination port'),
    payload,
    checksum: 0,
  });
  const out = command.interface ?? socket.interface;
  send(kernel, packet, { app: socket.owner.app, cause: 'udp', interface: out }, path);
}

/** The source address, or why it cannot be sent. */
function sourceOf(
  kernel: Kernel,
  socket: DatagramSocket,
  { from, interface: via, payload, to }: Send,
): Ip | SocketError {
  const { routing } = kernel;
  if (isToMany(kernel, to.ip) && !socket.broadcast) return 'unreachable';
  if (from !== undefined && !routing.owns(from)) return 'no-address';
  const out = via ?? socket.interface;
  const routed = routing.sourceFor(to.ip, out);
  const src = from ?? boundTo(kernel, socket, routed);
  if (src === undefined || family(src) !== family(to.ip)) return 'unreachable';
  if (routed === undefined && out === undefined) return 'unreachable';
  return payload.length > LONGEST[family(src)] ? 'too-big' : src;
}

/** The address that a socket is bound to, as long as it is there; otherwise what routing chooses. */
function boundTo({ routing }: Kernel, { address }: DatagramSocket, routed: Ip | undefined): Ip | undefined {
  return address === undefined || address === routed || !routing.owns(address) ? routed : address;
}

/** Gives a datagram to the socket that it is for, whether it was sent to this host or to many. */
export function deliverDatagram(kernel: Kernel, packet: Udp, via: string, now: Millis): Reception {
  const to: Endpoint = { ip: packet.dst, port: packet.dport };
  const from: Endpoint = { ip: packet.src, port: packet.sport };
  const found = kernel.sockets.datagramSocket(to, from, via);
  if (found === undefined) return refuse(kernel, { packet, interface: via }, now);
  const { owner } = found;
  const { payload } = packet;
  const { programs } = kernel;
  const program = programs.program(owner.app);
  programs.post(program, { kind: 'datagram', socket: owner.socket, from, to, payload, interface: via });
  return program.delivered;
}

function refuse(kernel: Kernel, arrival: Arrival<Udp>, now: Millis): Reception {
  const { packet } = arrival;
  const answered = answerUnreachable(kernel, arrival, 'portUnreachable', now);
  const what = `nothing serves udp ${showEndpoint(packet.dst, packet.dport)}`;
  return dropped('noSocket', what, answered ? 'port unreachable' : undefined);
}

/** A connected socket hears the error (as with IP_RECVERR), another does not. */
export function hearDatagramError(kernel: Kernel, said: Said, via: string, now: Millis): Reception {
  const { dst, dport = 0, sport = 0, src } = said.quote;
  const socket = kernel.sockets.datagramSocket({ ip: src, port: sport }, { ip: dst, port: dport }, via);
  if (socket === undefined) return dropped('noSocket', 'about a datagram of no socket');
  if (said.error === 'too-big') learnPath(kernel, said, now);
  if (socket.peer === undefined) return dropped('notAccepted', 'the socket is not connected, so it hears no errors');
  tellFailure(kernel, socket.owner, { error: said.error, icmp: said.icmp }, false);
  return deliveredTo(kernel, socket.owner);
}
