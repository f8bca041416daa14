/**
 * Constructors: neutral defaults, both checksums right. A value that its field cannot hold is a broken invariant.
 *
 * Read RFC 791, 8200, 9293, 768, 792 and 4443 first.
 */
import { family, type Ip, ip6 } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { headerChecksumOf, transportChecksumOf } from './checksum.ts';
import { type Draft, draftOf } from './draft.ts';
import { lengthOf, longest } from './length.ts';
import type { Icmp, IpHeader, Other, Packet, Tcp, Udp } from './packet.ts';
import { PROTOCOL } from './protocol.ts';

interface Init {
  readonly src: Ip;
  readonly dst: Ip;
  /** Default 64. */
  readonly ttl?: number | undefined;
  /** Default 0. */
  readonly tos?: number | undefined;
  /** Default 0; IPv6 has one in fragments only. */
  readonly ident?: number | undefined;
  /** Default true for TCP and UDP, as a host with path MTU discovery sets it, else false; always true for IPv6. */
  readonly df?: boolean | undefined;
  /** Default empty. */
  readonly payload?: Uint8Array | undefined;
}

export interface UdpInit extends Init {
  readonly sport: number;
  readonly dport: number;
}

export interface TcpInit extends UdpInit {
  readonly seq: number;
  /** Default 0. */
  readonly ack?: number | undefined;
  readonly flags: number;
  /** Default 64240, what Linux offers on Ethernet. */
  readonly window?: number | undefined;
  /** Default 0. */
  readonly urgent?: number | undefined;
  /** Raw, a multiple of four bytes and at most 40; default none. */
  readonly options?: Uint8Array | undefined;
}

export interface IcmpInit extends Init {
  readonly type: number;
  /** Default 0. */
  readonly code?: number | undefined;
  /** Default 0. */
  readonly rest?: number | undefined;
}

export interface EchoInit extends Init {
  readonly id: number;
  readonly seq: number;
  /** Default false: a request. */
  readonly reply?: boolean | undefined;
}

export interface OtherInit extends Init {
  readonly protocol: number;
  readonly fragment?: Other['fragment'] | undefined;
}

const MIXED = 'source and destination are of different families';
const NOTHING = new Uint8Array(0);

/** The largest values of 8, 12, 16 and 32 bits. */
const BYTE = 0xff;
const FLAGS = 0xfff;
const WORD = 0xffff;
const LONG = 0xffff_ffff;

/** `max` is all ones. What is given back V8 knows for an integer, whatever it was calculated by. */
function uint(value: number, max: number, name: string): number {
  const whole = (value & max) >>> 0;
  return whole === value ? whole : fail(`${name} ${value} is not an integer of 0 to ${max}`);
}

/** A port as it stands in a packet. */
export function portOf(value: number, name: string): number {
  return uint(value, WORD, name);
}

/** Constructors copy its fields one by one: spreading it between others is many times slower in V8. */
function header(init: Init, df: boolean): IpHeader {
  const { src, dst } = init;
  if (family(src) !== family(dst)) fail(MIXED);
  return {
    src,
    dst,
    ttl: uint(init.ttl ?? 64, BYTE, 'ttl'),
    tos: uint(init.tos ?? 0, BYTE, 'tos'),
    ident: family(src) === 4 ? uint(init.ident ?? 0, WORD, 'ident') : 0,
    df: family(src) === 6 || (init.df ?? df),
    headerChecksum: 0,
  };
}

/** The packet with both checksums recomputed in full; for whoever originates a packet, never for one in transit. */
export function seal<P extends Packet>(packet: P): P;
export function seal(packet: Packet): Packet {
  const draft = draftOf(packet);
  sum(draft);
  return draft;
}

function sum(draft: Draft<Packet>): void {
  draft.headerChecksum = headerChecksumOf(draft);
  if (draft.kind !== 'other') draft.checksum = transportChecksumOf(draft);
}

/** Gives a packet that has just been made its checksums. */
function finish(draft: Draft<Packet>): void {
  const length = lengthOf(draft);
  if (length > longest(draft)) fail(`a packet of ${length} bytes is too long`);
  sum(draft);
}

export function udp(init: UdpInit): Udp {
  const { src, dst, ttl = 64, tos = 0, ident = 0, df = true, sport, dport, payload = NOTHING } = init;
  const v6 = family(src) === 6;
  return finishUdp({
    kind: 'udp',
    src,
    dst,
    ttl,
    tos,
    ident: v6 ? 0 : ident,
    df: v6 || df,
    headerChecksum: 0,
    sport: portOf(sport, 'source port'),
    dport: portOf(dport, 'destination port'),
    payload,
    checksum: 0,
  });
}

/** The datagram that a draft with ports (`portOf`), without checksums, becomes: whoever sends many makes nothing else of each. */
export function finishUdp(draft: Draft<Udp>): Udp {
  const { src, dst, ttl, tos, ident } = draft;
  if (family(src) !== family(dst)) fail(MIXED);
  uint(ttl, BYTE, 'ttl');
  uint(tos, BYTE, 'tos');
  uint(ident, WORD, 'ident');
  finish(draft);
  return draft;
}

export function tcp(init: TcpInit): Tcp {
  const options = init.options ?? NOTHING;
  if (options.length % 4 !== 0 || options.length > 40) fail(`${options.length} bytes of TCP options`);
  const { src, dst, ttl, tos, ident, df, headerChecksum } = header(init, true);
  const packet: Draft<Tcp> = {
    kind: 'tcp',
    src,
    dst,
    ttl,
    tos,
    ident,
    df,
    headerChecksum,
    sport: portOf(init.sport, 'source port'),
    dport: portOf(init.dport, 'destination port'),
    seq: uint(init.seq, LONG, 'sequence number'),
    ack: uint(init.ack ?? 0, LONG, 'acknowledgement number'),
    flags: uint(init.flags, FLAGS, 'flags'),
    window: uint(init.window ?? 64_240, WORD, 'window'),
    urgent: uint(init.urgent ?? 0, WORD, 'urgent pointer'),
    options,
    payload: init.payload ?? NOTHING,
    checksum: 0,
  };
  finish(packet);
  return packet;
}

/** ICMP or ICMPv6, by the family of the addresses. */
export function icmp(init: IcmpInit): Icmp {
  const { src, dst, ttl, tos, ident, df, headerChecksum } = header(init, false);
  const packet: Draft<Icmp> = {
    kind: 'icmp',
    src,
    dst,
    ttl,
    tos,
    ident,
    df,
    headerChecksum,
    type: uint(init.type, BYTE, 'ICMP type'),
    code: uint(init.code ?? 0, BYTE, 'ICMP code'),
    rest: uint(init.rest ?? 0, LONG, 'rest of the ICMP header'),
    payload: init.payload ?? NOTHING,
    checksum: 0,
  };
  finish(packet);
  return packet;
}

/** An echo request or reply of either family. */
export function echo(init: EchoInit): Icmp {
  const { id, seq, reply = false, ...common } = init;
  const [request, answer] = family(init.src) === 4 ? [8, 0] : [128, 129];
  const rest = uint(id, WORD, 'identifier') * 0x1_0000 + uint(seq, WORD, 'sequence number');
  return icmp({ ...common, type: reply ? answer : request, rest });
}

/** Any other protocol, or one fragment: its offset a multiple of eight. */
export function other(init: OtherInit): Other {
  const protocol = uint(init.protocol, BYTE, 'protocol');
  const { src, dst, ttl, tos, ident, df, headerChecksum } = header(init, false);
  const payload = init.payload ?? NOTHING;
  const packet: Draft<Other> = { kind: 'other', src, dst, ttl, tos, ident, df, headerChecksum, protocol, payload };
  if (init.fragment !== undefined) {
    const { offset, more } = init.fragment;
    packet.ident = uint(init.ident ?? 0, family(src) === 4 ? WORD : LONG, 'ident');
    if (offset % 8 !== 0) fail(`fragment offset ${offset} is not a multiple of 8`);
    packet.fragment = { offset: uint(offset, WORD, 'fragment offset'), more };
  }
  finish(packet);
  return packet;
}

const ENDS = { src: ip6(1n), dst: ip6(2n), sport: 1, dport: 2 } as const;

/**
 * V8 goes by the first packets that it sees: had these addresses of IPv4 alone, of which the upper half are no small
 * integers, it would take all of them for fractions, and make a box for each with every packet.
 */
export const FIRST_PACKETS: readonly Packet[] = [
  udp(ENDS),
  tcp({ ...ENDS, seq: 0, flags: 0 }),
  icmp({ ...ENDS, type: 128 }),
  other({ ...ENDS, protocol: PROTOCOL.gre }),
];
