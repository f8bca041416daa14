/** Carries out what an application commands. */
import { isUnspecified } from '../addr/ip.ts';
import { fail, unreachable } from '../base/fail.ts';
import type { Millis } from '../base/time.ts';
import { seal } from '../packet/build.ts';
import { lengthOf } from '../packet/length.ts';
import type { Packet } from '../packet/packet.ts';
import type { AppCommand, SocketName } from './app/app.ts';
import { advanceConnection, connect, listen, stopListening } from './connections.ts';
import { type Kernel, pathTo, send, tell, tellFailure } from './kernel.ts';
import type { Handle, Program } from './programs.ts';
import type { Connection, Owner, RawSocket } from './sockets.ts';
import { bind, sendDatagram } from './udp.ts';

/** Carries out one command of an application. Commands for a socket that is gone do nothing. */
export function perform(kernel: Kernel, program: Program, command: AppCommand, now: Millis): void {
  const { outbox, timers } = kernel;
  const { id: app } = program;
  switch (command.kind) {
    case 'send':
      return sendOn(kernel, program, command, now);
    case 'timer':
      return timers.setNamed(app, command.name, now + command.after);
    case 'listen':
      return listen(kernel, owner(app, command), command);
    case 'connect':
      return connect(kernel, owner(app, command), command, now);
    case 'bind':
      return bind(kernel, owner(app, command), command);
    case 'raw':
      return openRaw(kernel, owner(app, command), command.level);
    case 'write':
    case 'shutdown':
    case 'inject':
      return use(kernel, program, command, now);
    case 'close':
    case 'abort':
      return end(kernel, program, command, now);
    case 'cancel':
      return timers.remove({ kind: 'app', app, name: command.name });
    case 'configure':
      return outbox.configure({ interface: command.interface, lease: command.lease });
    case 'map':
      return outbox.request({ app, request: command.request });
    case 'note':
      return outbox.note(app, command.text);
    case 'finish':
      stop(kernel, program, now);
      return outbox.finish({ app, finding: command.finding });
    default:
      return unreachable(command);
  }
}

function owner(app: string, { socket }: { readonly socket: SocketName }): Owner {
  return { app, socket };
}

function openRaw(kernel: Kernel, owner: Owner, level: RawSocket['level']): void {
  const socket: RawSocket = { kind: 'raw', owner, level };
  kernel.programs.name(owner, socket);
  kernel.sockets.put(socket);
}

type Send = Extract<AppCommand, { kind: 'send' }>;
type End = Extract<AppCommand, { kind: 'close' | 'abort' }>;
type Use = Extract<AppCommand, { kind: 'write' | 'shutdown' | 'inject' }>;

function sendOn(kernel: Kernel, program: Program, command: Send, now: Millis): void {
  const handle = kernel.programs.find(program, command.socket);
  if (handle?.kind === 'udp') sendDatagram(kernel, handle, command, now);
  else if (handle !== undefined) mistaken(program, handle, command);
}

function use(kernel: Kernel, program: Program, command: Use, now: Millis): void {
  const handle = kernel.programs.find(program, command.socket);
  if (handle === undefined) return;
  if (command.kind === 'inject') {
    if (handle.kind !== 'raw') return mistaken(program, handle, command);
    return inject(kernel, handle.owner, command, now);
  }
  if (handle.kind !== 'connection') return mistaken(program, handle, command);
  const connection = kernel.sockets.connection(handle.key);
  if (connection !== undefined) advanceConnection(kernel, connection, command, now);
}

function mistaken({ id }: Program, handle: Handle, { kind, socket }: Send | Use): never {
  return fail(`${id}: ${kind} does not go with the ${handle.kind} socket "${socket}"`);
}

/** Sends a crafted packet, its checksums computed and, where it has none, its identification given (as IP_HDRINCL). */
function inject(kernel: Kernel, owner: Owner, command: Extract<AppCommand, { kind: 'inject' }>, now: Millis): void {
  const { interface: out, packet } = command;
  const routed = out === undefined ? kernel.routing.sourceFor(packet.dst) : packet.src;
  if (routed === undefined) {
    tellFailure(kernel, owner, { error: 'unreachable' }, false);
    return;
  }
  const src = isUnspecified(packet.src) && out === undefined ? routed : packet.src;
  const ident = packet.ident === 0 && !isFragment(packet) ? kernel.outbox.identFor(packet.dst) : packet.ident;
  const path = pathTo(kernel, packet.dst, now);
  const df = packet.df && path.df && lengthOf(packet) <= path.mtu;
  const sent = seal({ ...packet, src, ident, df });
  send(kernel, sent, { app: owner.app, cause: 'raw', interface: out }, path);
}

function isFragment(packet: Packet): boolean {
  return packet.kind === 'other' && packet.fragment !== undefined;
}

function end(kernel: Kernel, program: Program, { kind: how, socket }: End, now: Millis): void {
  const handle = kernel.programs.find(program, socket);
  if (handle === undefined) return;
  const owner = { app: program.id, socket };
  kernel.programs.hush(owner);
  endSocket(kernel, handle, how, now);
  if (handle.kind !== 'connection') tell(kernel, owner, { kind: 'closed', socket }, true);
}

function endSocket(kernel: Kernel, handle: Handle, how: 'close' | 'abort', now: Millis): void {
  if (handle.kind === 'listener') return stopListening(kernel, handle);
  if (handle.kind !== 'connection') return kernel.sockets.remove(handle);
  const connection = kernel.sockets.connection(handle.key);
  if (connection !== undefined) advanceConnection(kernel, connection, { kind: how }, now);
}

/** The application is over: its timers are forgotten, its sockets closed in the order in which they were named. */
export function stop(kernel: Kernel, program: Program, now: Millis): void {
  for (const handle of kernel.programs.remove(program)) {
    if (handle.kind === 'connection') disown(kernel, handle.key);
    endSocket(kernel, handle, 'close', now);
  }
  kernel.timers.removeApp(program.id);
}

/** Nobody hears what becomes of the connection. */
function disown(kernel: Kernel, key: string): void {
  const connection: Connection | undefined = kernel.sockets.connection(key);
  if (connection !== undefined) kernel.sockets.put({ ...connection, owner: undefined });
}
