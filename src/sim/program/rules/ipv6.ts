/** The translators of IPv6: to IPv4 and back (RFC 6146), and of prefixes without state (RFC 6296). */
import { isIp6, parseIp } from '../../addr/ip.ts';
import { type Prefix, parsePrefix } from '../../addr/prefix.ts';
import type { IpRange } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import { type Behaviour, type BehaviourSpec, resolveBehaviour } from '../../design/behaviour.ts';
import type { NatRule } from '../../design/nat.ts';
import type { Groups } from '../group.ts';
import type { Nat64, PrefixMap } from '../program.ts';
import { compileMatch, type MatchTest, matches } from './match.ts';
import { viewOf } from './view.ts';

/** The rules that carry packets between the families, in order. */
export function compileNat64(
  rules: readonly NatRule[],
  groups: Groups,
  spec: BehaviourSpec | undefined,
): readonly Nat64[] {
  return rules.flatMap((rule, i): Nat64[] => {
    if (rule.action !== 'nat64') return [];
    const test = compileMatch(rule.match ?? ANYTHING, groups);
    return [
      {
        place: `nat.rules[${i}]`,
        prefix: readPrefix(rule.prefix),
        addresses: rule.pool.map(readAddress),
        subscribers: test.holds.source ?? [],
        behaviour: behaviourOf(spec),
        applies: (sight) => matches(test, viewOf(sight)),
      },
    ];
  });
}

/** RFC 6146 §3: as the node's NAT behaves, else as the RFC says; mappings depend on the inside endpoint alone. */
function behaviourOf(spec: BehaviourSpec | undefined): Behaviour {
  const whole = resolveBehaviour(spec) ?? resolveBehaviour({ refresh: 'both' }) ?? fail('no behaviour');
  const mapping = 'endpoint-independent';
  return { ...whole, mapping, tcp: { ...whole.tcp, mapping } };
}

/** The rules that swap prefixes, in order. */
export function compilePrefixMaps(rules: readonly NatRule[], groups: Groups): readonly PrefixMap[] {
  return rules.flatMap((rule, i): PrefixMap[] => {
    if (rule.action !== 'nptv6') return [];
    const test: MatchTest = compileMatch(rule.match ?? ANYTHING, groups);
    return [
      {
        place: `nat.rules[${i}]`,
        inside: readPrefix(rule.inside),
        outside: readPrefix(rule.outside),
        leavesBy: (packet, out) => isIp6(packet.src) && matches(test, viewOf({ ...UNTRACKED, packet, out })),
      },
    ];
  });
}

const ANYTHING = {};
const UNTRACKED = { in: undefined, state: undefined, snat: false, dnat: false } as const;

function readAddress(text: string): IpRange {
  const ip = parseIp(text) ?? fail(`"${text}" is no address`);
  return { from: ip, to: ip };
}

function readPrefix(text: string): Prefix {
  return parsePrefix(text) ?? fail(`"${text}" is not a prefix`);
}
