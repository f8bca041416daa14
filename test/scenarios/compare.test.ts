import { expect, it } from 'vitest';
import { compare, showDifferences } from '../../src/scenarios/compare.ts';

it.each([
  ['nothing', {}, { server: null }, ''],
  ['null itself', { server: null }, { server: null }, ''],
  ['something', { server: 'db' }, { server: null }, 'server: expected null, got "db"'],
  ['something where nothing was left', {}, { server: 'db' }, 'server: expected "db", got nothing'],
])('null and %s', (_, actual, expected, says) => {
  expect(showDifferences(compare(actual, expected))).toBe(says);
});
