/** What hosts on the bench say to each other, protocol by protocol, and how what they said is read. */
import type { Endpoint } from '../../../src/sim/addr/endpoint.ts';
import { showIp } from '../../../src/sim/addr/ip.ts';
import { type ErrorInit, error } from '../../../src/sim/packet/icmp-error.ts';
import { echo, echoId, FLAG, hasPorts, type Icmp, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { A, B, S, type Stand, T } from './stand.ts';

export const at = (ip: Endpoint['ip'], port: number): Endpoint => ({ ip, port });
export const show = (end: Endpoint | undefined): string =>
  end === undefined ? 'nothing' : `${showIp(end.ip)}:${end.port}`;
export const same = (a: Endpoint | undefined, b: Endpoint | undefined): boolean =>
  a !== undefined && b !== undefined && a.ip === b.ip && a.port === b.port;

/** Where most conversations go: two ports of one outside host, and another host. */
export const S1 = at(S, 9000);
export const S2 = at(S, 9001);
export const T1 = at(T, 9000);

/** The endpoints of a packet; an identifier stands for both ports. */
export function sourceOf(packet: Packet): Endpoint {
  return at(packet.src, hasPorts(packet) ? packet.sport : (echoId(packet) ?? 0));
}

export function targetOf(packet: Packet): Endpoint {
  return at(packet.dst, hasPorts(packet) ? packet.dport : (echoId(packet) ?? 0));
}

/** A protocol with ports, as hosts use it. */
export interface Transport {
  readonly name: 'udp' | 'tcp';
  /** The packet that begins a conversation. */
  hello(from: Endpoint, to: Endpoint): Packet;
  /** The packet that answers it. */
  answer(from: Endpoint, to: Endpoint): Packet;
  /** What follows in the direction of the first. */
  more(from: Endpoint, to: Endpoint): Packet;
}

const TEXT = new TextEncoder().encode('hello');

export const UDP: Transport = {
  name: 'udp',
  hello: (from, to) => udp({ ...ways(from, to), payload: TEXT }),
  answer: (from, to) => udp({ ...ways(from, to), payload: TEXT }),
  more: (from, to) => udp({ ...ways(from, to), payload: TEXT }),
};

export const TCP: Transport = {
  name: 'tcp',
  hello: (from, to) => segment(from, to, FLAG.syn, { seq: 1000 }),
  answer: (from, to) => segment(from, to, FLAG.syn | FLAG.ack, { seq: 7000, ack: 1001 }),
  more: (from, to) => segment(from, to, FLAG.ack, { seq: 1001, ack: 7001 }),
};

function ways(from: Endpoint, to: Endpoint) {
  return { src: from.ip, dst: to.ip, sport: from.port, dport: to.port };
}

export function segment(
  from: Endpoint,
  to: Endpoint,
  flags: number,
  more: { readonly seq: number; readonly ack?: number; readonly payload?: Uint8Array },
): Packet {
  return tcp({ ...ways(from, to), flags, ...more });
}

/** Says hello from inside; the outside endpoint that it left with, if it left. */
export function open(stand: Stand, protocol: Transport, from: Endpoint, to: Endpoint = S1): Endpoint | undefined {
  const [packet] = stand.fromInside(protocol.hello(from, to)).outside;
  return packet === undefined || packet.kind === 'icmp' ? undefined : sourceOf(packet);
}

/** A whole conversation: hello, answer, and a word more, after which it is established. */
export function talk(stand: Stand, protocol: Transport, from: Endpoint, to: Endpoint = S1): Endpoint | undefined {
  const outside = open(stand, protocol, from, to);
  if (outside === undefined) return undefined;
  stand.fromOutside(protocol.answer(to, outside));
  stand.fromInside(protocol.more(from, to));
  return outside;
}

/** Sends from outside; the inside endpoint that it reached, if any. */
export function reach(stand: Stand, packet: Packet): Endpoint | undefined {
  const [arrived] = stand.fromOutside(packet).inside;
  return arrived === undefined ? undefined : targetOf(arrived);
}

/** Whether an outside endpoint reaches an inside one by an outside endpoint of the NAT. */
export function reaches(
  stand: Stand,
  protocol: Transport,
  way: { readonly from: Endpoint; readonly by: Endpoint | undefined; readonly to: Endpoint },
): boolean {
  return way.by !== undefined && same(reach(stand, protocol.hello(way.from, way.by)), way.to);
}

/** Whether the other end of a conversation still gets through. */
export function answers(
  stand: Stand,
  protocol: Transport,
  way: { readonly from: Endpoint; readonly by: Endpoint | undefined; readonly to: Endpoint },
): boolean {
  return way.by !== undefined && same(reach(stand, protocol.answer(way.from, way.by)), way.to);
}

/** An ICMP error that a router at `from` sends about a packet that it saw outside. */
export function errorAbout(about: Packet, from: Endpoint['ip'], code: Partial<ErrorInit> = {}): Icmp {
  return error({ type: 3, code: 1, about, src: from, ...code });
}

export function ping(from: Endpoint, to: Endpoint['ip'], seq = 1): Packet {
  return echo({ src: from.ip, dst: to, id: from.port, seq });
}

export function pong(from: Endpoint['ip'], to: Endpoint, seq = 1): Packet {
  return echo({ src: from, dst: to.ip, id: to.port, seq, reply: true });
}

/** What begins a conversation, not what a gateway says to refuse it. */
function isHello(packet: Packet): boolean {
  return packet.kind === 'udp' || (packet.kind === 'tcp' && (packet.flags & FLAG.syn) !== 0);
}

/**
 * Two inside hosts that know each other's outside endpoints send to them until both have opened. What B got from A, as
 * a source; undefined if nothing came.
 */
export function hairpin(stand: Stand, protocol: Transport): Endpoint | undefined {
  const [a, b] = [at(A, 5000), at(B, 6000)];
  const [publicA, publicB] = [open(stand, protocol, a), open(stand, protocol, b)];
  if (publicA === undefined || publicB === undefined) return undefined;
  const rounds = [protocol.hello(a, publicB), protocol.hello(b, publicA), protocol.hello(a, publicB)];
  const came = rounds.flatMap((packet) => stand.fromInside(packet).inside);
  const heard = came.find((packet) => same(targetOf(packet), b) && isHello(packet));
  return heard === undefined ? undefined : sourceOf(heard);
}
