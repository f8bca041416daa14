/** Prefixes that hold IPv4 addresses. Read RFC 6052 §2.2 first. */
import { EMBEDDING_LENGTHS, leavesOctetFree } from '../../addr/embed.ts';
import { familyOf, type Prefix, showPrefix } from '../../addr/prefix.ts';
import type { Issue } from '../../base/fail.ts';
import type { Path } from '../../base/path.ts';
import { issue } from './site.ts';

export function checkEmbedding(prefix: Prefix, path: Path): Issue[] {
  const text = showPrefix(prefix);
  if (familyOf(prefix) === 4) {
    return [issue('family', path, `${text} is IPv4; an IPv6 prefix stands for IPv4`, 'write "64:ff9b::/96"')];
  }
  if (!EMBEDDING_LENGTHS.includes(prefix.length)) {
    const lengths = EMBEDDING_LENGTHS.map((length) => `/${length}`).join(', ');
    return [issue('nat', path, `IPv4 addresses do not fit behind ${text}: a prefix for them has ${lengths}`)];
  }
  if (leavesOctetFree(prefix)) return [];
  return [issue('nat', path, `bits 64 to 71 of ${text} are not zero, as they must be (RFC 6052 §2.2)`)];
}
