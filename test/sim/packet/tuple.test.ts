import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFamily, anyIp, anyPort } from '../../../src/arbitraries/addr.ts';
import { anyFragment, anyQuery, anySeq, anyWhole } from '../../../src/arbitraries/packet.ts';
import { type Family, type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { error, ICMP_ERROR, type Quote, quoteOf } from '../../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, icmp, type Other, other, tcp, udp } from '../../../src/sim/packet/packet.ts';
import {
  type Dependence,
  fragmentKey,
  keyFor,
  keyOf,
  reversed,
  sameTuple,
  type Tuple,
  tupleOf,
  tupleOfQuote,
} from '../../../src/sim/packet/tuple.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.10') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
const back = { src: v4.dst, dst: v4.src };

const anyPorts = (wanted: Family): fc.Arbitrary<Tuple> =>
  fc.record({
    protocol: fc.constantFrom(6, 17, 47, 132),
    src: anyIp(wanted),
    dst: anyIp(wanted),
    sport: anyPort,
    dport: anyPort,
  });
const anyIcmpTuple = (wanted: Family): fc.Arbitrary<Tuple> =>
  anyQuery(wanted).map((packet) => tupleOf(packet) ?? expect.fail('a query has a tuple'));
const anyTuple = anyFamily.chain((family) => fc.oneof(anyPorts(family), anyIcmpTuple(family)));

describe('tupleOf', () => {
  it.each([
    [
      'a segment',
      tcp({ ...v4, sport: 1, dport: 2, seq: 0, flags: FLAG.syn }),
      { protocol: 6, ...v4, sport: 1, dport: 2 },
    ],
    ['a datagram', udp({ ...v6, sport: 1, dport: 2 }), { protocol: 17, ...v6, sport: 1, dport: 2 }],
    ['ESP', other({ ...v4, protocol: 50 }), { protocol: 50, ...v4, sport: 0, dport: 0 }],
    ['a ping', echo({ ...v4, id: 7, seq: 1 }), { protocol: 1, ...v4, sport: 7, dport: 7, type: 8, code: 0 }],
    [
      'an IPv6 pong',
      echo({ ...v6, id: 7, seq: 1, reply: true }),
      { protocol: 58, ...v6, sport: 7, dport: 7, type: 129, code: 0 },
    ],
    [
      'a timestamp',
      icmp({ ...v4, type: 13, rest: 0x7_0001 }),
      { protocol: 1, ...v4, sport: 7, dport: 7, type: 13, code: 0 },
    ],
    ['an error', icmp({ ...v4, type: 3 }), undefined],
    ['a router solicitation', icmp({ ...v4, type: 10 }), undefined],
    ['an IPv6 neighbour solicitation', icmp({ ...v6, type: 135 }), undefined],
    ['a fragment of ESP', other({ ...v4, protocol: 50, fragment: { offset: 0, more: true } }), undefined],
    ['TCP cut short', other({ ...v4, protocol: 6 }), undefined],
    ['UDP cut short', other({ ...v4, protocol: 17 }), undefined],
    ['ICMP cut short', other({ ...v4, protocol: 1 }), undefined],
    ['ICMPv6 over IPv4', other({ ...v4, protocol: 58 }), { protocol: 58, ...v4, sport: 0, dport: 0 }],
  ])('of %s', (_, packet, tuple) => {
    expect(tupleOf(packet)).toEqual(tuple);
  });
});

describe('tupleOfQuote', () => {
  it('is the tuple of the quoted packet', () => {
    fc.assert(
      fc.property(anyWhole(), (about) => {
        const family = typeof about.src === 'number' ? 4 : 6;
        const quote = quoteOf(error({ about, src: about.dst, ...ICMP_ERROR[family].portUnreachable }));
        expect(quote && tupleOfQuote(quote)).toEqual(tupleOf(about));
      }),
    );
  });

  it.each<[string, Partial<Quote>]>([
    ['TCP without ports', { protocol: 6 }],
    ['UDP without ports', { protocol: 17 }],
    ['ICMP without identifier', { protocol: 1, type: 8, code: 0 }],
    ['an ICMP error', { protocol: 1, type: 3, code: 0, id: 0 }],
    ['a later fragment', { protocol: 50, offset: 8 }],
  ])('is not there for %s', (_, fields) => {
    const quote: Quote = { ...v4, ttl: 1, protocol: 0, offset: 0, transport: 20, ...fields };
    expect(tupleOfQuote(quote)).toBeUndefined();
  });
});

describe('reversed', () => {
  it('swaps the ends', () => {
    expect(reversed({ protocol: 6, ...v4, sport: 1, dport: 2 })).toEqual({ protocol: 6, ...back, sport: 2, dport: 1 });
  });

  it.each([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ])('pairs ICMP %i and %i', (query, answer) => {
    const asked = tupleOf(icmp({ ...v4, type: query, rest: 0x7_0000 }));
    const answered = tupleOf(icmp({ ...back, type: answer, rest: 0x7_0000 }));
    if (asked === undefined || answered === undefined) expect.fail('no tuple');
    expect(reversed(asked)).toEqual(answered);
    expect(reversed(answered)).toEqual(asked);
  });

  it('pairs ICMPv6 128 and 129', () => {
    const asked = tupleOf(echo({ ...v6, id: 7, seq: 1 }));
    const answered = tupleOf(echo({ src: v6.dst, dst: v6.src, id: 7, seq: 9, reply: true }));
    expect(asked && reversed(asked)).toEqual(answered);
  });

  it('twice is the tuple itself', () => {
    fc.assert(
      fc.property(anyTuple, (tuple) => {
        expect(reversed(reversed(tuple))).toEqual(tuple);
      }),
    );
  });

  it('fails for what no flow has', () => {
    const odd = { protocol: 1, ...v4, sport: 0, dport: 0, type: 3, code: 3 };
    expect(() => reversed(odd)).toThrow(InternalError);
  });
});

describe('keys', () => {
  /** Two tuples that differ in a field or two, or in nothing. */
  const anyPair = anyFamily.chain((family) => {
    const anyOne = fc.oneof(anyPorts(family), anyIcmpTuple(family));
    return fc
      .tuple(anyOne, anyOne, fc.subarray(['protocol', 'src', 'dst', 'sport', 'dport'] as const))
      .map(([a, b, fields]): [Tuple, Tuple] => {
        const mixed = { ...a };
        return [a, Object.assign(mixed, ...fields.map((field) => ({ [field]: b[field] })))];
      });
  });

  it('are equal exactly for equal tuples', () => {
    fc.assert(
      fc.property(anyPair, ([a, b]) => {
        expect(keyOf(a) === keyOf(b)).toBe(sameTuple(a, b));
        expect(sameTuple(a, { ...a })).toBe(true);
        expect(keyOf(a)).toBe(keyOf({ ...a }));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, Partial<Tuple>]>([
    ['protocol', { protocol: 17 }],
    ['source', { src: ip('192.168.1.11') }],
    ['upper half of the source', { src: ip('192.169.1.10') }],
    ['destination', { dst: ip('203.0.113.11') }],
    ['source port', { sport: 9 }],
    ['destination port', { dport: 9 }],
    ['type', { type: 0 }],
    ['code', { code: 1 }],
  ])('tell %s apart', (_, change) => {
    const tuple = { protocol: 1, ...v4, sport: 5, dport: 6, type: 8, code: 0 };
    expect(keyOf({ ...tuple, ...change })).not.toBe(keyOf(tuple));
    expect(sameTuple(tuple, { ...tuple, ...change })).toBe(false);
  });

  it.each([0n, 16n, 32n, 48n, 64n, 80n, 96n, 112n])('tell bit %i of an IPv6 address apart', (bit) => {
    const tuple = { protocol: 6, ...v6, sport: 5, dport: 6 };
    const src = ip('2001:db8::1');
    const moved = { ...tuple, src: ((src as bigint) ^ (1n << bit)) as typeof v6.src };
    expect(keyOf(moved)).not.toBe(keyOf(tuple));
    expect(keyFor('none', moved)).not.toBe(keyFor('none', tuple));
  });

  it('tell families and directions apart', () => {
    fc.assert(
      fc.property(anyTuple, anyTuple, (a, b) => {
        if (typeof a.src !== typeof b.src) expect(keyOf(a)).not.toBe(keyOf(b));
        if (!sameTuple(a, reversed(a))) expect(keyOf(a)).not.toBe(keyOf(reversed(a)));
      }),
    );
  });

  const near: Tuple = { protocol: 17, ...v4, sport: 5000, dport: 9000 };
  it.each<[Dependence, Partial<Tuple>, boolean]>([
    ['none', { dst: ip('8.8.8.8'), dport: 1 }, true],
    ['none', { sport: 5001 }, false],
    ['none', { src: ip('192.168.1.11') }, false],
    ['none', { protocol: 6 }, false],
    ['address', { dport: 1 }, true],
    ['address', { dst: ip('8.8.8.8') }, false],
    ['address', { sport: 5001 }, false],
    ['addressAndPort', {}, true],
    ['addressAndPort', { dport: 1 }, false],
    ['addressAndPort', { dst: ip('8.8.8.8') }, false],
  ])('of dependence %s: another %o shares the mapping: %s', (dependence, change, shares) => {
    expect(keyFor(dependence, near) === keyFor(dependence, { ...near, ...change })).toBe(shares);
  });

  it('of different dependence never meet, nor the key of the tuple', () => {
    fc.assert(
      fc.property(anyTuple, (tuple) => {
        const mappings = (['none', 'address', 'addressAndPort'] as const).map((dependence) =>
          keyFor(dependence, tuple),
        );
        expect(new Set([...mappings, keyOf(tuple)]).size).toBe(4);
      }),
    );
  });

  it('of a query and an answer with one identifier share a mapping', () => {
    const [ping, stamp] = [tupleOf(echo({ ...v4, id: 7, seq: 1 })), tupleOf(icmp({ ...v4, type: 13, rest: 0x7_0000 }))];
    if (ping === undefined || stamp === undefined) expect.fail('no tuple');
    expect(keyFor('none', ping)).toBe(keyFor('none', stamp));
  });

  it('of fragments tell datagrams apart', () => {
    const differs = (a: Other, b: Other) =>
      (['src', 'dst', 'protocol', 'ident'] as const).some((field) => a[field] !== b[field]);
    fc.assert(
      fc.property(anyFragment(), anyIp(4), anySeq, (a, src, ident) => {
        const others = [
          { ...a, src },
          { ...a, ident },
          { ...a, protocol: 99 },
          { ...a, ttl: 1, payload: new Uint8Array(1) },
        ];
        for (const b of others) expect(fragmentKey(a) === fragmentKey(b)).toBe(!differs(a, b));
      }),
    );
  });
});
