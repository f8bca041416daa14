/** TCP connections of the host: from segments and commands to the machine, and from its notices to applications. */
import type { Endpoint } from '../addr/endpoint.ts';
import { ANY4, family, type Ip } from '../addr/ip.ts';
import { mix } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Tcp } from '../packet/packet.ts';
import { showEndpoint } from '../packet/show.ts';
import type { AppCommand, SocketError } from './app/app.ts';
import { endsHandshake, learnPath, type Said } from './icmp-report.ts';
import {
  type Arrival,
  deliveredTo,
  dropped,
  type Kernel,
  pathTo,
  send,
  takenBy,
  tell,
  tellFailure,
  wayBack,
} from './kernel.ts';
import type { Reception } from './output.ts';
import { weigh } from './paths.ts';
import { type Connection, keyOfConnection, type Listener, type Owner } from './sockets.ts';
import { REPEATED } from './tcp/arrive.ts';
import { answerSyn, open } from './tcp/handshake.ts';
import { advance, distance, has, readSegment, refusalOf, type Segment, writeSegment } from './tcp/segment.ts';
import { step, type TcpEvent } from './tcp/step.ts';
import { deadlineOf, type Notice, type TcbInit, type Turn } from './tcp/tcb.ts';

type Listen = Extract<AppCommand, { kind: 'listen' }>;
type Connect = Extract<AppCommand, { kind: 'connect' }>;

/** Headers of the family and of TCP, in bytes; and what a peer takes that does not say (RFC 9293 §3.7.1). */
const SIZES = { 4: { headers: 40, defaultMss: 536 }, 6: { headers: 60, defaultMss: 1220 } } as const;
/** The longest segment of which a window without a shift has room for one. */
const LONGEST = 65_495;

/** Listens, or says why not. */
export function listen(kernel: Kernel, owner: Owner, { address, port: wanted }: Listen): void {
  const { routing, sockets } = kernel;
  const isFree = (port: number) => sockets.refuseListener({ port, address }) === undefined;
  const port = wanted === 0 ? sockets.ephemeralPort(isFree) : wanted;
  const listener: Listener = { kind: 'listener', owner, port: port ?? 0, address };
  kernel.programs.name(owner, listener);
  const owned = address === undefined || routing.owns(address);
  const refused = port === undefined ? 'no-port' : owned ? sockets.refuseListener(listener) : 'no-address';
  if (refused !== undefined) {
    tellFailure(kernel, owner, { error: refused }, true);
    return;
  }
  sockets.put(listener);
  tell(kernel, owner, { kind: 'bound', socket: owner.socket, local: { ip: address ?? ANY4, port: listener.port } });
}

/** Opens a connection, or says why not. */
export function connect(kernel: Kernel, owner: Owner, command: Connect, now: Millis): void {
  const { to: remote } = command;
  const local = chooseLocal(kernel, owner, command);
  if (typeof local === 'string') {
    kernel.programs.name(owner, { kind: 'connection', key: '' });
    tellFailure(kernel, owner, { error: local }, true);
    return;
  }
  const key = keyOfConnection(local, remote);
  kernel.programs.name(owner, { kind: 'connection', key });
  const port = command.from?.port === undefined ? 'ephemeral' : 'chosen';
  const before = kernel.sockets.connection(key);
  if (before !== undefined) forget(kernel, before);
  const init = initFor(kernel, { local, remote }, now);
  const turn = open({ ...init, iss: before === undefined ? init.iss : issAfter(before) }, now);
  const base = { kind: 'connection', key, local, remote, interface: undefined, listener: undefined } as const;
  conclude(kernel, { ...base, owner, port, tcb: turn.tcb }, turn, now);
}

function chooseLocal(kernel: Kernel, { app }: Owner, { to, from }: Connect): Endpoint | SocketError {
  const { routing, sockets } = kernel;
  if (from?.ip !== undefined && (!routing.owns(from.ip) || family(from.ip) !== family(to.ip))) return 'no-address';
  const routed = routing.isBroadcast(to.ip) ? undefined : routing.sourceFor(to.ip);
  if (routed === undefined) return 'unreachable';
  const ip = from?.ip ?? routed;
  if (from?.port !== undefined) {
    const local = { ip, port: from.port };
    return sockets.refuseConnection(local, to, app) ?? local;
  }
  const port = sockets.ephemeralPort((free) => sockets.isFreeFor({ ip, port: free }, to));
  return port === undefined ? 'no-port' : { ip, port };
}

interface Ends {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** An initial sequence number grows with time, every 4 µs, from a start that is secret to each pair (RFC 6528 §3). */
function initialSequence(kernel: Kernel, { local, remote }: Ends, now: Millis): number {
  return advance(mix(kernel.secret, keyOfConnection(local, remote)), Math.floor(now * 250));
}

function initFor(kernel: Kernel, ends: Ends, now: Millis): TcbInit {
  const { ip } = ends.remote;
  const { defaultMss } = SIZES[family(ip)];
  const receiveMss = payloadOf(ip, kernel.routing.mtuTo(ip));
  const pathMss = payloadOf(ip, pathTo(kernel, ip, now).mtu);
  return { iss: initialSequence(kernel, ends, now), receiveMss, pathMss, defaultMss };
}

/** The longest payload of a segment in a packet of so many bytes. */
function payloadOf(ip: Ip, mtu: number): number {
  return Math.min(mtu - SIZES[family(ip)].headers, LONGEST);
}

/** Gives a segment to the connection or the listener it is for, or refuses it (RFC 9293 §3.10.7). */
export function deliverSegment(kernel: Kernel, arrival: Arrival<Tcp>, now: Millis): Reception {
  const { packet } = arrival;
  if (!kernel.routing.owns(packet.dst)) return dropped('notAccepted', 'TCP is between single hosts');
  const ends = endsOf(packet);
  const segment = readSegment(packet);
  const listener = kernel.sockets.listener(ends.local);
  const found = kernel.sockets.connection(keyOfConnection(ends.local, ends.remote));
  if (found === undefined) return knock(kernel, arrival, { listener, segment, iss: undefined }, now);
  if (listener === undefined || !reopens(found, segment)) return pass(kernel, found, segment, now);
  forget(kernel, found);
  return knock(kernel, arrival, { listener, segment, iss: issAfter(found) }, now);
}

function endsOf(packet: Tcp): Ends {
  const local = { ip: packet.dst, port: packet.dport };
  return { local, remote: { ip: packet.src, port: packet.sport } };
}

/** A SYN that is newer than a connection in TIME-WAIT takes its place (RFC 9293 §3.10.7.4, RFC 6191 §2). */
function reopens({ tcb }: Connection, segment: Segment): boolean {
  const syn = has(segment, 'syn') && !has(segment, 'ack') && !has(segment, 'rst');
  return syn && tcb.state === 'TIME-WAIT' && distance(tcb.rcvNxt, segment.seq) > 0;
}

/** Beyond every sequence number of the connection whose place a new one takes. */
function issAfter({ tcb }: Connection): number {
  return advance(tcb.sndNxt, 65_537);
}

interface Knock {
  readonly segment: Segment;
  readonly listener: Listener | undefined;
  /** Beyond that of the connection whose place the new one takes. */
  readonly iss: number | undefined;
}

/** A segment of no connection: a SYN to a listener opens one. */
function knock(kernel: Kernel, arrival: Arrival<Tcp>, { iss, listener, segment }: Knock, now: Millis): Reception {
  const { packet, interface: via } = arrival;
  const where = `tcp ${showEndpoint(packet.dst, packet.dport)}`;
  const why = listener === undefined ? `nothing listens on ${where}` : `no connection to ${where} has these ends`;
  const reason = listener === undefined ? 'noSocket' : 'notAccepted';
  if (has(segment, 'rst')) return dropped(reason, why);
  if (listener === undefined || has(segment, 'ack')) {
    sendRefusal(kernel, arrival, segment, now);
    return dropped(reason, why, 'RST');
  }
  if (!has(segment, 'syn') || has(segment, 'fin')) return dropped(reason, `a listener wants a SYN, without FIN`);
  const ends = endsOf(packet);
  const init = initFor(kernel, ends, now);
  const turn = answerSyn({ ...init, iss: iss ?? init.iss }, segment, now);
  const key = keyOfConnection(ends.local, ends.remote);
  const back = wayBack(ends.remote.ip, via);
  const base = { kind: 'connection', key, ...ends, interface: back, owner: undefined, port: 'accepted' } as const;
  conclude(kernel, { ...base, listener, tcb: turn.tcb }, turn, now);
  return deliveredTo(kernel, listener.owner);
}

function sendRefusal(kernel: Kernel, { packet, interface: via }: Arrival<Tcp>, segment: Segment, now: Millis): void {
  const { local: from, remote: to } = endsOf(packet);
  const ident = kernel.outbox.identFor(to.ip);
  const refusal = writeSegment(refusalOf(segment), { from, to }, { ident, df: true, tos: packet.tos });
  const sender = { app: undefined, cause: 'tcp', interface: wayBack(to.ip, via) } as const;
  send(kernel, refusal, sender, pathTo(kernel, to.ip, now));
}

function pass(kernel: Kernel, connection: Connection, segment: Segment, now: Millis): Reception {
  const { state } = connection.tcb;
  const { discarded } = advanceConnection(kernel, connection, { kind: 'segment', segment }, now);
  if (discarded !== undefined && discarded !== REPEATED) return dropped('notAccepted', `TCP in ${state}: ${discarded}`);
  return receptionOf(kernel, connection);
}

/** The application that a connection belongs to, or will; the kernel once there is none. */
function receptionOf(kernel: Kernel, { listener, owner, tcb }: Connection): Reception {
  const to = owner ?? listener?.owner;
  return to === undefined ? takenBy(`tcp ${tcb.state}`) : deliveredTo(kernel, to);
}

/** Lets a connection live through an event. */
export function advanceConnection(kernel: Kernel, connection: Connection, event: TcpEvent, now: Millis): Turn {
  const turn = step(connection.tcb, event, now);
  conclude(kernel, connection, turn, now);
  return turn;
}

/** Keeps what a turn led to: the block, the segments, the news, the next deadline. */
function conclude(kernel: Kernel, before: Connection, turn: Turn, now: Millis): void {
  let connection: Connection = { ...before, tcb: turn.tcb };
  for (const notice of turn.notices) connection = report(kernel, connection, notice);
  const owner = connection.owner ?? before.owner ?? connection.listener?.owner;
  for (const segment of turn.segments) sendSegment(kernel, connection, { segment, app: owner?.app }, now);
  if (turn.tcb.state === 'CLOSED') {
    forget(kernel, connection);
    return;
  }
  kernel.sockets.put(connection);
  const target = { kind: 'connection', key: connection.key } as const;
  const deadline = deadlineOf(turn.tcb);
  if (deadline === undefined) kernel.timers.forget(target);
  else kernel.timers.ensure(target, deadline);
}

function forget(kernel: Kernel, connection: Connection): void {
  kernel.sockets.remove(connection);
  kernel.timers.remove({ kind: 'connection', key: connection.key });
}

interface Sent {
  readonly segment: Segment;
  readonly app: string | undefined;
}

function sendSegment(kernel: Kernel, connection: Connection, { segment, app }: Sent, now: Millis): void {
  const { interface: out, local: from, remote: to } = connection;
  const path = pathTo(kernel, to.ip, now);
  const packet = writeSegment(segment, { from, to }, { ident: kernel.outbox.identFor(to.ip), df: path.df });
  send(kernel, packet, { app, cause: 'tcp', interface: out }, path);
}

/** Tells the application, and accepts a connection whose handshake is complete. */
function report(kernel: Kernel, connection: Connection, notice: Notice): Connection {
  const { listener, owner } = connection;
  if (notice.kind === 'connected' && listener !== undefined) return accept(kernel, connection, listener);
  if (owner === undefined) return connection;
  const { socket } = owner;
  if (notice.kind === 'connected') {
    tell(kernel, owner, { kind: 'connected', socket, peer: connection.remote, local: connection.local });
    return connection;
  }
  const last = notice.kind === 'closed' || notice.kind === 'failed';
  tell(kernel, owner, { ...notice, socket }, last);
  return last ? { ...connection, owner: undefined } : connection;
}

function accept(kernel: Kernel, connection: Connection, listener: Listener): Connection {
  const { local, remote: peer } = connection;
  const { app, socket: from } = listener.owner;
  const owner = { app, socket: kernel.programs.nextAccepted(listener.owner) };
  kernel.programs.name(owner, { kind: 'connection', key: connection.key });
  tell(kernel, owner, { kind: 'accepted', socket: owner.socket, listener: from, peer, local });
  return { ...connection, owner, listener: undefined };
}

/** Nobody listens any more: handshakes that were not complete are forgotten. */
export function stopListening(kernel: Kernel, listener: Listener): void {
  kernel.sockets.remove(listener);
  for (const socket of kernel.sockets.all()) {
    if (socket.kind === 'connection' && socket.listener === listener) forget(kernel, socket);
  }
}

/** An ICMP error about a segment that this host sent. */
export function hearSegmentError(kernel: Kernel, said: Said, now: Millis): Reception {
  const { dst, dport = 0, seq, sport = 0, src } = said.quote;
  const key = keyOfConnection({ ip: src, port: sport }, { ip: dst, port: dport });
  const connection = kernel.sockets.connection(key);
  if (connection === undefined) return dropped('noSocket', 'about a segment of no connection');
  if (seq === undefined) return dropped('notAccepted', 'the quoted segment has no sequence number');
  const event = eventOf(kernel, said, seq, now);
  const { discarded } = advanceConnection(kernel, connection, event, now);
  if (discarded !== undefined) return dropped('notAccepted', discarded);
  if (event.kind === 'too big') learnPath(kernel, said, now);
  return receptionOf(kernel, connection);
}

function eventOf(kernel: Kernel, said: Said, seq: number, now: Millis): TcpEvent {
  const { error, icmp, quote } = said;
  if (error !== 'too-big') return { kind: 'icmp', seq, error, icmp, embryonic: endsHandshake(icmp) };
  const path = weigh(quote.dst, said.mtu, pathTo(kernel, quote.dst, now));
  return { kind: 'too big', seq, pathMss: payloadOf(quote.dst, path?.mtu ?? Number.POSITIVE_INFINITY) };
}
