/**
 * Cutting packets and putting them together again.
 *
 * Read RFC 791 §3.2, RFC 8200 §4.5 and RFC 5722 first.
 */

import { fail } from '../base/fail.ts';
import { RareMap } from '../base/rare-map.ts';
import type { Millis } from '../base/time.ts';
import { update } from './checksum.ts';
import { fragmentWord, lengthOf } from './length.ts';
import type { IpHeader, Other, Packet } from './packet.ts';
import { protocolOf } from './protocol.ts';
import { fragmentKey } from './tuple.ts';
import { decodeBody, encodeBody, isDecodeError } from './wire/frame.ts';

/**
 * The pieces of a packet that fit the MTU (bytes), in order; the packet itself if it fits. Whether it may be cut at all
 * (don't-fragment, routers of IPv6) is for the caller. IPv4 keeps its identification; an IPv6 source passes one.
 */
export function fragment(packet: Packet, mtu: number, ident = packet.ident): Packet[] {
  if (lengthOf(packet) <= mtu) return [packet];
  const whole = packet.kind === 'other' ? packet.fragment : undefined;
  const body = encodeBody(packet);
  const header = typeof packet.src === 'number' ? 20 : 48;
  const step = (mtu - header) & ~7;
  if (step < 8) fail(`no fragment fits an MTU of ${mtu}`);
  const pieces: Packet[] = [];
  for (let at = 0; at < body.length; at += step) {
    const more = at + step < body.length || (whole?.more ?? false);
    const offset = (whole?.offset ?? 0) + at;
    pieces.push(piece(packet, ident, body.slice(at, at + step), { offset, more }));
  }
  return pieces;
}

function piece(packet: Packet, ident: number, payload: Uint8Array, fragment: NonNullable<Other['fragment']>): Other {
  const cut: Other = { kind: 'other', ...headerOf(packet), ident, protocol: protocolOf(packet), payload, fragment };
  return { ...cut, headerChecksum: followHeader(packet, cut) };
}

function headerOf({ src, dst, ttl, tos, ident, df, headerChecksum }: Packet): IpHeader {
  return { src, dst, ttl, tos, ident, df, headerChecksum };
}

/** The header checksum after length, identification and fragment word changed: a wrong one stays wrong. */
function followHeader(before: Packet, after: Packet): number {
  if (typeof after.src === 'bigint') return 0;
  const length = update(before.headerChecksum, lengthOf(before), lengthOf(after));
  const ident = update(length, before.ident, after.ident);
  return update(ident, fragmentWord(before), fragmentWord(after));
}

/** A packet put together. */
export interface Reassembled {
  /** Of kind `other` when its transport header is garbled. */
  readonly packet: Packet;
  /** Length in bytes of the largest piece, at which to cut it again (`fragment(packet, size, ident)`). */
  readonly size: number;
  readonly ident: number;
}

/** Bytes without a gap that came one after another. */
interface Run {
  readonly start: number;
  end: number;
}

interface Datagram {
  readonly deadline: Millis;
  readonly pieces: Other[];
  /** By offset. */
  readonly runs: Run[];
  /** End of the furthest piece; final once the last piece came. */
  length: number;
  closed: boolean;
  received: number;
}

/** How long pieces wait for the others: `ipfrag_time` and `ip6frag_time` of Linux, the latter as RFC 8200 §4.5. */
export const PATIENCE = { 4: 30_000, 6: 60_000 } as const;

/**
 * Collects the fragments that reach one node, in any order. Like Linux it ignores exact repetitions and gives up a
 * datagram with overlapping or contradicting pieces (RFC 5722 §3).
 */
export class Reassembler {
  readonly #datagrams = new RareMap<string, Datagram>();

  copy(): Reassembler {
    const copy = new Reassembler();
    for (const [key, { pieces, runs, ...rest }] of this.#datagrams) {
      copy.#datagrams.set(key, { ...rest, pieces: [...pieces], runs: runs.map((run) => ({ ...run })) });
    }
    return copy;
  }

  /** How many datagrams are incomplete. */
  get size(): number {
    return this.#datagrams.size;
  }

  /** When the oldest incomplete datagram expires; undefined when there is none. */
  get deadline(): Millis | undefined {
    const deadlines = [...this.#datagrams.values()].map(({ deadline }) => deadline);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  /** When the pieces of one packet are given up (`fragmentKey`); undefined when none wait. */
  until(key: string): Millis | undefined {
    return this.#datagrams.get(key)?.deadline;
  }

  /** Takes one packet; the whole packet when this completes it, at once for a packet that is no fragment. */
  add(packet: Packet, now: Millis): Reassembled | undefined {
    if (packet.kind !== 'other' || packet.fragment === undefined) {
      return { packet, size: lengthOf(packet), ident: packet.ident };
    }
    const key = fragmentKey(packet);
    const datagram = this.#open(key, packet, now);
    const fate = insert(datagram, packet);
    if (fate === 'contradiction') this.#datagrams.delete(key);
    if (fate !== 'complete') return undefined;
    this.#datagrams.delete(key);
    return assemble(datagram);
  }

  /** Gives up what waited too long; the first fragments among it, about which a host may send an error (11/1, 3/1). */
  expire(now: Millis): Packet[] {
    const firsts: Packet[] = [];
    for (const [key, { deadline, pieces }] of this.#datagrams) {
      if (deadline > now) continue;
      this.#datagrams.delete(key);
      firsts.push(...pieces.filter((piece) => piece.fragment?.offset === 0));
    }
    return firsts;
  }

  #open(key: string, packet: Other, now: Millis): Datagram {
    const found = this.#datagrams.get(key);
    if (found !== undefined && found.deadline > now) return found;
    const deadline = now + PATIENCE[typeof packet.src === 'number' ? 4 : 6];
    const fresh: Datagram = { deadline, pieces: [], runs: [], length: 0, closed: false, received: 0 };
    this.#datagrams.set(key, fresh);
    return fresh;
  }
}

/** All but the last piece come in units of eight bytes: IPv4 takes the rest for padding, IPv6 for an error. */
function units(piece: Other, more: boolean): Uint8Array | undefined {
  const spare = more ? piece.payload.length % 8 : 0;
  if (spare > 0 && typeof piece.src === 'bigint') return undefined;
  return piece.payload.subarray(0, piece.payload.length - spare);
}

function insert(datagram: Datagram, piece: Other): 'waiting' | 'complete' | 'contradiction' {
  const { offset, more } = piece.fragment ?? fail('not a fragment');
  const bytes = units(piece, more);
  const end = offset + (bytes?.length ?? 0);
  if (bytes === undefined || end === offset || !agrees(datagram, end, more)) return 'contradiction';
  if (end > (typeof piece.src === 'number' ? 65_515 : 65_535)) return 'contradiction';
  const place = claim(datagram.runs, offset, end);
  if (place !== 'new') return place === 'repeated' ? 'waiting' : 'contradiction';
  datagram.pieces.push({ ...piece, payload: bytes });
  datagram.length = Math.max(datagram.length, end);
  datagram.closed ||= !more;
  datagram.received += bytes.length;
  return datagram.closed && datagram.received === datagram.length ? 'complete' : 'waiting';
}

/** Nothing lies beyond the end that a last piece sets. */
function agrees({ closed, length }: Datagram, end: number, more: boolean): boolean {
  return (!closed || end <= length) && (more || end >= length);
}

/** Finds room for start…end among the runs; only the last run grows, so a repetition across two of them overlaps. */
function claim(runs: Run[], start: number, end: number): 'new' | 'repeated' | 'overlap' {
  const last = runs.at(-1);
  if (last !== undefined && last.end === start) {
    last.end = end;
    return 'new';
  }
  const next = runs.findIndex((run) => run.end > start);
  const hit = runs[next];
  if (hit !== undefined && hit.start < end) return hit.start <= start && end <= hit.end ? 'repeated' : 'overlap';
  runs.splice(next < 0 ? runs.length : next, 0, { start, end });
  return 'new';
}

function assemble({ pieces, length }: Datagram): Reassembled {
  const body = new Uint8Array(length);
  for (const { fragment, payload } of pieces) body.set(payload, fragment?.offset);
  const first = pieces.find(({ fragment }) => fragment?.offset === 0) ?? fail('complete without its first piece');
  const size = Math.max(...pieces.map(lengthOf));
  const df = pieces.some((piece) => piece.df && lengthOf(piece) === size);
  const ident = typeof first.src === 'number' ? first.ident : 0;
  const { protocol } = first;
  const whole: Other = { kind: 'other', ...headerOf(first), ident, df, protocol, payload: body };
  const header = { ...headerOf(whole), headerChecksum: followHeader(first, whole) };
  const decoded = decodeBody(header, protocol, body);
  return { packet: isDecodeError(decoded) ? { ...whole, ...header } : decoded, size, ident: first.ident };
}
