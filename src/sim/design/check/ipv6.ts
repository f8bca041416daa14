/** Rules that translate between IPv6 and IPv4, and between prefixes of IPv6. Read RFC 6146 and RFC 6296 first. */
import { family, type Ip, parseIp } from '../../addr/ip.ts';
import { familyOf, overlaps, parsePrefix, showPrefix } from '../../addr/prefix.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import type { NatRule } from '../nat.ts';
import { checkEmbedding } from './embedding.ts';
import { familiesOf } from './match.ts';
import { issue, known, type Site } from './site.ts';

type Nat64 = Extract<NatRule, { action: 'nat64' }>;
type Nptv6 = Extract<NatRule, { action: 'nptv6' }>;

function addressOf(text: string): Ip {
  return known(parseIp(text));
}

export function checkNat64(site: Site, rule: Nat64, path: Path): Issue[] {
  const foreign = rule.pool.flatMap((text, i) => {
    if (family(addressOf(text)) === 4) return [];
    return [issue('family', [...path, 'pool', i], `${text} is IPv6; packets leave with IPv4 addresses`)];
  });
  const matched = familiesOf(site.design, rule.match);
  const idle = matched.size > 0 && !matched.has(6);
  return [
    ...checkEmbedding(known(parsePrefix(rule.prefix)), [...path, 'prefix']),
    ...foreign,
    ...(idle ? [issue('family', [...path, 'match'], 'no packet can match: it is for those that come from IPv6')] : []),
    ...checkFamilyField(rule, path),
  ];
}

/** An address serves one rule, so that what arrives there knows its prefix; a prefix serves the first rule that has it. */
export function checkPools(rules: readonly NatRule[], path: Path): Issue[] {
  const found = rules.flatMap((rule, i) => (rule.action === 'nat64' ? [{ rule, i }] : []));
  return found.flatMap(({ rule, i }, n) => {
    const before = found.slice(0, n);
    const pool = rule.pool.flatMap((text, at) => {
      const other = before.find((each) => each.rule.pool.some((own) => addressOf(own) === addressOf(text)));
      if (other === undefined) return [];
      return [issue('nat', [...path, i, 'pool', at], `${text} is in the pool of nat.rules[${other.i}] already`)];
    });
    const prefix = known(parsePrefix(rule.prefix));
    const same = before.find(
      (each) => each.rule.match === undefined && overlaps(known(parsePrefix(each.rule.prefix)), prefix),
    );
    if (same === undefined) return pool;
    return [...pool, issue('nat', [...path, i, 'prefix'], `${rule.prefix} is carried by nat.rules[${same.i}] already`)];
  });
}

const LONGEST = 64;

export function checkPrefixMap(rule: Nptv6, path: Path): Issue[] {
  const issues: Issue[] = [];
  const [inside, outside] = [known(parsePrefix(rule.inside)), known(parsePrefix(rule.outside))];
  for (const [field, prefix] of Object.entries({ inside, outside })) {
    const text = showPrefix(prefix);
    if (familyOf(prefix) === 4) issues.push(issue('family', [...path, field], `${text} is IPv4; nptv6 maps IPv6`));
    else if (prefix.length > LONGEST) {
      issues.push(issue('nat', [...path, field], `${text} is longer than /${LONGEST}, the longest that nptv6 maps`));
    }
  }
  if (inside.length !== outside.length) {
    issues.push(issue('nat', path, `${rule.inside} and ${rule.outside} do not hold equally many addresses`));
  } else if (overlaps(inside, outside)) {
    issues.push(issue('nat', path, `${rule.inside} is inside and outside at once`));
  }
  const { outInterface, ...others } = rule.match ?? {};
  for (const field of Object.keys(others)) {
    const hint = 'write "outInterface": the interface that leads outside';
    issues.push(issue('match', [...path, 'match', field], 'nptv6 sees addresses and interfaces only', hint));
  }
  return [...issues, ...checkFamilyField(rule, path)];
}

function checkFamilyField({ action, family: given }: NatRule, path: Path): Issue[] {
  if (given === undefined || given === 'ipv6') return [];
  return [issue('family', [...path, 'family'], `${action} is for packets of IPv6`)];
}
