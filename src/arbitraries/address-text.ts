/** Addresses as text, for networks that are put together from them. */
import { compareIp, parseIp } from '../sim/addr/ip.ts';
import type { RouteSpec } from '../sim/design/design.ts';
import type { Pool } from './rule-seed.ts';

/** A prefix of a network, in whichever families it speaks. */
export interface Segment {
  readonly prefix4: string | undefined;
  readonly prefix6: string | undefined;
}

/** A router next door, by its number and its addresses. */
export interface Neighbour {
  readonly index: number;
  readonly via4: string | undefined;
  readonly via6: string | undefined;
}

export function withLength(
  four: string | undefined,
  length4: number,
  six: string | undefined,
  length6: number,
): string[] {
  return [...(four === undefined ? [] : [`${four}/${length4}`]), ...(six === undefined ? [] : [`${six}/${length6}`])];
}

export function routesTo({ prefix4, prefix6 }: Segment, { via4, via6 }: Neighbour): RouteSpec[] {
  return [
    ...(prefix4 === undefined || via4 === undefined ? [] : [{ to: prefix4, via: via4 }]),
    ...(prefix6 === undefined || via6 === undefined ? [] : [{ to: prefix6, via: via6 }]),
  ];
}

export function is4(text: string): boolean {
  return !text.includes(':');
}

export function is6(text: string): boolean {
  return text.includes(':');
}

export function bare(text: string): string {
  return text.split('/')[0] ?? text;
}

export function poolOf(items: readonly string[], otherwise: string): Pool {
  const [first = otherwise, ...rest] = items;
  return [first, ...rest];
}

/** Ranges go from a lower address to a higher one. */
export function ascending(items: readonly string[]): Pool {
  const sorted = [...new Set(items)].sort((a, b) => {
    const [x, y] = [parseIp(a), parseIp(b)];
    return x === undefined || y === undefined ? 0 : compareIp(x, y);
  });
  return poolOf(sorted, '192.0.2.1');
}
