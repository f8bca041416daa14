/** DHCP messages. Read RFC 2131 §2, RFC 2132 and RFC 3396 (long options) first. */
import { type Ip4, ip4, toBytes } from '../../addr/ip.ts';
import { concat, fromLatin1, NOTHING, toLatin1 } from './stream/bytes.ts';

/** In the order of their numbers in option 53, from 1. */
export const DHCP_TYPES = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const;
export type DhcpType = (typeof DHCP_TYPES)[number];

export interface DhcpMessage {
  readonly type: DhcpType;
  /** Unsigned 32 bits. */
  readonly xid: number;
  /** Since the client began, in seconds, 16 bits. */
  readonly secs: number;
  /** Asks for answers by broadcast (RFC 2131 §4.1). */
  readonly broadcast: boolean;
  /** The address the client has and uses. */
  readonly ciaddr: Ip4;
  /** The address the client is given. */
  readonly yiaddr: Ip4;
  /** The relay agent. */
  readonly giaddr: Ip4;
  /** Hardware address of the client, unsigned 48 bits. */
  readonly mac: number;
  readonly mask?: Ip4;
  readonly routers?: readonly Ip4[];
  readonly resolvers?: readonly Ip4[];
  readonly hostname?: string;
  readonly requested?: Ip4;
  /** Lease, renewal (T1) and rebinding (T2) times in seconds. */
  readonly lease?: number;
  readonly renewal?: number;
  readonly rebinding?: number;
  /** Server identifier. */
  readonly server?: Ip4;
  /** Numbers of the options that the client wants. */
  readonly wanted?: readonly number[];
  /** What a NAK says. */
  readonly text?: string;
}

/** Numbers of the options that are read and written (RFC 2132). */
export const DHCP_OPTION = {
  mask: 1,
  routers: 3,
  resolvers: 6,
  hostname: 12,
  requested: 50,
  lease: 51,
  overload: 52,
  type: 53,
  server: 54,
  wanted: 55,
  text: 56,
  renewal: 58,
  rebinding: 59,
} as const;

const FIXED = 236;
/** 99.130.83.99 (RFC 2131 §3). */
const COOKIE = 0x63825363;
/** What BOOTP relays and servers take at least (RFC 1542 §2.1). */
const SHORTEST = 300;
const PAD = 0;
const END = 255;

export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const head = new Uint8Array(FIXED + 4);
  const view = new DataView(head.buffer);
  const fromServer = message.type === 'offer' || message.type === 'ack' || message.type === 'nak';
  head.set([fromServer ? 2 : 1, 1, 6, 0]);
  view.setUint32(4, message.xid);
  view.setUint16(8, message.secs);
  view.setUint16(10, message.broadcast ? 0x8000 : 0);
  view.setUint32(12, message.ciaddr);
  view.setUint32(16, message.yiaddr);
  view.setUint32(24, message.giaddr);
  view.setUint16(28, Math.floor(message.mac / 2 ** 32));
  view.setUint32(30, message.mac % 2 ** 32);
  view.setUint32(FIXED, COOKIE);
  const options = optionsOf(message).map(([code, value]) => writeOption(code, value));
  const whole = concat(head, ...options, Uint8Array.of(END));
  return concat(whole, new Uint8Array(Math.max(SHORTEST - whole.length, 0)));
}

function optionsOf(message: DhcpMessage): [code: number, value: Uint8Array][] {
  const { mask, routers, resolvers, hostname, requested, lease, server, wanted, text, renewal, rebinding } = message;
  const options: [code: number, value: Uint8Array | undefined][] = [
    [DHCP_OPTION.type, Uint8Array.of(DHCP_TYPES.indexOf(message.type) + 1)],
    [DHCP_OPTION.server, server === undefined ? undefined : toBytes(server)],
    [DHCP_OPTION.requested, requested === undefined ? undefined : toBytes(requested)],
    [DHCP_OPTION.lease, seconds(lease)],
    [DHCP_OPTION.renewal, seconds(renewal)],
    [DHCP_OPTION.rebinding, seconds(rebinding)],
    // Before the routers (RFC 2132 §3.3).
    [DHCP_OPTION.mask, mask === undefined ? undefined : toBytes(mask)],
    [DHCP_OPTION.routers, addresses(routers)],
    [DHCP_OPTION.resolvers, addresses(resolvers)],
    [DHCP_OPTION.hostname, hostname === undefined ? undefined : toLatin1(hostname)],
    [DHCP_OPTION.wanted, wanted === undefined ? undefined : Uint8Array.from(wanted)],
    [DHCP_OPTION.text, text === undefined ? undefined : toLatin1(text)],
  ];
  return options.flatMap(([code, value]) => (value === undefined ? [] : [[code, value]]));
}

function seconds(value: number | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function addresses(list: readonly Ip4[] | undefined): Uint8Array | undefined {
  return list === undefined || list.length === 0 ? undefined : concat(...list.map(toBytes));
}

/** A value of more than 255 bytes is written in pieces (RFC 3396 §6). */
function writeOption(code: number, value: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < value.length; at += 255) {
    const piece = value.subarray(at, at + 255);
    pieces.push(Uint8Array.of(code, piece.length), piece);
  }
  return concat(...pieces);
}

/** Undefined for what is no DHCP message over Ethernet, or has an option whose value cannot be. */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage | undefined {
  if (bytes.length < FIXED + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const op = view.getUint8(0);
  if (view.getUint8(1) !== 1 || view.getUint8(2) !== 6 || view.getUint32(FIXED) !== COOKIE) return undefined;
  const options = readOptions(bytes);
  const type = options === undefined ? undefined : DHCP_TYPES[(options.get(DHCP_OPTION.type)?.[0] ?? 0) - 1];
  if (options === undefined || type === undefined) return undefined;
  if ((type === 'offer' || type === 'ack' || type === 'nak' ? 2 : 1) !== op) return undefined;
  const values = readValues(options);
  if (values === undefined) return undefined;
  return {
    type,
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    broadcast: (view.getUint16(10) & 0x8000) !== 0,
    ciaddr: addressAt(bytes, 12),
    yiaddr: addressAt(bytes, 16),
    giaddr: addressAt(bytes, 24),
    mac: view.getUint16(28) * 2 ** 32 + view.getUint32(30),
    ...values,
  };
}

function addressAt(bytes: Uint8Array, at: number): Ip4 {
  return ip4(new DataView(bytes.buffer, bytes.byteOffset).getUint32(at));
}

/** All options, pieces of one joined; those in `file` and `sname` too where option 52 says so. Undefined when one is cut. */
function readOptions(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const options = new Map<number, Uint8Array>();
  if (!readField(bytes.subarray(FIXED + 4), options)) return undefined;
  const overload = options.get(DHCP_OPTION.overload)?.[0] ?? 0;
  const file = (overload & 1) === 0 || readField(bytes.subarray(108, FIXED), options);
  const sname = (overload & 2) === 0 || readField(bytes.subarray(44, 108), options);
  return file && sname ? options : undefined;
}

function readField(field: Uint8Array, options: Map<number, Uint8Array>): boolean {
  let at = 0;
  while (at < field.length && field[at] !== END) {
    const [code = PAD, length = field.length] = field.subarray(at, at + 2);
    const end = code === PAD ? at + 1 : at + 2 + length;
    if (end > field.length) return false;
    if (code !== PAD) options.set(code, concat(options.get(code) ?? NOTHING, field.subarray(at + 2, end)));
    at = end;
  }
  return true;
}

type Values = Omit<DhcpMessage, 'type' | 'xid' | 'secs' | 'broadcast' | 'ciaddr' | 'yiaddr' | 'giaddr' | 'mac'>;

/** The options that are known, each of the length that its kind has; undefined when one is not. */
function readValues(options: ReadonlyMap<number, Uint8Array>): Values | undefined {
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(READERS)) {
    const bytes = options.get(DHCP_OPTION[name as keyof typeof READERS]);
    if (bytes === undefined) continue;
    const value = read(bytes);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  return values as Values;
}

function readAddress(bytes: Uint8Array): Ip4 | undefined {
  return bytes.length === 4 ? addressAt(bytes, 0) : undefined;
}

function readAddresses(bytes: Uint8Array): Ip4[] | undefined {
  if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
  return Array.from({ length: bytes.length / 4 }, (_, i) => addressAt(bytes, i * 4));
}

function readSeconds(bytes: Uint8Array): number | undefined {
  return bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : undefined;
}

const READERS = {
  mask: readAddress,
  routers: readAddresses,
  resolvers: readAddresses,
  hostname: fromLatin1,
  requested: readAddress,
  lease: readSeconds,
  renewal: readSeconds,
  rebinding: readSeconds,
  server: readAddress,
  wanted: (bytes: Uint8Array) => [...bytes],
  text: fromLatin1,
} as const satisfies { readonly [Name in keyof Values]-?: (bytes: Uint8Array) => Values[Name] };
