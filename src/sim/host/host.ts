/**
 * The upper half of a node: its sockets and the applications that use them. Every method answers with values, what the
 * host sends and what it found out; nothing calls back into the network. Packets to the host's own addresses go out like
 * others, and come back over the loopback interface.
 *
 * Read RFC 1122 first.
 */
import { ANY4 } from '../addr/ip.ts';
import { unreachable } from '../base/fail.ts';
import type { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { App, MapOutcome } from './app/app.ts';
import { advanceConnection } from './connections.ts';
import { deliver, tellRaw } from './deliver.ts';
import { copyKernel, type Kernel, makeKernel } from './kernel.ts';
import type { HostOutput, Reception, Routing, SocketRow } from './output.ts';
import { perform, stop } from './perform.ts';
import type { Letter, Programs } from './programs.ts';
import type { Socket } from './sockets.ts';

export interface HostInit {
  /** Of the node. */
  readonly name: string;
  readonly routing: Routing;
  readonly rng: Rng;
}

/** A host without sockets and applications. */
export function makeHost({ name, ...init }: HostInit): Host {
  return new Host(name, makeKernel(init));
}

/** One host; its answers are in the order in which things happen, and the same for the same seed. */
export class Host {
  readonly name: string;
  readonly #kernel: Kernel;

  constructor(name: string, kernel: Kernel) {
    this.name = name;
    this.#kernel = kernel;
  }

  /** The same host between two events, for another world to go on with. */
  copy(routing: Routing): Host {
    return new Host(this.name, copyKernel(this.#kernel, routing));
  }

  /** Runs an application under an id that no running one has. */
  start(app: App<unknown>, id: string, now: Millis): HostOutput {
    const { programs } = this.#kernel;
    programs.add(id, app);
    this.#carryOut(id, programs.run(id, undefined, now), now);
    return this.#answer(now);
  }

  /** Ends an application and closes its sockets; nothing happens when it is over already. */
  stop(id: string, now: Millis): HostOutput {
    if (this.#kernel.programs.isRunning(id)) stop(this.#kernel, id, now);
    return this.#answer(now);
  }

  /** Takes a whole packet that was delivered to this node, after the input chain; the answer says what became of it. */
  receive(packet: Packet, interfaceName: string, now: Millis): HostOutput {
    const reception = deliver(this.#kernel, { packet, interface: interfaceName }, now);
    return this.#answer(now, reception);
  }

  /** Whether there is a packet socket to show packets to. */
  get sniffs(): boolean {
    return this.#kernel.sockets.sniffs;
  }

  /** Shows a packet to packet sockets, before any filter, whether or not it is for this node. */
  sniff(packet: Packet, interfaceName: string, now: Millis): HostOutput {
    tellRaw(this.#kernel, { packet, interface: interfaceName }, 'packet');
    return this.#answer(now);
  }

  /** A timer's time has come. */
  expire(timer: number, now: Millis): HostOutput {
    const { programs, sockets, timers } = this.#kernel;
    const target = timers.take(timer);
    if (target?.kind === 'app') programs.post(target.app, { kind: 'timer', name: target.name });
    const connection = target?.kind === 'connection' ? sockets.connection(target.key) : undefined;
    if (connection !== undefined) advanceConnection(this.#kernel, connection, { kind: 'tick' }, now);
    return this.#answer(now);
  }

  /** Whether anything still waits for this timer. The world drops others without moving its clock. */
  wants(timer: number): boolean {
    return this.#kernel.timers.wants(timer);
  }

  /** What came of a mapping that an application asked for. */
  mapped(app: string, id: string, outcome: MapOutcome, now: Millis): HostOutput {
    this.#kernel.programs.post(app, { kind: 'mapping', id, outcome });
    return this.#answer(now);
  }

  /** Link or address of an interface changed; every application hears of it. */
  linkChanged(interfaceName: string, up: boolean, now: Millis): HostOutput {
    const { programs } = this.#kernel;
    for (const id of programs.ids) programs.post(id, { kind: 'link', interface: interfaceName, up });
    return this.#answer(now);
  }

  /** Every socket, as `ss -an` shows them. */
  sockets(): SocketRow[] {
    return this.#kernel.sockets.all().map(rowOf);
  }

  /** Lets applications hear what there is to hear, and do what they want to, until all is quiet. */
  #answer(now: Millis, reception?: Reception): HostOutput {
    const { outbox, programs, timers } = this.#kernel;
    for (let letter = programs.next(); letter !== undefined; letter = programs.next()) this.#hear(letter, now);
    return { ...outbox.take(), timers: timers.takeFresh(), ...(reception === undefined ? {} : { reception }) };
  }

  #hear({ app, event }: Letter, now: Millis): void {
    const { programs, sockets } = this.#kernel;
    const handle = event.kind === 'data' ? programs.find({ app, socket: event.socket }) : undefined;
    const connection = handle?.kind === 'connection' ? sockets.connection(handle.key) : undefined;
    if (event.kind === 'data' && connection !== undefined) {
      advanceConnection(this.#kernel, connection, { kind: 'read', bytes: event.payload.length }, now);
    }
    this.#carryOut(app, programs.run(app, event, now), now);
  }

  #carryOut(app: string, commands: ReturnType<Programs['run']>, now: Millis): void {
    for (const command of commands) {
      if (this.#kernel.programs.isRunning(app)) perform(this.#kernel, app, command, now);
    }
  }
}

function rowOf(socket: Socket): SocketRow {
  switch (socket.kind) {
    case 'raw':
      return { protocol: socket.level === 'ip' ? 'raw' : 'packet', state: 'UNCONNECTED', app: socket.owner.app };
    case 'listener': {
      const local = { ip: socket.address ?? ANY4, port: socket.port };
      return { protocol: 'tcp', local, state: 'LISTEN', app: socket.owner.app };
    }
    case 'udp': {
      const local = { ip: socket.address ?? ANY4, port: socket.port };
      const { app } = socket.owner;
      if (socket.peer === undefined) return { protocol: 'udp', local, state: 'UNCONNECTED', app };
      return { protocol: 'udp', local, remote: socket.peer, state: 'ESTABLISHED', app };
    }
    case 'connection': {
      const { local, remote, tcb } = socket;
      const app = (socket.owner ?? socket.listener?.owner)?.app;
      return { protocol: 'tcp', local, remote, state: tcb.state, ...(app === undefined ? {} : { app }) };
    }
    default:
      return unreachable(socket);
  }
}
