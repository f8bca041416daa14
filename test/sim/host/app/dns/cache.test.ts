import { describe, expect, it } from 'vitest';
import { follow } from '../../../../../src/sim/host/app/dns/answer.ts';
import { knownFrom, recall, remember } from '../../../../../src/sim/host/app/dns/cache.ts';
import { refusal } from '../../../../../src/sim/host/app/dns/job.ts';
import type { DnsMessage, DnsRecord } from '../../../../../src/sim/host/app/message-dns.ts';
import { ip } from '../drive.ts';

const question = { name: 'www.example.com', type: 'A' };
const a = (ttl: number, name = 'www.example.com'): DnsRecord => ({ type: 'A', name, ttl, data: ip('203.0.113.80') });
const alias = (name: string, data: string, ttl = 60): DnsRecord => ({ type: 'CNAME', name, ttl, data });
const soa = (ttl: number, minimum: number): DnsRecord => ({ type: 'SOA', name: '.', ttl, minimum });

function message(part: Partial<DnsMessage>): DnsMessage {
  return { ...refusal({ kind: 'garbled', id: 1, response: false }, 'NOERROR'), ...part };
}

describe('the cache', () => {
  const known = knownFrom(message({ answers: [a(60)] }), question);

  it('counts down and forgets', () => {
    const cache = remember(new Map(), question, known, 1000);
    expect(recall(cache, { name: 'WWW.example.com', type: 'A' }, 1999)?.answers).toEqual([a(60)]);
    expect(recall(cache, question, 31_000)?.answers).toEqual([a(30)]);
    expect(recall(cache, question, 60_999)?.answers).toEqual([a(1)]);
    expect(recall(cache, question, 61_000)).toBeUndefined();
    expect(recall(cache, { ...question, type: 'AAAA' }, 1000)).toBeUndefined();
  });

  it('throws away what is over when something new comes', () => {
    const cache = remember(new Map(), question, known, 0);
    expect(remember(cache, { name: 'b', type: 'A' }, known, 60_000).size).toBe(1);
  });

  it('keeps a chain for as long as its shortest link', () => {
    const chain = knownFrom(message({ answers: [alias('www.example.com', 'web', 20), a(60, 'web')] }), question);
    const cache = remember(new Map(), question, chain, 0);
    expect(recall(cache, question, 19_999)?.answers).toHaveLength(2);
    expect(recall(cache, question, 20_000)).toBeUndefined();
  });

  it.each([
    [{ answers: [a(0)] }, 0],
    [{ answers: [a(10_000_000)] }, 86_400],
    [{ rcode: 'NXDOMAIN' as const, authorities: [soa(300, 60)] }, 60],
    [{ authorities: [soa(30, 60)] }, 30],
    [{ authorities: [soa(90_000, 90_000)] }, 10_800],
    [{ rcode: 'NXDOMAIN' as const }, 0],
    // Only an alias: what it leads to is not known yet.
    [{ answers: [alias('www.example.com', 'web')] }, 0],
  ])('keeps %j for %i s', (part, ttl) => {
    const cache = remember(new Map(), question, knownFrom(message(part), question), 0);
    expect(cache.size).toBe(ttl === 0 ? 0 : 1);
    expect(recall(cache, question, ttl * 1000 - 1) !== undefined).toBe(ttl > 0);
    expect(recall(cache, question, ttl * 1000)).toBeUndefined();
  });

  it('takes from an answer only what is about the question', () => {
    const found = knownFrom(
      message({ answers: [a(60), a(60, 'evil.example')], authorities: [soa(1, 1), a(9)] }),
      question,
    );
    expect(found).toEqual({ rcode: 'NOERROR', answers: [a(60)], authorities: [] });
    expect(knownFrom(message({ authorities: [soa(1, 1), a(9)] }), question).authorities).toEqual([soa(1, 1)]);
  });
});

describe('follow', () => {
  it('goes along aliases in any order', () => {
    const records = [a(1, 'c'), alias('b', 'C'), alias('www.example.com', 'b')];
    expect(follow(question, records)).toEqual({
      found: [a(1, 'c')],
      used: [alias('www.example.com', 'b'), alias('b', 'C'), a(1, 'c')],
      end: 'c',
    });
  });

  it('stops where an alias leads out, and before a circle closes', () => {
    expect(follow(question, [alias('www.example.com', 'b')])).toMatchObject({ found: [], end: 'b' });
    const circle = [alias('www.example.com', 'b'), alias('b', 'www.example.com')];
    expect(follow(question, circle)).toMatchObject({ found: [], end: 'b' });
    expect(follow({ name: 'x', type: 'A' }, circle)).toEqual({ found: [], used: [], end: 'x' });
  });
});
