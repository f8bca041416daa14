import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Located } from '../../src/scenarios/issue.ts';
import { MAX_DEPTH, readJson } from '../../src/scenarios/json.ts';
import { keyPositionOf, positionOf } from '../../src/scenarios/locate.ts';
import type { Path } from '../../src/sim/base/path.ts';

/** What is told of a text: its value, what is wrong, and where everything is. */
function told(text: string): {
  readonly value?: unknown;
  readonly issues: readonly Located[];
  readonly places?: unknown;
} {
  const read = readJson(text, 'x.json');
  if (!('source' in read)) return read;
  const { source, value: list, issues } = read;
  const value = Array.isArray(list) ? list[0] : list;
  const places = pathsIn(value, [0]).map((path) => [path, positionOf(source, path), keyPositionOf(source, path)]);
  return { value, issues, places };
}

function pathsIn(value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const steps = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...steps.flatMap(([step, part]) => pathsIn(part, [...path, step]))];
}

/** A member is written with its name and a value, so that a list of them may have a name twice. */
const { text: anyText } = fc.letrec<{ text: string; members: string; items: string; leaf: string }>((tie) => {
  const name = fc.constantFrom('a', 'b', '"', ':', '\\', '"a":', '__proto__', '7', '\u2028', '\ud800');
  const gap = fc.constantFrom(
    '',
    '\n',
    ' // "it" is /* {"a": 1}\r\n',
    '/* // " */',
    '\u2028',
    '// \u2028',
    '/**/',
    '/*/',
  );
  return {
    text: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('members'), tie('items')),
    leaf: fc.oneof(
      name.map((each) => JSON.stringify(each)),
      fc.constantFrom('null', 'true', '-0', '1e999', '1.5e-3', '"\\u003a"', '"\\""'),
    ),
    items: fc
      .tuple(fc.array(tie('text'), { maxLength: 3 }), gap)
      .map(([all, between]) => `[${all.join(`,${between}`)}]`),
    members: fc
      .array(fc.tuple(name, gap, tie('text')), { maxLength: 4 })
      .map(
        (all) =>
          `{ ${all.map(([each, between, value]) => `${JSON.stringify(each)}:${between}${value}`).join(',\r\n ')} }`,
      ),
  };
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a text', () => {
  it('is told of alike, whether there is something to say or not', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const [alone, beside] = [told(`[${text}\n]`), told(`[${text}\n, { "twice": 1, "twice": 1 }]`)];
        expect('value' in alone).toBe('value' in beside);
        if (!('value' in beside)) return;
        expect(beside.issues.at(-1)?.message).toBe('"twice" is there twice');
        expect(alone).toEqual({ ...beside, issues: beside.issues.slice(0, -1) });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['nested as deep as may be', nested(MAX_DEPTH), undefined],
    ['nested deeper', nested(MAX_DEPTH + 1), 'nested more than 100 deep'],
    [
      'with members in a depth',
      `${'{"a":'.repeat(MAX_DEPTH + 1)}1${'}'.repeat(MAX_DEPTH + 1)}`,
      'nested more than 100 deep',
    ],
    ['with a name that is there twice', '{ "a": { "b": 1, "b": 1 } }', '"b" is there twice'],
    ['with a name that is there twice, written otherwise', '{ "a": 1, "\\u0061": 1 }', '"a" is there twice'],
    ['with a name that is none', '{ "__proto__": {} }', '"__proto__" is not a name'],
    ['with colons and quotes in its strings', '{ "a:b\\"": ":\\\\" }', undefined],
  ])('%s', (_, text, message) => {
    const { issues } = readJson(text, 'x.json');
    expect(issues.map((issue) => issue.message)).toEqual(message === undefined ? [] : [message]);
  });
});
