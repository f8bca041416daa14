import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { anyGroups, anyIp, anyIp4, anyIp6, anyMac } from '../../../src/arbitraries/addr.ts';
import {
  ANY4,
  ANY6,
  bitsOf,
  compareIp,
  family,
  fromBytes,
  type Ip,
  ip4,
  ip6,
  ipToBigInt,
  isIp4,
  isIp6,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  LIMITED_BROADCAST,
  LOOPBACK4,
  LOOPBACK6,
  linkLocal,
  offsetIp,
  parseIp,
  readIp,
  scopeOf,
  showIp,
  toBytes,
} from '../../../src/sim/addr/ip.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const peer = (of: Ip) => ipaddr.fromByteArray([...toBytes(of)]);

describe('ip4 and ip6', () => {
  it.each([-1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY])('make no IPv4 address of %d', (n) => {
    expect(() => ip4(n)).toThrow(InternalError);
  });

  it.each([-1n, 1n << 128n])('make no IPv6 address of %d', (n) => {
    expect(() => ip6(n)).toThrow(InternalError);
  });

  it('take both ends', () => {
    expect([ip4(0), ip4(0xffff_ffff)].map(showIp)).toEqual(['0.0.0.0', '255.255.255.255']);
    const last = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    expect([ip6(0n), ip6((1n << 128n) - 1n)].map(showIp)).toEqual(['::', last]);
  });

  it('tell the family', () => {
    for (const [address, expected] of [
      [ANY4, 4],
      [LIMITED_BROADCAST, 4],
      [ANY6, 6],
      [LOOPBACK6, 6],
    ] as const) {
      expect([family(address), isIp4(address), isIp6(address)]).toEqual([expected, expected === 4, expected === 6]);
    }
    expect([bitsOf(4), bitsOf(6)]).toEqual([32, 128]);
  });

  it('give equal values for equal addresses, so that a Map finds them', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        expect(new Map([[address, 'here']]).get(ip(showIp(address)))).toBe('here');
      }),
    );
  });
});

describe('parseIp', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['192.168.0.1', 0xc0a8_0001n],
    ['255.255.255.255', 0xffff_ffffn],
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['2001:DB8::1', (0x2001_0db8n << 96n) | 1n],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', (0x2001_0db8n << 96n) | 1n],
    ['1:2:3:4:5:6:7::', 0x1_0002_0003_0004_0005_0006_0007_0000n],
    ['::2:3:4:5:6:7:8', 0x2_0003_0004_0005_0006_0007_0008n],
    ['::13.1.68.3', 0x0d01_4403n],
    ['::ffff:129.144.52.38', 0xffff_8190_3426n],
    ['64:ff9b::192.0.2.33', (0x64_ff9bn << 96n) | 0xc000_0221n],
    ['1:2:3:4:5:6:1.2.3.4', 0x1_0002_0003_0004_0005_0006_0102_0304n],
  ])('reads %s', (text, value) => {
    expect(ipToBigInt(ip(text))).toBe(value);
  });

  it.each([
    ['', '"" is not an IP address'],
    ['lan', '"lan" is not an IP address'],
    ['10', '"10" is not an IP address'],
    ['3232235521', '"3232235521" is not an IP address'],
    ['0x7f.0.0.1', '"0x7f.0.0.1" is not an IP address'],
    [' 10.0.0.1', '" 10.0.0.1" is not an IP address'],
    ['192.168.0.300', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['10.0.0.256', '"10.0.0.256" is not an IPv4 address: 256 is above 255'],
    ['10.0.0', '"10.0.0" is not an IPv4 address: it has 3 numbers instead of 4'],
    ['10.0.0.0.1', '"10.0.0.0.1" is not an IPv4 address: it has 5 numbers instead of 4'],
    ['10.0.0.', '"10.0.0." is not an IPv4 address: "" is not a number'],
    ['10..0.1', '"10..0.1" is not an IPv4 address: "" is not a number'],
    ['10.0.0.x', '"10.0.0.x" is not an IPv4 address: "x" is not a number'],
    ['10.0.0.1 ', '"10.0.0.1 " is not an IPv4 address: "1 " is not a number'],
    ['10.0.0.+1', '"10.0.0.+1" is not an IPv4 address: "+1" is not a number'],
    ['10.0.0.1e1', '"10.0.0.1e1" is not an IPv4 address: "1e1" is not a number'],
    ['10.0.0.01', '"10.0.0.01" is not an IPv4 address: 01 has a leading zero'],
    ['00.0.0.0', '"00.0.0.0" is not an IPv4 address: 00 has a leading zero'],
    [':', '":" is not an IPv6 address: it has an empty group'],
    [':::', '":::" is not an IPv6 address: it has an empty group'],
    ['1:', '"1:" is not an IPv6 address: it has an empty group'],
    [':1', '":1" is not an IPv6 address: it has an empty group'],
    ['1::2::3', '"1::2::3" is not an IPv6 address: "::" stands in it more than once'],
    ['1:2:3', '"1:2:3" is not an IPv6 address: it has 3 groups instead of 8'],
    ['1:2:3:4:5:6:7:8:9', '"1:2:3:4:5:6:7:8:9" is not an IPv6 address: it has 9 groups instead of 8'],
    ['1:2:3:4::5:6:7:8', '"1:2:3:4::5:6:7:8" is not an IPv6 address: "::" leaves no group out'],
    ['::1:2:3:4:5:6:7:8', '"::1:2:3:4:5:6:7:8" is not an IPv6 address: "::" leaves no group out'],
    ['::12345', '"::12345" is not an IPv6 address: "12345" is not a group of 1 to 4 hexadecimal digits'],
    ['fe80::g', '"fe80::g" is not an IPv6 address: "g" is not a group of 1 to 4 hexadecimal digits'],
    ['1.2.3.4::', '"1.2.3.4::" is not an IPv6 address: "1.2.3.4" is not a group of 1 to 4 hexadecimal digits'],
    ['::1.2.3.4:5', '"::1.2.3.4:5" is not an IPv6 address: "1.2.3.4" is not a group of 1 to 4 hexadecimal digits'],
    ['::1.2.3.999', '"::1.2.3.999" is not an IPv6 address: 999 is above 255'],
    ['1:2:3:4:5:6:7:1.2.3.4', '"1:2:3:4:5:6:7:1.2.3.4" is not an IPv6 address: it has 9 groups instead of 8'],
    ['fe80::1%eth0', '"fe80::1%eth0" is not an IPv6 address: it has a zone'],
  ])('refuses "%s"', (text, why) => {
    expect(parseIp(text)).toBeUndefined();
    expect(readIp(text)).toBe(why);
  });

  it('reads back what showIp writes', () => {
    fc.assert(
      fc.property(anyIp(), (address) => ip(showIp(address)) === address),
      { numRuns: 500 },
    );
  });

  it('reads every spelling of an IPv6 address alike', () => {
    fc.assert(
      fc.property(anySpelling, ({ groups, text }) => {
        const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
        expect([text, ip(text)]).toEqual([text, value]);
      }),
      { numRuns: 500 },
    );
  });

  it('accepts and refuses what the sockets of this machine do, zones aside', () => {
    fc.assert(
      fc.property(anyDamagedText, (text) => {
        fc.pre(!text.includes('%'));
        const found = parseIp(text);
        expect([text, found === undefined ? 0 : family(found)]).toEqual([text, isIP(text)]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('agrees with ipaddr.js on every text that both take', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), anyDamagedText), (text) => {
        const found = parseIp(text);
        // ipaddr.js takes ::a.b.c.d for ::ffff:a.b.c.d, which RFC 4291 §2.5.5 does not say.
        fc.pre(found !== undefined && !/^::\d+\./.test(text));
        expect([text, [...toBytes(found)]]).toEqual([text, ipaddr.parse(text).toByteArray()]);
      }),
      { numRuns: 500 },
    );
  });
});

/** One of the many texts of eight groups: cases, leading zeros, any run of zeros left out, a dotted end. */
const anySpelling = fc
  .record({
    groups: anyGroups,
    upper: fc.boolean(),
    width: fc.constantFrom(1, 2, 4),
    quad: fc.boolean(),
    from: fc.nat({ max: 7 }),
    length: fc.nat({ max: 8 }),
  })
  .map(({ groups, upper, width, quad, from, length }) => {
    const hex = groups.map((group) => group.toString(16).padStart(width, '0'));
    const [high = 0, low = 0] = groups.slice(6);
    const words = quad ? [...hex.slice(0, 6), `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`] : hex;
    let end = from;
    while (end < from + length && end < (quad ? 6 : 8) && groups[end] === 0) end += 1;
    const text = end === from ? words.join(':') : `${words.slice(0, from).join(':')}::${words.slice(end).join(':')}`;
    return { groups, text: upper ? text.toUpperCase() : text };
  });

/** Texts that nearly are addresses: a good one with a few characters removed, doubled or put in. */
const anyDamagedText = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      anySpelling.map(({ text }) => text),
    ),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('', ':', '.', '0', '1', 'f', '::', '9', ' ', '-')), { maxLength: 3 }),
  )
  .map(([text, edits]) =>
    edits.reduce((damaged, [place, put]) => {
      const at = place % (damaged.length + 1);
      return damaged.slice(0, at) + put + damaged.slice(put === '' ? at + 1 : at);
    }, text),
  );

describe('showIp', () => {
  it.each([
    ['RFC 5952 §1', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['RFC 5952 §4.1, leading zeros', '2001:0db8::0001', '2001:db8::1'],
    ['RFC 5952 §4.2.1, as short as possible', '2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['RFC 5952 §4.2.2, one zero group alone', '2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['RFC 5952 §4.2.3, the longest run', '2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['RFC 5952 §4.2.3, the first of equal runs', '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['RFC 5952 §4.3, lower case', '2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa'],
    ['RFC 5952 §5, IPv4-mapped', '::ffff:c000:201', '::ffff:192.0.2.1'],
    ['IPv4-mapped, all zeros', '::ffff:0:0', '::ffff:0.0.0.0'],
    ['no mixed form for other prefixes', '64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['no mixed form for IPv4-compatible', '::13.1.68.3', '::d01:4403'],
    ['zeros at the front', '0:0:0:0:0:0:0:1', '::1'],
    ['zeros at the end', 'fe80:0:0:0:0:0:0:0', 'fe80::'],
    ['all zeros', '0:0:0:0:0:0:0:0', '::'],
    ['no zeros', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['a zero group at each end', '0:2:3:4:5:6:7:0', '0:2:3:4:5:6:7:0'],
  ])('%s', (_, text, canonical) => {
    expect(showIp(ip(text))).toBe(canonical);
  });

  it('writes what ipaddr.js writes, the mixed form aside', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        const text = peer(address).toString();
        const mixed = typeof address === 'bigint' && address >> 32n === 0xffffn;
        expect(showIp(address)).toBe(mixed ? `::ffff:${showIp(ip4(Number(address & 0xffff_ffffn)))}` : text);
      }),
      { numRuns: 500 },
    );
  });

  it('writes what a URL writes, the mixed form aside', () => {
    fc.assert(
      fc.property(anyIp6, (address) => {
        fc.pre(address >> 32n !== 0xffffn);
        expect(`[${showIp(address)}]`).toBe(
          new URL(`http://[${new ipaddr.IPv6([...toBytes(address)]).toNormalizedString()}]/`).hostname,
        );
      }),
    );
  });
});

describe('bytes', () => {
  it('are the wire form, most significant first', () => {
    expect([...toBytes(ip('192.168.0.1'))]).toEqual([192, 168, 0, 1]);
    expect([...toBytes(ip('2001:db8::ff'))]).toEqual([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]);
  });

  it('are those of ipaddr.js, and are read back', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        expect([...toBytes(address)]).toEqual(ipaddr.parse(showIp(address)).toByteArray());
        expect(fromBytes(toBytes(address))).toBe(address);
      }),
      { numRuns: 300 },
    );
  });

  it('may be a part of a larger buffer', () => {
    const packet = Uint8Array.from({ length: 40 }, (_, i) => i);
    expect(fromBytes(packet.subarray(12, 16))).toBe(ip('12.13.14.15'));
    expect(fromBytes(packet.subarray(8, 24))).toBe(ip('809:a0b:c0d:e0f:1011:1213:1415:1617'));
  });

  it.each([0, 3, 5, 15, 17])('are not %d', (length) => {
    expect(() => fromBytes(new Uint8Array(length))).toThrow(InternalError);
  });
});

describe('compareIp', () => {
  it('sorts IPv4 before IPv6, each by value', () => {
    const sorted = [
      '0.0.0.0',
      '9.255.255.255',
      '10.0.0.0',
      '127.0.0.1',
      '128.0.0.0',
      '255.255.255.255',
      '::',
      '::1',
      'ff::',
    ];
    const mixed = [
      '::1',
      '128.0.0.0',
      '10.0.0.0',
      'ff::',
      '127.0.0.1',
      '0.0.0.0',
      '::',
      '255.255.255.255',
      '9.255.255.255',
    ];
    expect(mixed.map(ip).sort(compareIp).map(showIp)).toEqual(sorted);
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(anyIp(), anyIp(), anyIp(), (a, b, c) => {
        expect(Math.sign(compareIp(a, b))).toBe(0 - Math.sign(compareIp(b, a)));
        expect(compareIp(a, b) === 0).toBe(a === b);
        if (compareIp(a, b) <= 0 && compareIp(b, c) <= 0) expect(compareIp(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('offsetIp', () => {
  it.each([
    ['10.0.0.255', 1, '10.0.1.0'],
    ['10.0.0.0', -1, '9.255.255.255'],
    ['127.255.255.255', 1n, '128.0.0.0'],
    ['::ffff', 1, '::1:0'],
    ['2001:db8::', -1n, '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['0.0.0.0', 0xffff_ffff, '255.255.255.255'],
  ])('%s and %d is %s', (from, n, to) => {
    expect(showIp(offsetIp(ip(from), n))).toBe(to);
  });

  it.each([
    ['255.255.255.255', 1],
    ['0.0.0.0', -1],
    ['0.0.0.0', 1n << 40n],
    ['::', -1],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 1],
  ])('does not leave the address space from %s by %d', (from, n) => {
    expect(() => offsetIp(ip(from), n)).toThrow(InternalError);
  });

  it('goes from any address to any other of its family and back', () => {
    const pair = fc.oneof(fc.tuple(anyIp4, anyIp4), fc.tuple(anyIp6, anyIp6));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const distance = ipToBigInt(b) - ipToBigInt(a);
        expect([offsetIp(a, distance), offsetIp(b, -distance)]).toEqual([b, a]);
      }),
    );
  });
});

describe('linkLocal', () => {
  it.each([
    ['RFC 4291 appendix A, 34-56-78-9A-BC-DE', 0x3456_789a_bcde, 'fe80::3656:78ff:fe9a:bcde'],
    ['a locally administered address', 0x0200_0000_0001, 'fe80::ff:fe00:1'],
    ['all zeros', 0, 'fe80::200:ff:fe00:0'],
    ['all ones', 0xffff_ffff_ffff, 'fe80::fdff:ffff:feff:ffff'],
  ])('%s', (_, mac, text) => {
    expect(showIp(linkLocal(mac))).toBe(text);
  });

  it('gives each interface a link-local address of its own', () => {
    fc.assert(
      fc.property(anyMac, anyMac, (a, b) => {
        expect(isLinkLocal(linkLocal(a))).toBe(true);
        expect(linkLocal(a) === linkLocal(b)).toBe(a === b);
      }),
    );
  });

  it.each([-1, 0.5, 2 ** 48, Number.NaN])('takes no MAC of %d', (mac) => {
    expect(() => linkLocal(mac)).toThrow(InternalError);
  });
});

describe('kinds of address', () => {
  it.each([
    ['0.0.0.0', 'unspecified'],
    ['0.0.0.1', 'global'],
    ['::', 'unspecified'],
    ['126.255.255.255', 'global'],
    ['127.0.0.0', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['128.0.0.0', 'global'],
    ['::1', 'loopback'],
    ['::2', 'global'],
    ['169.253.255.255', 'global'],
    ['169.254.0.0', 'link'],
    ['169.254.255.255', 'link'],
    ['169.255.0.0', 'global'],
    ['fe7f:ffff::', 'global'],
    ['fe80::1', 'link'],
    ['febf:ffff::1', 'link'],
    ['fec0::1', 'site'],
    ['feff:ffff::1', 'site'],
    ['223.255.255.255', 'global'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.0', 'global'],
    ['255.255.255.254', 'global'],
    ['255.255.255.255', 'link'],
    ['ff00::', 'multicast'],
    ['ff02::1', 'multicast'],
    ['10.1.2.3', 'global'],
    ['fd00::1', 'global'],
    ['2001:db8::1', 'global'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:169.254.1.1', 'link'],
    ['::ffff:8.8.8.8', 'global'],
  ])('%s has scope %s', (text, scope) => {
    expect(scopeOf(ip(text))).toBe(scope);
  });

  it('are the ranges of ipaddr.js', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        const range = peer(address).range();
        expect(isMulticast(address)).toBe(range === 'multicast');
        expect(isLoopback(address)).toBe(range === 'loopback');
        expect(isLinkLocal(address)).toBe(range === 'linkLocal');
        if (isUnspecified(address)) expect(range).toBe('unspecified');
        if (typeof address === 'bigint') expect(isUnspecified(address)).toBe(range === 'unspecified');
      }),
      { numRuns: 500 },
    );
  });

  it('include the constants', () => {
    expect([ANY4, ANY6, LOOPBACK4, LOOPBACK6, LIMITED_BROADCAST].map(showIp)).toEqual([
      '0.0.0.0',
      '::',
      '127.0.0.1',
      '::1',
      '255.255.255.255',
    ]);
  });
});
