import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp } from '../../../src/arbitraries/addr.ts';
import { parseIp, showIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { parseBandwidth } from '../../../src/sim/design/bandwidth.ts';
import {
  ICMP_TYPE_NAMES,
  ICMP_TYPES,
  ICMPV6_TYPES,
  icmpTypeName,
  icmpTypeNumber,
} from '../../../src/sim/design/icmp.ts';
import { parsePorts, SERVICE_PORTS } from '../../../src/sim/design/ports.ts';
import { parseTarget, readTarget, type Target } from '../../../src/sim/design/target.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);
const range = (from: string, to = from) => ({ from: ip(from), to: ip(to) });
const ports = (from: number, to = from) => ({ from, to });

describe('a target', () => {
  it.each<[string, Target]>([
    ['203.0.113.9', { addresses: range('203.0.113.9') }],
    ['203.0.113.9:80', { addresses: range('203.0.113.9'), ports: ports(80) }],
    ['203.0.113.9:http', { addresses: range('203.0.113.9'), ports: ports(80) }],
    ['203.0.113.9:40000-50000', { addresses: range('203.0.113.9'), ports: ports(40000, 50000) }],
    ['203.0.113.9-203.0.113.12', { addresses: range('203.0.113.9', '203.0.113.12') }],
    ['203.0.113.9-203.0.113.12:1-2', { addresses: range('203.0.113.9', '203.0.113.12'), ports: ports(1, 2) }],
    [':3128', { ports: ports(3128) }],
    [':1024-65535', { ports: ports(1024, 65535) }],
    ['2001:db8::1', { addresses: range('2001:db8::1') }],
    ['::1', { addresses: range('::1') }],
    ['::', { addresses: range('::') }],
    ['[2001:db8::1]', { addresses: range('2001:db8::1') }],
    ['[2001:db8::1]:80', { addresses: range('2001:db8::1'), ports: ports(80) }],
    ['2001:db8::1-2001:db8::9', { addresses: range('2001:db8::1', '2001:db8::9') }],
    ['[2001:db8::1-2001:db8::9]:80-90', { addresses: range('2001:db8::1', '2001:db8::9'), ports: ports(80, 90) }],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  it.each([
    ['192.168.0.300', '"192.168.0.300" is not an IPv4 address: 300 is above 255'],
    ['', '"" is not an IP address'],
    [':', '"" is not a port or a range of ports: write 1 to 65535, or "40000-50000"'],
    ['1.2.3.4:', '"" is not a port or a range of ports: write 1 to 65535, or "40000-50000"'],
    ['1.2.3.4:0', '"0" is not a port or a range of ports: write 1 to 65535, or "40000-50000"'],
    ['1.2.3.4:9-5', '"9-5" is not a port or a range of ports: write 1 to 65535, or "40000-50000"'],
    ['1.2.3.4:65536', '"65536" is not a port or a range of ports: write 1 to 65535, or "40000-50000"'],
    ['1.2.3.9-1.2.3.4', '1.2.3.9-1.2.3.4 ends before it begins'],
    ['1.2.3.9-::1', '1.2.3.9-::1 goes from one family to the other'],
    ['[::1', '"[::1" is not a target: write ADDRESS, ADDRESS:PORT, :PORT or [IPV6]:PORT'],
    ['[::1]80', '"[::1]80" is not a target: write ADDRESS, ADDRESS:PORT, :PORT or [IPV6]:PORT'],
    ['host:80', '"host" is not an IP address'],
  ])('%s is none', (text, reason) => {
    expect(readTarget(text)).toBe(reason);
    expect(parseTarget(text)).toBeUndefined();
  });

  it('holds any address with any port', () => {
    fc.assert(
      fc.property(anyIp(), fc.integer({ min: 1, max: 65535 }), (address, port) => {
        const shown = showIp(address);
        const addresses = { from: address, to: address };
        expect(parseTarget(shown)).toEqual({ addresses });
        const text = shown.includes(':') ? `[${shown}]:${port}` : `${shown}:${port}`;
        expect(parseTarget(text)).toEqual({ addresses, ports: ports(port) });
      }),
    );
  });

  it('is read or refused with a reason, whatever the text', () => {
    const anyText = fc.string({ unit: fc.constantFrom(...'0123456789abf.:-[]/ '), maxLength: 24 });
    fc.assert(
      fc.property(anyText, (text) => {
        const found = readTarget(text);
        if (typeof found === 'string') expect(found).not.toBe('');
        else expect(found.addresses ?? found.ports).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('ports', () => {
  it.each<[string | number, ReturnType<typeof parsePorts>]>([
    [80, ports(80)],
    [0, ports(0)],
    [65535, ports(65535)],
    [65536, undefined],
    [-1, undefined],
    [1.5, undefined],
    ['80', ports(80)],
    ['1024-65535', ports(1024, 65535)],
    ['5-5', ports(5)],
    ['9-5', undefined],
    ['1-2-3', undefined],
    ['80-http', undefined],
    ['http', ports(80)],
    ['domain', ports(53)],
    ['toString', undefined],
    ['', undefined],
    ['-', undefined],
    [' 80', undefined],
    ['65536', undefined],
    ['000080', undefined],
  ])('%j', (value, found) => {
    expect(parsePorts(value)).toEqual(found);
  });

  it('have names that are read as the port they stand for', () => {
    for (const [name, port] of Object.entries(SERVICE_PORTS)) expect(parsePorts(name)).toEqual(ports(port));
  });
});

describe('bandwidth', () => {
  it.each<[string, number | undefined]>([
    ['100Mbit', 100e6],
    ['100 Mbit', 100e6],
    ['1.5Gbit', 1.5e9],
    ['64kbit', 64e3],
    ['64Kbps', 64e3],
    ['9600bit', 9600],
    ['9600bit/s', 9600],
    ['1Tbps', 1e12],
    ['0bit', undefined],
    ['100', undefined],
    ['Mbit', undefined],
    ['-1Mbit', undefined],
    ['100MB', undefined],
    ['1e3bit', undefined],
    [`${'9'.repeat(400)}bit`, undefined],
  ])('%s', (text, bits) => {
    expect(parseBandwidth(text)).toBe(bits);
  });
});

describe('ICMP types', () => {
  it.each<[string | number, number | undefined, number | undefined]>([
    ['echo-request', 8, 128],
    ['echo-reply', 0, 129],
    ['destination-unreachable', 3, 1],
    ['time-exceeded', 11, 3],
    ['parameter-problem', 12, 4],
    ['redirect', 5, 137],
    ['source-quench', 4, undefined],
    ['timestamp-request', 13, undefined],
    ['packet-too-big', undefined, 2],
    ['nd-neighbor-solicit', undefined, 135],
    ['constructor', undefined, undefined],
    [42, 42, 42],
  ])('%s is %s in ICMP and %s in ICMPv6', (type, four, six) => {
    expect([icmpTypeNumber(type, 4), icmpTypeNumber(type, 6)]).toEqual([four, six]);
  });

  it('have one usual name for each number', () => {
    expect([icmpTypeName(8, 4), icmpTypeName(0, 4), icmpTypeName(128, 6), icmpTypeName(137, 6)]).toEqual([
      'echo-request',
      'echo-reply',
      'echo-request',
      'nd-redirect',
    ]);
    expect(icmpTypeName(255, 4)).toBeUndefined();
    for (const [family, types] of [
      [4, ICMP_TYPES],
      [6, ICMPV6_TYPES],
    ] as const) {
      for (const [name, number] of Object.entries(types)) {
        expect(ICMP_TYPE_NAMES).toContain(name);
        expect(icmpTypeNumber(icmpTypeName(number, family) ?? '', family)).toBe(number);
      }
    }
  });
});
