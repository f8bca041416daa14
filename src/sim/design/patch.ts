/**
 * JSON Patch on a document that may be changed in place (a draft). Read RFC 6902 first.
 *
 * The document stands under the key `root` of a holder, so that its root is a place like any other.
 */
import type { Issue } from '../base/fail.ts';
import { didYouMean } from '../base/suggest.ts';
import { parsePointer } from './pointer.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** What an operation is applied to. */
export type Holder = { root: Json };

type Container = Json[] | { [key: string]: Json };
/** Where a pointer leads: the last container, and the step into it. */
interface Place {
  readonly container: Container;
  readonly key: string;
}
/** What is wrong with an operation; `field` is the member of it that is at fault. */
export interface PatchFlaw extends Omit<Issue, 'path'> {
  readonly field: 'path' | 'from' | 'value';
}

/** Applies one operation to `holder.root`; returns what is wrong with it, and then the document is to be thrown away. */
export function applyOperation(holder: Holder, op: Operation): PatchFlaw | undefined {
  const place = locate(holder, op.path, 'path');
  if ('code' in place) return place;
  switch (op.op) {
    case 'add':
      return insert(place, structuredClone(op.value));
    case 'replace':
      return missing(place, 'path') ?? assign(place, structuredClone(op.value));
    case 'remove':
      return missing(place, 'path') ?? remove(holder, place);
    case 'test':
      return missing(place, 'path') ?? (equal(read(place), op.value) ? undefined : differs(read(place)));
    case 'move':
    case 'copy': {
      const from = locate(holder, op.from, 'from');
      if ('code' in from) return from;
      return missing(from, 'from') ?? (op.op === 'copy' ? insert(place, clone(read(from))) : move(holder, op, from));
    }
  }
}

/** The target is looked up after the removal, which may shift the indices on its way (RFC 6902 §4.4). */
function move(
  holder: Holder,
  op: { readonly from: string; readonly path: string },
  from: Place,
): PatchFlaw | undefined {
  if (op.path === op.from) return undefined;
  if (op.path.startsWith(`${op.from}/`))
    return { field: 'path', code: 'patch', message: `"${op.path}" lies inside "${op.from}", which is to be moved` };
  const value = read(from);
  remove(holder, from);
  const to = locate(holder, op.path, 'path');
  return 'code' in to ? to : insert(to, value);
}

function locate(holder: Holder, pointer: string, field: 'path' | 'from'): Place | PatchFlaw {
  const steps = parsePointer(pointer);
  if (steps === undefined)
    return { field, code: 'pointer', message: `"${pointer}" is not a JSON pointer: write "/nodes/gw/routes/0"` };
  let place: Place = { container: holder as { [key: string]: Json }, key: 'root' };
  for (const step of steps) {
    const flaw = missing(place, field);
    if (flaw !== undefined) return flaw;
    const container = read(place);
    if (typeof container !== 'object' || container === null)
      return { field, code: 'patch', message: `"${pointer}" goes into ${show(container)}, which has no parts` };
    place = { container: container as Container, key: step };
  }
  return place.key === '__proto__' ? { field, code: 'patch', message: '"__proto__" is not a name' } : place;
}

const INDEX = /^(0|[1-9]\d*)$/;

function missing({ container, key }: Place, field: 'path' | 'from'): PatchFlaw | undefined {
  if (!Array.isArray(container)) {
    if (Object.hasOwn(container, key)) return undefined;
    const hint = didYouMean(key, Object.keys(container));
    return { field, code: 'patch', message: `there is no "${key}" here`, ...(hint === undefined ? {} : { hint }) };
  }
  if (INDEX.test(key) && Number(key) < container.length) return undefined;
  return { field, code: 'patch', message: `there is no item ${key} in this list of ${container.length}` };
}

function read({ container, key }: Place): Json {
  return Array.isArray(container) ? (container[Number(key)] as Json) : (container[key] as Json);
}

function assign({ container, key }: Place, value: Json): undefined {
  if (Array.isArray(container)) container[Number(key)] = value;
  else container[key] = value;
}

function insert(place: Place, value: Json): PatchFlaw | undefined {
  const { container, key } = place;
  if (!Array.isArray(container)) return assign(place, value);
  const at = key === '-' ? container.length : Number(key);
  if (key !== '-' && (!INDEX.test(key) || at > container.length)) {
    const message = `a list of ${container.length} has no place ${key}: write 0 to ${container.length}, or "-"`;
    return { field: 'path', code: 'patch', message };
  }
  container.splice(at, 0, value);
  return undefined;
}

function remove(holder: Holder, { container, key }: Place): PatchFlaw | undefined {
  if (container === (holder as unknown))
    return { field: 'path', code: 'patch', message: 'the whole cannot be removed' };
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else delete container[key];
  return undefined;
}

/** A copy without ties to a draft; `structuredClone` cannot see through one. */
function clone(value: Json): Json {
  if (Array.isArray(value)) return value.map(clone);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, clone(part)]));
}

/** Equality of JSON values: members in any order (RFC 6902 §4.6). */
function equal(a: Json, b: Json): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const other = new Map(Object.entries(b));
  const members = Object.entries(a);
  return (
    members.length === other.size &&
    members.every(([key, value]) => other.has(key) && equal(value, other.get(key) ?? null))
  );
}

function differs(found: Json): PatchFlaw {
  return { field: 'value', code: 'patch', message: `the test fails: the value is ${show(found)}` };
}

function show(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
