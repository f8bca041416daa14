/** The addresses that a match names, groups spelled out. */
import type { Ip } from '../addr/ip.ts';
import { parsePrefix } from '../addr/prefix.ts';
import { parseIpRange, prefixRange, type RangeSet, rangeSet } from '../addr/range.ts';
import { fail } from '../base/fail.ts';
import type { Design } from '../design/design.ts';
import { expandGroups } from '../design/group.ts';

export type Groups = Design['groups'];

/** The set of all these addresses, prefixes, ranges and groups; a text that is none of them fails. */
export function addressSet(items: readonly string[], groups: Groups): RangeSet<Ip> {
  const texts = expandGroups(groups === undefined ? {} : { groups }, items);
  return rangeSet(
    texts.map((text) => {
      const prefix = parsePrefix(text);
      return prefix === undefined ? (parseIpRange(text) ?? fail(`"${text}" names no addresses`)) : prefixRange(prefix);
    }),
  );
}
