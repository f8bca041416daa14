/** The parts of a perfect network: its clock, the programs on it and their sockets. */
import type { Endpoint } from '../../../../src/sim/addr/endpoint.ts';
import { type Ip, isUnspecified } from '../../../../src/sim/addr/ip.ts';
import type { App, Finding } from '../../../../src/sim/host/app/app.ts';

export interface Socket {
  readonly name: string;
  readonly owner: Running;
  readonly kind: 'tcp' | 'listener' | 'udp' | 'ip' | 'packet';
  readonly local: Endpoint;
  readonly peer?: Endpoint;
  other?: Socket;
  fin: boolean;
  gone: boolean;
}

export interface Running {
  readonly id: string;
  readonly ips: Ip[];
  readonly app: App<unknown>;
  state: unknown;
  readonly sockets: Map<string, Socket>;
  readonly named: Set<string>;
  readonly timers: Map<string, object>;
  finding?: Finding;
  accepted: number;
}

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** Virtual time: what is to happen, in order of time and then of being said. */
export class Clock {
  now = 0;
  readonly #queue: Entry[] = [];

  after(millis: number, run: () => void): void {
    const entry = { at: this.now + millis, run };
    const before = this.#queue.findIndex((other) => other.at > entry.at);
    this.#queue.splice(before < 0 ? this.#queue.length : before, 0, entry);
  }

  /** Lets the next thing happen; false when there is none. */
  step(): boolean {
    const next = this.#queue.shift();
    if (next === undefined) return false;
    this.now = next.at;
    next.run();
    return true;
  }

  runFor(millis: number): void {
    const until = this.now + millis;
    for (let next = this.#queue[0]; next !== undefined && next.at <= until; next = this.#queue[0]) this.step();
    this.now = until;
  }
}

/** A program and its sockets, from nothing. */
export function running(id: string, ips: Ip[], app: App<unknown>): Running {
  return { id, ips, app, state: undefined, sockets: new Map(), named: new Set(), timers: new Map(), accepted: 0 };
}

/** Whether a socket of this kind has the port on a node with one of these addresses. */
export function isClaimed(
  all: readonly Running[],
  ips: readonly Ip[],
  kind: Socket['kind'],
  { port, address }: { readonly port: number; readonly address?: Ip },
): boolean {
  const here = all.filter((one) => one.ips.some((ip) => ips.includes(ip)));
  const sockets = here.flatMap((one) => [...one.sockets.values()]).filter((one) => one.kind === kind);
  return sockets.some(
    ({ local }) => local.port === port && (address === undefined || isUnspecified(local.ip) || local.ip === address),
  );
}

/** The socket of this kind that serves an endpoint, for this peer. */
export function socketAt(
  all: readonly Running[],
  kind: Socket['kind'],
  { ip, port }: Endpoint,
  from?: Endpoint,
): Socket | undefined {
  const sockets = all.filter(({ ips }) => ips.includes(ip)).flatMap((one) => [...one.sockets.values()]);
  const here = sockets.filter((socket) => socket.kind === kind && socket.local.port === port);
  const fits = ({ peer }: Socket) => peer === undefined || (peer.ip === from?.ip && peer.port === from.port);
  return here.find((socket) => (isUnspecified(socket.local.ip) || socket.local.ip === ip) && fits(socket));
}
