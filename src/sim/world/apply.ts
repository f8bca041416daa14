/** Changes to a running world: the design is edited, what was touched is compiled again, tables stay. */
import { fail, type Issue } from '../base/fail.ts';
import {
  applyOperations,
  type Change,
  type ChangeItem,
  changeItems,
  type Operation,
  showChangeItem,
} from '../design/change.ts';
import { check } from '../design/check.ts';
import type { Design } from '../design/design.ts';
import { findLink, type Link, type LinkEnd, linksOf } from '../design/topology.ts';
import { spread } from './loop.ts';
import { hasServices, syncServices } from './services.ts';
import { isUp, jointsOf, learn, nodeOf, refresh, type State } from './state.ts';

/**
 * Carries out a change, all of it or nothing. Issues point into the change: `[2, "path"]`; a change whose result is no
 * valid design is refused with the issues of that design.
 */
export function apply(state: State, change: Change): readonly Issue[] {
  const items = changeItems(change);
  const edited = edit(state.design, items);
  if (Array.isArray(edited)) return edited;
  const design = edited as Design;
  const issues = [
    ...(design === state.design ? [] : check(design)),
    ...items.flatMap((item, i) => unknownNames(design, item, i)),
  ];
  if (issues.length > 0) return issues;
  // what was learned holds until the whole change is in place
  state.learned ??= learn(state);
  if (design !== state.design) adopt(state, design);
  for (const item of items) rewire(state, item);
  const changed = refresh(state);
  for (const name of state.order) {
    const isNew = state.nodes.see(name) === undefined && hasServices(design, name);
    if (isNew || changed.has(name)) syncServices(state, nodeOf(state, name));
  }
  state.recorder.log(state.now, { kind: 'design', text: items.map(showChangeItem).join('; ') });
  return [];
}

function edit(design: Design, items: readonly ChangeItem[]): Design | readonly Issue[] {
  const operations: Operation[] = [];
  const places: number[] = [];
  items.forEach((item, i) => {
    if (!('op' in item)) return;
    operations.push(item);
    places.push(i);
  });
  if (operations.length === 0) return design;
  const after = applyOperations(design, operations);
  if (!Array.isArray(after)) return after;
  return after.map((issue) => ({ ...issue, path: [places[Number(issue.path[0])] ?? 0, ...issue.path.slice(1)] }));
}

function unknownNames(design: Design, item: ChangeItem, at: number): Issue[] {
  const node = 'nodeDown' in item ? item.nodeDown : 'nodeUp' in item ? item.nodeUp : undefined;
  if (node !== undefined && !Object.hasOwn(design.nodes, node)) {
    return [
      {
        code: 'unknown',
        path: [at, 'nodeDown' in item ? 'nodeDown' : 'nodeUp'],
        message: `no node is named "${node}"`,
      },
    ];
  }
  const link = 'linkDown' in item ? item.linkDown : 'linkUp' in item ? item.linkUp : undefined;
  if (link !== undefined && findLink(design, link) === undefined) {
    const shown = typeof link === 'string' ? link : link.join(' - ');
    return [
      { code: 'unknown', path: [at, 'linkDown' in item ? 'linkDown' : 'linkUp'], message: `no link is "${shown}"` },
    ];
  }
  return [];
}

/** Takes over an edited design: nodes that are new start empty, those that are gone fall silent. */
function adopt(state: State, design: Design): void {
  state.design = design;
  const before = state.links;
  state.links = linksOf(design);
  state.joints = jointsOf(state.links);
  rehang(state, before);
  const known = new Set(state.order);
  const added = Object.keys(design.nodes).filter((name) => !known.has(name));
  state.order = [...state.order.filter((name) => Object.hasOwn(design.nodes, name)), ...added];
  state.nodes.rekey((name) => (Object.hasOwn(design.nodes, name) ? name : undefined));
}

/** Wires stay with their links, which may have moved in the list. */
function rehang(state: State, before: readonly Link[]): void {
  const places = new Map(state.links.map((link) => [describe(link), link.index]));
  state.wires.rekey((index) => {
    const link = before[index];
    return link === undefined ? undefined : places.get(describe(link));
  });
}

/** Everything about a link but its place in the list: one that only moved is the same wire. */
function describe({ index: _, ...link }: Link): string {
  return JSON.stringify(link);
}

function rewire(state: State, item: ChangeItem): void {
  if ('op' in item) return;
  const before = carriers(state);
  if ('linkDown' in item || 'linkUp' in item) {
    const which = 'linkUp' in item ? item.linkUp : item.linkDown;
    const link = findLink(state.design, which) ?? fail('a checked link is gone');
    state.cut.set(link.name, 'linkUp' in item);
  } else {
    const node = nodeOf(state, 'nodeUp' in item ? item.nodeUp : item.nodeDown);
    node.up = 'nodeUp' in item;
    // a box that is switched off remembers nothing
    if (!node.up) node.router.conntrack.flush(state.now);
  }
  for (const [i, { end, up }] of carriers(state).entries()) {
    if (before[i]?.up === up) continue;
    const node = nodeOf(state, end.node);
    node.neighbours.forget(end.interface);
    spread(state, node, node.host.linkChanged(end.interface, up, state.now));
  }
}

/** Whether each end of each link hears a carrier: a cable needs both of its ends, a shared segment goes on without one. */
function carriers(state: State): readonly { readonly end: LinkEnd; readonly up: boolean }[] {
  return state.links.flatMap((link) =>
    link.ends.map((end) => {
      const needed = link.ends.length > 2 ? [end] : link.ends;
      return { end, up: isUp(state, link) && needed.every(({ node }) => state.nodes.see(node)?.up ?? true) };
    }),
  );
}
