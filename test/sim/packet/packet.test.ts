import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyByte, anyPacket } from '../../../src/arbitraries/packet.ts';
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { transportChecksumOf, verify } from '../../../src/sim/packet/checksum.ts';
import {
  echo,
  echoId,
  echoSeq,
  FLAG,
  flagNames,
  flagsOf,
  hasPorts,
  icmp,
  isEcho,
  lengthOf,
  other,
  PROTOCOL,
  protocolOf,
  queryId,
  seal,
  tcp,
  tcpSegmentLength,
  udp,
} from '../../../src/sim/packet/packet.ts';
import { encode } from '../../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.10') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
const bytes = (text: string) => new TextEncoder().encode(text);

describe('constructors', () => {
  it('fill neutral defaults', () => {
    expect(udp({ ...v4, sport: 5000, dport: 9000 })).toMatchObject({
      ttl: 64,
      tos: 0,
      ident: 0,
      df: true,
      kind: 'udp',
    });
    expect(tcp({ ...v4, sport: 1, dport: 2, seq: 3, flags: FLAG.syn })).toMatchObject({
      kind: 'tcp',
      ack: 0,
      window: 64_240,
      urgent: 0,
      df: true,
      options: new Uint8Array(0),
      payload: new Uint8Array(0),
    });
    expect(icmp({ ...v4, type: 8 })).toMatchObject({ kind: 'icmp', code: 0, rest: 0, df: false });
    expect(other({ ...v4, protocol: 50 })).toMatchObject({ kind: 'other', df: false, payload: new Uint8Array(0) });
  });

  it('keep every field that is given', () => {
    const fields = { sport: 1, dport: 2, seq: 3, ack: 4, flags: 16, window: 5, urgent: 6, ttl: 7, tos: 8, ident: 9 };
    const options = Uint8Array.of(1, 1, 1, 0);
    const given = { ...fields, df: false, options, payload: bytes('x') };
    expect(tcp({ ...v4, ...given })).toMatchObject({ ...v4, ...given });
  });

  it('set the don’t-fragment bit of IPv6 always, its identification only in fragments', () => {
    expect(udp({ ...v6, sport: 1, dport: 2, df: false, ident: 7 })).toMatchObject({ df: true, ident: 0 });
    const fragment = { offset: 8, more: false };
    expect(other({ ...v6, protocol: 17, ident: 0xffff_ffff, fragment })).toMatchObject({
      ident: 0xffff_ffff,
      fragment,
    });
  });

  it('make right checksums and lengths', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        expect(verify(packet)).toEqual({ header: true, transport: true });
        expect(lengthOf(packet)).toBe(encode(packet).length);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['families differ', () => udp({ src: v4.src, dst: v6.dst, sport: 1, dport: 2 })],
    ['port above 65535', () => udp({ ...v4, sport: 65_536, dport: 2 })],
    ['port below 0', () => udp({ ...v4, sport: 1, dport: -1 })],
    ['ttl is a fraction', () => udp({ ...v4, sport: 1, dport: 2, ttl: 1.5 })],
    ['identification of 17 bits', () => udp({ ...v4, sport: 1, dport: 2, ident: 0x1_0000 })],
    ['sequence number of 33 bits', () => tcp({ ...v4, sport: 1, dport: 2, seq: 2 ** 32, flags: 2 })],
    [
      'options not a multiple of four',
      () => tcp({ ...v4, sport: 1, dport: 2, seq: 0, flags: 2, options: bytes('abc') }),
    ],
    ['options too long', () => tcp({ ...v4, sport: 1, dport: 2, seq: 0, flags: 2, options: new Uint8Array(44) })],
    ['packet too long', () => udp({ ...v4, sport: 1, dport: 2, payload: new Uint8Array(65_508) })],
    ['IPv6 packet too long', () => udp({ ...v6, sport: 1, dport: 2, payload: new Uint8Array(65_528) })],
    ['fragment offset between units', () => other({ ...v4, protocol: 17, fragment: { offset: 4, more: true } })],
    ['echo identifier of 17 bits', () => echo({ ...v4, id: 0x1_0000, seq: 0 })],
  ])('refuse what no header can hold: %s', (_, make) => {
    expect(make).toThrow(InternalError);
  });

  it('take the longest packet of each family', () => {
    expect(lengthOf(udp({ ...v4, sport: 1, dport: 2, payload: new Uint8Array(65_507) }))).toBe(65_535);
    expect(lengthOf(udp({ ...v6, sport: 1, dport: 2, payload: new Uint8Array(65_527) }))).toBe(65_575);
  });
});

describe('seal', () => {
  it('makes both checksums of an edited packet right', () => {
    const edited = { ...udp({ ...v4, sport: 1, dport: 2 }), ttl: 3, dport: 53 };
    expect(verify(edited)).toEqual({ header: false, transport: false });
    expect(verify(seal(edited))).toEqual({ header: true, transport: true });
  });

  it('makes a UDP checksum where there was none', () => {
    const none = { ...udp({ ...v4, sport: 1, dport: 2 }), checksum: 0 };
    expect(seal(none).checksum).toBe(transportChecksumOf(none));
  });
});

describe('echo', () => {
  it.each([
    ['IPv4', 'request', 8, v4, false],
    ['IPv4', 'reply', 0, v4, true],
    ['IPv6', 'request', 128, v6, false],
    ['IPv6', 'reply', 129, v6, true],
  ] as const)('an %s %s is type %i', (_, half, type, ends, reply) => {
    const ping = echo({ ...ends, id: 0xfedc, seq: 7, reply });
    expect(ping).toMatchObject({ type, code: 0, rest: 0xfedc_0007 });
    expect([isEcho(ping), echoId(ping), echoSeq(ping)]).toEqual([half, 0xfedc, 7]);
  });

  it.each([
    ['an IPv4 destination unreachable', icmp({ ...v4, type: 3 })],
    ['IPv4 type 128', icmp({ ...v4, type: 128, rest: 1 })],
    ['IPv6 type 8', icmp({ ...v6, type: 8, rest: 1 })],
    ['UDP', udp({ ...v4, sport: 8, dport: 0 })],
  ])('%s is none', (_, packet) => {
    expect([isEcho(packet), echoId(packet), echoSeq(packet), queryId(packet)]).toEqual(Array(4).fill(undefined));
  });

  it('a timestamp is a query with an identifier, but no echo', () => {
    const timestamp = icmp({ ...v4, type: 13, rest: 0x0005_0001 });
    expect([isEcho(timestamp), echoId(timestamp), queryId(timestamp)]).toEqual([undefined, undefined, 5]);
  });
});

describe('predicates', () => {
  it('flags and names agree', () => {
    expect(flagsOf([])).toBe(0);
    expect(flagsOf(['syn', 'ack'])).toBe(18);
    expect(flagNames(0xff)).toEqual(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']);
    fc.assert(
      fc.property(anyByte, (bits) => {
        expect(flagsOf(flagNames(bits))).toBe(bits);
      }),
    );
  });

  it('SYN and FIN count in the length of a segment', () => {
    const length = (names: Parameters<typeof flagsOf>[0], text: string) =>
      tcpSegmentLength(tcp({ ...v4, sport: 1, dport: 2, seq: 0, flags: flagsOf(names), payload: bytes(text) }));
    expect([
      length(['ack'], ''),
      length(['syn'], ''),
      length(['fin', 'ack'], 'abc'),
      length(['syn', 'fin'], 'a'),
    ]).toEqual([0, 1, 4, 3]);
  });

  it('protocols and ports', () => {
    const datagram = udp({ ...v4, sport: 1, dport: 2 });
    const segment = tcp({ ...v6, sport: 1, dport: 2, seq: 0, flags: 0 });
    const rest = [icmp({ ...v4, type: 8 }), icmp({ ...v6, type: 128 }), other({ ...v4, protocol: PROTOCOL.esp })];
    expect([datagram, segment, ...rest].map(protocolOf)).toEqual([17, 6, 1, 58, 50]);
    expect([datagram, segment, ...rest].map(hasPorts)).toEqual([true, true, false, false, false]);
  });
});
