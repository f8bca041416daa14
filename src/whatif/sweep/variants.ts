/** What a sweep tries: a list of named changes of one design, the same for everyone who asks the same. */
import type { Issue } from '../../sim/base/fail.ts';
import { type Change, type ChangeItem, changeItems } from '../../sim/design/change.ts';
import type { Design, Node } from '../../sim/design/design.ts';
import { showPointer } from '../../sim/design/pointer.ts';
import { endsOf } from '../../sim/design/topology.ts';
import { parseSetting, type Setting } from './setting.ts';

/** One what-if. */
export interface Variant {
  /** Unique in its sweep, and readable: `link home:wan - isp:cust`, `fw firewall.forward.rules[2]`. */
  readonly id: string;
  /** `failures`: two fail together. */
  readonly kind: 'failure' | 'failures' | 'rule' | 'setting' | 'change';
  readonly change: Change;
}

/** Which families of what-ifs are wanted. */
export interface Wanted {
  /** Links and nodes that fail together: 0 for none, 1 for each alone, 2 for each pair too. */
  readonly failures: 0 | 1 | 2;
  /** Each filter and translation rule taken away in turn. */
  readonly rules: boolean;
  /** Every combination of these values. */
  readonly settings: readonly Setting[];
  /** Changes of the user's own, by name. */
  readonly changes: ReadonlyMap<string, Change>;
}

/** Every what-if that is wanted of a checked design, in a fixed order. */
export function variantsOf(design: Design, { failures, rules, settings, changes }: Wanted): readonly Variant[] {
  const single = failures === 0 ? [] : failuresOf(design);
  return [
    ...single,
    ...(failures === 2 ? pairsOf(single) : []),
    ...(rules ? rulesOf(design) : []),
    ...(settings.length === 0 ? [] : combinationsOf(design, settings)),
    ...[...changes].map(([id, change]) => ({ id, kind: 'change' as const, change })),
  ];
}

/** Each link and each node, down. */
function failuresOf(design: Design): Variant[] {
  const links = (design.links ?? []).map((spec): Variant => {
    const ends = endsOf(spec);
    const name = 'between' in spec ? spec.name : undefined;
    return { id: `link ${name ?? ends.join(' - ')}`, kind: 'failure', change: { linkDown: name ?? ends } };
  });
  const nodes = Object.keys(design.nodes).map(
    (name): Variant => ({ id: `node ${name}`, kind: 'failure', change: { nodeDown: name } }),
  );
  return [...links, ...nodes];
}

function pairsOf(single: readonly Variant[]): Variant[] {
  return single.flatMap((a, i) =>
    single.slice(i + 1).map(
      (b): Variant => ({
        id: `${a.id} + ${b.id}`,
        kind: 'failures',
        change: [...changeItems(a.change), ...changeItems(b.change)],
      }),
    ),
  );
}

/** Each rule of each node, removed. */
function rulesOf(design: Design): Variant[] {
  return Object.entries(design.nodes).flatMap(([name, node]) =>
    rulePaths(node).map((path): Variant => {
      const change: ChangeItem = { op: 'remove', path: showPointer(['nodes', name, ...path]) };
      return { id: `${name} ${showPlace(path)}`, kind: 'rule', change };
    }),
  );
}

type RulePath = readonly (string | number)[];

function rulePaths({ firewall, nat }: Node): RulePath[] {
  const under = (rules: readonly unknown[] | undefined, ...path: string[]): RulePath[] =>
    (rules ?? []).map((_, i) => [...path, i]);
  return [
    ...(['raw', 'input', 'forward', 'output'] as const).flatMap((chain) =>
      under(firewall?.[chain]?.rules, 'firewall', chain, 'rules'),
    ),
    ...Object.entries(firewall?.chains ?? {}).flatMap(([chain, rules]) => under(rules, 'firewall', 'chains', chain)),
    ...under(nat?.rules, 'nat', 'rules'),
  ];
}

function showPlace(path: RulePath): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1);
}

/** Every combination of values of the settings. */
function combinationsOf(design: Design, settings: readonly Setting[]): Variant[] {
  const all = settings.reduce<readonly Chosen[][]>(
    (combinations, setting) =>
      combinations.flatMap((chosen) => setting.values.map((value) => [...chosen, { setting, value }])),
    [[]],
  );
  return all.map((chosen) => ({
    id: chosen.map(({ setting, value }) => `${setting.text}=${value.text}`).join(', '),
    kind: 'setting',
    change: chosen.map(({ setting, value }) => setting.operation(design, value.json)),
  }));
}

interface Chosen {
  readonly setting: Setting;
  readonly value: Setting['values'][number];
}

/** Reads `nodes.gw.nat.behaviour=linux,symmetric`, one setting a text; issues point into the list. */
export function parseSettings(
  texts: readonly string[],
  design: Design,
): { readonly settings: readonly Setting[] } | { readonly issues: readonly Issue[] } {
  const read = texts.map((text) => parseSetting(text, design));
  const issues = read.flatMap((each, i) => ('message' in each ? [{ ...each, path: ['set', i] }] : []));
  return issues.length > 0 ? { issues } : { settings: read.flatMap((each) => ('message' in each ? [] : [each])) };
}
