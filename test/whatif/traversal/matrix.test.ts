/** Hole punching in simulated networks, held against what the classes of the NATs lead to expect. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Axes, DEPENDENCES } from '../../../src/sim/design/behaviour.ts';
import { attempt, expected, TRANSPORTS } from '../../../src/whatif/traversal/matrix.ts';

/** Behaviours that differ in what decides about punching, and in things that must not. */
const anyBehaviour: fc.Arbitrary<Axes> = fc.record({
  mapping: fc.constantFrom(...DEPENDENCES),
  filtering: fc.constantFrom(...DEPENDENCES),
  filterScope: fc.constantFrom('mapping', 'endpoint'),
  ports: fc.record({ allocation: fc.constantFrom('preserve', 'sequential', 'random') }),
  hairpin: fc.boolean(),
  refresh: fc.constantFrom('outbound', 'both'),
  tcp: fc.record({ unsolicited: fc.constantFrom('hold', 'drop', 'reset', 'reject') }),
});

describe('punching goes as the classes lead to expect', () => {
  it.each(TRANSPORTS)('over %s, through any two NATs', (protocol) => {
    fc.assert(
      fc.property(anyBehaviour, fc.oneof(anyBehaviour, fc.constant('linux')), (one, two) => {
        const cell = expected(one, two, protocol);
        const { flows, outcome } = attempt(one, two, protocol);
        expect(outcome).toBe(cell === 'D' ? 'direct' : 'failed');
        if (protocol === 'udp') expect(flows === 'both').toBe(cell === 'D' || cell === 'd');
      }),
      { numRuns: 30 },
    );
  });
});
