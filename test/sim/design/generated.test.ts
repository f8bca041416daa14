import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyDesign, anyNatRule, anyRule, type NatContext, type RuleContext } from '../../../src/arbitraries/design.ts';
import { check } from '../../../src/sim/design/check.ts';
import { type Design, designSchema } from '../../../src/sim/design/design.ts';
import type { NatRule } from '../../../src/sim/design/nat.ts';
import { BASE_CHAINS, type Rule } from '../../../src/sim/design/rule.ts';
import { validate } from '../../../src/sim/design/validate.ts';

const ADDRESSES: RuleContext['addresses'] = {
  4: ['10.0.0.0/8', '10.0.0.5-10.0.0.9', '@four'],
  6: ['2001:db8::/32', '2001:db8::5', '@six'],
};
const NAT: NatContext = {
  interfaces: ['lan', 'wan', 'lo'],
  addresses: ADDRESSES,
  outside: { 4: ['203.0.113.2', '203.0.113.9'], 6: ['2001:db8:2::2', '2001:db8:2::9'] },
  inside: { 4: ['10.0.0.5', '10.0.0.6'], 6: ['2001:db8::5'] },
  mappings: [{ inside: '10.1.0.0/24', outside: '198.18.0.0/24' }],
};

/** One gateway with a rule in one place. */
function gateway(parts: Partial<Design['nodes'][string]>): Design {
  const interfaces = { lan: ['10.0.0.1/24', '2001:db8::1/64'], wan: '203.0.113.2/24' };
  return {
    groups: { four: ['192.0.2.0/24'], six: ['2001:db8:9::/48'] },
    nodes: { gw: { kind: 'gateway', interfaces, ...parts } },
  };
}

function expectSound(design: Design): void {
  expect(validate(designSchema, design)).toEqual([]);
  expect(check(design)).toEqual([]);
}

describe('generated networks', () => {
  it('fit the schema and pass every check', () => {
    fc.assert(fc.property(anyDesign({ faults: true, dhcp: true, learned: true }), expectSound), { numRuns: 300 });
  });

  it('keep to their options', () => {
    const plain = {
      ipv6: false,
      firewall: false,
      nat: false,
      services: false,
      holes: false,
      groups: false,
      oddities: false,
    };
    fc.assert(
      fc.property(anyDesign({ nodes: 3, ...plain }), (design) => {
        expect(Object.keys(design.nodes).length).toBeLessThanOrEqual(3);
        const text = JSON.stringify(design);
        for (const absent of [
          '::',
          '"rules"',
          '"firewall":',
          '"nat":',
          '"services"',
          '@',
          'mtu',
          'dhcp',
          'loss',
          'shortest',
        ]) {
          expect(text).not.toContain(absent);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('shrink to one router alone', () => {
    const found = fc.check(
      fc.property(anyDesign(), () => false),
      { seed: 1 },
    );
    expect(found.counterexample).toEqual([{ nodes: { r0: { kind: 'router', interfaces: {} } } }]);
  });

  it('have everything that rules can say', () => {
    const designs = fc.sample(anyDesign(), { numRuns: 600, seed: 11 });
    const nodes = designs.flatMap((design) => Object.values(design.nodes));
    const rules = nodes.flatMap(({ firewall }): Rule[] => [
      ...BASE_CHAINS.flatMap((chain) => firewall?.[chain]?.rules ?? []),
      ...Object.values(firewall?.chains ?? {}).flat(),
    ]);
    const translations = nodes.flatMap(({ nat }): readonly NatRule[] => nat?.rules ?? []);
    const matches = [...rules, ...translations].flatMap(({ match }) => match ?? []);
    expect([...new Set(rules.map(({ action }) => action))].toSorted()).toEqual([
      'accept',
      'drop',
      'jump',
      'log',
      'notrack',
      'reject',
      'return',
    ]);
    expect([...new Set(translations.map(({ action }) => action))].toSorted()).toEqual([
      'dnat',
      'masquerade',
      'netmap',
      'redirect',
      'snat',
      'static',
    ]);
    expect([...new Set(matches.flatMap((match) => Object.keys(match)))].toSorted()).toEqual([
      'destination',
      'destinationPort',
      'icmpType',
      'inInterface',
      'not',
      'outInterface',
      'protocol',
      'source',
      'sourcePort',
      'state',
      'tcpFlags',
    ]);
    expect(new Set(rules.flatMap((rule) => (rule.action === 'reject' ? (rule.with ?? []) : []))).size).toBe(5);
  });
});

describe('generated rules', () => {
  it.each(BASE_CHAINS)('make sense in %s', (chain) => {
    const context: RuleContext = { interfaces: ['lan', 'wan', 'lo'], addresses: ADDRESSES, chain, jumps: ['on'] };
    fc.assert(
      fc.property(anyRule(context), (rule) => {
        expectSound(gateway({ firewall: { [chain]: { rules: [rule] }, chains: { on: [] } } }));
      }),
    );
  });

  it('make sense where packets are translated', () => {
    fc.assert(
      fc.property(anyNatRule(NAT), (rule) => {
        expectSound(gateway({ nat: { rules: [rule] } }));
      }),
      { numRuns: 300 },
    );
  });
});
