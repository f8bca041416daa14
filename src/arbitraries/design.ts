/**
 * Generators of valid networks: trees of routers, gateways and firewalls with hosts on their LANs. Every router knows the
 * way to every prefix, but for some holes; every rule speaks of what is there. All of it shrinks, to one router alone.
 */
import fc from 'fast-check';
import type { Design } from '../sim/design/design.ts';
import { anyRouterSeed, type DesignOptions } from './design-seed.ts';
import { Builder } from './network.ts';
import { pick, rarely } from './rule-seed.ts';

export type { DesignOptions } from './design-seed.ts';
export { anyMatch, anyNatRule, anyRule, type NatContext, type RuleContext } from './rule-seed.ts';

/** Any valid network within the options; `check` finds nothing wrong with it. */
export function anyDesign(options: DesignOptions = {}): fc.Arbitrary<Design> {
  const most = Math.max(1, options.nodes ?? 8);
  return fc
    .record({
      routers: fc.array(anyRouterSeed, { minLength: 1, maxLength: Math.min(4, most) }),
      stack: options.ipv6 === false ? fc.constant('ipv4') : fc.constantFrom('ipv4', 'dual', 'ipv6'),
      groups:
        options.groups === false ? fc.constant(undefined) : rarely(fc.array(pick, { minLength: 1, maxLength: 3 }), 1),
      learned: options.learned === true ? fc.boolean() : fc.constant(false),
    })
    .map((seed) => new Builder(seed, { ...options, nodes: most }).build());
}
