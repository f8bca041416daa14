import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp } from '../../../src/arbitraries/addr.ts';
import { anyPacket, anyPayload, anySeq, anyWord } from '../../../src/arbitraries/packet.ts';
import { ANY6, parseIp, toBytes } from '../../../src/sim/addr/ip.ts';
import {
  checksum,
  headerChecksumOf,
  keepUdpZero,
  pseudoSum,
  sum,
  sumIp,
  transportChecksumOf,
  update,
  update32,
  updateIp,
  verify,
} from '../../../src/sim/packet/checksum.ts';
import { encode } from '../../../src/sim/packet/wire/frame.ts';

/** RFC 1071 §4.1 by the book: add words, end-around carry at each step. */
function addWords(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    total += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

describe('sum', () => {
  it('gives the numerical example of RFC 1071 §3', () => {
    expect(sum(hex('0001f203f4f5f6f7'))).toBe(0xddf2);
    expect(checksum(hex('0001f203f4f5f6f7'))).toBe(0x220d);
  });

  it('agrees with addition word by word, for views into larger buffers too', () => {
    fc.assert(
      fc.property(anyPayload(100), fc.nat({ max: 3 }), (bytes, skip) => {
        const padded = new Uint8Array([...new Uint8Array(skip).fill(170), ...bytes]);
        expect(sum(padded.subarray(skip))).toBe(addWords(bytes));
      }),
    );
  });

  it('carries on from a start value', () => {
    fc.assert(
      fc.property(anyPayload(), anyPayload(), (a, b) => {
        const even = a.subarray(0, a.length & ~1);
        expect(sum(b, sum(even))).toBe(sum(new Uint8Array([...even, ...b])));
      }),
    );
  });

  it('of an address is that of its bytes', () => {
    expect(sumIp(ANY6)).toBe(0);
    fc.assert(
      fc.property(anyIp(), (ip) => {
        expect(sumIp(ip)).toBe(sum(toBytes(ip)));
      }),
    );
  });

  it('of the longest packet does not overflow', () => {
    expect(sum(new Uint8Array(65_536).fill(255))).toBe(0xffff);
  });

  it('of a pseudo header is that of its bytes', () => {
    fc.assert(
      fc.property(anyIp(4), anyIp(4), anyWord, (src, dst, length) => {
        const bytes = new Uint8Array([...toBytes(src), ...toBytes(dst), 0, 17, length >> 8, length & 255]);
        expect(pseudoSum(src, dst, 17, length)).toBe(sum(bytes));
      }),
    );
    const [src, dst] = [parseIp('2001:db8::1'), parseIp('2001:db8::2')];
    if (src === undefined || dst === undefined) expect.fail('addresses');
    const length = [0, 1, 2, 3];
    const bytes = new Uint8Array([...toBytes(src), ...toBytes(dst), ...length, 0, 0, 0, 58]);
    expect(pseudoSum(src, dst, 58, 0x0001_0203)).toBe(sum(bytes));
  });
});

describe('update', () => {
  /** Words with at least one that stays and is not zero: all-zero data has two right checksums. */
  const anyWords = fc.array(anyWord, { minLength: 1, maxLength: 8 }).map((words) => Uint16Array.from([1, ...words]));
  const bytesOf = (words: Uint16Array) => Uint8Array.from([...words].flatMap((word) => [word >> 8, word & 255]));

  it('one word at a time gives the checksum of the new data, and back again', () => {
    fc.assert(
      fc.property(anyWords, fc.array(fc.tuple(fc.nat(), anyWord), { maxLength: 8 }), (words, changes) => {
        const before = bytesOf(words);
        let running = checksum(before);
        const undo: [number, number][] = [];
        for (const [where, now] of changes) {
          const at = 1 + (where % (words.length - 1));
          const old = words[at] ?? 0;
          undo.push([now, old]);
          running = update(running, old, now);
          words[at] = now;
        }
        expect(running).toBe(checksum(bytesOf(words)));
        for (const [old, now] of undo.reverse()) running = update(running, old, now);
        expect(running).toBe(checksum(before));
      }),
      { numRuns: 300 },
    );
  });

  it('with equal words keeps every checksum, even one written as ffff', () => {
    fc.assert(
      fc.property(anyWord, anyWord, (before, word) => {
        expect(update(before, word, word)).toBe(before);
      }),
    );
  });

  it('of 32 bits is that of both halves', () => {
    fc.assert(
      fc.property(anyWord, anySeq, anySeq, (before, old, now) => {
        const halves = update(update(before, old >>> 16, now >>> 16), old & 0xffff, now & 0xffff);
        expect(update32(before, old, now)).toBe(halves);
      }),
    );
  });

  it.each([4, 6] as const)('of an IPv%i address gives the checksum of the new bytes', (family) => {
    fc.assert(
      fc.property(anyIp(family), anyIp(family), anyPayload(), (old, now, rest) => {
        const data = (ip: typeof old) => new Uint8Array([...toBytes(ip), 1, 1, ...rest]);
        expect(updateIp(checksum(data(old)), old, now)).toBe(checksum(data(now)));
      }),
    );
  });

  it('leaves UDP without a checksum alone and never makes one of zero', () => {
    expect([keepUdpZero(0, 0x1234), keepUdpZero(5, 0), keepUdpZero(5, 7)]).toEqual([0, 0xffff, 7]);
  });
});

describe('verify', () => {
  it('agrees with a sum over the encoded bytes', () => {
    fc.assert(
      fc.property(anyPacket(4), (packet) => {
        expect(sum(encode(packet).subarray(0, 20))).toBe(0xffff);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        if (packet.kind === 'other' || (packet.kind === 'udp' && packet.checksum === 0)) return;
        const bytes = encode(packet);
        const body = bytes.subarray(typeof packet.src === 'number' ? 20 : 40);
        const protocol = typeof packet.src === 'number' ? bytes[9] : bytes[6];
        const pseudo = pseudoSum(packet.src, packet.dst, protocol ?? 0, body.length);
        expect(sum(body, protocol === 1 ? 0 : pseudo)).toBe(0xffff);
      }),
      { numRuns: 300 },
    );
  });

  it('sees every change to a checksum', () => {
    fc.assert(
      fc.property(anyPacket(), anyWord, (packet, wrong) => {
        const same = (a: number, b: number) => a % 0xffff === b % 0xffff;
        const header = { ...packet, headerChecksum: wrong };
        expect(verify(header).header).toBe(typeof packet.src === 'bigint' || same(wrong, headerChecksumOf(packet)));
        if (packet.kind === 'other') return;
        const isNone = packet.kind === 'udp' && wrong === 0;
        const right = isNone ? typeof packet.src === 'number' : same(wrong, transportChecksumOf(packet));
        expect(verify({ ...packet, checksum: wrong }).transport).toBe(right);
      }),
      { numRuns: 300 },
    );
  });
});
