import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { anyIp } from '../../../src/arbitraries/addr.ts';
import { type Ip, parseIp, showIp, toBytes } from '../../../src/sim/addr/ip.ts';
import { comparePrefix, contains, familyOf, lastAddress, showPrefix } from '../../../src/sim/addr/prefix.ts';
import { isPublic, SPECIAL_BLOCKS, type SpecialBlock, special } from '../../../src/sim/addr/special.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const rights = (block: SpecialBlock) =>
  [
    block.source && 'source',
    block.destination && 'destination',
    block.forwardable && 'forwardable',
    block.global && 'global',
    block.documentation && 'documentation',
  ]
    .filter(Boolean)
    .join(' ');

describe('special', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0/32', 1122, 'source'],
    ['0.1.2.3', '0.0.0.0/8', 791, 'source'],
    ['10.1.2.3', '10.0.0.0/8', 1918, 'source destination forwardable'],
    ['100.64.0.1', '100.64.0.0/10', 6598, 'source destination forwardable'],
    ['127.0.0.1', '127.0.0.0/8', 1122, ''],
    ['169.254.7.7', '169.254.0.0/16', 3927, 'source destination'],
    ['172.31.0.1', '172.16.0.0/12', 1918, 'source destination forwardable'],
    ['192.0.0.1', '192.0.0.0/29', 7335, 'source destination forwardable'],
    ['192.0.0.8', '192.0.0.8/32', 7600, 'source'],
    ['192.0.0.9', '192.0.0.9/32', 7723, 'source destination forwardable global'],
    ['192.0.0.10', '192.0.0.10/32', 8155, 'source destination forwardable global'],
    ['192.0.0.11', '192.0.0.0/24', 6890, ''],
    ['192.0.0.171', '192.0.0.170/31', 7050, ''],
    ['192.0.2.1', '192.0.2.0/24', 5737, 'documentation'],
    ['192.88.99.1', '192.88.99.0/24', 7526, 'source destination forwardable global'],
    ['192.88.99.2', '192.88.99.2/32', 6751, 'source destination forwardable'],
    ['192.168.1.1', '192.168.0.0/16', 1918, 'source destination forwardable'],
    ['198.19.255.255', '198.18.0.0/15', 2544, 'source destination forwardable'],
    ['198.51.100.7', '198.51.100.0/24', 5737, 'documentation'],
    ['203.0.113.9', '203.0.113.0/24', 5737, 'documentation'],
    ['224.0.0.1', '224.0.0.0/4', 5771, 'destination'],
    ['250.0.0.1', '240.0.0.0/4', 1112, ''],
    ['255.255.255.255', '255.255.255.255/32', 919, 'destination'],
    ['::', '::/128', 4291, 'source'],
    ['::1', '::1/128', 4291, ''],
    ['::ffff:8.8.8.8', '::ffff:0.0.0.0/96', 4291, ''],
    ['64:ff9b::8.8.8.8', '64:ff9b::/96', 6052, 'source destination forwardable global'],
    ['64:ff9b:1::1', '64:ff9b:1::/48', 8215, 'source destination forwardable'],
    ['100::1', '100::/64', 6666, 'source destination forwardable'],
    ['100:0:0:1::1', '100:0:0:1::/64', 9780, 'source'],
    ['2001::1', '2001::/32', 4380, 'source destination forwardable global'],
    ['2001:1::1', '2001:1::1/128', 7723, 'source destination forwardable global'],
    ['2001:1::9', '2001::/23', 2928, ''],
    ['2001:2::1', '2001:2::/48', 5180, 'source destination forwardable'],
    ['2001:10::1', '2001:10::/28', 4843, ''],
    ['2001:2f::1', '2001:20::/28', 7343, 'source destination forwardable global'],
    ['2001:db8::1', '2001:db8::/32', 3849, 'documentation'],
    ['2002:c000:201::1', '2002::/16', 3056, 'source destination forwardable global'],
    ['3fff:fff::1', '3fff::/20', 9637, 'documentation'],
    ['5f00::1', '5f00::/16', 9602, 'source destination forwardable'],
    ['fd00::1', 'fc00::/7', 4193, 'source destination forwardable'],
    ['fe80::1', 'fe80::/10', 4291, 'source destination'],
    ['fec0::1', 'fec0::/10', 3879, ''],
    ['ff0e::1', 'ff00::/8', 4291, 'destination'],
  ])('%s lies in %s of RFC %d: %s', (text, prefix, rfc, expected) => {
    const block = special(ip(text)) ?? expect.fail('it lies in no block');
    expect([showPrefix(block.prefix), block.rfc, rights(block)]).toEqual([prefix, rfc, expected]);
  });

  it.each(['1.1.1.1', '8.8.8.8', '223.255.255.255', '2606:4700::1111', '2a00::1', '2001:200::1', '3fff:1000::'])(
    'has no block for %s',
    (text) => {
      expect(special(ip(text))).toBeUndefined();
    },
  );

  it('is the longest of the blocks that hold the address', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        const holding = SPECIAL_BLOCKS.filter((block) => contains(block.prefix, address));
        const longest = holding.sort((a, b) => b.prefix.length - a.prefix.length)[0];
        expect(special(address)).toBe(longest);
      }),
      { numRuns: 500 },
    );
  });

  it('finds each block by its own first and last address, or a longer block inside', () => {
    for (const { prefix } of SPECIAL_BLOCKS) {
      for (const address of [prefix.ip, lastAddress(prefix)]) {
        const found = special(address)?.prefix ?? expect.fail(`no block for ${showIp(address)}`);
        expect(contains(prefix, found.ip) && found.length >= prefix.length).toBe(true);
      }
    }
  });

  it('lists each block once, with rights that make sense together', () => {
    const prefixes = SPECIAL_BLOCKS.map((block) => showPrefix(block.prefix));
    expect(new Set(prefixes).size).toBe(prefixes.length);
    expect([...SPECIAL_BLOCKS].sort((a, b) => comparePrefix(a.prefix, b.prefix))).toHaveLength(53);
    for (const block of SPECIAL_BLOCKS) {
      // RFC 6890 §2.2.2: what may not be a destination is neither forwarded nor globally reachable.
      if (!block.destination) expect([block.forwardable, block.global]).toEqual([false, false]);
      if (block.global) expect([block.source, block.forwardable]).toEqual([true, true]);
      if (block.documentation) expect(rights(block)).toBe('documentation');
    }
  });

  it('agrees with ipaddr.js on what is ordinary unicast space', () => {
    // Blocks that ipaddr.js has not (the dummy prefix), and one that the registry has not (RFC 6145).
    const differs = new Set(['100:0:0:1::/64']);
    fc.assert(
      fc.property(anyIp(), (address) => {
        const block = special(address);
        const range = ipaddr.fromByteArray([...toBytes(address)]).range();
        fc.pre(range !== 'rfc6145' && !(block && differs.has(showPrefix(block.prefix))));
        expect([showIp(address), block === undefined]).toEqual([showIp(address), range === 'unicast']);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('isPublic', () => {
  it.each([
    ['ADDR-1', '9.255.255.255', true],
    ['ADDR-1', '10.0.0.0', false],
    ['ADDR-1', '10.255.255.255', false],
    ['ADDR-1', '11.0.0.0', true],
    ['ADDR-1', '172.15.255.255', true],
    ['ADDR-1', '172.16.0.0', false],
    ['ADDR-1', '172.31.255.255', false],
    ['ADDR-1', '172.32.0.0', true],
    ['ADDR-1', '192.167.255.255', true],
    ['ADDR-1', '192.168.0.0', false],
    ['ADDR-1', '192.168.255.255', false],
    ['ADDR-1', '192.169.0.0', true],
    ['ADDR-1', '100.63.255.255', true],
    ['ADDR-1', '100.64.0.0', false],
    ['ADDR-1', '100.127.255.255', false],
    ['ADDR-1', '100.128.0.0', true],
    ['this network', '0.255.255.255', false],
    ['after it', '1.0.0.0', true],
    ['before loopback', '126.255.255.255', true],
    ['loopback', '127.0.0.0', false],
    ['after loopback', '128.0.0.0', true],
    ['link local', '169.254.0.0', false],
    ['DS-Lite', '192.0.0.2', false],
    ['PCP anycast', '192.0.0.9', true],
    ['6to4 relay', '192.88.99.1', true],
    ['benchmarking', '198.18.0.0', false],
    ['after benchmarking', '198.20.0.0', true],
    ['before multicast', '223.255.255.255', true],
    ['multicast', '224.0.0.0', false],
    ['reserved', '240.0.0.0', false],
    ['limited broadcast', '255.255.255.255', false],
    ['documentation, TEST-NET-1', '192.0.2.255', true],
    ['documentation, TEST-NET-2', '198.51.100.0', true],
    ['documentation, TEST-NET-3', '203.0.113.9', true],
    ['documentation, RFC 3849', '2001:db8::80', true],
    ['documentation, RFC 9637', '3fff::1', true],
    ['ordinary IPv6', '2a00:1450::1', true],
    ['well-known NAT64', '64:ff9b::1.1.1.1', true],
    ['local NAT64', '64:ff9b:1::1', false],
    ['unique local', 'fd12::1', false],
    ['link local', 'fe80::1', false],
    ['loopback', '::1', false],
    ['unspecified', '::', false],
    ['IPv4-mapped', '::ffff:8.8.8.8', false],
    ['discard only', '100::1', false],
    ['multicast', 'ff0e::1', false],
    ['IETF protocol assignments', '2001:1ff::1', false],
    ['after them', '2001:200::', true],
  ])('%s: %s is %s', (_, text, expected) => {
    expect(isPublic(ip(text))).toBe(expected);
  });

  it('holds of all that is in no block', () => {
    fc.assert(
      fc.property(anyIp(), (address) => {
        const block = special(address);
        expect(isPublic(address)).toBe(block ? block.global || block.documentation : true);
      }),
    );
  });

  it('lets both families through', () => {
    expect(new Set(SPECIAL_BLOCKS.filter((b) => b.documentation).map((b) => familyOf(b.prefix)))).toEqual(
      new Set([4, 6]),
    );
  });
});
