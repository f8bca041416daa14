import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { parseDuration, showDuration } from '../../../src/sim/base/time.ts';

/** Microseconds from nothing to 35 years, small and round ones often. */
const anyMicros = fc.oneof(
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 200_000 }).map((seconds) => seconds * 1_000_000),
  fc.integer({ min: 0, max: 2 ** 50 }),
);

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['1m', 60_000],
    ['2h4m', 7_440_000],
    ['1d', 86_400_000],
    ['5d', 432_000_000],
    ['1d2h3m4s5ms6us', 93_784_005.006],
    ['0s', 0],
    ['0d0us', 0],
    ['1.5h', 5_400_000],
    ['0.25s', 250],
    ['1us', 0.001],
    ['9us', 0.009],
    ['1.001s', 1_001],
    ['007s', 7_000],
    ['90m', 5_400_000],
    ['1m1ms', 60_001],
    ['0.4us', 0],
  ])('reads %s as %d ms', (text, millis) => {
    expect(parseDuration(text)).toBe(millis);
  });

  it.each([
    ['nothing', ''],
    ['a number without unit', '250'],
    ['a unit without number', 'ms'],
    ['units in the wrong order', '4m2h'],
    ['a unit twice', '1s1s'],
    ['an unknown unit', '1w'],
    ['an upper-case unit', '1S'],
    ['a space inside', '1 s'],
    ['a space before', ' 1s'],
    ['a newline after', '1s\n'],
    ['a minus sign', '-1s'],
    ['a plus sign', '+1s'],
    ['an exponent', '1e3s'],
    ['a bare fraction', '.5s'],
    ['a dot without digits after', '1.s'],
    ['a number past all bounds', `${'9'.repeat(400)}d`],
  ])('refuses %s', (_, text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('reads equal texts of different spelling as equal times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (micros) => {
        const seconds = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}s`;
        expect(parseDuration(seconds)).toBe(parseDuration(`${micros}us`));
      }),
      { numRuns: 300 },
    );
  });
});

describe('showDuration', () => {
  it.each([
    [0, '0s'],
    [0.0004, '0s'],
    [0.001, '1us'],
    [0.0005, '1us'],
    [250, '250ms'],
    [999.9999, '1s'],
    [1_500, '1s500ms'],
    [7_440_000, '2h4m'],
    [86_400_000, '1d'],
    [86_399_999.999, '23h59m59s999ms999us'],
    [432_000_000, '5d'],
  ])('writes %d ms as %s', (millis, text) => {
    expect(showDuration(millis)).toBe(text);
  });

  it.each([-1, -0.001, Number.NaN, Number.POSITIVE_INFINITY])('does not take %d for a duration', (millis) => {
    expect(() => showDuration(millis)).toThrow(InternalError);
  });

  it('is read back to the same microsecond', () => {
    fc.assert(
      fc.property(anyMicros, (micros) => {
        expect(parseDuration(showDuration(micros / 1000))).toBe(micros / 1000);
      }),
      { numRuns: 500 },
    );
  });

  it('never writes a unit that reaches the next larger one', () => {
    const limits: Record<string, number> = { h: 24, m: 60, s: 60, ms: 1000, us: 1000 };
    fc.assert(
      fc.property(anyMicros, (micros) => {
        for (const [, count, unit] of showDuration(micros / 1000).matchAll(/(\d+)([a-z]+)/g)) {
          expect(Number(count)).toBeLessThan(limits[unit ?? ''] ?? Number.POSITIVE_INFINITY);
        }
      }),
    );
  });
});
