/** Chains of filter rules: the first terminal rule that matches decides, and says on the way what it passed. */
import { fail } from '../../base/fail.ts';
import type { Firewall, Rule } from '../../design/rule.ts';
import type { Groups } from '../group.ts';
import { remember } from '../memo.ts';
import type { ChainProgram, Decision, NodeProgram, Place, Sight } from '../program.ts';
import { compileMatch } from './match.ts';
import { RuleSearch } from './search.ts';
import { ASKS } from './table.ts';
import { type View, viewOf } from './view.ts';

/** How many jumps the kernel keeps on its stack; one more and the packet is gone (it loads no rules that would need it). */
export const JUMP_DEPTH = 16;

type Chains = ReadonlyMap<string, RuleList>;
type Passing = Decision['passed'][number];

/** What a rule does that lets packets go on. */
type Step =
  | { readonly kind: 'jump'; readonly passing: Passing; readonly chain: string; readonly tooDeep: Decision }
  | { readonly kind: 'return' | 'log' | 'notrack'; readonly passing: Passing };

const NO_RULES: readonly Rule[] = [];
const NOTHING_PASSED: readonly Passing[] = [];
const ANYTHING = {};

export interface CompiledFirewall {
  readonly chains: NodeProgram['firewall'];
  /** Whether some rule asks for TCP flags. */
  readonly asksFlags: boolean;
  /** Whether some rule asks for the state of a connection. */
  readonly asksStates: boolean;
  /** All lists of rules. */
  readonly lists: readonly RuleSearch[];
}

/** The chains of a firewall; compiled once for each `groups`. A jump to a chain that is not there fails. */
export function compileFirewall(firewall: Firewall, groups: Groups): CompiledFirewall {
  return compileOnce(firewall, '', groups);
}

const compileOnce = remember(
  (firewall: Firewall, _label: string, groups: Groups): CompiledFirewall => {
    const written = Object.entries(firewall.chains ?? {});
    const chains = new Map(
      written.map(([name, rules]) => [name, listRules(rules, `firewall.chains.${name}`, groups)] as const),
    );
    const lists = [...chains.values()].map(({ search }) => search);
    const base = (name: 'raw' | 'input' | 'forward' | 'output') => {
      const { rules = NO_RULES, policy = 'accept' } = firewall[name] ?? {};
      if (firewall[name] === undefined) return undefined;
      const list = listRules(rules, `firewall.${name}.rules`, groups);
      lists.push(list.search);
      return new Chain(list, deciding(policy, `firewall.${name}.policy`), chains);
    };
    for (const list of chains.values()) list.expectChains(chains);
    const based = { raw: base('raw'), input: base('input'), forward: base('forward'), output: base('output') };
    const asks = lists.reduce((sum, list) => sum | list.asks, 0);
    return {
      chains: based,
      asksFlags: (asks & ASKS.flags) !== 0,
      asksStates: (asks & ASKS.states) !== 0,
      lists,
    };
  },
  (a, b) => a === b,
);

/** Rules in order, and the search that tells which of them match. What they say is made when they first do. */
class RuleList {
  readonly search: RuleSearch;
  readonly #rules: readonly Rule[];
  readonly #place: Place;
  readonly #decisions: (Decision | undefined)[];
  readonly #steps = new Map<number, Step>();

  constructor(rules: readonly Rule[], place: Place, groups: Groups) {
    this.#rules = rules;
    this.#place = place;
    this.#decisions = new Array<undefined>(rules.length).fill(undefined);
    this.search = new RuleSearch(rules.length, (i) => compileMatch(rules[i]?.match ?? ANYTHING, groups));
  }

  /** What a rule decides; undefined when packets go on from it. */
  decisionOf(i: number): Decision | undefined {
    return this.#decisions[i] ?? (this.#steps.has(i) ? undefined : this.#decide(i));
  }

  /** What a rule does that was asked for its decision, and has none. */
  stepOf(i: number): Step {
    return this.#steps.get(i) as Step;
  }

  #decide(i: number): Decision | undefined {
    const made = outcomeOf(this.#rules[i] as Rule, `${this.#place}[${i}]`);
    if ('kind' in made) {
      this.#steps.set(i, made);
      return undefined;
    }
    this.#decisions[i] = made;
    return made;
  }

  expectChains(chains: Chains): void {
    for (const [i, rule] of this.#rules.entries()) {
      if (rule.action !== 'jump' || chains.has(rule.chain)) continue;
      fail(`${this.#place}[${i}] jumps to "${rule.chain}", which is not there`);
    }
  }
}

const listRules = remember(
  (rules: readonly Rule[], place: Place, groups: Groups) => new RuleList(rules, place, groups),
  (a, b) => a === b,
);

class Chain implements ChainProgram {
  readonly #list: RuleList;
  readonly #policy: Decision;
  readonly #chains: Chains;
  /** Of the packet that is being decided. */
  readonly #passed: Passing[] = [];

  constructor(list: RuleList, policy: Decision, chains: Chains) {
    list.expectChains(chains);
    this.#list = list;
    this.#policy = policy;
    this.#chains = chains;
  }

  decide(sight: Sight): Decision {
    if (this.#passed.length > 0) this.#passed.length = 0;
    const decision = this.#walk(this.#list, viewOf(sight), 0) ?? this.#policy;
    if (this.#passed.length === 0) return decision;
    const passed = this.#passed.slice();
    return { ...decision, passed, notrack: passed.some(({ action }) => action === 'notrack') };
  }

  /** Goes through a list of rules; undefined when it came to the end or to a return. */
  #walk(list: RuleList, view: View, depth: number): Decision | undefined {
    const { search } = list;
    for (let i = search.next(view, 0); i < search.count; i = search.next(view, i + 1)) {
      const decided = list.decisionOf(i);
      if (decided !== undefined) return decided;
      const step = list.stepOf(i);
      if (step.kind === 'jump' && depth === JUMP_DEPTH) return step.tooDeep;
      this.#passed.push(step.passing);
      if (step.kind === 'return') return undefined;
      if (step.kind !== 'jump') continue;
      const decision = this.#walk(this.#chains.get(step.chain) as RuleList, view, depth + 1);
      if (decision !== undefined) return decision;
    }
    return undefined;
  }
}

function outcomeOf(rule: Rule, place: Place): Decision | Step {
  const { action, name } = rule;
  switch (action) {
    case 'accept':
    case 'drop':
      return deciding(action, place, name);
    case 'reject':
      return { ...deciding(action, place, name), with: rule.with ?? 'icmp-port-unreachable' };
    case 'jump':
      return { kind: 'jump', passing: { place, action }, chain: rule.chain, tooDeep: deciding('drop', place, name) };
    case 'return':
    case 'notrack':
      return { kind: action, passing: { place, action } };
    case 'log': {
      const { prefix } = rule;
      return { kind: action, passing: { place, action, ...(prefix === undefined ? {} : { prefix }) } };
    }
  }
}

function deciding(verdict: Decision['verdict'], place: Place, name?: string): Decision {
  return { verdict, place, ...(name === undefined ? {} : { name }), passed: NOTHING_PASSED, notrack: false };
}
