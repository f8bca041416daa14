/** The generators that users test with: valid things only, and small ones when something is wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyChange,
  anyDesign,
  anyIp,
  anyNat,
  anyPacket,
  anyPacketIn,
  anyPrefix,
  anyRule,
  anyScenario,
  anyStep,
  anyTraffic,
} from '../src/fast-check.ts';
import { checkChange, checkScenario } from '../src/scenarios/check/scenario.ts';
import { checkStep } from '../src/scenarios/check/step.ts';
import { runScenario } from '../src/scenarios/run.ts';
import { scenarioSchema } from '../src/scenarios/schema.ts';
import { parseIp, showIp } from '../src/sim/addr/ip.ts';
import { parsePrefix, showPrefix } from '../src/sim/addr/prefix.ts';
import { check } from '../src/sim/design/check.ts';
import { type Design, designSchema } from '../src/sim/design/design.ts';
import { validate } from '../src/sim/design/validate.ts';
import { verify } from '../src/sim/packet/checksum.ts';

const OPTIONS = { nodes: 6 };

function problemsOf(design: Design): readonly unknown[] {
  return [...validate(designSchema, design), ...check(design)];
}

describe('generators make valid things only', () => {
  it('addresses and prefixes read as they are shown', () => {
    fc.assert(
      fc.property(anyIp(), anyPrefix(), (ip, prefix) => {
        expect(parseIp(showIp(ip))).toBe(ip);
        expect(parsePrefix(showPrefix(prefix))).toEqual(prefix);
      }),
    );
  });

  it('networks are sound', () => {
    fc.assert(
      fc.property(anyDesign({ ...OPTIONS, faults: true, dhcp: true, learned: true }), (design) => {
        expect(problemsOf(design)).toEqual([]);
      }),
    );
  });

  it('a changed network is sound', () => {
    fc.assert(
      fc.property(
        anyDesign(OPTIONS).chain((design) => fc.tuple(fc.constant(design), anyChange(design))),
        ([design, change]) => {
          const after = checkChange(change, design);
          expect(Array.isArray(after) ? after : problemsOf(after)).toEqual([]);
        },
      ),
    );
  });

  it('rules and NAT fit the node they are made for', () => {
    const placed = anyDesign({ ...OPTIONS, nat: false, firewall: false }).chain((design) => {
      const place = { design, node: 'r0' };
      return fc.tuple(fc.constant(design), anyRule(place), anyNat(place));
    });
    fc.assert(
      fc.property(placed, ([design, rule, nat]) => {
        const r0 = { ...(design.nodes.r0 ?? { kind: 'router' }), firewall: { forward: { rules: [rule] } } };
        const after = { ...design, nodes: { ...design.nodes, r0: { ...r0, nat: { rules: [nat] } } } };
        expect(problemsOf(after)).toEqual([]);
      }),
    );
  });

  it('steps make sense, and packets are whole', () => {
    const sent = anyDesign(OPTIONS).chain((design) =>
      fc.tuple(fc.constant(design), anyStep(design), anyPacketIn(design)),
    );
    fc.assert(
      fc.property(sent, anyPacket(), ([design, step, { from, packet }], other) => {
        expect(checkStep(step, design)).toEqual([]);
        expect(Object.keys(design.nodes)).toContain(from);
        for (const each of [packet, other]) expect(verify(each)).toEqual({ header: true, transport: true });
      }),
    );
  });

  it('scenarios can be run', () => {
    fc.assert(
      fc.property(anyScenario({ network: OPTIONS, most: 3 }), (scenario) => {
        expect(validate(scenarioSchema, scenario)).toEqual([]);
        expect(checkScenario(scenario, scenario.network as Design)).toEqual([]);
        expect(runScenario({}, scenario).status).toBe('passed');
      }),
      { numRuns: 40 },
    );
  });
});

/** The smallest value that a generator finds for which something is so. */
function smallest<T>(values: fc.Arbitrary<T>, isSo: (value: T) => boolean): T {
  const { counterexample } = fc.check(
    fc.property(values, (value) => !isSo(value)),
    { numRuns: 500 },
  );
  if (counterexample === null) throw new Error('never so');
  return counterexample[0];
}

describe('generators shrink to what matters', () => {
  it('a network that translates comes down to the one rule that does', () => {
    const found = smallest(anyDesign(), ({ nodes }) => Object.values(nodes).some(({ nat }) => nat !== undefined));
    expect(Object.keys(found.nodes).length).toBeLessThanOrEqual(2);
    expect(Object.values(found.nodes).flatMap(({ nat }) => nat?.rules ?? [])).toHaveLength(1);
    expect(Object.values(found.nodes).filter(({ firewall }) => firewall !== undefined)).toEqual([]);
  });

  it('a network that denies comes down to the one rule that does', () => {
    const found = smallest(anyDesign(), ({ nodes }) =>
      Object.values(nodes).some(({ firewall }) => firewall?.forward?.rules?.some(({ action }) => action === 'drop')),
    );
    expect(Object.keys(found.nodes).length).toBeLessThanOrEqual(2);
    expect(Object.values(found.nodes).flatMap(({ firewall }) => firewall?.forward?.rules ?? [])).toHaveLength(1);
  });

  it('traffic comes down to the step that matters', () => {
    const design = smallest(anyDesign({ nodes: 3 }), ({ nodes }) => Object.keys(nodes).length > 2);
    expect(Object.keys(design.nodes)).toHaveLength(3);
    expect(smallest(anyTraffic(design), (steps) => steps.some((step) => 'ping' in step))).toHaveLength(1);
  });
});
