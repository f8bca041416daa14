/** Events come out in their total order, however they were pushed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, EventQueue } from '../../../src/sim/world/queue.ts';

interface Numbered extends Due {
  readonly event: number;
}

const anyPush = fc.record({ time: fc.integer({ min: 0, max: 9 }), priority: fc.constantFrom(0 as const, 1 as const) });

describe('the queue', () => {
  it('gives events by time, then priority, then in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.option(anyPush), { maxLength: 100 }), (deeds) => {
        const queue = new EventQueue<Numbered>();
        const waiting: { time: number; priority: 0 | 1; event: number }[] = [];
        const first = () =>
          waiting.toSorted((a, b) => a.time - b.time || a.priority - b.priority || a.event - b.event)[0];
        deeds.forEach((push, event) => {
          if (push !== null) {
            queue.push({ ...push, sequence: 0, event });
            waiting.push({ ...push, event });
          } else {
            const due = first();
            const copy = queue.copy();
            expect(queue.pop()?.event).toBe(due?.event);
            expect(copy.pop()?.event).toBe(due?.event);
            if (due !== undefined) waiting.splice(waiting.indexOf(due), 1);
          }
          const next = first()?.time ?? Number.POSITIVE_INFINITY;
          expect([queue.isDue(next - 1), queue.isDue(next)]).toEqual([false, next < Number.POSITIVE_INFINITY]);
          expect(queue.moving).toBe(waiting.filter(({ priority }) => priority === 0).length);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('goes on in order after many thousands', () => {
    const queue = new EventQueue<Numbered>();
    for (let i = 0; i < 5000; i++) queue.push({ time: i, priority: 0, sequence: 0, event: i });
    queue.push({ time: 2500, priority: 1, sequence: 0, event: -1 });
    queue.replace((each) => (each.event === 7 ? { ...each, event: 700 } : each));
    const events = Array.from({ length: 5001 }, () => queue.pop()?.event);
    expect(events.slice(6, 9)).toEqual([6, 700, 8]);
    expect(events.slice(2500, 2503)).toEqual([2500, -1, 2501]);
    expect(events.at(-1)).toBe(4999);
    expect(queue.pop()).toBeUndefined();
  });
});
