/** The packed table holds what a map of keys would. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, ip6 } from '../../../src/sim/addr/ip.ts';
import { keyOf, type Tuple } from '../../../src/sim/packet/tuple.ts';
import { TupleTable } from '../../../src/sim/packet/tuple-table.ts';

/** Few enough that they meet again, and many enough that the table grows and slots are taken. */
const anyTuple: fc.Arbitrary<Tuple> = fc
  .record({
    six: fc.boolean(),
    from: fc.constantFrom(0, 1, 0x0a00_0001, 0xffff_ffff),
    to: fc.constantFrom(0, 0xc612_0102, 0xffff_ffff),
    sport: fc.integer({ min: 0, max: 15 }),
    dport: fc.constantFrom(0, 80, 0xffff),
    icmp: fc.boolean(),
  })
  .map(({ six, from, to, sport, dport, icmp }) => ({
    src: six ? ip6(BigInt(from)) : ip4(from),
    dst: six ? ip6(BigInt(to)) : ip4(to),
    sport,
    dport,
    ...(icmp ? { protocol: six ? 58 : 1, type: six ? 128 : 8, code: 0 } : { protocol: 17 }),
  }));

const anyDeed = fc.oneof(
  { weight: 3, arbitrary: fc.record({ tuple: anyTuple, value: fc.integer({ min: 1, max: 0x7fff_ffff }) }) },
  { weight: 2, arbitrary: fc.record({ tuple: anyTuple, value: fc.constant(undefined) }) },
);

function carryOut(
  deeds: readonly { readonly tuple: Tuple; readonly value: number | undefined }[],
  table: TupleTable,
  model: Map<string, number>,
): void {
  for (const { tuple, value } of deeds) {
    if (value === undefined) {
      table.delete(tuple);
      model.delete(keyOf(tuple));
    } else {
      table.set(tuple, value);
      model.set(keyOf(tuple), value);
    }
  }
}

describe('a table by tuple', () => {
  it('holds what a map of keys would, also after deletions, and so does its copy', () => {
    fc.assert(
      fc.property(fc.array(anyDeed, { maxLength: 400 }), fc.array(anyDeed, { maxLength: 100 }), (deeds, later) => {
        const table = new TupleTable();
        const model = new Map<string, number>();
        carryOut(deeds, table, model);
        const copy = table.copy();
        const copied = new Map(model);
        carryOut(later, copy, copied);
        for (const { tuple } of [...deeds, ...later]) {
          expect(table.get({ ...tuple })).toBe(model.get(keyOf(tuple)) ?? 0);
          expect(copy.get({ ...tuple })).toBe(copied.get(keyOf(tuple)) ?? 0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    { change: { sport: 2 } },
    { change: { dport: 2 } },
    { change: { protocol: 6 } },
    { change: { src: ip4(9) } },
    { change: { dst: ip4(9) } },
    { change: { type: 8, code: 0 } },
  ])('tells tuples apart that differ in %j', ({ change }) => {
    const tuple: Tuple = { protocol: 17, src: ip4(1), dst: ip4(2), sport: 1, dport: 1 };
    const table = new TupleTable();
    table.set(tuple, 7);
    expect(table.get({ ...tuple, ...change })).toBe(0);
    table.delete({ ...tuple, ...change });
    expect(table.get({ ...tuple })).toBe(7);
  });
});
