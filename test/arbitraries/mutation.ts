/** Spoilt documents: one place of a JSON value changed, so that its structure is mostly wrong. */
import fc from 'fast-check';
import type { Json } from '../../src/sim/design/patch.ts';

/** Where, counted round all places of the document, and what happens there. */
export interface Mutation {
  readonly place: number;
  readonly kind: 'remove' | 'add' | 'replace' | 'rename';
  readonly value: Json;
}

/** Values that are no text, as a schema looks at what is in a text and a JSON Schema does not. */
const anyStrangeValue = fc.constantFrom<Json[]>(null, true, false, 0, -1, 1.5, 70_000, [], {}, [null], [[]], { a: 1 });

export function anyMutation(): fc.Arbitrary<Mutation> {
  return fc.record({
    place: fc.nat({ max: 10_000 }),
    kind: fc.constantFrom('replace', 'remove', 'add', 'rename'),
    value: anyStrangeValue,
  });
}

type Steps = readonly (string | number)[];

/** All places of a document but the root. */
export function placesOf(value: Json, path: Steps = []): Steps[] {
  if (typeof value !== 'object' || value === null) return [];
  const parts = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return parts.flatMap(([step, part]) => [[...path, step], ...placesOf(part as Json, [...path, step])]);
}

/** The document with the mutation carried out on a copy. */
export function mutate(document: Json, { place, kind, value }: Mutation): Json {
  const places = placesOf(document);
  const path = places[place % places.length] ?? [];
  return at(document, path, (part) => {
    if (kind === 'replace') return value;
    if (kind === 'remove') return undefined;
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return value;
    if (kind === 'add') return { ...part, surplus: value };
    const [[key, first] = ['', null], ...rest] = Object.entries(part);
    return Object.fromEntries([[`${key}x`, first], ...rest]) as Json;
  });
}

function at(value: Json, path: Steps, change: (part: Json) => Json | undefined): Json {
  const [step, ...rest] = path;
  if (Array.isArray(value)) {
    const items = value.map((item, i) => (i === step ? edited(item, rest, change) : item));
    return items.filter((item) => item !== undefined) as Json;
  }
  const members = Object.entries(value as { [key: string]: Json });
  const edits = members.map(([key, part]) => [key, key === step ? edited(part, rest, change) : part] as const);
  return Object.fromEntries(edits.filter(([, part]) => part !== undefined)) as Json;
}

function edited(part: Json, rest: Steps, change: (part: Json) => Json | undefined): Json | undefined {
  return rest.length === 0 ? change(part) : at(part, rest, change);
}
