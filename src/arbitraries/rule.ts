/** Rules that make sense on a node of a known design. */
import type fc from 'fast-check';
import type { Design } from '../sim/design/design.ts';
import type { NatRule } from '../sim/design/nat.ts';
import type { Match, Rule } from '../sim/design/rule.ts';
import { natContextOf, type Place, ruleContextOf } from './place.ts';
import { anyMatch as anyMatchIn, anyNatRule as anyNatIn, anyRule as anyRuleIn } from './rule-seed.ts';

const HOME: Design = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: ['192.168.0.4/24', '2001:db8:0:1::4/64'] }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: ['192.168.0.1/24', '2001:db8:0:1::1/64'], wan: ['203.0.113.5/24', '2001:db8:0:2::5/64'] },
    },
    web: { kind: 'host', interfaces: { eth0: ['203.0.113.80/24', '2001:db8:0:2::80/64'] } },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['gw:wan', 'web'],
  ],
};

/** A small home network with a gateway `gw` in the middle: where rules stand that name no design of their own. */
export const DEFAULT_PLACE: Place = { design: HOME, node: 'gw' };

/** Any match that makes sense in a chain of a node. */
export function anyMatch(place: Place = DEFAULT_PLACE): fc.Arbitrary<Match> {
  return anyMatchIn(ruleContextOf(place));
}

/** Any filter rule that makes sense in a chain of a node: every field and action but `jump`; shrinks to `accept`. */
export function anyRule(place: Place = DEFAULT_PLACE): fc.Arbitrary<Rule> {
  return anyRuleIn(ruleContextOf(place));
}

/** Any NAT rule that makes sense on a node, one-to-one mappings aside; shrinks to `masquerade`. */
export function anyNat(place: Place = DEFAULT_PLACE): fc.Arbitrary<NatRule> {
  return anyNatIn(natContextOf(place));
}
