/** What the shape of an invariant cannot say: which networks it is about, and whether they have all that it names. */
import type { Issue } from '../../sim/base/fail.ts';
import { didYouMean } from '../../sim/base/suggest.ts';
import { issue } from '../../sim/design/check/site.ts';
import type { Design } from '../../sim/design/design.ts';
import type { InvariantSpec } from '../invariant/schema.ts';
import { checkFlow } from '../invariant/who.ts';

export type Networks = ReadonlyMap<string, Design>;

/**
 * Everything wrong with an invariant; paths are relative to it. `unread` tells that the file has networks that are not
 * among these because they are wrong themselves.
 */
export function checkInvariant(spec: InvariantSpec, networks: Networks, unread = false): Issue[] {
  if (spec.network !== undefined)
    return [spec.network].flat().flatMap((name, i) => checkNamed(spec, name, i, networks));
  if (networksOf(spec, networks).length > 0 || unread) return [];
  if (networks.size === 0)
    return [issue('invariant', [], 'there is no network that it could be about: "networks" is empty')];
  const [name, wrong] = [...networks]
    .map(([each, design]): [string, Issue[]] => [each, checkFlow(spec, design)])
    .reduce((best, next) => (next[1].length < best[1].length ? next : best));
  return networks.size === 1
    ? wrong
    : wrong.map((each) => ({ ...each, message: `no network has all that this names; in "${name}" ${each.message}` }));
}

function checkNamed(spec: InvariantSpec, name: string, i: number, networks: Networks): Issue[] {
  const design = networks.get(name);
  if (design !== undefined) return checkFlow(spec, design);
  const path = typeof spec.network === 'string' ? ['network'] : ['network', i];
  return [issue('unknown-name', path, `there is no network "${name}"`, didYouMean(name, networks.keys()))];
}

/** The networks that an invariant is about: those it names, else all that have everything it speaks of. */
export function networksOf(spec: InvariantSpec, networks: Networks): readonly string[] {
  if (spec.network !== undefined) return [spec.network].flat().filter((name) => networks.has(name));
  return [...networks].filter(([, design]) => checkFlow(spec, design).length === 0).map(([name]) => name);
}
