import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp4, anyIp6 } from '../../src/arbitraries/addr.ts';
import { EMBEDDING_LENGTHS, embed, extract, leavesOctetFree, WELL_KNOWN_PREFIX } from '../../src/sim/addr/embed.ts';
import { type Ip4, type Ip6, ip6, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { contains, makePrefix, type Prefix, parsePrefix } from '../../src/sim/addr/prefix.ts';
import { sumIp } from '../../src/sim/packet/checksum.ts';
import { translateFamily } from '../../src/sim/packet/family/translate.ts';
import { udp } from '../../src/sim/packet/packet.ts';

const prefix = (text: string): Prefix => parsePrefix(text) ?? expect.fail(`${text} is not a prefix`);
const four = (text: string) => parseIp(text) as Ip4;

/** Any prefix of a length that may hold an address, its bits 64 to 71 zero. */
const anyEmbedding = fc
  .tuple(anyIp6, fc.constantFrom(...EMBEDDING_LENGTHS))
  .map(([ip, length]) => makePrefix(ip6(ip & ~(0xffn << 56n)), length));

describe('IPv6 addressing of translators (RFC 6052)', () => {
  it.each([
    ['2001:db8::/32', '2001:db8:c000:221::', '2001:db8:c633:6407::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::', '2001:db8:1c6:3364:7::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::', '2001:db8:122:c633:64:700::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::', '2001:db8:122:3c6:33:6407::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::', '2001:db8:122:344:c6:3364:700:0'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221', '2001:db8:122:344::c633:6407'],
    ['64:ff9b::/96', '64:ff9b::c000:221', '64:ff9b::c633:6407'],
  ])('A52-1: %s holds 192.0.2.33 as %s and 198.51.100.7 as %s', (text, first, second) => {
    expect(embed(prefix(text), four('192.0.2.33'))).toBe(parseIp(first));
    expect(embed(prefix(text), four('198.51.100.7'))).toBe(parseIp(second));
    expect(extract(prefix(text), parseIp(first) as Ip6)).toBe(four('192.0.2.33'));
  });

  it('A52-1: every address comes back; it is in the prefix, and bits 64 to 71 and the suffix are zero', () => {
    fc.assert(
      fc.property(anyEmbedding, anyIp4, (into, ip) => {
        const made = embed(into, ip);
        expect(extract(into, made)).toBe(ip);
        expect(contains(into, made)).toBe(true);
        expect((made >> 56n) & 0xffn).toBe(0n);
        const end = into.length === 96 ? 0n : BigInt(128 - into.length - 40);
        expect(BigInt.asUintN(Number(end), made)).toBe(0n);
      }),
    );
  });

  it('A52-1: a suffix is not looked at, an address elsewhere stands for nothing', () => {
    expect(extract(prefix('2001:db8::/32'), parseIp('2001:db8:c000:221:0:1:2:3') as Ip6)).toBe(four('192.0.2.33'));
    expect(extract(prefix('2001:db8::/32'), parseIp('2001:db9:c000:221::') as Ip6)).toBeUndefined();
  });

  it('A52-1: other lengths hold no address, and a /96 must leave the octet free', () => {
    expect(() => embed(prefix('2001:db8::/44'), four('192.0.2.33'))).toThrow('does not follow a prefix of 44 bits');
    expect(leavesOctetFree(prefix('2001:db8:1:2:100::/96'))).toBe(false);
    expect(leavesOctetFree(WELL_KNOWN_PREFIX)).toBe(true);
  });

  it('A52-3: the well-known prefix adds nothing to the sum of an address', () => {
    fc.assert(
      fc.property(anyIp4, (ip) => {
        const made = embed(WELL_KNOWN_PREFIX, ip);
        expect(sumIp(made) % 0xffff, showIp(made)).toBe(sumIp(ip) % 0xffff);
      }),
    );
  });

  it('A52-3: only the other address changes the checksum of a datagram', () => {
    const dst = four('203.0.113.80');
    const before = udp({ src: parseIp('2001:db8::1') as Ip6, dst: embed(WELL_KNOWN_PREFIX, dst), sport: 5, dport: 6 });
    const src = embed(WELL_KNOWN_PREFIX, four('192.0.2.1'));
    const same = udp({ ...before, src });
    expect(translateFamily(same, { ends: { src: four('192.0.2.1'), dst } })).toMatchObject({ checksum: same.checksum });
  });
});
