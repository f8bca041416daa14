import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { showPath } from '../../../src/sim/base/path.ts';
import { validate } from '../../../src/sim/design/validate.ts';

function lines(schema: z.ZodType, value: unknown): string[] {
  return validate(schema, value).map(
    ({ path, message, hint }) => `${showPath(path)}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  );
}

const animal = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dog'), name: z.string() }),
  z.strictObject({ kind: z.literal('cat'), lives: z.int().max(9) }),
]);
const job = z.union([z.strictObject({ run: z.string() }), z.strictObject({ sleep: z.number().positive() }), animal], {
  error: 'a job runs or sleeps',
});
/** Longer than what is looked at without compiling the schema. */
const many = <T>(item: T): T[] => new Array<T>(3000).fill(item);
const tree: z.ZodType = z.lazy(() => z.union([z.string().min(1), z.array(tree)]));

describe('validate', () => {
  it.each<[string, z.ZodType, unknown, string[]]>([
    ['a value that fits', animal, { kind: 'dog', name: 'x' }, []],
    ['a missing tag', animal, { name: 'x' }, ['kind: missing: it must be one of "dog", "cat"']],
    ['a wrong tag', animal, { kind: 'dgo' }, ['kind: "dgo" is not one of "dog", "cat" (did you mean "dog"?)']],
    ['a tag that is no text', animal, { kind: 5 }, ['kind: 5 is not one of "dog", "cat"']],
    ['a missing member', animal, { kind: 'dog' }, ['name: missing: it must be text']],
    ['a number too large', animal, { kind: 'cat', lives: 10 }, ['lives: 10 is above 9']],
    ['a fraction', animal, { kind: 'cat', lives: 1.5 }, ['lives: 1.5 is not a whole number']],
    ['a union that says what it is for', job, {}, [': a job runs or sleeps']],
    ['two of several members', job, { run: 'x', sleep: 1 }, [': a job runs or sleeps']],
    ['a union of which nothing is there', job, undefined, [': a job runs or sleeps']],
    ['a member that no branch knows', job, { slep: 1 }, ['slep: unknown field "slep" (did you mean "sleep"?)']],
    ['a tag that is misspelt', job, { knid: 'dog' }, ['knid: unknown field "knid" (did you mean "kind"?)']],
    ['a branch by its tag', job, { kind: 'cat' }, ['lives: missing: it must be a number']],
    ['a branch by its member', job, { sleep: 0 }, ['sleep: 0 is not above 0']],
    ['a branch with a surplus member', job, { run: 'x', fast: true }, ['fast: unknown field "fast"']],
    ['what is no object', job, 7, [': 7 is not an object']],
    [
      'one of many',
      z.array(animal),
      [...many({ kind: 'dog', name: 'x' }), { kind: 'dgo' }, { kind: 'dog', nmae: 'x' }],
      [
        '[3000].kind: "dgo" is not one of "dog", "cat" (did you mean "dog"?)',
        '[3001].name: missing: it must be text',
        '[3001].nmae: unknown field "nmae" (did you mean "name"?)',
      ],
    ],
    ['a nested union', tree, ['a', ['b', '', 5]], ['[1][1]: it must not be empty', '[1][2]: 5 is not text or a list']],
    [
      'a list of keys',
      z.partialRecord(z.enum(['a', 'b']), z.number()),
      { c: 1 },
      ['c: unknown field "c" (did you mean "a"?)'],
    ],
    ['a key', z.record(z.string().regex(/^x/, 'it begins with x'), z.number()), { y: 1 }, ['y: it begins with x']],
    [
      'a regular expression without words',
      z.string().regex(/^x$/),
      'y',
      [': Invalid string: must match pattern /^x$/'],
    ],
    ['a constant', z.literal(true), false, [': false is not true']],
    ['a type without a word of its own', z.map(z.string(), z.string()), 5, [': 5 is not map']],
    [
      'a constant in a union',
      z.union([z.literal('auto'), z.int().min(5)]),
      'aoto',
      [': "aoto" is not "auto" (did you mean "auto"?)'],
    ],
    ['a number in a union', z.union([z.literal('auto'), z.int().min(5)]), 1.5, [': 1.5 is not a whole number']],
    ['neither', z.union([z.literal('auto'), z.int().min(5)]), true, [': true is not "auto" or a number']],
    [
      'neither, by two words',
      z.union([z.enum(['a', 'b']), z.literal('c')]),
      'd',
      [': "d" is not one of "a", "b" (did you mean "a"?)'],
    ],
    ['a long text', z.number(), 'x'.repeat(100), [`: "${'x'.repeat(56)}… is not a number`]],
    [
      'two shapes equally near',
      z.union([z.strictObject({ a: z.number() }), z.strictObject({ b: z.number() })]),
      {},
      ['a: missing: it must be a number'],
    ],
    [
      'the shape with fewer faults',
      z.union([z.strictObject({ a: z.array(z.number()) }), z.strictObject({ a: z.array(z.string()) })]),
      { a: ['x', 'y', 3] },
      ['a[2]: 3 is not text'],
    ],
  ])('%s', (_, schema, value, expected) => {
    expect(lines(schema, value)).toEqual(expected);
  });
});
