/** Chains of filter rules: the first terminal rule that matches decides, and says on the way what it passed. */
import { fail, unreachable } from '../base/fail.ts';
import type { Chain, Firewall, Rule } from '../design/rule.ts';
import type { Groups } from './group.ts';
import { compileMatch, type MatchTest, matches } from './match.ts';
import { remember } from './memo.ts';
import type { ChainProgram, Decision, NodeProgram, Place } from './program.ts';
import { type View, viewOf } from './view.ts';

/** How many jumps the kernel keeps on its stack; one more and the packet is gone (it loads no rules that would need it). */
export const JUMP_DEPTH = 16;

/** Finds rules in a list. A list that is long enough to deserve it may have a faster one than going through. */
interface Classifier {
  /** The first rule from this index on that matches, or the number of rules. */
  next(view: View, from: number): number;
}

interface RuleList {
  rules: readonly CompiledRule[];
  classifier: Classifier;
}

type Passing = Decision['passed'][number];

type CompiledRule =
  | { readonly kind: 'end'; readonly decision: Decision }
  | { readonly kind: 'jump'; readonly passing: Passing; readonly to: RuleList; readonly tooDeep: Decision }
  | { readonly kind: 'return' | 'log' | 'notrack'; readonly passing: Passing };

const NOTHING_PASSED: readonly Passing[] = [];
const EMPTY: RuleList = { rules: [], classifier: { next: () => 0 } };

/** The chains of a firewall; compiled once for each `groups`. A jump to a chain that is not there fails. */
export function compileFirewall(firewall: Firewall, groups: Groups): NodeProgram['firewall'] {
  return compileOnce(firewall, '', groups);
}

const compileOnce = remember(
  (firewall: Firewall, _label: string, groups: Groups): NodeProgram['firewall'] => {
    const chains = compileChains(firewall.chains, groups);
    const base = (name: 'raw' | 'input' | 'forward' | 'output') => {
      const chain = firewall[name];
      return chain && compileBase(chain, `firewall.${name}`, { groups, chains });
    };
    return { raw: base('raw'), input: base('input'), forward: base('forward'), output: base('output') };
  },
  (a, b) => a === b,
);

interface Surrounding {
  readonly groups: Groups;
  readonly chains: ReadonlyMap<string, RuleList>;
}

/** Every chain is there, still empty, before any is filled: chains name each other in any order. */
function compileChains(written: Firewall['chains'], groups: Groups): ReadonlyMap<string, RuleList> {
  const named = Object.entries(written ?? {});
  const chains = new Map(named.map(([name]): [string, RuleList] => [name, { ...EMPTY }]));
  for (const [name, rules] of named) {
    Object.assign(chains.get(name) ?? fail(name), compileRules(rules, `firewall.chains.${name}`, { groups, chains }));
  }
  return chains;
}

function compileBase(chain: Chain, place: Place, around: Surrounding): ChainProgram {
  const list = compileRules(chain.rules ?? [], `${place}.rules`, around);
  const policy = deciding(chain.policy ?? 'accept', `${place}.policy`);
  return {
    decide(sight) {
      const passed: Passing[] = [];
      const decision = walk(list, viewOf(sight), passed) ?? policy;
      if (passed.length === 0) return decision;
      return { ...decision, passed, notrack: passed.some(({ action }) => action === 'notrack') };
    },
  };
}

/** Goes through a list of rules; undefined when it came to the end or to a return. */
function walk(list: RuleList, view: View, passed: Passing[], depth = 0): Decision | undefined {
  for (let i = list.classifier.next(view, 0); i < list.rules.length; i = list.classifier.next(view, i + 1)) {
    const rule = list.rules[i] as CompiledRule;
    if (rule.kind === 'end') return rule.decision;
    if (rule.kind === 'jump' && depth === JUMP_DEPTH) return rule.tooDeep;
    passed.push(rule.passing);
    if (rule.kind === 'return') return undefined;
    const decision = rule.kind === 'jump' ? walk(rule.to, view, passed, depth + 1) : undefined;
    if (decision !== undefined) return decision;
  }
  return undefined;
}

function compileRules(rules: readonly Rule[], place: Place, around: Surrounding): RuleList {
  const tests = rules.map((rule) => compileMatch(rule.match ?? ANYTHING, around.groups));
  return {
    rules: rules.map((rule, i) => compileRule(rule, `${place}[${i}]`, around.chains)),
    classifier: goThrough(tests),
  };
}

const ANYTHING = {};

function goThrough(tests: readonly MatchTest[]): Classifier {
  return {
    next(view, from) {
      let i = from;
      while (i < tests.length && !matches(tests[i] as MatchTest, view)) i += 1;
      return i;
    },
  };
}

function compileRule(rule: Rule, place: Place, chains: ReadonlyMap<string, RuleList>): CompiledRule {
  const { action, name } = rule;
  switch (action) {
    case 'accept':
    case 'drop':
      return { kind: 'end', decision: deciding(action, place, name) };
    case 'reject':
      return {
        kind: 'end',
        decision: { ...deciding(action, place, name), with: rule.with ?? 'icmp-port-unreachable' },
      };
    case 'jump': {
      const to = chains.get(rule.chain) ?? fail(`${place} jumps to "${rule.chain}", which is not there`);
      return { kind: 'jump', passing: { place, action }, to, tooDeep: deciding('drop', place, name) };
    }
    case 'return':
    case 'notrack':
      return { kind: action, passing: { place, action } };
    case 'log':
      return {
        kind: action,
        passing: { place, action, ...(rule.prefix === undefined ? {} : { prefix: rule.prefix }) },
      };
    default:
      return unreachable(action);
  }
}

function deciding(verdict: Decision['verdict'], place: Place, name?: string): Decision {
  return { verdict, place, ...(name === undefined ? {} : { name }), passed: NOTHING_PASSED, notrack: false };
}
