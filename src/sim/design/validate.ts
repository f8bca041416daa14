/**
 * Schema errors in words. A value that fits none of several shapes is measured against the one it comes closest to, so
 * that every message is concrete.
 */
import * as z from 'zod';
import { fail, type Issue } from '../base/fail.ts';
import type { Path } from '../base/path.ts';
import { didYouMean } from '../base/suggest.ts';

type ZodIssue = z.core.$ZodIssue;
/** What one of several shapes has against a value. */
type Branch = readonly ZodIssue[];

/** Everything wrong with the shape of a JSON value; empty when it fits the schema. */
export function validate(schema: z.ZodType, value: unknown): Issue[] {
  const result = schema.safeParse(value, { error: carryKeys, jitless: !isLong(value) });
  return result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, value, []));
}

/** So many values are worth it to have a schema compiled, which takes longer than to look at a few. */
const LONG = 5000;

function isLong(value: unknown): boolean {
  const left = [value];
  let seen = 0;
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (typeof part !== 'object' || part === null) continue;
    for (const each of Object.values(part)) {
      seen += 1;
      if (seen === LONG) return true;
      if (typeof each === 'object') left.push(each);
    }
  }
  return false;
}

/**
 * An issue about an unknown key does not say which keys are known; its message, which nobody sees, carries them. A union
 * that has no words of its own is to have none.
 */
function carryKeys({ code, inst }: z.core.$ZodRawIssue): string | undefined {
  if (code === 'invalid_union') return '';
  if (code !== 'unrecognized_keys') return undefined;
  const keys = inst instanceof z.ZodObject ? Object.keys(inst.shape) : [];
  const values = inst instanceof z.ZodRecord ? inst.keyType._zod.values : undefined;
  return [...keys, ...(values ?? [])].map(String).join('\n');
}

/** `base` is the path of `value`, to which the path of the issue is relative. */
function explain(issue: ZodIssue, value: unknown, base: Path): Issue[] {
  const path = [...base, ...(issue.path as Path)];
  const found = valueAt(value, issue.path as Path);
  const because = (message: string, hint?: string): Issue[] => [
    { code: issue.code, path, message, ...(hint === undefined ? {} : { hint }) },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField(key, issue.message.split('\n'), path));
    case 'invalid_type':
      return because(mismatch([NOUNS[issue.expected] ?? issue.expected], found));
    case 'invalid_value': {
      if (found === undefined) return because(`missing: it must be ${choice(issue.values)}`);
      const hint = typeof found === 'string' ? didYouMean(found, issue.values.map(String)) : undefined;
      return because(`${show(found)} is not ${choice(issue.values)}`, hint);
    }
    case 'too_small':
      return because(tooSmall(issue, found));
    case 'too_big':
      return because(`${show(found)} is above ${issue.maximum}`);
    case 'invalid_key':
      return because(issue.issues.map((inner) => inner.message).join('; '));
    case 'invalid_union':
      return 'discriminator' in issue
        ? because(
            wrongTag(found, optionsOf(issue)),
            typeof found === 'string' ? didYouMean(found, optionsOf(issue)) : undefined,
          )
        : explainUnion(issue, found, path);
    case 'custom': {
      const hint: unknown = issue.params?.hint;
      return because(issue.message, typeof hint === 'string' ? hint : undefined);
    }
    default:
      return because(issue.message);
  }
}

function unknownField(key: string, known: readonly string[], path: Path): Issue {
  const hint = didYouMean(key, known);
  return {
    code: 'unrecognized_keys',
    path: [...path, key],
    message: `unknown field "${key}"`,
    ...(hint === undefined ? {} : { hint }),
  };
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function mismatch(expected: readonly string[], found: unknown): string {
  const words = new Set(expected);
  const wanted = [...words].filter((word) => !(word.startsWith('"') && words.has('text'))).join(' or ');
  return found === undefined ? `missing: it must be ${wanted}` : `${show(found)} is not ${wanted}`;
}

function tooSmall(issue: Extract<ZodIssue, { code: 'too_small' }>, found: unknown): string {
  if (issue.origin === 'array') {
    const items = issue.minimum === 1 ? '1 item' : `${issue.minimum} items`;
    return `a list of ${(found as readonly unknown[]).length} is too short: it needs at least ${items}`;
  }
  if (issue.origin === 'string') return 'it must not be empty';
  return `${show(found)} is ${issue.inclusive === false ? 'not above' : 'below'} ${issue.minimum}`;
}

/** Speaks of the branch of a union that the value was most likely meant for. */
function explainUnion(issue: ZodIssue & { code: 'invalid_union' }, found: unknown, path: Path): Issue[] {
  const branches = issue.errors as readonly Branch[];
  const near = branches.filter((branch) => !branch.some((each) => isForeign(each, found)));
  if (near.length === 0) {
    if (found === undefined && issue.message !== '') return [{ code: issue.code, path, message: issue.message }];
    return [
      {
        code: 'invalid_type',
        path,
        message: mismatch(
          branches.flatMap((each) => each.flatMap(wanted)),
          found,
        ),
      },
    ];
  }
  const told = (branch: Branch): Issue[] => branch.flatMap((each) => explain(each, found, path));
  if (typeof found !== 'object') return [mostConcrete(near.flatMap(told))];
  const [first = [], ...ties] = closest(near, found);
  if (ties.length === 0) return told(first);
  const stray = unknownToAll([first, ...ties], found);
  if (stray.length > 0) {
    const known = [first, ...ties].flatMap((branch) => branch.flatMap(knownTo));
    return stray.map((key) => unknownField(key, known, path));
  }
  return issue.message === '' ? told(first) : [{ code: issue.code, path, message: issue.message }];
}

/** Whether an issue says that the value as a whole is of another type than the branch is about. */
function isForeign(issue: ZodIssue, found: unknown): boolean {
  if (issue.path.length > 0) return false;
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected !== 'int' || typeof found !== 'number';
    case 'invalid_value':
      return issue.values.every((value) => typeof value !== typeof found);
    case 'invalid_union':
      return issue.errors.every((branch) => branch.some((each) => isForeign(each, found)));
    default:
      return false;
  }
}

/** What a foreign branch would have been: `text`, `"dhcp"`. */
function wanted(issue: ZodIssue): string[] {
  switch (issue.code) {
    case 'invalid_type':
      return [NOUNS[issue.expected] ?? issue.expected];
    case 'invalid_value':
      return [choice(issue.values)];
    case 'invalid_union':
      return issue.errors.flatMap((branch) => branch.flatMap(wanted));
    default:
      return [];
  }
}

/** Of what several branches say about one value, a reason rather than a list of words; the hint may be from any. */
function mostConcrete(issues: readonly Issue[]): Issue {
  const best = issues.find((issue) => issue.code !== 'invalid_value') ?? issues[0] ?? fail('a union without branches');
  const { hint } = issues.find((issue) => issue.hint !== undefined) ?? best;
  return hint === undefined ? best : { ...best, hint };
}

/** The branches with the fewest keys that are unknown or missing; where none are, those with the fewest issues. */
function closest(branches: readonly Branch[], found: unknown): readonly Branch[] {
  const misfit = (branch: Branch): number =>
    branch.reduce((sum, issue) => sum + strayKeys(issue).length + (isMissing(issue, found) ? 1 : 0), 0) +
    (branch.some((issue) => isUntagged(issue, found)) ? 1 : 0);
  const least = Math.min(...branches.map(misfit));
  const fitting = branches.filter((branch) => misfit(branch) === least);
  if (least > 0) return fitting;
  const fewest = Math.min(...fitting.map((branch) => branch.length));
  return fitting.filter((branch) => branch.length === fewest);
}

function isMissing(issue: ZodIssue, found: unknown): boolean {
  return issue.path.length === 1 && valueAt(found, issue.path as Path) === undefined;
}

/** A union whose tag is missing says nothing about other keys. */
function isUntagged(issue: ZodIssue, found: unknown): boolean {
  return 'discriminator' in issue && isMissing(issue, found);
}

function strayKeys(issue: ZodIssue): readonly string[] {
  return issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [];
}

/** The keys that a branch with unknown ones would know. */
function knownTo(issue: ZodIssue): readonly string[] {
  if ('discriminator' in issue) return [String(issue.discriminator)];
  return strayKeys(issue).length > 0 ? issue.message.split('\n') : [];
}

/** The keys that no branch knows. */
function unknownToAll(branches: readonly Branch[], found: unknown): string[] {
  const spoken = branches.filter((branch) => !branch.some((issue) => isUntagged(issue, found)));
  const [first = [], ...others] = spoken.map((branch) => branch.flatMap(strayKeys));
  return first.filter((key) => others.every((keys) => keys.includes(key)));
}

/** The values that a tag may have. */
function optionsOf(issue: Extract<ZodIssue, { code: 'invalid_union' }>): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function wrongTag(found: unknown, options: readonly string[]): string {
  return found === undefined ? `missing: it must be ${choice(options)}` : `${show(found)} is not ${choice(options)}`;
}

/** Long lists are cut. */
function choice(values: readonly unknown[]): string {
  const shown = values.length > 12 ? values.slice(0, 8) : values;
  const words = shown.map((value) => JSON.stringify(value));
  if (shown.length < values.length) return `one of ${words.join(', ')}, …`;
  return words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`;
}

/** JSON on one line, cut where it gets long. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? at[step as keyof typeof at] : undefined,
    value,
  );
}
