/** Firewalls for a node that is not known yet: base chains, and two user chains that they jump to. */
import fc from 'fast-check';
import type { BaseChain, Firewall, Rule } from '../sim/design/rule.ts';
import { anyRuleSeed, type RuleContext, type RuleSeed, rarely, ruleOf } from './rule-seed.ts';

export const anyFirewallSeed = fc.record({
  raw: rarely(fc.array(anyRuleSeed, { maxLength: 2 }), 4),
  input: rarely(fc.record({ drop: fc.boolean(), rules: fc.array(anyRuleSeed, { maxLength: 3 }) }), 1),
  forward: rarely(fc.record({ drop: fc.boolean(), rules: fc.array(anyRuleSeed, { maxLength: 5 }) }), 1),
  output: rarely(fc.record({ drop: fc.boolean(), rules: fc.array(anyRuleSeed, { maxLength: 2 }) }), 3),
  shared: rarely(fc.array(anyRuleSeed, { maxLength: 3 }), 2),
  onward: rarely(fc.array(anyRuleSeed, { maxLength: 3 }), 2),
});
export type FirewallSeed = typeof anyFirewallSeed extends fc.Arbitrary<infer T> ? T : never;

/** The firewall of a node with these interfaces; `onward` is reached from forward only, `shared` from all but raw. */
export function firewallOf(
  seed: FirewallSeed,
  interfaces: readonly string[],
  addresses: RuleContext['addresses'],
): Firewall {
  const shared = seed.shared === undefined ? [] : ['shared'];
  const onward = seed.onward === undefined ? [] : ['onward'];
  const rules = (list: readonly RuleSeed[], chain: BaseChain | 'shared', jumps: string[]): Rule[] =>
    list.map((rule) => ruleOf(rule, { interfaces, addresses, chain, jumps }));
  const base = (chain: 'input' | 'forward' | 'output', jumps: string[]) => {
    const part = seed[chain];
    if (part === undefined) return {};
    const policy = part.drop ? ('drop' as const) : ('accept' as const);
    return { [chain]: { policy, rules: rules(part.rules, chain, jumps) } };
  };
  const chains = {
    ...(seed.shared === undefined ? {} : { shared: rules(seed.shared, 'shared', []) }),
    ...(seed.onward === undefined ? {} : { onward: rules(seed.onward, 'forward', shared) }),
  };
  return {
    ...(seed.raw === undefined ? {} : { raw: { rules: rules(seed.raw, 'raw', []) } }),
    ...base('input', shared),
    ...base('forward', [...onward, ...shared]),
    ...base('output', shared),
    ...(Object.keys(chains).length === 0 ? {} : { chains }),
  };
}
