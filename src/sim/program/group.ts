/** The addresses that a match names, groups spelled out. */
import type { Ip } from '../addr/ip.ts';
import { parsePrefix } from '../addr/prefix.ts';
import { type IpRange, parseIpRange, prefixRange, type RangeSet, rangeSet } from '../addr/range.ts';
import { fail } from '../base/fail.ts';
import type { Design } from '../design/design.ts';

export type Groups = Design['groups'];

/** The set of all these addresses, prefixes, ranges and groups; a group that is not there, or holds itself, fails. */
export function addressSet(items: readonly string[], groups: Groups): RangeSet<Ip> {
  return rangeSet(items.flatMap((item) => rangesOf(item, groups, [])));
}

function rangesOf(item: string, groups: Groups, within: readonly string[]): readonly IpRange[] {
  if (!item.startsWith('@')) {
    const prefix = parsePrefix(item);
    return [prefix === undefined ? (parseIpRange(item) ?? fail(`"${item}" names no addresses`)) : prefixRange(prefix)];
  }
  const name = item.slice(1);
  if (within.includes(name)) return fail(`group "${name}" holds itself`);
  const members = groups !== undefined && Object.hasOwn(groups, name) ? groups[name] : undefined;
  return (members ?? fail(`no group "${name}"`)).flatMap((member) => rangesOf(member, groups, [...within, name]));
}
