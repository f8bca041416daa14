/**
 * Constructors: neutral defaults, both checksums right. A value that its field cannot hold is a broken invariant.
 *
 * Read RFC 791, 8200, 9293, 768, 792 and 4443 first.
 */
import { family, type Ip } from '../addr/ip.ts';
import { fail } from '../base/fail.ts';
import { headerChecksumOf, transportChecksumOf } from './checksum.ts';
import { lengthOf, longest } from './length.ts';
import type { Icmp, IpHeader, Other, Packet, Tcp, Udp } from './packet.ts';

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

const NOTHING = new Uint8Array(0);

function uint(value: number, bits: number, name: string): number {
  const fits = Number.isInteger(value) && value >= 0 && value < 2 ** bits;
  return fits ? value : fail(`${name} ${value} does not fit in ${bits} bits`);
}

function header(init: Init, df: boolean): IpHeader {
  const { src, dst } = init;
  if (family(src) !== family(dst)) fail('source and destination are of different families');
  return {
    src,
    dst,
    ttl: uint(init.ttl ?? 64, 8, 'ttl'),
    tos: uint(init.tos ?? 0, 8, 'tos'),
    ident: family(src) === 4 ? uint(init.ident ?? 0, 16, 'ident') : 0,
    df: family(src) === 6 || (init.df ?? df),
    headerChecksum: 0,
  };
}

function measured<P extends Packet>(packet: P): P {
  const length = lengthOf(packet);
  return length <= longest(packet) ? packet : fail(`a packet of ${length} bytes is too long`);
}

/** The packet with both checksums recomputed in full; for whoever originates a packet, never for one in transit. */
export function seal<P extends Packet>(packet: P): P {
  const headerChecksum = headerChecksumOf(packet);
  if (packet.kind === 'other') return { ...packet, headerChecksum };
  return { ...packet, headerChecksum, checksum: transportChecksumOf(packet) };
}

export function udp(init: UdpInit): Udp {
  const packet: Udp = {
    kind: 'udp',
    ...header(init, true),
    sport: uint(init.sport, 16, 'source port'),
    dport: uint(init.dport, 16, 'destination port'),
    payload: init.payload ?? NOTHING,
    checksum: 0,
  };
  return seal(measured(packet));
}

export function tcp(init: TcpInit): Tcp {
  const options = init.options ?? NOTHING;
  if (options.length % 4 !== 0 || options.length > 40) fail(`${options.length} bytes of TCP options`);
  const packet: Tcp = {
    kind: 'tcp',
    ...header(init, true),
    sport: uint(init.sport, 16, 'source port'),
    dport: uint(init.dport, 16, 'destination port'),
    seq: uint(init.seq, 32, 'sequence number'),
    ack: uint(init.ack ?? 0, 32, 'acknowledgement number'),
    flags: uint(init.flags, 12, 'flags'),
    window: uint(init.window ?? 64_240, 16, 'window'),
    urgent: uint(init.urgent ?? 0, 16, 'urgent pointer'),
    options,
    payload: init.payload ?? NOTHING,
    checksum: 0,
  };
  return seal(measured(packet));
}

/** ICMP or ICMPv6, by the family of the addresses. */
export function icmp(init: IcmpInit): Icmp {
  const packet: Icmp = {
    kind: 'icmp',
    ...header(init, false),
    type: uint(init.type, 8, 'ICMP type'),
    code: uint(init.code ?? 0, 8, 'ICMP code'),
    rest: uint(init.rest ?? 0, 32, 'rest of the ICMP header'),
    payload: init.payload ?? NOTHING,
    checksum: 0,
  };
  return seal(measured(packet));
}

/** An echo request or reply of either family. */
export function echo(init: EchoInit): Icmp {
  const { id, seq, reply = false, ...common } = init;
  const [request, answer] = family(init.src) === 4 ? [8, 0] : [128, 129];
  const rest = uint(id, 16, 'identifier') * 0x1_0000 + uint(seq, 16, 'sequence number');
  return icmp({ ...common, type: reply ? answer : request, rest });
}

/** Any other protocol, or one fragment: its offset a multiple of eight. */
export function other(init: OtherInit): Other {
  const protocol = uint(init.protocol, 8, 'protocol');
  const packet: Other = { kind: 'other', ...header(init, false), protocol, payload: init.payload ?? NOTHING };
  if (init.fragment === undefined) return seal(measured(packet));
  const { offset, more } = init.fragment;
  const ident = uint(init.ident ?? 0, family(init.src) === 4 ? 16 : 32, 'ident');
  if (offset % 8 !== 0) fail(`fragment offset ${offset} is not a multiple of 8`);
  return seal(measured({ ...packet, ident, fragment: { offset: uint(offset, 16, 'fragment offset'), more } }));
}
