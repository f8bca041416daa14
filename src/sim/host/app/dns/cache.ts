/** Answers kept for as long as they say. Read RFC 2308 (negative ones) and RFC 2181 §8 first. */
import type { Millis } from '../../../base/time.ts';
import { canonicalName, type DnsMessage, type DnsQuestion, type DnsRecord } from '../message-dns.ts';
import { follow } from './answer.ts';

/** What a server knows about a question: records of an answer, or the SOA of a denial. */
export interface Known {
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
}

interface Entry extends Known {
  readonly stored: Millis;
  /** Seconds. */
  readonly ttl: number;
}

export type Cache = ReadonlyMap<string, Entry>;

/** Bounds in seconds: a day for answers, three hours for denials (RFC 2308 §5). */
const MAX_TTL = 86_400;
const MAX_NEGATIVE_TTL = 10_800;

export function keyOf(question: DnsQuestion): string {
  return `${question.type} ${canonicalName(question.name)}`;
}

/** The part of an answer that is about the question: the chain of aliases and what it ends in, or the denial. */
export function knownFrom(message: DnsMessage, question: DnsQuestion): Known {
  const { used, found } = follow(question, message.answers);
  const authorities = found.length > 0 ? [] : message.authorities.filter((record) => record.type === 'SOA');
  return { rcode: message.rcode === 'NXDOMAIN' ? 'NXDOMAIN' : 'NOERROR', answers: used, authorities };
}

/** The cache with this answer, and without those that are over. A denial without SOA is not kept (RFC 2308 §5). */
export function remember(cache: Cache, question: DnsQuestion, known: Known, now: Millis): Cache {
  const kept = new Map([...cache].filter(([, entry]) => left(entry, now) > 0));
  const ttl = ttlOf(known);
  return ttl > 0 ? kept.set(keyOf(question), { ...known, stored: now, ttl }) : kept;
}

function ttlOf({ answers, authorities }: Known): number {
  const denials = authorities.map((soa) => Math.min(soa.ttl, soa.type === 'SOA' ? soa.minimum : soa.ttl));
  const positive = answers.some((record) => record.type !== 'CNAME');
  if (!positive && denials.length === 0) return 0;
  return Math.min(...answers.map((record) => record.ttl), ...denials, positive ? MAX_TTL : MAX_NEGATIVE_TTL);
}

function left(entry: Entry, now: Millis): number {
  return entry.ttl - Math.floor((now - entry.stored) / 1000);
}

/** What is known about a question, with TTLs counted down; undefined once the shortest of them is over. */
export function recall(cache: Cache, question: DnsQuestion, now: Millis): Known | undefined {
  const entry = cache.get(keyOf(question));
  if (entry === undefined || left(entry, now) <= 0) return undefined;
  const age = entry.ttl - left(entry, now);
  const older = (records: readonly DnsRecord[]) => records.map((record) => ({ ...record, ttl: record.ttl - age }));
  return { rcode: entry.rcode, answers: older(entry.answers), authorities: older(entry.authorities) };
}
