/** What the shape of a scenario cannot say: nodes that are not there, ports that are missing, changes that do not apply. */
import type { Issue } from '../../sim/base/fail.ts';
import type { Path } from '../../sim/base/path.ts';
import { didYouMean } from '../../sim/base/suggest.ts';
import { applyOperations, blame, type Change, type ChangeItem, changeItems } from '../../sim/design/change.ts';
import { explainEnd, unknownNode } from '../../sim/design/check/wiring.ts';
import { check } from '../../sim/design/check.ts';
import type { Design } from '../../sim/design/design.ts';
import { findLink, nodeNamed, resolveEnd } from '../../sim/design/topology.ts';
import type { Scenario } from '../schema.ts';
import { checkStep } from './step.ts';

/**
 * Everything wrong with a scenario on a design that is fine itself; paths are relative to the scenario. Each step meets
 * the design as the changes before it leave it; after a change that fails, nothing more is said.
 */
export function checkScenario(scenario: Scenario, design: Design): Issue[] {
  let current = design;
  const issues: Issue[] = [];
  const change = (wanted: Change, path: Path): boolean => {
    const after = checkChange(wanted, current);
    if (Array.isArray(after)) {
      for (const issue of after) issues.push({ ...issue, path: [...path, ...issue.path] });
      return false;
    }
    current = after;
    return true;
  };
  if (scenario.change !== undefined && !change(scenario.change, ['change'])) return issues;
  for (const [i, step] of scenario.steps.entries()) {
    if ('change' in step) {
      if (!change(step.change, ['steps', i, 'change'])) break;
    } else {
      for (const issue of checkStep(step, current)) issues.push({ ...issue, path: ['steps', i, ...issue.path] });
    }
  }
  return issues;
}

/** The design after a change, or why there is none: all its operations apply first, then links and nodes are looked up. */
export function checkChange(change: Change, design: Design): Design | Issue[] {
  const items = changeItems(change);
  const place = (i: number): Path => (Array.isArray(change) ? [i] : []);
  const edits = items.flatMap((item, i) => ('op' in item ? [{ operation: item, i }] : []));
  const operations = edits.map(({ operation }) => operation);
  const moved = (issue: Issue): Issue => {
    const [at, ...rest] = issue.path;
    return { ...issue, path: [...place(edits[Number(at)]?.i ?? 0), ...rest] };
  };
  const after = operations.length === 0 ? design : applyOperations(design, operations);
  if (Array.isArray(after)) return after.map(moved);
  const issues = [
    ...(after === design ? [] : check(after)).map((issue) => moved(blame(operations, issue))),
    ...items.flatMap((item, i) => checkNames(item, after, place(i))),
  ];
  return issues.length > 0 ? issues : after;
}

function checkNames(item: ChangeItem, design: Design, path: Path): Issue[] {
  if ('linkDown' in item) return checkLink(item.linkDown, design, [...path, 'linkDown']);
  if ('linkUp' in item) return checkLink(item.linkUp, design, [...path, 'linkUp']);
  if ('nodeDown' in item) return checkNode(item.nodeDown, design, [...path, 'nodeDown']);
  return 'nodeUp' in item ? checkNode(item.nodeUp, design, [...path, 'nodeUp']) : [];
}

export function checkNode(name: string, design: Design, path: Path): Issue[] {
  return nodeNamed(design, name) === undefined ? [unknownNode(design, name, path)] : [];
}

function checkLink(which: string | readonly string[], design: Design, path: Path): Issue[] {
  if (findLink(design, which) !== undefined) return [];
  if (typeof which === 'string') {
    const names = (design.links ?? []).flatMap((link) => ('between' in link ? (link.name ?? []) : []));
    const hint = didYouMean(which, names);
    const message = `there is no link "${which}"`;
    return [{ code: 'unknown-name', path, message, ...(hint === undefined ? {} : { hint }) }];
  }
  const unknown = which.flatMap((text, i) =>
    resolveEnd(design, text) === undefined ? [explainEnd(design, text, [...path, i])] : [],
  );
  if (unknown.length > 0) return unknown;
  return [{ code: 'unknown-name', path, message: `there is no link between ${which.join(' and ')}` }];
}
