/** Packets queue up at each end of a link on its own, and leave it in the time that their bytes take. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/sim/base/rng.ts';
import type { Link } from '../../../src/sim/design/topology.ts';
import { Wire } from '../../../src/sim/world/wire.ts';

const SLOW: Link = {
  index: 0,
  name: 'a - b',
  ends: [],
  latencyMs: 0.3,
  loss: 0,
  cost: 1,
  up: true,
  bandwidth: 1_000_000,
};

const anyPacket = fc.record({
  from: fc.constantFrom('a', 'b', 'c'),
  bytes: fc.constantFrom(28, 92, 1500, 700_000),
  pause: fc.constantFrom(0, 0.1, 20, 6000),
});

describe('a link of some width', () => {
  it('sends one packet after the other from each end, as long as they fit the queue', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 30 }), (packets) => {
        let wire = new Wire(SLOW, new Rng(1));
        const free = new Map<string, number>();
        let now = 0;
        for (const { bytes, from, pause } of packets) {
          now += pause;
          const start = Math.max(now, free.get(from) ?? 0);
          const fits = ((start - now) * 1_000_000) / 8000 <= 1_500_000;
          const gone = start + (bytes * 8000) / 1_000_000;
          if (fits) free.set(from, gone);
          const copy = wire.copy();
          const arrives = wire.pass(from, bytes, now);
          expect(arrives).toBe(fits ? gone + 0.3 : 'queueFull');
          expect(copy.pass(from, bytes, now)).toBe(arrives);
          wire = wire.copy();
        }
      }),
      { numRuns: 100 },
    );
  });
});
