/**
 * One address type for both families: an IPv4 address is an unsigned 32-bit number, an IPv6 address an unsigned 128-bit
 * bigint. Equal addresses are `===`, so they serve as keys of a Map, and `typeof` tells the family.
 *
 * Read RFC 4291 §2.2 and RFC 5952 first.
 */
import type { Brand } from '../base/brand.ts';
import { fail } from '../base/fail.ts';

export type Ip4 = Brand<number, 'Ip4'>;
export type Ip6 = Brand<bigint, 'Ip6'>;
export type Ip = Ip4 | Ip6;
export type Family = 4 | 6;

const MAX4 = 0xffff_ffff;
const MAX6 = (1n << 128n) - 1n;
/** The upper 96 bits of an IPv4-mapped address, ::ffff:0:0/96. */
const MAPPED = 0xffffn;

/** The IPv4 address with this unsigned 32-bit value; any other number fails. */
export function ip4(n: number): Ip4 {
  const whole = n >>> 0;
  return whole === n ? (whole as Ip4) : fail(`${n} is not an unsigned 32-bit integer`);
}

/** The IPv6 address with this unsigned 128-bit value; any other bigint fails. */
export function ip6(n: bigint): Ip6 {
  return n >= 0n && n <= MAX6 ? (n as Ip6) : fail(`${n} is not an unsigned 128-bit integer`);
}

export const ANY4 = ip4(0);
export const ANY6 = ip6(0n);
/** The usual address of 127.0.0.0/8, all of which is loopback. */
export const LOOPBACK4 = ip4(0x7f00_0001);
export const LOOPBACK6 = ip6(1n);
/** 255.255.255.255: everyone on this link, never forwarded (RFC 919 §7). */
export const LIMITED_BROADCAST = ip4(MAX4);

export function isIp4(ip: Ip): ip is Ip4 {
  return typeof ip === 'number';
}

export function isIp6(ip: Ip): ip is Ip6 {
  return typeof ip === 'bigint';
}

export function family(ip: Ip): Family {
  return typeof ip === 'number' ? 4 : 6;
}

/** The number of bits in an address of the family. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** Reads dotted-quad IPv4 or any RFC 4291 §2.2 form of IPv6, without a zone; undefined when it is neither. */
export function parseIp(text: string): Ip | undefined {
  const found = readIp(text);
  return typeof found === 'string' ? undefined : found;
}

/** As `parseIp`, but a text that is no address gives the reason, a sentence without its full stop. */
export function readIp(text: string): Ip | string {
  const quad = readQuad(text);
  if (quad !== undefined) return quad;
  if (text.includes(':')) {
    const found = readIp6(text);
    return typeof found === 'string' ? `"${text}" is not an IPv6 address: ${found}` : found;
  }
  if (!/^\d+\./.test(text)) return `"${text}" is not an IP address`;
  return `"${text}" is not an IPv4 address: ${faultOfQuad(text)}`;
}

const [DOT, ZERO] = [46, 48];

/** Reads a dotted quad; undefined when it is none. Long lists of rules are made of these. */
function readQuad(text: string): Ip4 | undefined {
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === DOT && digits > 0) {
      value = value * 256 + part;
      part = 0;
      digits = 0;
      dots += 1;
      continue;
    }
    const digit = code - ZERO;
    if (!(digit >= 0 && digit <= 9) || (digits > 0 && part === 0)) return undefined;
    part = part * 10 + digit;
    digits += 1;
    if (part > 255) return undefined;
  }
  return dots === 3 && digits > 0 ? ip4(value * 256 + part) : undefined;
}

/** Why a text is no dotted quad; one that is fails. */
function faultOfQuad(text: string): string {
  const parts = text.split('.');
  if (parts.length !== 4) return `it has ${parts.length} numbers instead of 4`;
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return `"${part}" is not a number`;
    if (part.length > 1 && part.startsWith('0')) return `${part} has a leading zero`;
    if (Number(part) > 255) return `${part} is above 255`;
  }
  return fail(`"${text}" is an IPv4 address after all`);
}

function readIp6(text: string): Ip6 | string {
  if (text.includes('%')) return 'it has a zone';
  const halves = text.split('::');
  if (halves.length > 2) return '"::" stands in it more than once';
  const [head = '', tail] = halves;
  const before = readGroups(head, tail === undefined);
  const after = readGroups(tail ?? '', true);
  if (typeof before === 'string') return before;
  if (typeof after === 'string') return after;
  const count = before.length + after.length;
  if (tail === undefined && count !== 8) return `it has ${count} groups instead of 8`;
  if (tail !== undefined && count > 7) return '"::" leaves no group out';
  const zeros = new Array<number>(8 - count).fill(0);
  return ip6([...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n));
}

/** The groups on one side of "::"; only the end of the whole address may be written as a dotted quad. */
function readGroups(text: string, last: boolean): number[] | string {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const quad = readQuad(part);
      if (quad === undefined) return faultOfQuad(part);
      groups.push(quad >>> 16, quad & 0xffff);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return part === '' ? 'it has an empty group' : `"${part}" is not a group of 1 to 4 hexadecimal digits`;
    }
  }
  return groups;
}

/** The canonical text: dotted quad, or RFC 5952 with the mixed form for IPv4-mapped addresses only. */
export function showIp(ip: Ip): string {
  return typeof ip === 'number' ? showIp4(ip) : showIp6(ip);
}

/*
 * The few addresses of a network are written again and again: the last text of each hash is kept, for the address that
 * stands beside it.
 */
const SHOWN = 256;
const shown = new Uint32Array(SHOWN);
const texts: string[] = new Array(SHOWN).fill('0.0.0.0');

function showIp4(ip: Ip4): string {
  const at = Math.imul(ip, 0x9e37_79b1) >>> 24;
  if (shown[at] !== ip) {
    shown[at] = ip;
    texts[at] = `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
  }
  return texts[at] as string;
}

const wide = new DataView(new ArrayBuffer(16));

function showIp6(ip: Ip6): string {
  if (ip >> 32n === MAPPED) return `::ffff:${showIp4(low4(ip))}`;
  wide.setBigUint64(0, ip >> 64n);
  wide.setBigUint64(8, ip);
  const gap = longestZeros();
  const end = gap.at + gap.length;
  return gap.length < 2 ? hexGroups(0, 8) : `${hexGroups(0, gap.at)}::${hexGroups(end, 8)}`;
}

/** Of the address last written down. */
function hexGroups(from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const group = wide.getUint16(2 * i).toString(16);
    text = i === from ? group : `${text}:${group}`;
  }
  return text;
}

/** The first of the longest runs of zero groups. */
function longestZeros(): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  let length = 0;
  for (let i = 0; i < 8; i++) {
    length = wide.getUint16(2 * i) === 0 ? length + 1 : 0;
    if (length > best.length) best = { at: i + 1 - length, length };
  }
  return best;
}

function low4(ip: Ip6): Ip4 {
  return Number(ip & 0xffff_ffffn) as Ip4;
}

/** Negative, zero or positive, for sorting: all of IPv4 before all of IPv6, each by value. */
export function compareIp(a: Ip, b: Ip): number {
  if (typeof a === 'number') return typeof b === 'number' ? a - b : -1;
  if (typeof b === 'number') return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The address as on the wire: 4 or 16 bytes, most significant first. */
export function toBytes(ip: Ip): Uint8Array {
  const bytes = new Uint8Array(typeof ip === 'number' ? 4 : 16);
  const view = new DataView(bytes.buffer);
  if (typeof ip === 'number') {
    view.setUint32(0, ip);
  } else {
    view.setBigUint64(0, ip >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, ip));
  }
  return bytes;
}

/** The address in 4 or 16 wire bytes; any other number of bytes fails. */
export function fromBytes(bytes: Uint8Array): Ip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return ip4(view.getUint32(0));
  if (bytes.length === 16) return ip6((view.getBigUint64(0) << 64n) | view.getBigUint64(8));
  return fail(`an address has 4 or 16 bytes, not ${bytes.length}`);
}

/** The address `n` further on (or back, when negative); leaving the address space fails. */
export function offsetIp(ip: Ip, n: number | bigint): Ip {
  return typeof ip === 'number' ? ip4(ip + Number(n)) : ip6(ip + BigInt(n));
}

export function ipToBigInt(ip: Ip): bigint {
  return BigInt(ip);
}

/** The link-local address with the modified EUI-64 interface identifier of a 48-bit MAC address (RFC 4291 appendix A). */
export function linkLocal(mac: number): Ip6 {
  if (!Number.isInteger(mac) || mac < 0 || mac >= 2 ** 48) return fail(`${mac} is not an unsigned 48-bit integer`);
  const vendor = Math.floor(mac / 2 ** 24) ^ 0x02_0000;
  const serial = mac % 2 ** 24;
  return ip6((0xfe80n << 112n) | (BigInt(vendor) << 40n) | (0xfffen << 24n) | BigInt(serial));
}

/** In 169.254.0.0/16 (RFC 3927) or fe80::/10. */
export function isLinkLocal(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 16 === 0xa9fe : ip >> 118n === 0xfe80n >> 6n;
}

/** In 224.0.0.0/4 or ff00::/8. */
export function isMulticast(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 28 === 14 : ip >> 120n === 0xffn;
}

/** In 127.0.0.0/8, or ::1. */
export function isLoopback(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 24 === 127 : ip === LOOPBACK6;
}

/** 0.0.0.0 or ::. */
export function isUnspecified(ip: Ip): boolean {
  return ip === ANY4 || ip === ANY6;
}

/** How far an address means the same thing; `multicast` carries a scope of its own (RFC 4291 §2.7). */
export type Scope = 'unspecified' | 'loopback' | 'link' | 'site' | 'global' | 'multicast';

/**
 * The scope of an address by RFC 4007 §4 and RFC 6724 §3: private and unique local addresses are global, the limited
 * broadcast is link, the deprecated fec0::/10 is site, and an IPv4-mapped address has the scope of its IPv4 one.
 * For source selection, loopback counts as link (RFC 4007 §4).
 */
export function scopeOf(ip: Ip): Scope {
  if (isUnspecified(ip)) return 'unspecified';
  if (isLoopback(ip)) return 'loopback';
  if (isMulticast(ip)) return 'multicast';
  if (isLinkLocal(ip) || ip === LIMITED_BROADCAST) return 'link';
  if (typeof ip === 'number') return 'global';
  if (ip >> 32n === MAPPED) return scopeOf(low4(ip));
  return ip >> 118n === 0xfec0n >> 6n ? 'site' : 'global';
}
