import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp6, anyIpIn } from '../../src/arbitraries/addr.ts';
import { type Ip6, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { mapNeutrally } from '../../src/sim/addr/neutral.ts';
import { contains, makePrefix, type Prefix, parsePrefix } from '../../src/sim/addr/prefix.ts';
import { sumIp } from '../../src/sim/packet/checksum.ts';

const prefix = (text: string): Prefix => parsePrefix(text) ?? expect.fail(`${text} is not a prefix`);
const inside = prefix('fd01:203:405::/48');
const outside = prefix('2001:db8:1::/48');
const map = (text: string, from: Prefix, to: Prefix) => {
  const mapped = mapNeutrally(parseIp(text) as Ip6, from, to);
  return mapped === undefined ? undefined : showIp(mapped);
};

/** Two prefixes of one length, and an address in the first. */
const anyPair = fc.tuple(anyIp6, anyIp6, fc.integer({ min: 16, max: 64 })).chain(([a, b, length]) => {
  const [from, to] = [makePrefix(a, length), makePrefix(b, length)];
  return fc.record({ from: fc.constant(from), to: fc.constant(to), ip: anyIpIn(from) as fc.Arbitrary<Ip6> });
});

describe('IPv6-to-IPv6 network prefix translation (RFC 6296)', () => {
  it('NPT-2, NPT-6: the example of the RFC, there and back', () => {
    expect(map('fd01:203:405:1::1234', inside, outside)).toBe('2001:db8:1:d550::1234');
    expect(map('2001:db8:1:d550::1234', outside, inside)).toBe('fd01:203:405:1::1234');
    expect(sumIp(parseIp('fd01:203:405:1::1234') as Ip6)).toBe(0x153f);
    expect(sumIp(parseIp('2001:db8:1:d550::1234') as Ip6)).toBe(0x153f);
  });

  it('NPT-2, NPT-6: a result of ffff is written as 0000, and comes back', () => {
    expect(map('fd01:203:405:2ab0::1', inside, outside)).toBe('2001:db8:1::1');
    expect(map('2001:db8:1::1', outside, inside)).toBe('fd01:203:405:2ab0::1');
  });

  it('NPT-3: up to /48 the subnet makes up for it, beyond that the first word of the identifier that is not ffff', () => {
    const [longIn, longOut] = [prefix('fd01:203:405:1::/64'), prefix('2001:db8:1:2::/64')];
    expect(map('fd01:203:405:1::1234', longIn, longOut)).toBe('2001:db8:1:2:d54e::1234');
    expect(map('fd01:203:405:1:ffff::1234', longIn, longOut)).toBe('2001:db8:1:2:ffff:d54e:0:1234');
    expect(map('fd01:203:405:1:ffff:ffff:ffff:0', longIn, longOut)).toBe('2001:db8:1:2:ffff:ffff:ffff:d54e');
    expect(map('fd00:1:2:3::9', prefix('fd00::/16'), prefix('fd01::/16'))).toBe('fd01:1:2:2::9');
  });

  it('NPT-4: a subnet of ffff, or an identifier of nothing but ffff, is not translated', () => {
    expect(map('fd01:203:405:ffff::1', inside, outside)).toBeUndefined();
    const all = 'fd01:203:405:1:ffff:ffff:ffff:ffff';
    expect(map(all, prefix('fd01:203:405:1::/64'), prefix('2001:db8:1:2::/64'))).toBeUndefined();
  });

  it('NPT-1, NPT-2: the sum of the address never changes, only the prefix and one word do, and the way back undoes it', () => {
    fc.assert(
      fc.property(anyPair, ({ from, to, ip }) => {
        const mapped = mapNeutrally(ip, from, to);
        if (mapped === undefined) return;
        expect(contains(to, mapped)).toBe(true);
        expect(sumIp(mapped) % 0xffff).toBe(sumIp(ip) % 0xffff);
        const back = mapNeutrally(mapped, to, from);
        expect(back === undefined ? undefined : showIp(back)).toBe(showIp(ip));
      }),
      { numRuns: 300 },
    );
  });
});
