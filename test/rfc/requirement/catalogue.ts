/** All requirements, by the document they come from. */
import { RFC6888, RFC7422, RFC7857 } from './carrier.ts';
import { RFC5508 } from './icmp.ts';
import type { Requirement } from './requirement.ts';
import { RFC5382 } from './tcp.ts';
import { RFC4787 } from './udp.ts';
import { VOCABULARY } from './vocabulary.ts';

export interface Section {
  readonly title: string;
  readonly rows: readonly Requirement[];
}

export const SECTIONS = {
  words: { title: 'The words of RFC 2663 and RFC 4787', rows: VOCABULARY },
  rfc4787: { title: 'UDP (RFC 4787)', rows: RFC4787 },
  rfc5382: { title: 'TCP (RFC 5382, and the states of RFC 7857 §2)', rows: RFC5382 },
  rfc5508: { title: 'ICMP (RFC 5508)', rows: RFC5508 },
  rfc6888: { title: 'Carrier-grade NAT (RFC 6888)', rows: RFC6888 },
  rfc7857: { title: 'Updates (RFC 7857)', rows: RFC7857 },
  rfc7422: { title: 'Blocks of ports (RFC 7422, RFC 6888 §4)', rows: RFC7422 },
} as const satisfies Readonly<Record<string, Section>>;
