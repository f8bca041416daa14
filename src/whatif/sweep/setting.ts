/** A parameter of the design that a sweep puts through a list of values. */
import type { Issue } from '../../sim/base/fail.ts';
import { didYouMean } from '../../sim/base/suggest.ts';
import type { Operation } from '../../sim/design/change.ts';
import type { Design } from '../../sim/design/design.ts';
import type { Json } from '../../sim/design/patch.ts';
import { showPointer } from '../../sim/design/pointer.ts';

export interface Setting {
  /** The place as the user wrote it. */
  readonly text: string;
  readonly values: readonly { readonly text: string; readonly json: Json }[];
  /** What gives the place a value in this design: its parent is there, itself it may be missing. */
  operation(design: Design, value: Json): Operation;
}

type Step = string | number;

/**
 * Reads `PLACE=VALUE,VALUE…`. A place is written as in messages (`nodes.gw.nat.rules[0].to`); a value that reads as JSON
 * is JSON, any other is a text. Commas inside brackets, braces and quotes belong to the value.
 */
export function parseSetting(text: string, design: Design): Setting | Issue {
  const equals = text.indexOf('=');
  const wrong = (message: string, hint?: string): Issue => ({
    code: 'setting',
    path: [],
    message,
    ...(hint === undefined ? {} : { hint }),
  });
  if (equals < 1) return wrong(`"${text}" sets nothing`, 'write "nodes.gw.nat.behaviour=linux,symmetric"');
  const place = text.slice(0, equals);
  const values = splitList(text.slice(equals + 1));
  if (values.some((value) => value === '')) return wrong(`"${text}" has an empty value`);
  const steps = stepsOf(place);
  if (steps === undefined) return wrong(`"${place}" is not a place`, 'write "nodes.gw.nat.rules[0].to"');
  const flaw = missing(design, steps);
  if (flaw !== undefined) return wrong(`${place}: ${flaw.message}`, flaw.hint);
  return {
    text: place,
    values: values.map((value) => ({ text: value, json: readValue(value) })),
    operation: (target, value) => ({
      op: at(target, steps) === undefined ? 'add' : 'replace',
      path: showPointer(steps),
      value,
    }),
  };
}

function stepsOf(place: string): Step[] | undefined {
  if (!/^[^.[\]]+(\.[^.[\]]+|\[\d+\])*$/.test(place)) return undefined;
  return [...place.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) =>
    index === undefined ? name : Number(index),
  );
}

/** What is wrong with the way to a place whose last step may be missing. */
function missing(design: Design, steps: readonly Step[]): { message: string; hint?: string } | undefined {
  for (let length = 1; length < steps.length; length++) {
    const way = steps.slice(0, length);
    if (at(design, way) !== undefined) continue;
    const parent = at(design, way.slice(0, -1));
    const hint = didYouMean(String(way.at(-1)), Object.keys(parent ?? {}));
    return { message: `there is no ${way.at(-1)} there`, ...(hint === undefined ? {} : { hint }) };
  }
  const parent = at(design, steps.slice(0, -1));
  return typeof parent === 'object' ? undefined : { message: 'nothing can stand below a single value' };
}

/** What stands at a place; undefined where there is nothing. */
function at(design: Design, steps: readonly Step[]): unknown {
  return steps.reduce<unknown>(
    (found, step) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, step)
        ? (found as Readonly<Record<Step, unknown>>)[step]
        : undefined,
    design,
  );
}

function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Splits at the commas that stand in no bracket, brace or quote. */
function splitList(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (!quoted && '[{'.includes(char)) depth += 1;
    if (!quoted && ']}'.includes(char)) depth -= 1;
    if (char === ',' && depth === 0 && !quoted) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}
