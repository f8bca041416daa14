/**
 * ICMP messages in the words of the other family. Read RFC 7915 §4.2 and §5.2 first; what they discard in silence is
 * undefined here.
 */
import type { IcmpCode } from '../icmp-error.ts';
import type { Icmp } from '../packet.ts';

/** The message in the other family; `rest` is the pointer or the MTU, where it has one. */
export interface Message extends IcmpCode {
  readonly rest: number;
}

/** What a translator knows of the ways it connects, in bytes. */
export interface Reach {
  /** The largest packet of the family translated to that would have fit both links of the translator. */
  readonly mtu?: number | undefined;
  /** The total length that the quoted IPv4 packet states. */
  readonly length?: number | undefined;
}

const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const ECHO_REQUEST_6 = 128;
const ECHO_REPLY_6 = 129;

/** Type and code of an echo message in the other family; undefined for every other query. */
export function translateQuery(type: number, family: 4 | 6): number | undefined {
  if (family === 4) return type === ECHO_REQUEST ? ECHO_REQUEST_6 : type === ECHO_REPLY ? ECHO_REPLY_6 : undefined;
  return type === ECHO_REQUEST_6 ? ECHO_REQUEST : type === ECHO_REPLY_6 ? ECHO_REPLY : undefined;
}

/** An error of either family in the words of the other. */
export function translateMeaning(error: Icmp, reach: Reach): Message | undefined {
  return typeof error.src === 'number' ? toSix(error, reach) : toFour(error, reach);
}

/** Codes of destination unreachable: 4 is packet too big, 2 a parameter problem, 14 has no counterpart. */
const UNREACHABLE_6 = new Map([
  [0, 0],
  [1, 0],
  [3, 4],
  [5, 0],
  [6, 0],
  [7, 0],
  [8, 0],
  [9, 1],
  [10, 1],
  [11, 0],
  [12, 0],
  [13, 1],
  [15, 1],
]);

const UNREACHABLE_4 = new Map([
  [0, 1],
  [1, 10],
  [2, 1],
  [3, 1],
  [4, 3],
]);

/** Which field of the other header a pointer means: by its first byte, up to the next. */
const POINTER_6 = new Map([[0, 0], [1, 1], [2, 4], [3, 4], [8, 7], [9, 6], ...bytes(12, 16, 8), ...bytes(16, 20, 24)]);

const POINTER_4 = new Map([[0, 0], [1, 1], [4, 2], [5, 2], [6, 9], [7, 8], ...bytes(8, 24, 12), ...bytes(24, 40, 16)]);

function bytes(from: number, end: number, to: number): [number, number][] {
  return Array.from({ length: end - from }, (_, i) => [from + i, to]);
}

const NEXT_HEADER = 6;
/** Nothing smaller is a packet too big for IPv6 (RFC 8200 §5). */
export const MIN_MTU_6 = 1280;
/** What IPv6 has more of header. */
export const DIFFERENCE = 20;

function toSix({ type, code, rest }: Icmp, reach: Reach): Message | undefined {
  switch (type) {
    case 3: {
      if (code === 2) return { type: 4, code: 1, rest: NEXT_HEADER };
      if (code === 4) return { type: 2, code: 0, rest: mtu6(rest & 0xffff, reach) };
      const to = UNREACHABLE_6.get(code);
      return to === undefined ? undefined : { type: 1, code: to, rest: 0 };
    }
    case 11:
      return { type: 3, code, rest: 0 };
    case 12: {
      const pointer = code === 0 || code === 2 ? POINTER_6.get(rest >>> 24) : undefined;
      return pointer === undefined ? undefined : { type: 4, code: 0, rest: pointer };
    }
    default:
      return undefined;
  }
}

function toFour({ type, code, rest }: Icmp, reach: Reach): Message | undefined {
  switch (type) {
    case 1: {
      const to = UNREACHABLE_4.get(code);
      return to === undefined ? undefined : { type: 3, code: to, rest: 0 };
    }
    case 2:
      return { type: 3, code: 4, rest: Math.max(0, Math.min(rest - DIFFERENCE, reach.mtu ?? 0xffff, 0xffff)) };
    case 3:
      return { type: 11, code, rest: 0 };
    case 4: {
      if (code === 1) return { type: 3, code: 2, rest: 0 };
      const pointer = code === 0 ? POINTER_4.get(rest) : undefined;
      return pointer === undefined ? undefined : { type: 12, code: 0, rest: pointer * 0x100_0000 };
    }
    default:
      return undefined;
  }
}

/** Sizes that links have (RFC 1191 §7), for routers that do not say theirs. */
const PLATEAUS: readonly number[] = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];

function mtu6(stated: number, { mtu, length = 0xffff }: Reach): number {
  const likely = stated > 0 ? stated : (PLATEAUS.find((size) => size < length) ?? 0);
  return Math.max(MIN_MTU_6, Math.min(likely + DIFFERENCE, mtu ?? 0xffff));
}
