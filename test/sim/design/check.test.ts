import { describe, expect, it } from 'vitest';
import { InternalError, type Issue } from '../../../src/sim/base/fail.ts';
import { showPath } from '../../../src/sim/base/path.ts';
import { applyOperations, type Operation } from '../../../src/sim/design/change.ts';
import { check } from '../../../src/sim/design/check.ts';
import { linksOf } from '../../../src/sim/design/topology.ts';
import { BAD, GOOD, NETWORK } from './check-cases.ts';

function show({ path, message, hint }: Issue): string {
  return `${showPath(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** What is wrong once the network is edited so. */
function complaints(...edits: Operation[]): string[] {
  const design = applyOperations(NETWORK, edits);
  if (Array.isArray(design)) throw new Error(design.map(show).join('\n'));
  return check(design).map(show);
}

describe('check', () => {
  for (const [title, rows] of BAD) {
    describe(`refuses ${title}:`, () => {
      it.each(rows)('%s', (_, edits, expected) => {
        expect(complaints(...edits)).toEqual(expected);
      });
    });
  }

  it.each(GOOD)('accepts %s', (_, edits) => {
    expect(complaints(...edits)).toEqual([]);
  });

  it('reports everything at once', () => {
    const edits = BAD.flatMap(([, rows]) => rows.slice(0, 1).flatMap(([, each]) => each));
    expect(complaints(...edits).length).toBeGreaterThanOrEqual(BAD.length - 1);
  });

  it('is not exhausted by long chains of names', () => {
    const count = 20_000;
    const groups = Object.fromEntries(Array.from({ length: count }, (_, i) => [`g${i}`, [`@g${(i + 1) % count}`]]));
    const [issue, ...more] = check({
      groups,
      nodes: { a: { kind: 'host', firewall: { input: { rules: [{ match: { source: '@g0' }, action: 'drop' }] } } } },
    });
    expect(more).toEqual([]);
    expect(issue?.message).toBe('the groups go round: g0 -> g1 -> g2 -> g3 -> g4 -> g5 -> g6 -> g7 -> … -> g0');
  });

  it('is what keeps linksOf from failing', () => {
    expect(() => linksOf({ nodes: {}, links: [['a', 'b']] })).toThrow(InternalError);
  });
});
