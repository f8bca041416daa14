/** Chains of filter rules: the first terminal rule that matches decides, and says on the way what it passed. */
import { fail } from '../../base/fail.ts';
import type { Firewall, Rule } from '../../design/rule.ts';
import type { Groups } from '../group.ts';
import { remember } from '../memo.ts';
import type { ChainProgram, Decision, NodeProgram, Place } from '../program.ts';
import { compileMatch } from './match.ts';
import { RuleSearch } from './search.ts';
import { type View, viewOf } from './view.ts';

/** How many jumps the kernel keeps on its stack; one more and the packet is gone (it loads no rules that would need it). */
export const JUMP_DEPTH = 16;

/** Rules in order, and the search that tells which of them match. */
interface RuleList {
  readonly rules: readonly CompiledRule[];
  readonly search: RuleSearch;
}

type Chains = ReadonlyMap<string, RuleList>;
type Passing = Decision['passed'][number];

type CompiledRule =
  | { readonly kind: 'end'; readonly decision: Decision }
  | { readonly kind: 'jump'; readonly passing: Passing; readonly chain: string; readonly tooDeep: Decision }
  | { readonly kind: 'return' | 'log' | 'notrack'; readonly passing: Passing };

const NOTHING_PASSED: readonly Passing[] = [];

/** The chains of a firewall; compiled once for each `groups`. A jump to a chain that is not there fails. */
export function compileFirewall(firewall: Firewall, groups: Groups): NodeProgram['firewall'] {
  return compileOnce(firewall, '', groups);
}

const compileOnce = remember(
  (firewall: Firewall, _label: string, groups: Groups): NodeProgram['firewall'] => {
    const written = Object.entries(firewall.chains ?? {});
    const around = { groups, names: new Set(written.map(([name]) => name)) };
    const chains = new Map(
      written.map(([name, rules]) => [name, compileRules(rules, `firewall.chains.${name}`, around)]),
    );
    const base = (name: 'raw' | 'input' | 'forward' | 'output') => {
      const { rules, policy = 'accept' } = firewall[name] ?? {};
      if (firewall[name] === undefined) return undefined;
      const list = compileRules(rules ?? [], `firewall.${name}.rules`, around);
      return chainOf(list, deciding(policy, `firewall.${name}.policy`), chains);
    };
    return { raw: base('raw'), input: base('input'), forward: base('forward'), output: base('output') };
  },
  (a, b) => a === b,
);

function chainOf(list: RuleList, policy: Decision, chains: Chains): ChainProgram {
  return {
    decide(sight) {
      const run = { view: viewOf(sight), chains, passed: [] };
      const decision = walk(list, run, 0) ?? policy;
      return run.passed.length === 0 ? decision : { ...decision, ...trailOf(run.passed) };
    },
  };
}

function trailOf(passed: readonly Passing[]): Pick<Decision, 'passed' | 'notrack'> {
  return { passed, notrack: passed.some(({ action }) => action === 'notrack') };
}

interface Run {
  readonly view: View;
  readonly chains: Chains;
  readonly passed: Passing[];
}

/** Goes through a list of rules; undefined when it came to the end or to a return. */
function walk(list: RuleList, run: Run, depth: number): Decision | undefined {
  const { rules, search } = list;
  for (let i = search.next(run.view, 0); i < rules.length; i = search.next(run.view, i + 1)) {
    const rule = rules[i] as CompiledRule;
    if (rule.kind === 'end') return rule.decision;
    if (rule.kind === 'jump' && depth === JUMP_DEPTH) return rule.tooDeep;
    run.passed.push(rule.passing);
    if (rule.kind === 'return') return undefined;
    if (rule.kind !== 'jump') continue;
    const decision = walk(run.chains.get(rule.chain) as RuleList, run, depth + 1);
    if (decision !== undefined) return decision;
  }
  return undefined;
}

interface Around {
  readonly groups: Groups;
  /** Of the chains that there are. */
  readonly names: ReadonlySet<string>;
}

function compileRules(rules: readonly Rule[], place: Place, around: Around): RuleList {
  return {
    rules: rules.map((rule, i) => compileRule(rule, `${place}[${i}]`, around)),
    search: new RuleSearch(rules.map((rule) => compileMatch(rule.match ?? ANYTHING, around.groups))),
  };
}

const ANYTHING = {};

function compileRule(rule: Rule, place: Place, { names }: Around): CompiledRule {
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
      if (!names.has(rule.chain)) fail(`${place} jumps to "${rule.chain}", which is not there`);
      return { kind: 'jump', passing: { place, action }, chain: rule.chain, tooDeep: deciding('drop', place, name) };
    }
    case 'return':
    case 'notrack':
      return { kind: action, passing: { place, action } };
    case 'log':
      return {
        kind: action,
        passing: { place, action, ...(rule.prefix === undefined ? {} : { prefix: rule.prefix }) },
      };
  }
}

function deciding(verdict: Decision['verdict'], place: Place, name?: string): Decision {
  return { verdict, place, ...(name === undefined ? {} : { name }), passed: NOTHING_PASSED, notrack: false };
}
