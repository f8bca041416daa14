import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp } from '../../../src/arbitraries/addr.ts';
import { anyByte } from '../../../src/arbitraries/packet.ts';
import { LOOPBACK4, LOOPBACK6 } from '../../../src/sim/addr/ip.ts';
import { icmpProtocol, inverseType, isQuery } from '../../../src/sim/packet/protocol.ts';

describe('ICMP queries', () => {
  it.each([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ])('type %i is answered by %i', (query, answer) => {
    expect([inverseType(LOOPBACK4, query), inverseType(LOOPBACK4, answer)]).toEqual([answer, query]);
    expect([isQuery(LOOPBACK4, query), isQuery(LOOPBACK4, answer)]).toEqual([true, false]);
  });

  it('ICMPv6 type 128 is answered by 129', () => {
    expect([inverseType(LOOPBACK6, 128), inverseType(LOOPBACK6, 129)]).toEqual([129, 128]);
    expect([isQuery(LOOPBACK6, 128), isQuery(LOOPBACK6, 129), isQuery(LOOPBACK6, 8)]).toEqual([true, false, false]);
  });

  it('of each pair exactly one asks; no other type does', () => {
    fc.assert(
      fc.property(anyIp(), anyByte, (ip, type) => {
        const inverse = inverseType(ip, type);
        if (inverse === undefined) expect(isQuery(ip, type)).toBe(false);
        else expect(isQuery(ip, type)).toBe(!isQuery(ip, inverse));
      }),
      { numRuns: 1000 },
    );
  });
});

it('the ICMP of a family has its own protocol number', () => {
  expect([icmpProtocol(LOOPBACK4), icmpProtocol(LOOPBACK6)]).toEqual([1, 58]);
});
