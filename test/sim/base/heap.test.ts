import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../../src/sim/base/heap.ts';

const drain = <T>(heap: Heap<T>): T[] => {
  const out: T[] = [];
  for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item);
  return out;
};

describe('Heap', () => {
  it('is empty at first', () => {
    const heap = new Heap<number>((a, b) => a < b);
    expect([heap.size, heap.peek(), heap.pop(), heap.size]).toEqual([0, undefined, undefined, 0]);
  });

  it('gives one item back once', () => {
    const heap = new Heap<string>((a, b) => a < b);
    heap.push('only');
    expect([heap.size, heap.peek(), heap.size]).toEqual([1, 'only', 1]);
    expect([heap.pop(), heap.size, heap.pop()]).toEqual(['only', 0, undefined]);
  });

  it('gives back what a sort gives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (items) => {
        const heap = new Heap<number>((a, b) => a < b);
        for (const item of items) heap.push(item);
        expect(heap.size).toBe(items.length);
        expect(drain(heap)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
  });

  it('keeps the order of arrival when the ordering breaks ties by sequence', () => {
    const sized = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(sized, (times) => {
        const heap = new Heap<{ at: number; seq: number }>((a, b) => a.at < b.at || (a.at === b.at && a.seq < b.seq));
        const events = times.map((at, seq) => ({ at, seq }));
        for (const event of events) heap.push(event);
        expect(drain(heap)).toEqual([...events].sort((a, b) => a.at - b.at));
      }),
    );
  });

  it('behaves as a sorted list under any mix of pushes and pops', () => {
    const steps = fc.array(fc.option(fc.integer({ min: -20, max: 20 }), { freq: 2, nil: 'pop' as const }));
    fc.assert(
      fc.property(steps, (run) => {
        const heap = new Heap<number>((a, b) => a < b);
        const list: number[] = [];
        for (const step of run) {
          if (step === 'pop') {
            expect(heap.pop()).toBe(list.shift());
          } else {
            heap.push(step);
            list.push(step);
            list.sort((a, b) => a - b);
          }
          expect([heap.size, heap.peek()]).toEqual([list.length, list[0]]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
