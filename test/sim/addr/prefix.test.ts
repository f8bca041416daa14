import { BlockList } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import {
  anyFamily,
  anyHostPrefix,
  anyIp,
  anyIpIn,
  anyLength,
  anyPrefix,
  anySubnetOf,
} from '../../../src/arbitraries/addr.ts';
import { bitsOf, type Ip, ipToBigInt, offsetIp, parseIp, showIp } from '../../../src/sim/addr/ip.ts';
import {
  broadcastAddress,
  comparePrefix,
  contains,
  covers,
  explainPrefix,
  familyOf,
  firstHost,
  hostCount,
  hostPrefix,
  lastAddress,
  lastHost,
  makePrefix,
  mapHostBits,
  maskIp,
  netmask,
  networkAddress,
  overlaps,
  type Prefix,
  parseInterface,
  parsePrefix,
  showPrefix,
  split,
  summarise,
} from '../../../src/sim/addr/prefix.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const prefix = (text: string): Prefix => parsePrefix(text) ?? expect.fail(explainPrefix(text, 'prefix'));
const show = (p: Prefix | undefined): string | undefined => p && showPrefix(p);

/** A prefix with an address that lies in it as often as not. */
const anyPrefixAndIp = anyPrefix().chain((p) => fc.tuple(fc.constant(p), fc.oneof(anyIpIn(p), anyIp(familyOf(p)))));
const anyTwoPrefixes = anyPrefix().chain((p) => fc.tuple(fc.constant(p), fc.oneof(anySubnetOf(p), anyPrefix())));
const anyAddressAndLength = anyFamily.chain((f) => fc.tuple(anyIp(f), anyLength(f)));

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.0/255.0.0.0', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['0.0.0.0/0.0.0.0', '0.0.0.0/0'],
    ['128.0.0.0/128.0.0.0', '128.0.0.0/1'],
    ['192.0.2.1', '192.0.2.1/32'],
    ['192.0.2.1/32', '192.0.2.1/32'],
    ['192.0.2.1/255.255.255.255', '192.0.2.1/32'],
    ['192.0.2.0/255.255.255.254', '192.0.2.0/31'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:10.0.0.0/104', '::ffff:10.0.0.0/104'],
  ])('reads %s', (text, shown) => {
    expect(show(parsePrefix(text))).toBe(shown);
  });

  it.each([
    ['lan', '"lan" is not an IP address'],
    ['192.168.0.300', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['192.168.0.300/24', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['10.0.0.1/8', '10.0.0.1/8 has host bits set; the network is 10.0.0.0/8'],
    ['10.0.0.1/255.0.0.0', '10.0.0.1/255.0.0.0 has host bits set; the network is 10.0.0.0/8'],
    ['2001:db8::1/64', '2001:db8::1/64 has host bits set; the network is 2001:db8::/64'],
    ['10.0.0.0/33', '/33 is longer than 32'],
    ['2001:db8::/129', '/129 is longer than 128'],
    ['10.0.0.0/', '"/" is not a prefix length'],
    ['10.0.0.0/-1', '"/-1" is not a prefix length'],
    ['10.0.0.0/08', '"/08" is not a prefix length'],
    ['10.0.0.0/8/8', '"/8/8" is not a prefix length'],
    ['10.0.0.0/ 8', '"/ 8" is not a prefix length'],
    ['10.0.0.0/8.5', '"8.5" is not an IPv4 address: it has 2 numbers instead of 4'],
    ['10.0.0.0/255.0.255.0', '255.0.255.0 is not a contiguous netmask'],
    ['10.0.0.0/0.255.255.255', '0.255.255.255 is not a contiguous netmask'],
    ['10.0.0.0/255.255.255.256', '"255.255.255.256" is not an IPv4 address: 256 is above 255'],
    ['2001:db8::/ffff::', '"/ffff::" is not a prefix length'],
    ['/8', '"" is not an IP address'],
  ])('refuses %s', (text, why) => {
    expect(parsePrefix(text)).toBeUndefined();
    expect(explainPrefix(text, 'prefix')).toBe(why);
  });

  it('reads back what showPrefix writes, and the dotted netmask', () => {
    fc.assert(
      fc.property(anyPrefix(), (p) => {
        expect(parsePrefix(showPrefix(p))).toEqual(p);
        if (familyOf(p) === 4) expect(parsePrefix(`${showIp(p.ip)}/${showIp(netmask(p))}`)).toEqual(p);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses exactly the prefixes whose network ipaddr.js finds to be another', () => {
    fc.assert(
      fc.property(anyAddressAndLength, ([address, length]) => {
        const text = `${showIp(address)}/${length}`;
        expect([text, show(parsePrefix(text))]).toEqual([text, networkOf(text) === showIp(address) ? text : undefined]);
      }),
      { numRuns: 300 },
    );
  });

  it('takes as netmask exactly what ipaddr.js does', () => {
    const anyMask = fc.oneof(
      anyIp(4),
      anyLength(4).map((n) => netmask(makePrefix(ip('0.0.0.0'), n))),
    );
    fc.assert(
      fc.property(anyMask, (mask) => {
        const length = ipaddr.IPv4.parse(showIp(mask)).prefixLengthFromSubnetMask() ?? undefined;
        expect(parsePrefix(`0.0.0.0/${showIp(mask)}`)?.length).toBe(length);
      }),
      { numRuns: 300 },
    );
  });
});

/** The network address by ipaddr.js, as this project writes it. */
function networkOf(cidr: string): string {
  const peer = cidr.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  return showIp(ip(peer.networkAddressFromCIDR(cidr).toString()));
}

describe('parseInterface', () => {
  it.each([
    ['192.168.0.4/24', '192.168.0.4', '192.168.0.0/24'],
    ['192.168.0.4/255.255.255.0', '192.168.0.4', '192.168.0.0/24'],
    ['192.168.0.0/24', '192.168.0.0', '192.168.0.0/24'],
    ['192.0.2.1/31', '192.0.2.1', '192.0.2.0/31'],
    ['192.0.2.1/32', '192.0.2.1', '192.0.2.1/32'],
    ['2001:db8::4/64', '2001:db8::4', '2001:db8::/64'],
  ])('reads %s', (text, address, network) => {
    const found = parseInterface(text) ?? expect.fail(explainPrefix(text, 'interface'));
    expect([showIp(found.ip), showPrefix(found.prefix)]).toEqual([address, network]);
  });

  it.each([
    ['192.168.0.4', '192.168.0.4 has no prefix length; write 192.168.0.4/24 or the like'],
    ['2001:db8::4', '2001:db8::4 has no prefix length; write 2001:db8::4/64 or the like'],
    ['192.168.0.300/24', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['192.168.0.4/33', '/33 is longer than 32'],
    ['192.168.0.4/255.0.255.0', '255.0.255.0 is not a contiguous netmask'],
    ['192.168.0.4/', '"/" is not a prefix length'],
    ['dhcp', '"dhcp" is not an IP address'],
  ])('refuses %s', (text, why) => {
    expect(parseInterface(text)).toBeUndefined();
    expect(explainPrefix(text, 'interface')).toBe(why);
  });

  it('finds the network that ipaddr.js finds', () => {
    fc.assert(
      fc.property(anyAddressAndLength, ([address, length]) => {
        const text = `${showIp(address)}/${length}`;
        const found = parseInterface(text);
        expect(found?.ip).toBe(address);
        expect(show(found?.prefix)).toBe(`${networkOf(text)}/${length}`);
      }),
      { numRuns: 300 },
    );
  });
});

describe('explainPrefix', () => {
  it.each([
    ['192.168.0.300', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['10.0.0.0/8', '10.0.0.0/8 is not an address alone; leave out "/8"'],
    ['fe80::1/64', 'fe80::1/64 is not an address alone; leave out "/64"'],
    ['10.0.0.1/255.0.0.0', '10.0.0.1/255.0.0.0 is not an address alone; leave out "/255.0.0.0"'],
    ['10.0.0.1/99', '"10.0.0.1/99" is not an IPv4 address: "1/99" is not a number'],
    ['fe80::1%lan', '"fe80::1%lan" is not an IPv6 address: it has a zone'],
  ])('says why %s is not an address', (text, why) => {
    expect(explainPrefix(text, 'address')).toBe(why);
  });

  it.each([
    ['10.0.0.1', 'address'],
    ['10.0.0.0/8', 'prefix'],
    ['10.0.0.1', 'prefix'],
    ['10.0.0.1/8', 'interface'],
  ] as const)('has nothing to say of %s as %s', (text, kind) => {
    expect(() => explainPrefix(text, kind)).toThrow(InternalError);
  });
});

describe('makePrefix and maskIp', () => {
  it('clear the host bits, as ipaddr.js does', () => {
    fc.assert(
      fc.property(anyAddressAndLength, ([address, length]) => {
        const made = makePrefix(address, length);
        expect(showPrefix(made)).toBe(`${networkOf(`${showIp(address)}/${length}`)}/${length}`);
        expect([maskIp(address, length), networkAddress(made)]).toEqual([made.ip, made.ip]);
        expect(contains(made, address)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['10.0.0.0', -1],
    ['10.0.0.0', 33],
    ['10.0.0.0', 8.5],
    ['::', -1],
    ['::', 129],
    ['::', Number.NaN],
  ])('make no prefix of %s with length %d', (text, length) => {
    expect(() => makePrefix(ip(text), length)).toThrow(InternalError);
  });

  it('hold one address when the length is that of the address', () => {
    fc.assert(
      fc.property(anyHostPrefix(), (p) => {
        expect(p).toEqual(makePrefix(p.ip, bitsOf(familyOf(p))));
        expect([hostPrefix(p.ip), lastAddress(p), firstHost(p), lastHost(p)]).toEqual([p, p.ip, p.ip, p.ip]);
        expect([hostCount(p), split(p)]).toEqual([1n, undefined]);
      }),
    );
  });
});

describe('contains', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', true],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['128.0.0.0/1', '128.0.0.0', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['192.0.2.0/31', '192.0.2.1', true],
    ['192.0.2.0/31', '192.0.2.2', false],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.0', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:ffff::', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['::/0', '10.0.0.1', false],
    ['0.0.0.0/0', '::', false],
    ['0.0.0.0/0', '::a00:1', false],
  ])('%s has %s: %s', (p, address, expected) => {
    expect(contains(prefix(p), ip(address))).toBe(expected);
  });

  it('is the CIDR match of ipaddr.js and of the sockets of this machine', () => {
    fc.assert(
      fc.property(anyPrefixAndIp, ([p, address]) => {
        const matched = ipaddr.parse(showIp(address)).match(ipaddr.parseCIDR(showPrefix(p)));
        expect(contains(p, address)).toBe(matched);
        const list = new BlockList();
        const type = familyOf(p) === 4 ? 'ipv4' : 'ipv6';
        list.addSubnet(showIp(p.ip), p.length, type);
        // BlockList takes IPv4-mapped addresses for IPv4 ones.
        if (type === 'ipv4') expect(list.check(showIp(address), type)).toBe(matched);
      }),
      { numRuns: 500 },
    );
  });

  it('holds from the first address to the last and not beyond', () => {
    fc.assert(
      fc.property(anyPrefixAndIp, ([p, address]) => {
        expect(contains(p, address)).toBe(p.ip <= address && address <= lastAddress(p));
      }),
      { numRuns: 300 },
    );
  });
});

describe('covers and overlaps', () => {
  it('compare the addresses from first to last', () => {
    fc.assert(
      fc.property(anyTwoPrefixes, ([a, b]) => {
        const same = familyOf(a) === familyOf(b);
        const lasts = [lastAddress(a), lastAddress(b)] as const;
        expect(covers(a, b)).toBe(same && a.ip <= b.ip && lasts[1] <= lasts[0]);
        expect(overlaps(a, b)).toBe(same && a.ip <= lasts[1] && b.ip <= lasts[0]);
        expect(overlaps(b, a)).toBe(overlaps(a, b));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the addresses of a prefix', () => {
  const none = undefined;
  it.each([
    // prefix, last address, broadcast, first host, last host, hosts
    ['192.168.0.0/24', '192.168.0.255', '192.168.0.255', '192.168.0.1', '192.168.0.254', 254n],
    ['192.168.0.4/30', '192.168.0.7', '192.168.0.7', '192.168.0.5', '192.168.0.6', 2n],
    ['192.168.0.4/31', '192.168.0.5', none, '192.168.0.4', '192.168.0.5', 2n],
    ['192.168.0.4/32', '192.168.0.4', none, '192.168.0.4', '192.168.0.4', 1n],
    ['0.0.0.0/0', '255.255.255.255', '255.255.255.255', '0.0.0.1', '255.255.255.254', 2n ** 32n - 2n],
    [
      '2001:db8::/64',
      '2001:db8::ffff:ffff:ffff:ffff',
      none,
      '2001:db8::1',
      '2001:db8::ffff:ffff:ffff:ffff',
      2n ** 64n - 1n,
    ],
    ['2001:db8::/126', '2001:db8::3', none, '2001:db8::1', '2001:db8::3', 3n],
    ['2001:db8::/127', '2001:db8::1', none, '2001:db8::', '2001:db8::1', 2n],
    ['2001:db8::/128', '2001:db8::', none, '2001:db8::', '2001:db8::', 1n],
  ])('%s', (text, last, broadcast, first, lastOfHosts, hosts) => {
    const p = prefix(text);
    const broadcastText = broadcastAddress(p);
    expect({
      last: showIp(lastAddress(p)),
      broadcast: broadcastText === undefined ? none : showIp(broadcastText),
      hosts: [showIp(firstHost(p)), showIp(lastHost(p)), hostCount(p)],
    }).toEqual({ last, broadcast, hosts: [first, lastOfHosts, hosts] });
  });

  it('are those of ipaddr.js', () => {
    fc.assert(
      fc.property(anyPrefix(), (p) => {
        const peer = familyOf(p) === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
        const text = showPrefix(p);
        expect(lastAddress(p)).toBe(ip(peer.broadcastAddressFromCIDR(text).toString()));
        expect(netmask(p)).toBe(ip(peer.subnetMaskFromPrefixLength(p.length).toString()));
        expect(broadcastAddress(p)).toBe(familyOf(p) === 4 && p.length < 31 ? lastAddress(p) : undefined);
      }),
      { numRuns: 300 },
    );
  });
});

describe('split', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/9'],
    ['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1'],
    ['192.0.2.2/31', '192.0.2.2/32', '192.0.2.3/32'],
    ['::/0', '::/1', '8000::/1'],
  ])('%s into %s and %s', (whole, lower, upper) => {
    expect(split(prefix(whole))?.map(showPrefix)).toEqual([lower, upper]);
  });

  it('gives two neighbours that summarise to the whole', () => {
    fc.assert(
      fc.property(anyPrefix(), (p) => {
        const halves = split(p);
        expect(halves === undefined).toBe(p.length === bitsOf(familyOf(p)));
        if (halves === undefined) return;
        const [lower, upper] = halves;
        expect([lower.ip, offsetIp(lastAddress(lower), 1), lastAddress(upper)]).toEqual([
          p.ip,
          upper.ip,
          lastAddress(p),
        ]);
        expect(overlaps(lower, upper)).toBe(false);
        expect(summarise([upper, lower])).toEqual([p]);
      }),
    );
  });
});

describe('summarise', () => {
  it.each([
    ['nothing', [], []],
    ['the same twice', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['one inside another', ['10.1.0.0/16', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['two halves', ['10.0.1.0/24', '10.0.0.0/24'], ['10.0.0.0/23']],
    ['neighbours that are not halves of one', ['10.0.1.0/24', '10.0.2.0/24'], ['10.0.1.0/24', '10.0.2.0/24']],
    ['four quarters', ['10.0.3.0/24', '10.0.1.0/24', '10.0.0.0/24', '10.0.2.0/24'], ['10.0.0.0/22']],
    ['a half and two quarters', ['0.0.0.0/1', '192.0.0.0/2', '128.0.0.0/2'], ['0.0.0.0/0']],
    ['both families', ['::/1', '10.0.0.0/8', '8000::/1', '0.0.0.0/0'], ['0.0.0.0/0', '::/0']],
    ['the last of IPv4 and the first of IPv6', ['255.255.255.255/32', '::/32'], ['255.255.255.255/32', '::/32']],
  ])('%s', (_, given, expected) => {
    expect(summarise(given.map(prefix)).map(showPrefix)).toEqual(expected);
  });

  it('keeps every address, adds none, and cannot be shorter', () => {
    // Prefixes in a /28, whose sixteen addresses can be told one by one.
    const block = prefix('203.0.113.16/28');
    const addresses = Array.from({ length: 16 }, (_, i) => offsetIp(block.ip, i));
    const holds = (list: readonly Prefix[]) => addresses.map((address) => list.some((p) => contains(p, address)));
    fc.assert(
      fc.property(fc.array(anySubnetOf(block), { maxLength: 8 }), (given) => {
        const result = summarise(given);
        expect(holds(result)).toEqual(holds(given));
        expect(result).toEqual([...result].sort(comparePrefix));
        for (const p of result) {
          const parent = makePrefix(p.ip, p.length - 1);
          const whole = addresses.filter((a) => contains(parent, a)).every((a) => given.some((q) => contains(q, a)));
          expect(whole && p.length > block.length).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order, and done twice changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix(), { maxLength: 12 }), (given) => {
        const once = summarise(given);
        expect(summarise([...given].reverse())).toEqual(once);
        expect(summarise(once)).toEqual(once);
      }),
    );
  });
});

describe('mapHostBits', () => {
  it.each([
    ['10.1.0.7', '10.1.0.0/24', '203.0.113.0/24', '203.0.113.7'],
    ['192.168.1.255', '192.168.0.0/16', '10.9.0.0/16', '10.9.1.255'],
    ['10.0.0.5', '10.0.0.5/32', '203.0.113.7/32', '203.0.113.7'],
    ['128.0.0.1', '0.0.0.0/0', '0.0.0.0/0', '128.0.0.1'],
    ['fd00:1::42', 'fd00:1::/48', '2001:db8:1::/48', '2001:db8:1::42'],
  ])('%s from %s to %s is %s', (address, from, to, result) => {
    expect(showIp(mapHostBits(ip(address), prefix(from), prefix(to)))).toBe(result);
  });

  it.each([
    // A wrong length, a wrong family, and addresses that are elsewhere.
    ['10.0.0.1', '10.0.0.0/24', '203.0.113.0/25'],
    ['10.0.0.1', '10.0.0.0/24', '2001:d00::/24'],
    ['10.0.1.1', '10.0.0.0/24', '203.0.113.0/24'],
    ['::1', '10.0.0.0/24', '203.0.113.0/24'],
  ])('fails on %s from %s to %s', (address, from, to) => {
    expect(() => mapHostBits(ip(address), prefix(from), prefix(to))).toThrow(InternalError);
  });

  it('keeps the distance from the network address, and is undone by the way back', () => {
    const anyMap = anyPrefix().chain((from) =>
      fc.tuple(
        anyIpIn(from),
        fc.constant(from),
        anyIp(familyOf(from)).map((other) => makePrefix(other, from.length)),
      ),
    );
    fc.assert(
      fc.property(anyMap, ([address, from, to]) => {
        const mapped = mapHostBits(address, from, to);
        expect(contains(to, mapped)).toBe(true);
        expect(ipToBigInt(mapped) - ipToBigInt(to.ip)).toBe(ipToBigInt(address) - ipToBigInt(from.ip));
        expect(mapHostBits(mapped, to, from)).toBe(address);
      }),
      { numRuns: 300 },
    );
  });
});
