/**
 * Edits of a design: RFC 6902 operations on the document, and recipes that write down their own operations. Nothing is
 * changed in place, and what an edit does not touch stays the same object. Only this file knows immer.
 */
import { type Draft, enablePatches, type Patch, produce, produceWithPatches } from 'immer';
import * as z from 'zod';
import { fail, type Issue } from '../base/fail.ts';
import { type Path, showPath } from '../base/path.ts';
import { type Design, designSchema } from './design.ts';
import { jsonSchema, nameSchema, WORDS } from './field.ts';
import { applyOperation, type Holder, type Json, type Operation } from './patch.ts';
import { parsePointer, showPointer } from './pointer.ts';
import { validate } from './validate.ts';

export type { Operation } from './patch.ts';

enablePatches();

const pointerSchema = z
  .string()
  .refine((text) => parsePointer(text) !== undefined, {
    error: (issue) => `"${issue.input}" is not a JSON pointer: write "/nodes/gw/routes/0"`,
  })
  .register(WORDS, {
    description: 'A place in the design, as a JSON pointer (RFC 6901): /nodes/gw/firewall/forward/rules/0.',
  });

export const operationSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add'), path: pointerSchema, value: jsonSchema }),
  z.strictObject({ op: z.literal('remove'), path: pointerSchema }),
  z.strictObject({ op: z.literal('replace'), path: pointerSchema, value: jsonSchema }),
  z.strictObject({ op: z.literal('move'), from: pointerSchema, path: pointerSchema }),
  z.strictObject({ op: z.literal('copy'), from: pointerSchema, path: pointerSchema }),
  z.strictObject({ op: z.literal('test'), path: pointerSchema, value: jsonSchema }),
]);

const linkRefSchema = z
  .union([z.string(), z.array(z.string()).min(2)])
  .register(WORDS, { description: 'A link by its name, or by two or more of its ends: ["home:wan", "isp:cust"].' });

export const changeItemSchema = z.union([
  operationSchema,
  z.strictObject({ linkDown: linkRefSchema }),
  z.strictObject({ linkUp: linkRefSchema }),
  z.strictObject({ nodeDown: nameSchema }),
  z.strictObject({ nodeUp: nameSchema }),
]);

/** What changes: one item, or several in order. */
export const changeSchema: z.ZodType<Change> = z.union([changeItemSchema, z.array(changeItemSchema)]);

/** A link by its name, or by two or more of its ends. */
export type LinkRef = string | readonly string[];
export type ChangeItem =
  | Operation
  | { readonly linkDown: LinkRef }
  | { readonly linkUp: LinkRef }
  | { readonly nodeDown: string }
  | { readonly nodeUp: string };
export type Change = ChangeItem | readonly ChangeItem[];

/** The items of a change, in order. */
export function changeItems(change: Change): readonly ChangeItem[] {
  return isList(change) ? change : [change];
}

/** An item in a few words: `linkDown home:wan - isp:cust`. */
export function showChangeItem(item: ChangeItem): string {
  if ('op' in item) return `${item.op} ${item.path}`;
  const [[verb, what] = ['', '']] = Object.entries(item);
  return `${verb} ${Array.isArray(what) ? what.join(' - ') : String(what)}`;
}

function isList(change: Change): change is readonly ChangeItem[] {
  return Array.isArray(change);
}

/**
 * The design after these RFC 6902 operations, all of them or none. Issues point into `operations`: `[2, "path"]`. The
 * result fits the schema of a design; that it makes sense is for `check` to say.
 */
export function applyOperations(design: Design, operations: readonly Operation[]): Design | Issue[] {
  const after = patched(design, operations);
  if (Array.isArray(after)) return after;
  const issues = validate(designSchema, after);
  return issues.length > 0 ? issues.map((issue) => blame(operations, issue)) : after;
}

function patched(design: Design, operations: readonly Operation[]): Design | Issue[] {
  const issues: Issue[] = [];
  const after = produce({ root: design as unknown as Json }, (holder) => {
    for (const [i, operation] of operations.entries()) {
      const flaw = applyOperation(holder as Holder, operation);
      if (flaw === undefined) continue;
      const { field, ...rest } = flaw;
      issues.push({ ...rest, path: [i, field] });
      return;
    }
  });
  return issues.length > 0 ? issues : (after.root as unknown as Design);
}

/**
 * An issue of the design that operations led to, put down to the last of them that touched the place. What stands in
 * the value of the operation is pointed at there; of anything else the message says where in the design it is.
 */
export function blame(operations: readonly Operation[], issue: Issue): Issue {
  const at = operations.findLastIndex(({ path }) => leadsTo(parsePointer(path) ?? [], issue.path));
  const operation = operations[at];
  if (operation !== undefined && 'value' in operation) {
    return { ...issue, path: [at, 'value', ...issue.path.slice(parsePointer(operation.path)?.length)] };
  }
  const last = Math.max(0, at < 0 ? operations.length - 1 : at);
  return { ...issue, path: [last, 'path'], message: `${showPath(issue.path)}: ${issue.message}` };
}

/** Whether a place lies at or below what a pointer names; `-` is any item. */
function leadsTo(pointer: readonly string[], path: Path): boolean {
  return pointer.every((step, i) => String(path[i]) === step || (step === '-' && typeof path[i] === 'number'));
}

/** An edited copy of a design, with the operations that lead to it and those that lead back. */
export interface Fork {
  readonly design: Design;
  readonly changes: readonly Operation[];
  readonly undo: readonly Operation[];
}

/** Runs a recipe on a draft of the design; the design itself stays as it is. */
export function fork(design: Design, recipe: (draft: Draft<Design>) => void): Fork {
  const [after, patches, inverse] = produceWithPatches(design, (draft) => {
    recipe(draft);
  });
  return { design: after, changes: patches.map(toOperation), undo: inverse.map(toOperation) };
}

function toOperation(patch: Patch): Operation {
  const path = showPointer(patch.path);
  return patch.op === 'remove' || patch.value === undefined
    ? { op: 'remove', path }
    : { op: patch.op, path, value: patch.value };
}

/** The design after operations that are known to apply to it, such as those of `fork`; others fail. */
export function replay(design: Design, changes: readonly Operation[]): Design {
  const after = patched(design, changes);
  if (!Array.isArray(after)) return after;
  return fail(after.map((issue) => `changes[${issue.path[0]}]: ${issue.message}`).join('; '));
}
