/**
 * Which address of a pool a connection gets: a hash of its two addresses, so that it depends on nothing else and spreads
 * evenly (LNX-PORT-9). The hash is Jenkins' lookup3 over the words as a little-endian kernel holds them, unseeded, so
 * the choice within one range is the very one that Linux makes. Several ranges, which Linux has not, are one long pool.
 */
import { fromBytes, type Ip, offsetIp, toBytes } from '../addr/ip.ts';
import type { IpRange } from '../addr/range.ts';
import { fail } from '../base/fail.ts';
import type { Side } from './connection.ts';

/** The address for a side of a connection between these two; all are of one family, and an empty pool fails. */
export function pick(ranges: readonly IpRange[], src: Ip, dst: Ip, side: Side = 'source'): Ip {
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1 && only.from === only.to) return only.from;
  const hash = hashOf(src, dst);
  let index = scale(
    hash,
    ranges.reduce((sum, range) => sum + sizeOf(range), 0n),
  );
  for (const range of ranges) {
    const size = sizeOf(range);
    if (index < size) {
      if (typeof range.from === 'number') return offsetIp(range.from, index);
      return scatter(range, side === 'source' ? dst : undefined, hash);
    }
    index -= size;
  }
  return fail('an empty pool of addresses');
}

function sizeOf({ from, to }: IpRange): bigint {
  return BigInt(to) - BigInt(from) + 1n;
}

/** A 32-bit hash brought into 0…size−1. */
function scale(hash: number, size: bigint): bigint {
  return (BigInt(hash) * size) >> 32n;
}

/** Four 32-bit words, the missing ones of IPv4 zero. */
function view(ip: Ip): DataView {
  const bytes = new Uint8Array(16);
  bytes.set(toBytes(ip));
  return new DataView(bytes.buffer);
}

/**
 * IPv6: word by word, most significant first. As long as the words so far are those of the upper end the next may not go
 * beyond it; after that, it may be anything. Each word of the destination stirs the hash for the next, and where it is
 * the destination (undefined) that is chosen, the kernel has written over that word already.
 */
function scatter({ from, to }: IpRange, dst: Ip | undefined, start: number): Ip {
  const [low, high] = [view(from), view(to)];
  const chosen = new DataView(new ArrayBuffer(16));
  const far = dst === undefined ? chosen : view(dst);
  let hash = start;
  let free = false;
  for (let at = 0; at < 16; at += 4) {
    const least = free ? 0 : low.getUint32(at);
    const size = free ? 0xffff_ffff : (high.getUint32(at) - least + 1) >>> 0;
    chosen.setUint32(at, least + Number(scale(hash, BigInt(size))));
    free ||= chosen.getUint32(at) !== high.getUint32(at);
    hash = (hash ^ far.getUint32(at, true)) >>> 0;
  }
  return fromBytes(new Uint8Array(chosen.buffer));
}

function hashOf(src: Ip, dst: Ip): number {
  const near = view(src);
  const start = 0xdead_beef + 16 + view(dst).getUint32(typeof dst === 'number' ? 0 : 12, true);
  const [a, b, c] = mix([0, 4, 8].map((at) => (start + near.getUint32(at, true)) | 0) as [number, number, number]);
  return finish([(a + near.getUint32(12, true)) | 0, b, c]);
}

type Triple = [number, number, number];

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));

/** lookup3: mixes three words reversibly. */
function mix([x, y, z]: Triple): Triple {
  let [a, b, c] = [x, y, z];
  for (const [first, second, third] of [
    [4, 6, 8],
    [16, 19, 4],
  ] as const) {
    a = (a - c) ^ rotate(c, first);
    c = (c + b) | 0;
    b = (b - a) ^ rotate(a, second);
    a = (a + c) | 0;
    c = (c - b) ^ rotate(b, third);
    b = (b + a) | 0;
  }
  return [a, b, c];
}

/** lookup3: the last round, after which every bit of the third word depends on all the others. */
function finish([x, y, z]: Triple): number {
  let [a, b, c] = [x, y, z];
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  return c >>> 0;
}
