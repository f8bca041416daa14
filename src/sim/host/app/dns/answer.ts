/** What the records of an answer say about a question. */
import { canonicalName, type DnsQuestion, type DnsRecord } from '../message-dns.ts';

export interface Followed {
  /** The records of the type asked for, at the end of the chain of aliases. */
  readonly found: readonly DnsRecord[];
  /** The chain itself and what was found, in order. */
  readonly used: readonly DnsRecord[];
  /** The name at the end of the chain. */
  readonly end: string;
}

/** Follows aliases from the name asked for (RFC 1034 §3.6.2); a circle ends where it would begin anew. */
export function follow(question: DnsQuestion, records: readonly DnsRecord[]): Followed {
  const seen = new Set<string>();
  const chain: DnsRecord[] = [];
  let end = canonicalName(question.name);
  for (;;) {
    const here = records.filter((record) => canonicalName(record.name) === end);
    const found = here.filter((record) => record.type === question.type);
    const alias = here.find((record) => record.type === 'CNAME');
    seen.add(end);
    if (found.length > 0 || alias?.type !== 'CNAME' || seen.has(canonicalName(alias.data))) {
      return { found, used: [...chain, ...found], end };
    }
    chain.push(alias);
    end = canonicalName(alias.data);
  }
}
