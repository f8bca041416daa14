/**
 * The upper half of a node: its sockets and the applications that use them. Every method answers with values, what the
 * host sends and what it found out; nothing calls back into the network. Packets to the host's own addresses go out like
 * others, and come back over the loopback interface.
 *
 * Read RFC 1122 first.
 */
import { ANY4 } from '../addr/ip.ts';
import { unreachable } from '../base/fail.ts';
import { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import type { Packet } from '../packet/packet.ts';
import type { App, AppCommand, AppEvent, MapOutcome } from './app/app.ts';
import { advanceConnection } from './connections.ts';
import { deliver, tellRaw } from './deliver.ts';
import { copyKernel, type Kernel, makeKernel, tell } from './kernel.ts';
import type { HostOutput, Reception, Routing, SocketRow } from './output.ts';
import { perform, stop } from './perform.ts';
import type { Letter, Program } from './programs.ts';
import type { Socket } from './sockets.ts';
import type { TimerTarget } from './timers.ts';

export interface HostInit {
  /** Of the node. */
  readonly name: string;
  readonly routing: Routing;
  readonly rng: Rng;
}

/** A host without sockets and applications. */
export function makeHost({ name, routing, rng }: HostInit): Host {
  return new Host(name, routing, rng);
}

/** One host; its answers are in the order in which things happen, and the same for the same seed. */
export class Host {
  readonly name: string;
  readonly #routing: Routing;
  /** Made when something first happens here: at most nodes nothing ever does. */
  #own: Kernel | undefined;
  /** What it is made of: chance, or a kernel that nobody changes any more, since several hosts go on from it. */
  #origin: Rng | Kernel;

  constructor(name: string, routing: Routing, origin: Rng | Kernel) {
    this.name = name;
    this.#routing = routing;
    this.#origin = origin;
  }

  /** The same host between two events, for another world to go on with. */
  copy(routing: Routing): Host {
    if (this.#own !== undefined) {
      this.#origin = this.#own;
      this.#own = undefined;
    }
    return new Host(this.name, routing, this.#origin);
  }

  /** Runs an application under an id that no running one has. */
  start(app: App<unknown>, id: string, now: Millis): HostOutput {
    const kernel = this.#kernel();
    const program = kernel.programs.add(id, app);
    carryOut(kernel, program, kernel.programs.run(program, undefined, now), now);
    return answer(kernel, now);
  }

  /** Ends an application and closes its sockets; nothing happens when it is over already. */
  stop(id: string, now: Millis): HostOutput {
    const kernel = this.#kernel();
    const program = kernel.programs.get(id);
    if (program !== undefined) stop(kernel, program, now);
    return answer(kernel, now);
  }

  /** Takes a whole packet that was delivered to this node, after the input chain; the answer says what became of it. */
  receive(packet: Packet, interfaceName: string, now: Millis): HostOutput {
    const kernel = this.#kernel();
    return answer(kernel, now, deliver(kernel, packet, interfaceName, now));
  }

  /** Whether there is a packet socket to show packets to. */
  get sniffs(): boolean {
    return this.#seen()?.sockets.sniffs ?? false;
  }

  /** Shows a packet to packet sockets, before any filter, whether or not it is for this node. */
  sniff(packet: Packet, interfaceName: string, now: Millis): HostOutput {
    const kernel = this.#kernel();
    tellRaw(kernel, { packet, interface: interfaceName }, kernel.sockets.rawSockets('packet'));
    return answer(kernel, now);
  }

  /** A timer's time has come. */
  expire(timer: number, now: Millis): HostOutput {
    const kernel = this.#kernel();
    const target = kernel.timers.take(timer);
    if (target !== undefined) wake(kernel, target, now);
    return answer(kernel, now);
  }

  /** Whether anything still waits for this timer. The world drops others without moving its clock. */
  wants(timer: number): boolean {
    return this.#seen()?.timers.wants(timer) ?? false;
  }

  /** What came of a mapping that an application asked for. */
  mapped(app: string, id: string, outcome: MapOutcome, now: Millis): HostOutput {
    const kernel = this.#kernel();
    tell(kernel, { app }, { kind: 'mapping', id, outcome });
    return answer(kernel, now);
  }

  /** Link or address of an interface changed; every application hears of it. */
  linkChanged(interfaceName: string, up: boolean, now: Millis): HostOutput {
    const kernel = this.#kernel();
    for (const app of kernel.programs.ids) tell(kernel, { app }, { kind: 'link', interface: interfaceName, up });
    return answer(kernel, now);
  }

  /** Every socket, as `ss -an` shows them. */
  sockets(): SocketRow[] {
    return this.#seen()?.sockets.all().map(rowOf) ?? [];
  }

  /** For something to happen. */
  #kernel(): Kernel {
    this.#own ??=
      this.#origin instanceof Rng ? makeKernel(this.#origin, this.#routing) : copyKernel(this.#origin, this.#routing);
    return this.#own;
  }

  /** Only to be looked at; undefined: nothing has ever happened here. */
  #seen(): Kernel | undefined {
    if (this.#own !== undefined) return this.#own;
    return this.#origin instanceof Rng ? undefined : this.#origin;
  }
}

/** Lets applications hear what there is to hear, and do what they want to, until all is quiet. */
function answer(kernel: Kernel, now: Millis, reception?: Reception): HostOutput {
  const { outbox, programs, timers } = kernel;
  for (let letter = programs.next(); letter !== undefined; letter = programs.next()) hear(kernel, letter, now);
  return outbox.take(timers.takeFresh(), reception);
}

/** Between two answers no news waits, so that an application hears its timer at once. */
function wake(kernel: Kernel, target: TimerTarget, now: Millis): void {
  if (target.kind === 'app') {
    return react(kernel, kernel.programs.program(target.app), { kind: 'timer', name: target.name }, now);
  }
  const connection = kernel.sockets.connection(target.key);
  if (connection !== undefined) advanceConnection(kernel, connection, { kind: 'tick' }, now);
}

function hear(kernel: Kernel, { program, event }: Letter, now: Millis): void {
  if (event.kind === 'data') read(kernel, program, event, now);
  react(kernel, program, event, now);
}

function react(kernel: Kernel, program: Program, event: AppEvent, now: Millis): void {
  carryOut(kernel, program, kernel.programs.run(program, event, now), now);
}

/** What an application hears of a connection it has read. */
function read(
  kernel: Kernel,
  program: Program,
  { payload, socket }: Extract<AppEvent, { kind: 'data' }>,
  now: Millis,
): void {
  const { programs, sockets } = kernel;
  const handle = programs.find(program, socket);
  const connection = handle?.kind === 'connection' ? sockets.connection(handle.key) : undefined;
  if (connection !== undefined) advanceConnection(kernel, connection, { kind: 'read', bytes: payload.length }, now);
}

function carryOut(kernel: Kernel, program: Program, commands: readonly AppCommand[], now: Millis): void {
  for (let i = 0; i < commands.length && program.running; i++) {
    perform(kernel, program, commands[i] as AppCommand, now);
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
