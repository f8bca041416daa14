/** Translation rules compiled, one list for each side of the box. Read RFC 2663 and RFC 3022 first. */
import { family as familyOfIp } from '../../addr/ip.ts';
import { familyOf, type Prefix, parsePrefix } from '../../addr/prefix.ts';
import { type IpRange, intersection, prefixRange, rangeSet } from '../../addr/range.ts';
import { fail } from '../../base/fail.ts';
import type { NatRule } from '../../design/nat.ts';
import { parseTarget, type Target } from '../../design/target.ts';
import type { Groups } from '../group.ts';
import { remember } from '../memo.ts';
import type { NatProgram, Place, Sight, Translation } from '../program.ts';
import { isNamed } from './condition.ts';
import { BOTH, compileMatch, FOUR, type MatchTest, SIX } from './match.ts';
import { RuleSearch } from './search.ts';
import { ASKS } from './table.ts';
import { viewOf } from './view.ts';

type Side = 'source' | 'destination';

interface SideRule {
  readonly side: Side;
  readonly test: MatchTest;
  /** Undefined for a family that the rule leaves alone. */
  readonly translations: Readonly<Record<4 | 6, Translation | undefined>>;
  /** The address that is translated must lie in here, where it is given. */
  readonly within: Prefix | undefined;
}

export interface CompiledNat {
  readonly program: NatProgram;
  /** Sum of `FOUR` and `SIX`: the families that some rule translates. */
  readonly families: number;
  readonly asksFlags: boolean;
  /** The lists of both sides. */
  readonly lists: readonly RuleSearch[];
}

/** The rules of a node; compiled once for each `groups`. Undefined when none of them sets a translation here. */
export function compileNat(rules: readonly NatRule[], groups: Groups): CompiledNat | undefined {
  return compileOnce(rules, '', groups);
}

const compileOnce = remember(
  (rules: readonly NatRule[], _label: string, groups: Groups): CompiledNat | undefined => {
    const compiled = rules.flatMap((rule, i) => compileRule(rule, `nat.rules[${i}]`, groups));
    if (compiled.length === 0) return undefined;
    const sources = compiled.filter(({ side }) => side === 'source');
    const destinations = compiled.filter(({ side }) => side === 'destination');
    const lists = [searchIn(sources), searchIn(destinations)] as const;
    return {
      program: {
        source: firstOf(sources, 'out', lists[0]),
        destination: firstOf(destinations, 'in', lists[1]),
        pool: sources.flatMap(({ translations }) => [4, 6].flatMap((family) => poolOf(translations[family as 4 | 6]))),
        masquerades: (out) => masquerades(sources, out),
      },
      families: compiled.reduce((sum, { translations }) => sum | familiesOf(translations), 0),
      asksFlags: lists.some(({ asks }) => (asks & ASKS.flags) !== 0),
      lists,
    };
  },
  (a, b) => a === b,
);

function poolOf(translation: Translation | undefined): readonly IpRange[] {
  return translation?.kind === 'snat' ? translation.addresses : [];
}

function masquerades(rules: readonly SideRule[], out: string): 'named' | 'unnamed' | undefined {
  const outs = rules.flatMap(({ test, translations }) => {
    const { kind } = translations[4] ?? translations[6] ?? {};
    if (kind !== 'masquerade' || isNamed(test.fails?.outInterfaces ?? [], out)) return [];
    return [test.holds.outInterfaces];
  });
  if (outs.some((patterns) => patterns !== undefined && isNamed(patterns, out))) return 'named';
  return outs.includes(undefined) ? 'unnamed' : undefined;
}

function searchIn(rules: readonly SideRule[]): RuleSearch {
  return new RuleSearch(rules.length, (i) => testOf(rules[i] as SideRule));
}

/** The translation of the first rule that matches; none where the sight has not this interface. */
function firstOf(
  rules: readonly SideRule[],
  way: 'in' | 'out',
  search: RuleSearch,
): (sight: Sight) => Translation | undefined {
  return (sight) => {
    if (sight[way] === undefined) return undefined;
    const view = viewOf(sight);
    return rules[search.next(view, 0)]?.translations[view.family];
  };
}

/** The rule's match, kept to the addresses that it translates. */
function testOf({ side, test, translations, within }: SideRule): MatchTest {
  const families = test.families & familiesOf(translations);
  if (within === undefined) return { ...test, families };
  const range = [prefixRange(within)];
  const named = test.holds[side];
  return {
    ...test,
    families,
    holds: { ...test.holds, [side]: named === undefined ? range : intersection(named, range) },
  };
}

function familiesOf(translations: SideRule['translations']): number {
  return (translations[4] === undefined ? 0 : FOUR) | (translations[6] === undefined ? 0 : SIX);
}

/** The rule on each side where it acts. */
function compileRule(rule: NatRule, place: Place, groups: Groups): SideRule[] {
  const test = compileMatch(rule.match ?? ANYTHING, groups);
  const on = (side: Side, families: number, make: (family: 4 | 6) => Translation | undefined): SideRule[] => {
    const of = (family: 4 | 6, bit: number) => ((families & bit) === 0 ? undefined : make(family));
    return [{ side, test, translations: { 4: of(4, FOUR), 6: of(6, SIX) }, within: undefined }];
  };
  switch (rule.action) {
    case 'masquerade':
    case 'redirect': {
      const [target] = targetsOf(rule.to ?? []);
      const side = rule.action === 'masquerade' ? 'source' : 'destination';
      return on(side, naturalFamilies(rule, test, 0), () => ({
        kind: rule.action,
        place,
        ports: target?.ports,
        ...(rule.action === 'masquerade' ? insideOf(test) : {}),
      }));
    }
    case 'snat':
    case 'dnat': {
      const targets = targetsOf(rule.to);
      const side = rule.action === 'snat' ? 'source' : 'destination';
      const families = naturalFamilies(rule, test, familiesOfTargets(targets));
      return on(side, families, (family) => {
        const found = toTargets(rule.action, place, targets, family);
        return found?.kind === 'snat' ? { ...found, ...insideOf(test) } : found;
      });
    }
    case 'static':
    case 'netmap':
      return mapping(rule, test, place);
    case 'nat64':
    case 'nptv6':
      return [];
  }
}

const ANYTHING = {};

function insideOf({ holds }: MatchTest): { readonly inside?: readonly IpRange[] } {
  return holds.source === undefined ? {} : { inside: holds.source };
}

function targetsOf(texts: string | readonly string[]): readonly Target[] {
  const list = typeof texts === 'string' ? [texts] : texts;
  return list.map((text) => parseTarget(text) ?? fail(`"${text}" is not a target`));
}

function familiesOfTargets(targets: readonly Target[]): number {
  const families = targets.map(({ addresses }) => (addresses === undefined ? 0 : bitOf(familyOfIp(addresses.from))));
  return families.reduce((sum, family) => sum | family, 0);
}

function bitOf(family: 4 | 6): number {
  return family === 4 ? FOUR : SIX;
}

/** What the rule says, else what it translates to, else what it matches, else IPv4. */
function naturalFamilies({ family }: NatRule, test: MatchTest, ofTargets: number): number {
  if (family !== undefined) return { ipv4: FOUR, ipv6: SIX, both: BOTH }[family];
  if (ofTargets !== 0) return ofTargets;
  return test.addressed ? test.families : FOUR;
}

/** Targets that name addresses serve their own family only. */
function toTargets(
  kind: 'snat' | 'dnat',
  place: Place,
  targets: readonly Target[],
  family: 4 | 6,
): Translation | undefined {
  const fitting = targets.filter(({ addresses }) => addresses === undefined || familyOfIp(addresses.from) === family);
  if (fitting.length === 0) return undefined;
  const [first] = fitting;
  if (fitting.some(({ ports }) => ports?.from !== first?.ports?.from || ports?.to !== first?.ports?.to)) {
    return fail(`${place}: one pool has one range of ports`);
  }
  // neighbours are one range, as a kernel would be told
  const addresses = rangeSet(fitting.flatMap((target) => target.addresses ?? []));
  return { kind, place, addresses, ports: first?.ports };
}

/** One to one, both ways: what arrives for `outside` goes inside, what leaves from `inside` goes out as outside. */
function mapping(rule: Extract<NatRule, { inside: string }>, test: MatchTest, place: Place): SideRule[] {
  const inside = readPrefix(rule.inside);
  const outside = readPrefix(rule.outside);
  if (familyOf(inside) !== familyOf(outside) || inside.length !== outside.length) {
    return fail(`${place}: inside and outside are not of one size`);
  }
  const way = (which: Side, from: Prefix, to: Prefix): SideRule => {
    const translation: Translation = { kind: 'map', place, which, from, to };
    const four = familyOf(from) === 4;
    return {
      side: which,
      test,
      translations: { 4: four ? translation : undefined, 6: four ? undefined : translation },
      within: from,
    };
  };
  return [way('destination', outside, inside), way('source', inside, outside)];
}

function readPrefix(text: string): Prefix {
  return parsePrefix(text) ?? fail(`"${text}" is not a prefix`);
}
