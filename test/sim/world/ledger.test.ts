/** A list in pages is a list. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/sim/world/ledger.ts';

function filled(count: number): { readonly ledger: Ledger<number>; readonly list: number[] } {
  const ledger = new Ledger<number>();
  for (let i = 0; i < count; i++) ledger.push(i);
  return { ledger, list: Array.from({ length: count }, (_, i) => i) };
}

describe('a list in pages', () => {
  it('holds what was pushed, at its place, and in slices', () => {
    const counts = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(0, 1, 511, 512, 513, 1024, 1025));
    fc.assert(
      fc.property(counts, fc.nat(3000), fc.nat(3000), fc.boolean(), (count, a, b, whole) => {
        const { ledger, list } = filled(count);
        if (whole) ledger.whole();
        const [from, to] = [Math.min(a, b, count), Math.min(Math.max(a, b), count)];
        ledger.replace((value) => value * 2, from, to);
        for (let at = from; at < to; at++) list[at] = (list[at] ?? 0) * 2;
        if (count > 0) ledger.set(count - 1, -1);
        if (count > 0) list[count - 1] = -1;
        expect(ledger.length).toBe(count);
        expect(ledger.slice(from, to)).toEqual(list.slice(from, to));
        expect(Array.from(list, (_, at) => ledger.at(at))).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 3, 512, 1300])('of %i entries is one list from when somebody asks for it, and grows with it', (count) => {
    const { ledger, list } = filled(count);
    const whole = ledger.whole();
    for (let i = 0; i < 1000; i++) ledger.push(count + i);
    expect(whole).toEqual([...list, ...Array.from({ length: 1000 }, (_, i) => count + i)]);
    expect(ledger.whole()).toBe(whole);
    expect(ledger.length).toBe(count + 1000);
  });
});
