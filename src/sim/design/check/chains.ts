/** The firewall of one node: its rules, and the jumps between its chains. */
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { didYouMean } from '../../base/suggest.ts';
import { BASE_CHAINS, type BaseChain, type Firewall, type Rule } from '../rule.ts';
import { checkMatch, isTcpOnly } from './match.ts';
import { below, cyclesOf, issue, type Site, showCycle } from './site.ts';

/** How many user chains deep a packet can get: what the kernel allows below a base chain. */
const MAX_DEPTH = 15;
/** Chains whose packets have no outgoing, or no incoming interface. */
const NO_OUT: ReadonlySet<BaseChain> = new Set(['raw', 'input']);
const NO_IN: ReadonlySet<BaseChain> = new Set(['output']);

/** A list of rules with the base chains that it is reached from. */
interface Listed {
  readonly rules: readonly Rule[];
  readonly path: Path;
  readonly from: ReadonlySet<BaseChain>;
}

export function checkFirewall(site: Site): Issue[] {
  const { firewall } = site.node;
  if (firewall === undefined) return [];
  const path = [...site.path, 'firewall'];
  const reached = reachedFrom(firewall);
  const lists: Listed[] = [
    ...BASE_CHAINS.map((name) => ({
      rules: firewall[name]?.rules ?? [],
      path: [...path, name, 'rules'],
      from: new Set([name]),
    })),
    ...Object.entries(firewall.chains ?? {}).map(([name, rules]) => ({
      rules,
      path: [...path, 'chains', name],
      from: reached.get(name) ?? new Set<BaseChain>(),
    })),
  ];
  return [
    ...lists.flatMap((list) => checkList(site, list)),
    ...checkChainNames(firewall, path),
    ...checkJumps(firewall, path),
  ];
}

/** The checks of a rule give paths that begin at it: of ten thousand rules few have any. */
function checkList(site: Site, { rules, path, from }: Listed): Issue[] {
  const issues: Issue[] = [];
  const idle = idleFields(from);
  const tracked = [...from].filter((chain) => chain !== 'raw');
  for (const [i, rule] of rules.entries()) {
    for (const found of checkRule(site, rule, idle)) issues.push(below([...path, i], found));
    if (rule.action === 'notrack' && tracked.length > 0) {
      const message = `notrack is for "raw" only: in ${tracked.join(' and ')} the packet is tracked already`;
      issues.push(issue('chain', [...path, i, 'action'], message));
    }
    if (rule.action === 'jump') issues.push(...checkJump(site, rule.chain, [...path, i, 'chain']));
  }
  return issues;
}

/** A field that the packets of a list do not have, and why. */
interface Idle {
  readonly field: 'inInterface' | 'outInterface';
  readonly message: string;
}

function idleFields(from: ReadonlySet<BaseChain>): readonly Idle[] {
  const idle: Idle[] = [];
  for (const [field, without, word] of [
    ['outInterface', NO_OUT, 'left'],
    ['inInterface', NO_IN, 'come in'],
  ] as const) {
    if (from.size === 0 || [...from].some((chain) => !without.has(chain))) continue;
    idle.push({ field, message: `packets in ${[...from].join(' and ')} have not ${word} by any interface` });
  }
  return idle;
}

function checkRule(site: Site, rule: Rule, idle: readonly Idle[]): Issue[] {
  const { match } = rule;
  const issues: Issue[] = [];
  if (match !== undefined) {
    for (const found of checkMatch(site, match)) issues.push(below(['match'], found));
    for (const { field, message } of idle) {
      if (match[field] !== undefined) issues.push(issue('match', ['match', field], message));
      if (match.not?.[field] !== undefined) issues.push(issue('match', ['match', 'not', field], message));
    }
  }
  if (rule.action === 'reject' && rule.with === 'tcp-reset' && !isTcpOnly(match)) {
    issues.push(issue('match', ['with'], 'tcp-reset needs a match on "protocol": "tcp"'));
  }
  return issues;
}

function checkJump(site: Site, chain: string, path: Path): Issue[] {
  const chains = Object.keys(site.node.firewall?.chains ?? {});
  if (chains.includes(chain)) return [];
  if (BASE_CHAINS.some((name) => name === chain)) {
    return [issue('chain', path, `"${chain}" is a base chain, which no rule can jump to`)];
  }
  return [issue('unknown-name', path, `there is no chain "${chain}" in "chains"`, didYouMean(chain, chains))];
}

function checkChainNames(firewall: Firewall, path: Path): Issue[] {
  return Object.keys(firewall.chains ?? {})
    .filter((name) => BASE_CHAINS.some((base) => base === name))
    .map((name) => issue('duplicate', [...path, 'chains', name], `"${name}" is the name of a base chain`));
}

function checkJumps(firewall: Firewall, path: Path): Issue[] {
  const chains = new Map(Object.entries(firewall.chains ?? {}));
  const next = (name: string): string[] => jumpsOf(chains.get(name) ?? []).filter((chain) => chains.has(chain));
  const cycles = cyclesOf(chains.keys(), next);
  if (cycles.length > 0) {
    return cycles.map((cycle) =>
      issue('cycle', [...path, 'chains', cycle[0] ?? ''], `the jumps go round: ${showCycle(cycle)}`),
    );
  }
  return BASE_CHAINS.flatMap((base) => {
    const depth = depthBelow(jumpsOf(firewall[base]?.rules ?? []), next);
    if (depth <= MAX_DEPTH) return [];
    return [issue('chain', [...path, base], `jumps go ${depth} chains deep; the kernel allows ${MAX_DEPTH}`)];
  });
}

function jumpsOf(rules: readonly Rule[]): string[] {
  const chains = new Set<string>();
  for (const rule of rules) if (rule.action === 'jump') chains.add(rule.chain);
  return [...chains];
}

/** The longest way down, level by level; the jumps must not go round. */
function depthBelow(start: readonly string[], next: (name: string) => readonly string[]): number {
  let depth = 0;
  for (let level = new Set(start); level.size > 0; level = new Set([...level].flatMap(next))) depth += 1;
  return depth;
}

/** The base chains from which each user chain is reached. */
function reachedFrom(firewall: Firewall): ReadonlyMap<string, ReadonlySet<BaseChain>> {
  const chains = new Map(Object.entries(firewall.chains ?? {}));
  const reached = new Map<string, Set<BaseChain>>();
  for (const base of BASE_CHAINS) {
    const left = jumpsOf(firewall[base]?.rules ?? []);
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const from = reached.get(name) ?? new Set();
      if (from.has(base)) continue;
      reached.set(name, from.add(base));
      for (const following of jumpsOf(chains.get(name) ?? [])) left.push(following);
    }
  }
  return reached;
}
