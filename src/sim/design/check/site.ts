/** What the checks of one node look at, and how they say what is wrong. */
import { fail, type Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import type { Design, InterfaceSpec, Node } from '../design.ts';
import { type Interface, interfacesOf } from '../topology.ts';

export interface Site {
  readonly design: Design;
  readonly name: string;
  readonly node: Node;
  readonly path: Path;
  readonly interfaces: ReadonlyMap<string, Interface>;
}

export function siteOf(design: Design, name: string, node: Node): Site {
  return { design, name, node, path: ['nodes', name], interfaces: interfacesOf(node) };
}

/** What a text was read as: a design that fits its schema has no other texts. */
export function known<T>(value: T | undefined): T {
  return value ?? fail('a text that no schema would pass');
}

export function issue(code: string, path: Path, message: string, hint?: string): Issue {
  return hint === undefined ? { code, path, message } : { code, path, message, hint };
}

/** An issue about a part, put at the place of the part. */
export function below(path: Path, found: Issue): Issue {
  return { ...found, path: [...path, ...found.path] };
}

/** The place of an interface's address number `i` in the document. */
export function addressPath(node: string, name: string, spec: InterfaceSpec, i: number): Path {
  const at: Path = ['nodes', node, 'interfaces', name];
  if (typeof spec === 'string') return at;
  return 'length' in spec ? [...at, i] : [...at, 'addresses', i];
}

/** The items of a field that holds one or a list, each with its place. */
export function itemsOf<T extends string | number>(
  value: T | readonly T[] | undefined,
  path: Path,
): readonly { readonly item: T; readonly path: Path }[] {
  if (value === undefined) return [];
  if (typeof value === 'string' || typeof value === 'number') return [{ item: value, path }];
  return value.map((item, i) => ({ item, path: [...path, i] }));
}

/** The cycles of a graph of names, each where the search first closes it: `a`, `b`, `a`. */
export function cyclesOf(names: Iterable<string>, next: (name: string) => readonly string[]): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  for (const start of names) {
    const way: { readonly name: string; readonly left: string[] }[] = [];
    const on = new Set<string>();
    const enter = (name: string): void => {
      way.push({ name, left: [...next(name)] });
      on.add(name);
    };
    if (!done.has(start)) enter(start);
    for (let here = way.at(-1); here !== undefined; here = way.at(-1)) {
      const following = here.left.shift();
      if (following === undefined) {
        way.pop();
        on.delete(here.name);
        done.add(here.name);
      } else if (on.has(following)) {
        const names = way.map(({ name }) => name);
        cycles.push([...names.slice(names.indexOf(following)), following]);
      } else if (!done.has(following)) enter(following);
    }
  }
  return cycles;
}

/** `a -> b -> a`; the middle of a long one is left out. */
export function showCycle(cycle: readonly string[]): string {
  const shown = cycle.length > 10 ? [...cycle.slice(0, 8), '…', ...cycle.slice(-1)] : cycle;
  return shown.join(' -> ');
}
