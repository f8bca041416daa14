/**
 * What an ICMP error tells a host.
 *
 * Read RFC 792, RFC 1122 §4.2.3.9, RFC 1191 and RFC 4443 first; what Linux makes of each error is in `net/ipv4/icmp.c`
 * (`icmp_err_convert`) and `net/ipv6/icmp.c` (`tab_unreach`), and was tried on 6.18.
 */
import type { Ip } from '../addr/ip.ts';
import type { Millis } from '../base/time.ts';
import { type Quote, quoteOf } from '../packet/icmp-error.ts';
import type { Icmp } from '../packet/packet.ts';
import type { IcmpReport, SocketError } from './app/app.ts';
import { type Kernel, pathTo } from './kernel.ts';

/** An ICMP error, and what it means to a socket. */
export interface Said {
  readonly quote: Quote;
  readonly error: SocketError;
  readonly icmp: IcmpReport;
  /** Only where the packet was too big, in bytes. */
  readonly mtu: number;
}

/** Reads an error; a sentence when no socket hears of such a one. */
export function readError(packet: Icmp): Said | string {
  const { src: from, type, code, rest } = packet;
  const quote = quoteOf(packet);
  if (quote === undefined) return 'the quoted packet cannot be read';
  const error = meaningOf(from, type, code);
  if (error === undefined) return `no socket hears of ICMP ${type}/${code}`;
  const mtu = typeof from === 'number' ? rest & 0xffff : rest;
  return { quote, error, icmp: { type, code, from }, mtu };
}

function meaningOf(from: Ip, type: number, code: number): SocketError | undefined {
  return typeof from === 'number' ? meaningOf4(type, code) : meaningOf6(type, code);
}

function meaningOf4(type: number, code: number): SocketError | undefined {
  if (type === 3) return code > 15 ? undefined : code === 3 ? 'refused' : code === 4 ? 'too-big' : 'unreachable';
  if (type === 11) return code === 0 ? 'unreachable' : undefined;
  return type === 12 ? 'unreachable' : undefined;
}

function meaningOf6(type: number, code: number): SocketError | undefined {
  if (type === 1) return code === 4 ? 'refused' : 'unreachable';
  if (type === 2) return 'too-big';
  return type === 3 || type === 4 ? 'unreachable' : undefined;
}

/** Takes what a too-big error says about the path. */
export function learnPath(kernel: Kernel, { quote, mtu }: Said, now: Millis): void {
  kernel.paths.learn(quote.dst, mtu, pathTo(kernel, quote.dst, now), now);
}

/** Whether an error ends a handshake that has not been accepted yet: Linux `tcp_v4_err`, `tcp_v6_err`. */
export function endsHandshake({ from, type, code }: IcmpReport): boolean {
  if (typeof from === 'number') return type === 11 || type === 12 || (type === 3 && code < 2);
  return type === 4 || (type === 1 && [1, 4, 5, 6].includes(code));
}
