import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp, anyPort } from '../../src/arbitraries/addr.ts';
import { anyByte, anyPacket } from '../../src/arbitraries/packet.ts';
import { type Ip, parseIp } from '../../src/sim/addr/ip.ts';
import { checksum, sum, update, verify } from '../../src/sim/packet/checksum.ts';
import { error, ICMP_ERROR } from '../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, type Packet, seal, tcp, udp } from '../../src/sim/packet/packet.ts';
import { withDestination, withQuoted, withSource, withTtl } from '../../src/sim/packet/rewrite.ts';
import { decode, encode, encodeBody } from '../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const inside = ip('192.168.1.10');
const gateway = ip('203.0.113.2');
const ends = { src: inside, dst: ip('203.0.113.10') };
const text = (words: string) => new TextEncoder().encode(words);
const hex = (digits: string) =>
  Uint8Array.from(digits.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const datagram = udp({ ...ends, sport: 5000, dport: 9000, ident: 0x1c46, payload: text('test') });

/** An IPv4 echo reply of zeros only: the one message for which both 0 and ffff are right. */
const isAllZero = (packet: Packet) =>
  packet.kind === 'icmp' && encodeBody({ ...packet, checksum: 0 }).every((byte) => byte === 0);

describe('checksums', () => {
  it('CK-1: complement of the sum of words, an odd byte padded; the sum with the field is ffff', () => {
    const header = hex('4500 0020 1c46 4000 4011 0000 c0a8 010a cb00 710a');
    expect(checksum(header)).toBe(0x20ca);
    expect(sum(hex('4500 0020 1c46 4000 4011 20ca c0a8 010a cb00 710a'))).toBe(0xffff);
    expect(checksum(hex('01'))).toBe(checksum(hex('0100')));
  });

  it('CK-2: IPv4 header, before and after SNAT and one hop', () => {
    expect(datagram.headerChecksum).toBe(0x20ca);
    expect([...encode(datagram).subarray(0, 20)]).toEqual([
      ...hex('4500 0020 1c46 4000 4011 20ca c0a8 010a cb00 710a'),
    ]);
    expect(withTtl(withSource(datagram, gateway), 63).headerChecksum).toBe(0xa779);
    expect(withSource(withTtl(datagram, 63), gateway, 40_000).headerChecksum).toBe(0xa779);
  });

  it('CK-3: addresses change the checksum of TCP, UDP and ICMPv6, not that of ICMP', () => {
    const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
    const other6 = ip('2001:db8::3');
    const syn = tcp({ ...ends, sport: 1, dport: 2, seq: 3, flags: FLAG.syn });
    const [ping, ping6] = [echo({ ...ends, id: 1, seq: 1 }), echo({ ...v6, id: 1, seq: 1 })];
    expect(withSource(syn, gateway).checksum).not.toBe(syn.checksum);
    expect(withSource(datagram, gateway).checksum).not.toBe(datagram.checksum);
    expect(withSource(ping6, other6).checksum).not.toBe(ping6.checksum);
    expect(withSource(ping, gateway).checksum).toBe(ping.checksum);
  });

  it('CK-4: UDP 0 over IPv4 stays 0 through translation', () => {
    const none = { ...datagram, checksum: 0 };
    const moved = withDestination(withSource(none, gateway, 40_000), inside, 53);
    expect(moved.checksum).toBe(0);
    expect(verify(moved).transport).toBe(true);
  });

  it('CK-4: a computed 0 is sent as ffff, by constructor and by update', () => {
    const fields = { ...ends, dport: 9000 };
    const first = udp({ ...fields, sport: 0 });
    const zeroing =
      update(first.checksum, 0, first.checksum) === 0 ? first.checksum : expect.fail('not the port sought');
    expect(udp({ ...fields, sport: zeroing }).checksum).toBe(0xffff);
    expect(withSource(first, inside, zeroing).checksum).toBe(0xffff);
    expect(withSource(withSource(first, inside, zeroing), inside, 0)).toEqual(first);
  });

  it('CK-4: UDP 0 over IPv6 is wrong and stays wrong', () => {
    const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
    const none = { ...udp({ ...v6, sport: 1, dport: 2 }), checksum: 0 };
    expect(verify(none).transport).toBe(false);
    expect(verify(withSource(none, ip('2001:db8::9'), 7)).transport).toBe(false);
  });

  it('CK-4: TCP has no such case: a computed 0 is 0', () => {
    const fields = { ...ends, sport: 1, dport: 2, seq: 0, flags: FLAG.ack };
    const first = tcp({ ...fields, window: 0 });
    expect(tcp({ ...fields, window: first.checksum }).checksum).toBe(0);
  });

  it('CK-5: UDP 192.168.1.10:5000 > 203.0.113.10:9000 "test", then from 203.0.113.2:40000', () => {
    expect(datagram.checksum).toBe(0xe38e);
    expect(withSource(datagram, gateway, 40_000).checksum).toBe(0xe085);
  });

  it('CK-6: TCP SYN 5000 > 80, seq 1000, window 8192, then from 203.0.113.2:40000', () => {
    const syn = tcp({ ...ends, sport: 5000, dport: 80, seq: 1000, flags: FLAG.syn, window: 8192 });
    expect(syn.checksum).toBe(0x7a65);
    expect(withSource(syn, gateway, 40_000).checksum).toBe(0x775c);
  });

  it('CK-7: ICMP echo id 100 seq 1 "abcd", then id 57849', () => {
    const ping = echo({ ...ends, id: 100, seq: 1, payload: text('abcd') });
    expect(ping.checksum).toBe(0x32d4);
    expect(withSource(ping, gateway, 57_849).checksum).toBe(0x513e);
  });

  it('CK-8: the example of RFC 1624 §4, where the older equation goes wrong', () => {
    expect(update(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
  });

  it('CK-9: incremental is full recomputation, for rewrites, chains of them and their inverses', () => {
    const rewritten = (packet: Packet, src: Ip, dst: Ip, ports: readonly [number, number], ttl: number) =>
      withTtl(withDestination(withSource(packet, src, ports[0]), dst, ports[1]), ttl);
    const anyCase = fc
      .constantFrom(4 as const, 6 as const)
      .chain((family) =>
        fc.tuple(anyPacket(family), anyIp(family), anyIp(family), fc.tuple(anyPort, anyPort), anyByte),
      );
    fc.assert(
      fc.property(anyCase, ([packet, ...change]) => {
        const there = rewritten(packet, ...change);
        if (isAllZero(there)) {
          expect(verify(there)).toEqual({ header: true, transport: true });
          return;
        }
        const keepsNone = packet.kind === 'udp' && packet.checksum === 0;
        expect(there).toEqual(keepsNone ? { ...seal(there), checksum: 0 } : seal(there));
        const { src, dst, ttl } = packet;
        if (packet.kind === 'udp' || packet.kind === 'tcp') {
          expect(rewritten(there, src, dst, [packet.sport, packet.dport], ttl)).toEqual(packet);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('CK-10: in an ICMP error the quoted IP and UDP checksums and its own follow', () => {
    const public_ = withTtl(withSource(datagram, gateway, 40_000), 62);
    const atGateway = error({ about: public_, src: ends.dst, ...ICMP_ERROR[4].portUnreachable });
    const restored = withQuoted(withDestination(atGateway, inside), { src: inside, sport: 5000 });
    const direct = error({ about: withTtl(datagram, 62), src: ends.dst, ...ICMP_ERROR[4].portUnreachable });
    expect(restored).toEqual(direct);
    expect(verify(restored)).toEqual({ header: true, transport: true });
    const quoted = decode(restored.payload);
    expect(quoted).toEqual(withTtl(datagram, 62));
  });

  it('CK-10: a quote cut behind the ports still gets a right IP and outer checksum', () => {
    const about = withSource(datagram, gateway, 40_000);
    const cut = error({ about, src: ends.dst, ...ICMP_ERROR[4].timeExceeded, limit: 20 + 8 + 24 });
    const restored = withQuoted(cut, { src: inside, sport: 5000 });
    expect(restored.payload.length).toBe(24);
    expect(verify(restored).transport).toBe(true);
    expect(sum(restored.payload.subarray(0, 20))).toBe(0xffff);
  });

  it('CK-11: a wrong checksum is never repaired', () => {
    const anyCase = fc
      .constantFrom(4 as const, 6 as const)
      .chain((family) =>
        fc.tuple(anyPacket(family), anyIp(family), anyIp(family), anyPort, fc.integer({ min: 1, max: 0xfffe })),
      );
    fc.assert(
      fc.property(anyCase, ([packet, src, dst, port, error]) => {
        const off = (right: number) => (right + error) % 0x1_0000;
        const damaged =
          packet.kind === 'other'
            ? { ...packet, headerChecksum: off(packet.headerChecksum) }
            : { ...packet, headerChecksum: off(packet.headerChecksum), checksum: off(packet.checksum) };
        const moved = withTtl(withDestination(withSource(damaged, src, port), dst, port), 1);
        expect(verify(moved)).toEqual(verify(damaged));
      }),
      { numRuns: 400 },
    );
  });
});
