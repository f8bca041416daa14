/** The address translation of one node. */
import { type Family, family } from '../../addr/ip.ts';
import { familyOf, overlaps, type Prefix, parsePrefix } from '../../addr/prefix.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import type { NatRule } from '../nat.ts';
import { parseTarget, type Target } from '../target.ts';
import { checkBehaviour } from './behaviour.ts';
import { checkNat64, checkPools, checkPrefixMap } from './ipv6.ts';
import { checkMatch, familiesOf, lacksPorts } from './match.ts';
import { below, issue, itemsOf, known, type Site } from './site.ts';

export function checkNat(site: Site): Issue[] {
  const { nat } = site.node;
  if (nat === undefined) return [];
  const path = [...site.path, 'nat'];
  const rules = nat.rules ?? [];
  return [
    ...checkBehaviour(nat, [...path, 'behaviour']),
    ...rules.flatMap((rule, i) => checkRule(site, rule, [...path, 'rules', i])),
    ...overlappingClaims(rules, [...path, 'rules']),
    ...checkPools(rules, [...path, 'rules']),
  ];
}

function checkRule(site: Site, rule: NatRule, path: Path): Issue[] {
  const match =
    rule.match === undefined ? [] : checkMatch(site, rule.match).map((found) => below([...path, 'match'], found));
  if (rule.action === 'nat64') return [...match, ...checkDirection(rule, path), ...checkNat64(site, rule, path)];
  if (rule.action === 'nptv6') return [...match, ...checkPrefixMap(rule, path)];
  return [
    ...match,
    ...checkDirection(rule, path),
    ...('inside' in rule ? checkMapping(rule, path) : checkTargets(rule, path)),
    ...checkFamily(site, rule, path),
  ];
}

/** What arrives has not been routed yet. */
function checkDirection(rule: NatRule, path: Path): Issue[] {
  if (rule.action !== 'dnat' && rule.action !== 'redirect' && rule.action !== 'nat64') return [];
  const message = `${rule.action} acts on packets that arrive, before they are routed to an interface`;
  return [
    ...(rule.match?.outInterface === undefined ? [] : [issue('match', [...path, 'match', 'outInterface'], message)]),
    ...(rule.match?.not?.outInterface === undefined
      ? []
      : [issue('match', [...path, 'match', 'not', 'outInterface'], message)]),
  ];
}

type Translating = Extract<NatRule, { to?: unknown }>;
type Mapping = Extract<NatRule, { inside: string }>;

function targetsOf(rule: Translating, path: Path): readonly { readonly target: Target; readonly path: Path }[] {
  return itemsOf(rule.to, [...path, 'to']).map(({ item, path: at }) => ({
    target: known(parseTarget(item)),
    path: at,
  }));
}

function checkTargets(rule: Translating, path: Path): Issue[] {
  const issues: Issue[] = [];
  const targets = targetsOf(rule, path);
  const [first] = targets;
  for (const { target, path: at } of targets) {
    if (target.addresses !== undefined && (rule.action === 'masquerade' || rule.action === 'redirect')) {
      const hint = rule.action === 'masquerade' ? 'use "snat"' : 'use "dnat"';
      issues.push(issue('nat', at, `${rule.action} finds the address itself and takes only ports`, hint));
    }
    if (target.ports !== undefined && lacksPorts(rule.match)) {
      const hint = 'match "protocol": "tcp" or "udp"';
      issues.push(issue('nat', at, 'no packet that the rule matches has a port to translate', hint));
    }
    if (samePorts(target, first?.target)) continue;
    issues.push(issue('nat', at, 'all targets of a rule must name the same ports'));
  }
  return issues;
}

function samePorts(a: Target, b: Target | undefined): boolean {
  return a.ports?.from === b?.ports?.from && a.ports?.to === b?.ports?.to;
}

function checkMapping(rule: Mapping, path: Path): Issue[] {
  const inside = known(parsePrefix(rule.inside));
  const outside = known(parsePrefix(rule.outside));
  if (familyOf(inside) !== familyOf(outside)) {
    return [
      issue('family', path, `${rule.inside} is IPv${familyOf(inside)}, but ${rule.outside} IPv${familyOf(outside)}`),
    ];
  }
  if (inside.length === outside.length) return [];
  return [issue('nat', path, `${rule.inside} and ${rule.outside} do not hold equally many addresses`)];
}

const FAMILIES = { ipv4: [4], ipv6: [6], both: [4, 6] } as const;

/** The families of the match, of the target and of the rule must have one in common. */
function checkFamily(site: Site, rule: NatRule, path: Path): Issue[] {
  const matched = familiesOf(site.design, rule.match);
  const targets = targetFamilies(rule, path);
  if (rule.family !== undefined) {
    const given: readonly Family[] = FAMILIES[rule.family];
    const idle = given.filter((each) => targets.size > 0 && !targets.has(each));
    if (idle.length > 0) {
      const message = `the rule cannot translate IPv${idle.join(' and IPv')}: it translates to IPv${[...targets].join()}`;
      return [issue('family', [...path, 'family'], message)];
    }
    if (matched.size === 0 || given.some((each) => matched.has(each))) return [];
    return [issue('family', [...path, 'family'], `no packet can match: the addresses are IPv${[...matched].join()}`)];
  }
  if (targets.size === 0 || matched.size === 0 || [...targets].some((each) => matched.has(each))) return [];
  const message = `the match is on IPv${[...matched].join()} but the rule translates to IPv${[...targets].join()}`;
  return [issue('family', path, message)];
}

function targetFamilies(rule: NatRule, path: Path): ReadonlySet<Family> {
  if ('inside' in rule) return new Set([familyOf(known(parsePrefix(rule.inside)))]);
  if (!('to' in rule)) return new Set();
  return new Set(
    targetsOf(rule, path).flatMap(({ target }) =>
      target.addresses === undefined ? [] : [family(target.addresses.from)],
    ),
  );
}

/**
 * Two mappings of one address: the second would never be asked, unless the first is an exception from it. Those with
 * matches of their own may part the work.
 */
function overlappingClaims(rules: readonly NatRule[], path: Path): Issue[] {
  const claims = rules.flatMap((rule, i) => {
    if (rule.action !== 'static' && rule.action !== 'netmap' && rule.action !== 'nptv6') return [];
    const match = rule.match === undefined ? undefined : JSON.stringify(rule.match);
    return [{ rule, i, match, outside: known(parsePrefix(rule.outside)), inside: known(parsePrefix(rule.inside)) }];
  });
  return claims.flatMap((mine, n) =>
    (['outside', 'inside'] as const).flatMap((side) => {
      const parted = (other: typeof mine) => other.match !== undefined && other.match !== mine.match;
      const other = claims.slice(0, n).find((each) => !parted(each) && covers(each[side], mine[side]));
      if (other === undefined) return [];
      const message = `${mine.rule[side]} is mapped already by nat.rules[${other.i}] (${other.rule[side]})`;
      return [issue('nat', [...path, mine.i, side], message)];
    }),
  );
}

function covers(wide: Prefix, narrow: Prefix): boolean {
  return wide.length <= narrow.length && overlaps(wide, narrow);
}
