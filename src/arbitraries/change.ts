/** Changes that fit a design: links and nodes that fail, and edits after which it is still valid. */
import fc from 'fast-check';
import { applyOperations, type Change, type ChangeItem, type Operation } from '../sim/design/change.ts';
import { check } from '../sim/design/check.ts';
import type { Design, Node } from '../sim/design/design.ts';
import type { Json } from '../sim/design/patch.ts';
import { linksOf } from '../sim/design/topology.ts';
import { ruleContextOf } from './place.ts';
import { anyRuleSeed, ruleOf } from './rule-seed.ts';

/** What may happen to the wiring: nothing, links that fail and come back, or nodes as well. */
export type EventKind = 'links' | 'all';

/** A link or node that goes down or comes up. */
export function anyEvent(design: Design, kind: EventKind = 'all'): fc.Arbitrary<ChangeItem> | undefined {
  const links = linksOf(design).map(({ ends }) => ends.map((end) => `${end.node}:${end.interface}`));
  const nodes = kind === 'all' ? Object.keys(design.nodes) : [];
  const items: ChangeItem[] = [
    ...links.flatMap((link): ChangeItem[] => [{ linkDown: link }, { linkUp: link }]),
    ...nodes.flatMap((node): ChangeItem[] => [{ nodeDown: node }, { nodeUp: node }]),
  ];
  return items.length === 0 ? undefined : fc.constantFrom(...items);
}

/** An edit of one of these nodes, of any by default; undefined when none of them is in the design. */
export function anyEdit(design: Design, only?: readonly string[]): fc.Arbitrary<Operation> | undefined {
  const names = Object.keys(design.nodes).filter((name) => only === undefined || only.includes(name));
  if (names.length === 0) return undefined;
  return fc
    .constantFrom(...names)
    .chain((name) => anyEditOf(design, name))
    .filter((operation) => holds(design, operation));
}

function holds(design: Design, operation: Operation): boolean {
  const after = applyOperations(design, [operation]);
  return !Array.isArray(after) && check(after as Design).length === 0;
}

function anyEditOf(design: Design, name: string): fc.Arbitrary<Operation> {
  const node = design.nodes[name] ?? { kind: 'host' };
  const at = `/nodes/${name}`;
  const small = smallEdits(node).map(
    (edit): Operation =>
      edit.op === 'move'
        ? { ...edit, from: `${at}${edit.from}`, path: `${at}${edit.path}` }
        : { ...edit, path: `${at}${edit.path}` },
  );
  const added = anyRuleSeed.map((seed): Operation => {
    const rule = ruleOf(seed, ruleContextOf({ design, node: name })) as unknown as Json;
    const fw = `${at}/firewall`;
    if (node.firewall === undefined) return { op: 'add', path: fw, value: { forward: { rules: [rule] } } };
    if (node.firewall.forward === undefined) {
      return { op: 'add', path: `${fw}/forward`, value: { rules: [rule] } };
    }
    if (node.firewall.forward.rules === undefined) return { op: 'add', path: `${fw}/forward/rules`, value: [rule] };
    return { op: 'add', path: `${fw}/forward/rules/0`, value: rule };
  });
  return small.length === 0
    ? added
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...small) }, { weight: 1, arbitrary: added });
}

/** One thing taken away, turned round or moved; paths are relative to the node. */
function smallEdits(node: Node): Operation[] {
  const edits: Operation[] = [];
  const remove = (path: string, items: readonly unknown[] | undefined): void => {
    for (const i of (items ?? []).keys()) edits.push({ op: 'remove', path: `${path}/${i}` });
  };
  for (const chain of ['input', 'forward', 'output'] as const) {
    const part = node.firewall?.[chain];
    if (part === undefined) continue;
    const at = `/firewall/${chain}`;
    remove(`${at}/rules`, part.rules);
    for (const [i, { action }] of (part.rules ?? []).entries()) {
      if (i > 0) edits.push({ op: 'move', from: `${at}/rules/${i}`, path: `${at}/rules/${i - 1}` });
      if (action === 'accept') edits.push({ op: 'replace', path: `${at}/rules/${i}/action`, value: 'drop' });
      if (action === 'drop') edits.push({ op: 'replace', path: `${at}/rules/${i}/action`, value: 'accept' });
    }
    edits.push({ op: 'add', path: `${at}/policy`, value: part.policy === 'drop' ? 'accept' : 'drop' });
  }
  remove('/nat/rules', node.nat?.rules);
  remove('/routes', node.routes);
  remove('/services', node.services);
  return edits;
}

/** Any change of a design: a link or node that fails, or an edit after which it is still valid. */
export function anyChange(design: Design): fc.Arbitrary<Change> {
  const wiring = anyEvent(design);
  const edit = anyEdit(design);
  const kinds = [...(wiring === undefined ? [] : [wiring]), ...(edit === undefined ? [] : [edit])];
  return fc.oneof<fc.Arbitrary<Change>[]>(...kinds, fc.constant<Change>([]));
}
