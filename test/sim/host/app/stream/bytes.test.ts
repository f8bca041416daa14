import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concat,
  fromLatin1,
  isPattern,
  NOTHING,
  pattern,
  sameBytes,
  toLatin1,
} from '../../../../../src/sim/host/app/stream/bytes.ts';
import { takeLines } from '../../../../../src/sim/host/app/stream/lines.ts';
import { drop, put } from '../../../../../src/sim/host/app/stream/table.ts';

const anyBytes = fc.uint8Array({ maxLength: 300 });

describe('bytes', () => {
  it('joins any parts', () => {
    fc.assert(
      fc.property(fc.array(anyBytes), (parts) => {
        expect([...concat(...parts)]).toEqual(parts.flatMap((part) => [...part]));
      }),
    );
  });

  it('keeps every byte through text', () => {
    fc.assert(fc.property(anyBytes, (bytes) => sameBytes(toLatin1(fromLatin1(bytes)), bytes)));
  });

  it('compares length and content', () => {
    expect(sameBytes(NOTHING, NOTHING)).toBe(true);
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  });
});

describe('pattern', () => {
  it('has every value, and no two stretches of 256 alike', () => {
    const text = fromLatin1(pattern(8192));
    expect(new Set(text).size).toBe(256);
    const stretches = Array.from({ length: text.length - 255 }, (_, i) => text.slice(i, i + 256));
    expect(new Set(stretches).size).toBe(stretches.length);
  });

  it('is recognised in pieces, at their place only', () => {
    const whole = pattern(3000);
    expect(isPattern(whole.subarray(1000, 2000), 1000)).toBe(true);
    expect(isPattern(whole.subarray(1000, 2000), 1001)).toBe(false);
    expect(isPattern(whole.subarray(1000, 2000), 1256)).toBe(false);
  });
});

describe('takeLines', () => {
  it('ends lines at LF and CRLF', () => {
    const { lines, rest } = takeLines(toLatin1('on'), toLatin1('e\r\ntwo\n\r\nthr'));
    expect(lines).toEqual(['one', 'two', '']);
    expect(fromLatin1(rest)).toBe('thr');
  });

  it('reads pieces as it reads the whole', () => {
    const text = fc.stringMatching(/^[ab\r\n]{0,40}$/);
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 5 }), (whole, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const lines: string[] = [];
        let rest: Uint8Array = NOTHING;
        for (const [i, from] of places.slice(0, -1).entries()) {
          const taken = takeLines(rest, toLatin1(whole.slice(from, places[i + 1])));
          lines.push(...taken.lines);
          rest = taken.rest;
        }
        const once = takeLines(NOTHING, toLatin1(whole));
        expect(lines).toEqual(once.lines);
        expect(rest).toEqual(once.rest);
      }),
    );
  });
});

describe('tables', () => {
  it('change in a copy', () => {
    const before: ReadonlyMap<string, number> = new Map([['a', 1]]);
    expect([...put(before, 'b', 2)]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...drop(before, 'a')]).toEqual([]);
    expect([...before]).toEqual([['a', 1]]);
  });
});
