/** The packed index holds what a map of keys would. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, ip6 } from '../../../../src/sim/addr/ip.ts';
import { keyOf, sourceOf, type Tuple } from '../../../../src/sim/packet/tuple.ts';
import { TuplePair } from '../../../../src/sim/packet/tuple-pair.ts';
import { ROW_WORDS, SOURCE, TupleIndex, WHOLE, wordsOf } from '../../../../src/sim/router/table/tuple-index.ts';

/** Few enough that they meet again, and many enough that the index grows and slots are taken. */
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
  { weight: 3, arbitrary: fc.record({ tuple: anyTuple, ends: fc.constant(false) }) },
  { weight: 2, arbitrary: fc.record({ tuple: anyTuple, ends: fc.constant(true) }) },
);

/** Rows that are written once, each with a tuple and that of its answers. */
class Ledger {
  words = new Int32Array(0);

  /** Writes a tuple in a row of its own; the reference to it. */
  write(tuple: Tuple): number {
    const row = this.words.length / ROW_WORDS + 1;
    const more = new Int32Array(this.words.length + ROW_WORDS);
    more.set(this.words);
    const pair = new TuplePair();
    pair.begin(tuple);
    more.set([pair.src, pair.dst, pair.ports, pair.rest], wordsOf(row));
    more.set([pair.replySrc, pair.replyDst, pair.replyPorts, pair.replyRest], wordsOf(row) + 4);
    this.words = more;
    return 2 * row;
  }
}

type Deeds = readonly { readonly tuple: Tuple; readonly ends: boolean }[];

function carryOut(deeds: Deeds, index: TupleIndex, ledger: Ledger, model: Map<string, number>): void {
  for (const { tuple, ends } of deeds) {
    const key = keyOf(tuple);
    const known = model.get(key) ?? 0;
    if (!ends) {
      const reference = ledger.write(tuple);
      expect(index.set(reference, tuple)).toBe(known);
      model.set(key, reference);
    } else if (known !== 0) {
      index.delete(known, tuple);
      model.delete(key);
    }
  }
}

describe('an index by tuple', () => {
  it('holds what a map of keys would, also after deletions, and so does its copy', () => {
    fc.assert(
      fc.property(fc.array(anyDeed, { maxLength: 400 }), fc.array(anyDeed, { maxLength: 100 }), (deeds, later) => {
        const ledger = new Ledger();
        const index = new TupleIndex(ledger, WHOLE);
        const model = new Map<string, number>();
        carryOut(deeds, index, ledger, model);
        const copy = index.copy(ledger);
        const copied = new Map(model);
        carryOut(later, copy, ledger, copied);
        for (const { tuple } of [...deeds, ...later]) {
          expect(index.get({ ...tuple })).toBe(model.get(keyOf(tuple)) ?? 0);
          expect(copy.get({ ...tuple })).toBe(copied.get(keyOf(tuple)) ?? 0);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of sources finds the newest from an endpoint, wherever it goes', () => {
    fc.assert(
      fc.property(fc.array(anyTuple, { maxLength: 200 }), (tuples) => {
        const ledger = new Ledger();
        const index = new TupleIndex(ledger, SOURCE);
        const model = new Map<string, number>();
        for (const tuple of tuples) {
          const reference = ledger.write(tuple);
          const source = sourceOf(tuple);
          expect(index.set(reference, source)).toBe(model.get(keyOf(source)) ?? 0);
          model.set(keyOf(source), reference);
        }
        for (const tuple of tuples) expect(index.get(sourceOf(tuple))).toBe(model.get(keyOf(sourceOf(tuple))));
      }),
      { numRuns: 50 },
    );
  });

  it('finds the tuple of answers by a reference of its own, and leaves alone what has taken a place', () => {
    const ledger = new Ledger();
    const index = new TupleIndex(ledger, WHOLE);
    const tuple: Tuple = { protocol: 17, src: ip4(1), dst: ip4(2), sport: 3, dport: 4 };
    const [first, second] = [ledger.write(tuple), ledger.write(tuple)];
    index.set(first);
    index.set(first + 1);
    expect(index.get({ ...tuple, src: ip4(2), dst: ip4(1), sport: 4, dport: 3 })).toBe(first + 1);
    expect(index.set(second)).toBe(first);
    index.delete(first);
    expect(index.get(tuple)).toBe(second);
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
    const ledger = new Ledger();
    const index = new TupleIndex(ledger, WHOLE);
    const reference = ledger.write(tuple);
    index.set(reference);
    expect(index.get({ ...tuple, ...change })).toBe(0);
    expect(index.get({ ...tuple })).toBe(reference);
  });
});
