/**
 * The ICMP tracker: queries and their answers by identifier, errors by the packet that they quote (LNX-ICMP).
 *
 * Read RFC 792, RFC 4443, RFC 5508 §3 and §4 first.
 */
import { isError, quoteOf } from '../../packet/icmp-error.ts';
import type { Icmp } from '../../packet/packet.ts';
import { reversed, type Tuple, tupleOfQuote } from '../../packet/tuple.ts';
import { refresh } from '../connection.ts';
import { ACCEPTED, invalid, type Outcome, type Sighting } from './outcome.ts';

/** Neighbour discovery and multicast listener messages: part of no connection, and no cause for suspicion (LNX-ICMP). */
const UNTRACKED_6: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143]);
const QUERIES: ReadonlySet<number> = new Set([8, 13, 15, 17, 128]);
const LAST_KNOWN_4 = 18;

/** The sorts of ICMP messages. */
export type Message =
  /** A query or an answer: it has a tuple of its own. */
  | { readonly kind: 'query' }
  | { readonly kind: 'untracked'; readonly detail: string }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** `about` is the tuple of an answer to the packet that is quoted: under it the connection is found. */
  | { readonly kind: 'error'; readonly about: Tuple };

/** What sort of message this is, before any connection is looked for. */
export function classify(message: Icmp): Message {
  const { type } = message;
  if (isError(message)) {
    const quote = quoteOf(message);
    const tuple = quote === undefined ? undefined : tupleOfQuote(quote);
    if (tuple === undefined)
      return { kind: 'invalid', detail: 'an ICMP error that quotes too little to find a connection' };
    return { kind: 'error', about: reversed(tuple) };
  }
  if (typeof message.src === 'number') {
    return type > LAST_KNOWN_4 ? { kind: 'invalid', detail: `ICMP type ${type} is not known` } : { kind: 'query' };
  }
  if (UNTRACKED_6.has(type)) return { kind: 'untracked', detail: 'neighbour discovery belongs to no connection' };
  return { kind: 'query' };
}

/** An error is part of a connection only if it goes to the end that sent what it quotes; who sent it is not asked. */
export function judgeError(message: Icmp, expected: Tuple): string | undefined {
  return message.dst === expected.dst ? undefined : 'an ICMP error to another address than the quoted packet came from';
}

/** Only a query opens a connection; it lives for a while after each packet, in whatever direction. */
export function trackIcmp({ connection, tracking, now }: Sighting): Outcome {
  const { type = 0 } = connection.original;
  if (!QUERIES.has(type)) return invalid(`ICMP type ${type} answers no query that was seen`);
  refresh(connection, tracking.timeouts.icmp, now);
  return ACCEPTED;
}
