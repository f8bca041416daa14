/** What the protocols of one host share: its tables, and the way out. */
import { type Ip, isLinkLocal, isMulticast } from '../addr/ip.ts';
import type { Rng } from '../base/rng.ts';
import type { Millis } from '../base/time.ts';
import { lengthOf } from '../packet/length.ts';
import type { Packet } from '../packet/packet.ts';
import type { AppEvent, IcmpReport, SocketError } from './app/app.ts';
import { Outbox } from './outbox.ts';
import type { Outgoing, Reception, Routing } from './output.ts';
import { type Path, Paths } from './paths.ts';
import { Programs } from './programs.ts';
import { type Owner, Sockets } from './sockets.ts';
import { Timers } from './timers.ts';

export interface Kernel {
  readonly routing: Routing;
  readonly sockets: Sockets;
  readonly programs: Programs;
  readonly timers: Timers;
  readonly paths: Paths;
  readonly outbox: Outbox;
  /** What the initial sequence numbers are derived from. */
  readonly secret: number;
}

/** Of a host that has just been switched on. */
export function makeKernel(rng: Rng, routing: Routing): Kernel {
  return {
    routing,
    sockets: new Sockets(rng.split('ports')),
    programs: new Programs(),
    timers: new Timers(),
    paths: new Paths(),
    outbox: new Outbox(rng.split('identification').int(0, 0xffff)),
    secret: rng.split('sequence numbers').int(0, 0x7fff_ffff),
  };
}

/** The same tables behind another way out. */
export function copyKernel({ sockets, programs, timers, paths, outbox, secret }: Kernel, routing: Routing): Kernel {
  return {
    routing,
    sockets: sockets.copy(),
    programs: programs.copy(),
    timers: timers.copy(),
    paths: paths.copy(),
    outbox: outbox.copy(),
    secret,
  };
}

/** A packet that was delivered to this node, with the interface that it came by. */
export interface Arrival<P extends Packet = Packet> {
  readonly packet: P;
  readonly interface: string;
}

/** What the path to a destination takes, as far as it is known. */
export function pathTo({ paths, routing }: Kernel, dst: Ip, now: Millis): Path {
  return paths.to(dst, routing.mtuTo(dst), now);
}

/** Whose packet it is, and the interface that it must leave by, if any. */
export type Sender = Omit<Outgoing, 'packet' | 'fragment'>;

/** Hands a packet to the way out; one that is longer than its path, and may be cut, is marked to be. */
export function send({ outbox }: Kernel, packet: Packet, { app, cause, interface: out }: Sender, path: Path): void {
  outbox.send({ packet, interface: out, app, cause, fragment: mustCut(packet, path.mtu) ? path.mtu : undefined });
}

function mustCut(packet: Packet, mtu: number): boolean {
  if (typeof packet.src === 'bigint') return packet.kind !== 'tcp' && lengthOf(packet) > mtu;
  return !packet.df && lengthOf(packet) > mtu;
}

/** The interface that an answer must leave by: that of the question, where an address means nothing elsewhere. */
export function wayBack(dst: Ip, via: string): string | undefined {
  return typeof dst === 'bigint' && (isLinkLocal(dst) || isMulticast(dst)) ? via : undefined;
}

/** Tells an application, unless it is over. `last`: the socket is gone. */
export function tell({ programs }: Kernel, { app }: Pick<Owner, 'app'>, event: AppEvent, last = false): void {
  const program = programs.get(app);
  if (program !== undefined) programs.post(program, event, last);
}

/** Tells an application that its socket failed. */
export function tellFailure(
  kernel: Kernel,
  owner: Owner,
  failure: { readonly error: SocketError; readonly icmp?: IcmpReport },
  last: boolean,
): void {
  tell(kernel, owner, { kind: 'failed', socket: owner.socket, ...failure }, last);
}

/** Delivered to the application of a socket. */
export function deliveredTo({ programs }: Kernel, { app }: Owner): Reception {
  return programs.delivered(app);
}

/** Delivered to the applications of these sockets. */
export function deliveredToAll({ programs }: Kernel, owners: readonly Owner[]): Reception {
  const apps = [...new Set(owners.map(({ app }) => app))];
  return { kind: 'delivered', to: apps.map((app) => programs.nameOf(app)).join(', '), apps };
}

/** Taken by the kernel itself. */
export function takenBy(part: string): Reception {
  return { kind: 'delivered', to: part, apps: [] };
}

type Refusal = Extract<Reception, { kind: 'dropped' }>['reason'];

/** Dropped; `answer` names what the sender is told by, if it is. */
export function dropped(reason: Refusal, why: string, answer?: string): Reception {
  const answered = answer !== undefined;
  return { kind: 'dropped', reason, detail: answered ? `${why}; answered with ${answer}` : why, answered };
}
