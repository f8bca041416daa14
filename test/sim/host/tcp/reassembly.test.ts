import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anySeq } from '../../../../src/arbitraries/packet.ts';
import { append, type Bytes, copy, dropFirst, NO_BYTES } from '../../../../src/sim/host/tcp/bytes.ts';
import { blocksOf, insert, type Piece, takeReady } from '../../../../src/sim/host/tcp/reassembly.ts';
import { advance, distance } from '../../../../src/sim/host/tcp/segment.ts';

describe('bytes', () => {
  const anyChunks = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 });
  const joined = (chunks: readonly Uint8Array[]) => chunks.flatMap((chunk) => [...chunk]);
  const queue = (chunks: readonly Uint8Array[]): Bytes => chunks.reduce(append, NO_BYTES);

  it('copies any stretch, and drops any beginning', () => {
    fc.assert(
      fc.property(anyChunks, fc.nat(60), fc.nat(60), (chunks, from, count) => {
        const bytes = queue(chunks);
        const all = joined(chunks);
        expect(bytes.length).toBe(all.length);
        expect([...copy(bytes, from, count)]).toEqual(all.slice(from, from + count));
        const dropped = dropFirst(bytes, from);
        expect(dropped.length).toBe(Math.max(all.length - from, 0));
        expect([...copy(dropped, 0, 100)]).toEqual(all.slice(from));
      }),
    );
  });
});

describe('reassembly', () => {
  const STREAM = Uint8Array.from({ length: 200 }, (_, i) => i);
  const anyCut = fc.record({ from: fc.nat(200), to: fc.nat(200) });

  function pieceOf(base: number, { from, to }: { from: number; to: number }): Piece {
    const [start, end] = [Math.min(from, to), Math.max(from, to)];
    return { seq: advance(base, start), payload: STREAM.slice(start, end), fin: end === STREAM.length };
  }

  it('gives the stream in order, once, whatever pieces come in whatever order', () => {
    fc.assert(
      fc.property(anySeq, fc.array(anyCut, { maxLength: 40 }), (base, cuts) => {
        let pieces: readonly Piece[] = [];
        const got: number[] = [];
        let ended = false;
        for (const cut of [...cuts, { from: 0, to: 120 }, { from: 110, to: 200 }]) {
          if (ended) break;
          pieces = insert(pieces, pieceOf(base, cut));
          const ready = takeReady(pieces, advance(base, got.length));
          expect(ready.length).toBe(ready.payloads.reduce((sum, payload) => sum + payload.length, 0));
          for (const payload of ready.payloads) {
            expect(payload.length).toBeGreaterThan(0);
            got.push(...payload);
          }
          pieces = ready.rest;
          ended = ready.fin;
          expect(got).toEqual([...STREAM.slice(0, got.length)]);
        }
        expect([got.length, ended, pieces]).toEqual([200, true, []]);
      }),
    );
  });

  it('keeps no piece that another holds, but keeps its FIN', () => {
    const whole = pieceOf(0, { from: 10, to: 100 });
    expect(insert([whole], pieceOf(0, { from: 20, to: 90 }))).toEqual([whole]);
    const fin: Piece = { seq: 90, payload: STREAM.slice(90, 100), fin: true };
    expect(insert([whole], fin)).toEqual([whole, fin]);
    expect(takeReady([whole, fin], 10)).toMatchObject({ length: 90, fin: true });
  });

  it('waits for what is missing', () => {
    const later = pieceOf(0, { from: 10, to: 20 });
    expect(takeReady([later], 0)).toEqual({ payloads: [], length: 0, fin: false, rest: [later] });
  });
});

describe('RFC 2018 §4: what SACK tells of the pieces that wait', () => {
  const piece = (seq: number, length: number, fin = false): Piece => ({ seq, payload: new Uint8Array(length), fin });

  it('each stretch once, the latest first, then from the first gap on; four at most', () => {
    const pieces = [
      piece(10, 10),
      piece(20, 5),
      piece(22, 1),
      piece(30, 5),
      piece(40, 5, true),
      piece(50, 1),
      piece(60, 1),
    ];
    expect(blocksOf(pieces, 40)).toEqual([
      { left: 40, right: 46 },
      { left: 10, right: 25 },
      { left: 30, right: 35 },
      { left: 50, right: 51 },
    ]);
    expect(blocksOf([], 0)).toEqual([]);
  });

  it('property: blocks hold exactly the bytes that wait, and never touch', () => {
    const anyPieces = fc.array(fc.record({ seq: fc.nat(60), length: fc.integer({ min: 1, max: 12 }) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(anySeq, anyPieces, (base, cuts) => {
        const all = cuts.map(({ seq, length }) => piece(advance(base, seq), length));
        const pieces = all.reduce<readonly Piece[]>(insert, []);
        const blocks = blocksOf(pieces, all.at(-1)?.seq ?? 0);
        const held = new Set(cuts.flatMap(({ seq, length }) => Array.from({ length }, (_, i) => seq + i)));
        const told = blocks.flatMap(({ left, right }) =>
          Array.from({ length: distance(left, right) }, (_, i) => distance(base, left) + i),
        );
        expect(told.sort((a, b) => a - b)).toEqual([...held].sort((a, b) => a - b));
        expect(blocks.some(({ right }) => blocks.some(({ left }) => left === right))).toBe(false);
        const [first] = blocks;
        const latest = all.at(-1);
        if (first !== undefined && latest !== undefined)
          expect(distance(first.left, latest.seq)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
