/** Ports are of one class where no rule tells them apart. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortClasses } from '../../../../src/sim/program/rules/port-classes.ts';
import type { RuleSearch } from '../../../../src/sim/program/rules/search.ts';

/** A list of rules of which only these ports matter: where others begin to be told apart. */
function listWith(source: readonly number[], destination: readonly number[]): RuleSearch {
  const starts = { source, destination };
  const cutPorts = (end: 'source' | 'destination', into: Set<number>) => {
    for (const start of starts[end]) into.add(start);
  };
  return { asksPorts: true, count: 1, cutPorts } as unknown as RuleSearch;
}

const anyStarts = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 65_536 }), { maxLength: 40 }),
  // many in a few blocks
  fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 100, maxLength: 200 }),
);
const anyPort = fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 301 }));

describe('classes of ports', () => {
  it('are as many as begin up to a port, for each end', () => {
    const upTo = (starts: readonly number[], port: number) =>
      [...new Set(starts)].filter((start) => start <= port).length;
    fc.assert(
      fc.property(
        anyStarts,
        anyStarts,
        fc.array(anyPort, { minLength: 20, maxLength: 20 }),
        (source, destination, ports) => {
          const classes = new PortClasses([listWith(source, destination)]);
          for (const sport of [...ports, 0, 65_535]) {
            for (const dport of [...destination, 0, 65_535].filter((port) => port < 65_536).slice(0, 5)) {
              expect(classes.of({ sport, dport })).toBe((upTo(source, sport) << 16) | upTo(destination, dport));
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are one where nobody asks', () => {
    const classes = new PortClasses([]);
    expect([classes.asked, classes.of({ sport: 1, dport: 65_535 })]).toEqual([false, 0]);
  });
});
