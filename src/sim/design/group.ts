/** Address groups: `@NAME` stands for what the group holds, other groups included. */
import type { Design } from './design.ts';

/** The items with every `@NAME` replaced by what it holds. Groups that are not there, or hold themselves, add nothing. */
export function expandGroups(design: Pick<Design, 'groups'>, items: readonly string[]): readonly string[] {
  if (!items.some((item) => item.startsWith('@'))) return items;
  const found: string[] = [];
  const seen = new Set<string>();
  const left = [...items].reverse();
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    if (!item.startsWith('@')) found.push(item);
    else if (!seen.has(item)) {
      seen.add(item);
      for (const member of [...(groupNamed(design, item.slice(1)) ?? [])].reverse()) left.push(member);
    }
  }
  return found;
}

/** What a group holds as written; undefined when there is none of that name. */
export function groupNamed(design: Pick<Design, 'groups'>, name: string): readonly string[] | undefined {
  const groups = design.groups ?? {};
  return Object.hasOwn(groups, name) ? groups[name] : undefined;
}
