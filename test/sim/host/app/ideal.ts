/** A perfect network for applications: sockets in memory, one millisecond to everywhere, virtual time. */
import type { Endpoint } from '../../../../src/sim/addr/endpoint.ts';
import { ANY4, type Ip, isUnspecified, LIMITED_BROADCAST } from '../../../../src/sim/addr/ip.ts';
import type { App, AppCommand, AppEvent, Finding, Lease, SocketError } from '../../../../src/sim/host/app/app.ts';
import { echo, echoSeq, isEcho, type Packet, type Udp, udp } from '../../../../src/sim/packet/packet.ts';
import { Clock, isClaimed, type Running, running, type Socket, socketAt } from './parts.ts';

const LATENCY = 1;

/** What a filter says of a connection or a datagram on its way. */
export type Filter = (from: Endpoint, to: Endpoint, protocol: 'tcp' | 'udp') => 'pass' | 'drop' | 'refuse';

export class Ideal {
  filter: Filter = () => 'pass';
  /** How a stream is cut on its way. */
  cut: (bytes: Uint8Array) => Uint8Array[] = (bytes) => [bytes];
  readonly notes: string[] = [];
  readonly leases: (Lease | undefined)[] = [];
  /** Datagrams and connections, each as `FROM > TO`. */
  readonly log: { readonly at: number; readonly from: Endpoint; readonly to: Endpoint; readonly kind: string }[] = [];
  readonly #running: Running[] = [];
  readonly #clock = new Clock();
  #port = 40_000;

  get now(): number {
    return this.#clock.now;
  }

  /** Starts an application on a node with these addresses. */
  add<State>(ips: Ip[], app: App<State>): Running {
    const added = running(`${app.name} ${this.#running.length}`, ips, app as App<unknown>);
    this.#running.push(added);
    this.#after(0, () => {
      const { state, commands } = app.start(this.now);
      added.state = state;
      for (const command of commands) this.#perform(added, command);
    });
    return added;
  }

  /** Runs a client program to its end. */
  find<State>(ips: Ip[], app: App<State>): Finding {
    const running = this.add(ips, app);
    while (running.finding === undefined && this.#clock.step()) {}
    if (running.finding === undefined) throw new Error(`${app.name} never finished`);
    return running.finding;
  }

  /** Lets everything happen that happens within so much time. */
  runFor(millis: number): void {
    this.#clock.runFor(millis);
  }

  /** Gives an application an event of the harness's own making. */
  tell(running: Running, event: AppEvent): void {
    if (running.finding !== undefined) return;
    const { state, commands } = running.app.handle(running.state, event, this.now);
    running.state = state;
    for (const command of commands) {
      if (running.finding === undefined) this.#perform(running, command);
    }
  }

  /** The application is gone as if its node lost power. */
  kill(running: Running): void {
    this.#running.splice(this.#running.indexOf(running), 1);
    for (const socket of running.sockets.values()) socket.gone = true;
    running.timers.clear();
    running.finding = { outcome: 'killed' };
  }

  #after(millis: number, run: () => void): void {
    this.#clock.after(millis, run);
  }

  /** An event of a socket, unless it is closed by then. */
  #say(socket: Socket, event: AppEvent, millis = LATENCY): void {
    this.#after(millis, () => {
      if (!socket.gone || event.kind === 'closed') this.tell(socket.owner, event);
    });
  }

  #fail(socket: Socket, error: SocketError, millis = LATENCY): void {
    this.#after(millis, () => {
      if (socket.gone) return;
      this.#forget(socket);
      this.tell(socket.owner, { kind: 'failed', socket: socket.name, error });
    });
  }

  #forget(socket: Socket): void {
    socket.gone = true;
    socket.owner.sockets.delete(socket.name);
  }

  #socket(owner: Running, name: string, kind: Socket['kind'], local: Endpoint, peer?: Endpoint): Socket {
    if (owner.sockets.has(name)) throw new Error(`${owner.id}: socket "${name}" is there already`);
    const socket: Socket = {
      name,
      owner,
      kind,
      local,
      fin: false,
      gone: false,
      ...(peer === undefined ? {} : { peer }),
    };
    owner.sockets.set(name, socket);
    owner.named.add(name);
    return socket;
  }

  #perform(owner: Running, command: AppCommand): void {
    switch (command.kind) {
      case 'timer': {
        const token = {};
        owner.timers.set(command.name, token);
        this.#after(command.after, () => {
          if (owner.timers.get(command.name) !== token) return;
          owner.timers.delete(command.name);
          this.tell(owner, { kind: 'timer', name: command.name });
        });
        return;
      }
      case 'cancel':
        owner.timers.delete(command.name);
        return;
      case 'note':
        this.notes.push(command.text);
        return;
      case 'configure':
        this.leases.push(command.lease);
        owner.ips.splice(0, owner.ips.length, ...(command.lease === undefined ? [] : [command.lease.address]));
        return;
      case 'map':
        throw new Error(`${owner.id}: there is no table of mappings here`);
      case 'finish':
        owner.finding = command.finding;
        owner.timers.clear();
        for (const socket of [...owner.sockets.values()]) this.#close(socket);
        return;
      case 'listen':
        return this.#listen(owner, command);
      case 'bind':
        return this.#bind(owner, command);
      case 'raw':
        this.#socket(owner, command.socket, command.level, { ip: ANY4, port: 0 });
        return;
      case 'connect':
        return this.#connect(owner, command);
      default: {
        const socket = owner.sockets.get(command.socket);
        if (socket !== undefined) return this.#use(socket, command);
        if (!owner.named.has(command.socket)) throw new Error(`${owner.id}: there is no socket "${command.socket}"`);
      }
    }
  }

  #use(
    socket: Socket,
    command: Extract<AppCommand, { kind: 'send' | 'write' | 'shutdown' | 'close' | 'abort' | 'inject' }>,
  ) {
    switch (command.kind) {
      case 'send':
        return this.#send(socket, command);
      case 'inject':
        return this.#inject(socket, command.packet);
      case 'write':
        if (socket.other === undefined || socket.fin) throw new Error(`write to ${socket.name}, which cannot`);
        for (const payload of this.cut(command.payload)) this.#arrive(socket, payload);
        return;
      case 'shutdown':
        return this.#shutdown(socket);
      case 'close':
        return this.#close(socket);
      case 'abort':
        if (socket.other !== undefined) this.#fail(socket.other, 'reset');
        this.#forget(socket);
        return this.#say(socket, { kind: 'closed', socket: socket.name }, 0);
    }
  }

  /** Data for a socket that is closed is answered with a reset. */
  #arrive(from: Socket, payload: Uint8Array): void {
    const to = from.other;
    if (to === undefined) return;
    this.#after(LATENCY, () => {
      if (!to.gone) this.tell(to.owner, { kind: 'data', socket: to.name, payload });
      else this.#fail(from, 'reset');
    });
  }

  #shutdown(socket: Socket): void {
    const { other } = socket;
    if (socket.fin || other === undefined) return;
    socket.fin = true;
    this.#say(other, { kind: 'ended', socket: other.name });
    if (other.fin) for (const end of [socket, other]) this.#finished(end);
  }

  #finished(socket: Socket): void {
    this.#after(2 * LATENCY, () => {
      if (socket.gone) return;
      this.#forget(socket);
      this.tell(socket.owner, { kind: 'closed', socket: socket.name });
    });
  }

  #close(socket: Socket): void {
    this.#shutdown(socket);
    this.#forget(socket);
    this.#say(socket, { kind: 'closed', socket: socket.name }, 0);
  }

  #listen(owner: Running, command: Extract<AppCommand, { kind: 'listen' }>): void {
    const { socket: name, port, address } = command;
    const taken = isClaimed(this.#running, owner.ips, 'listener', command);
    const local = { ip: address ?? ANY4, port: port === 0 ? this.#port++ : port };
    const socket = this.#socket(owner, name, 'listener', local);
    if (taken) return this.#fail(socket, 'in-use', 0);
    this.#say(socket, { kind: 'bound', socket: name, local }, 0);
  }

  #bind(owner: Running, command: Extract<AppCommand, { kind: 'bind' }>): void {
    const { socket: name, port, address, peer } = command;
    const taken = command.interface === undefined && isClaimed(this.#running, owner.ips, 'udp', command);
    const ip = address ?? (peer === undefined ? ANY4 : (owner.ips[0] ?? ANY4));
    const socket = this.#socket(owner, name, 'udp', { ip, port: port === 0 ? this.#port++ : port }, peer);
    if (taken) return this.#fail(socket, 'in-use', 0);
    this.#say(socket, { kind: 'bound', socket: name, local: socket.local }, 0);
  }

  #connect(owner: Running, { socket: name, to, from }: Extract<AppCommand, { kind: 'connect' }>): void {
    const local = { ip: from?.ip ?? owner.ips[0] ?? ANY4, port: from?.port ?? this.#port++ };
    const socket = this.#socket(owner, name, 'tcp', local, to);
    this.log.push({ at: this.now, from: local, to, kind: 'tcp' });
    const verdict = this.filter(local, to, 'tcp');
    if (verdict === 'drop') return this.#fail(socket, 'timeout', 127_000);
    if (!this.#running.some(({ ips }) => ips.includes(to.ip))) return this.#fail(socket, 'unreachable', 0);
    this.#after(LATENCY, () => {
      const listener = verdict === 'refuse' ? undefined : socketAt(this.#running, 'listener', to);
      if (listener === undefined) return this.#fail(socket, 'refused');
      const accepted = `${listener.name}#${++listener.owner.accepted}`;
      const there = this.#socket(listener.owner, accepted, 'tcp', to, local);
      there.other = socket;
      socket.other = there;
      this.#say(socket, { kind: 'connected', socket: name, peer: to, local });
      this.tell(there.owner, { kind: 'accepted', socket: accepted, listener: listener.name, peer: local, local: to });
    });
  }

  #send(socket: Socket, { to, payload, from: as }: Extract<AppCommand, { kind: 'send' }>): void {
    const from = {
      ip: as ?? (isUnspecified(socket.local.ip) ? (socket.owner.ips[0] ?? ANY4) : socket.local.ip),
      port: socket.local.port,
    };
    this.log.push({ at: this.now, from, to, kind: 'udp' });
    if (to.ip === LIMITED_BROADCAST) return this.#broadcast(socket.owner, from, to, payload);
    const verdict = this.filter(from, to, 'udp');
    if (verdict === 'drop') return;
    this.#after(LATENCY, () => {
      const found = verdict === 'refuse' ? undefined : socketAt(this.#running, 'udp', to, from);
      if (found !== undefined) {
        this.tell(found.owner, { kind: 'datagram', socket: found.name, from, to, payload, interface: 'eth0' });
      } else if (socket.peer !== undefined) {
        const icmp = { type: 3, code: 3, from: to.ip };
        this.#say(socket, { kind: 'failed', socket: socket.name, error: 'refused', icmp });
      }
    });
    if (typeof to.ip === 'number' && typeof from.ip === 'number') {
      this.#frames(socket.owner, udp({ src: from.ip, dst: to.ip, sport: from.port, dport: to.port, payload }));
    }
  }

  #broadcast(owner: Running, from: Endpoint, to: Endpoint, payload: Uint8Array): void {
    this.#after(LATENCY, () => {
      for (const running of this.#running.filter((other) => other !== owner)) {
        for (const socket of [...running.sockets.values()]) {
          if (socket.kind !== 'udp' || socket.local.port !== to.port) continue;
          this.tell(running, { kind: 'datagram', socket: socket.name, from, to, payload, interface: 'eth0' });
        }
      }
    });
    this.#frames(owner, udp({ src: from.ip, dst: to.ip, sport: from.port, dport: to.port, payload }));
  }

  /** Packet sockets of the others see every frame. */
  #frames(owner: Running, packet: Packet): void {
    this.#after(LATENCY, () => this.#raw('packet', packet, (running) => running !== owner));
  }

  #raw(kind: 'ip' | 'packet', packet: Packet, where: (running: Running) => boolean): void {
    for (const running of this.#running.filter(where)) {
      for (const socket of [...running.sockets.values()].filter((found) => found.kind === kind)) {
        this.tell(running, { kind: 'packet', socket: socket.name, packet, interface: 'eth0' });
      }
    }
  }

  #inject(socket: Socket, packet: Packet): void {
    if (packet.kind === 'udp') return this.#broadcastPacket(socket.owner, packet);
    const src = socket.owner.ips[0] ?? ANY4;
    const there = this.#running.some(({ ips }) => ips.includes(packet.dst));
    if (!there) return this.#say(socket, { kind: 'failed', socket: socket.name, error: 'unreachable' }, 0);
    if (isEcho(packet) !== 'request' || packet.kind !== 'icmp') return;
    const { rest, payload } = packet;
    const reply = echo({ src: packet.dst, dst: src, id: rest >>> 16, seq: echoSeq(packet) ?? 0, payload, reply: true });
    this.#after(2 * LATENCY, () => this.#raw('ip', reply, ({ ips }) => ips.includes(src)));
  }

  #broadcastPacket(owner: Running, packet: Udp): void {
    const from = { ip: packet.src, port: packet.sport };
    this.log.push({ at: this.now, from, to: { ip: packet.dst, port: packet.dport }, kind: 'inject' });
    this.#broadcast(owner, from, { ip: packet.dst, port: packet.dport }, packet.payload);
  }
}
