import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, readJson } from '../../src/scenarios/json.ts';
import { keyPositionOf, positionOf } from '../../src/scenarios/locate.ts';
import type { Path } from '../../src/sim/base/path.ts';

/** What is told of a text: its value, what is wrong, and where everything is. */
function told(text: string): unknown {
  const read = readJson(text, 'x.json');
  if (!('source' in read)) return read;
  const { source, value, issues } = read;
  const places = pathsIn(value, []).map((path) => [path, positionOf(source, path), keyPositionOf(source, path)]);
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
  return {
    text: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('members'), tie('items')),
    leaf: fc.oneof(
      name.map((each) => JSON.stringify(each)),
      fc.constantFrom('null', 'true', '-0', '1e999', '1.5e-3', '"\\u003a"', '"\\""'),
    ),
    items: fc.array(tie('text'), { maxLength: 3 }).map((all) => `[${all.join(',\n')}]`),
    members: fc
      .array(fc.tuple(name, tie('text')), { maxLength: 4 })
      .map((all) => `{ ${all.map(([each, value]) => `${JSON.stringify(each)}: ${value}`).join(',\r\n ')} }`),
  };
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a text', () => {
  it('is told of alike with and without a comment in it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(told(text)).toEqual(told(`${text} // the end`));
      }),
      { numRuns: 300 },
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
