import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPacket } from '../../../src/arbitraries/packet.ts';
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { error, ICMP_ERROR } from '../../../src/sim/packet/icmp-error.ts';
import { echo, flagsOf, icmp, other, type Packet, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { showEndpoint, showIcmpType, showPacket, showProtocol } from '../../../src/sim/packet/show.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.9') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
const router = { 4: ip('203.0.113.1'), 6: ip('2001:db8::99') };
const text = (words: string) => new TextEncoder().encode(words);
const ports = { sport: 50_000, dport: 21 };

const segment = (flags: Parameters<typeof flagsOf>[0], payload = '') =>
  tcp({ ...v4, ...ports, seq: 1000, ack: 2000, flags: flagsOf(flags), payload: text(payload), ttl: 63 });
const dns = udp({
  ...v4,
  sport: 50_000,
  dport: 53,
  payload: Uint8Array.from([...text('\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01')]),
});
const answer4 = (about: Packet, name: keyof (typeof ICMP_ERROR)[4], mtu?: number) =>
  error({ about, src: router[4], ...ICMP_ERROR[4][name], mtu });
const ping = echo({ ...v4, id: 7, seq: 1, payload: text('abcd') });

describe('showPacket', () => {
  it.each([
    [segment(['syn']), '192.168.1.10:50000 > 203.0.113.9:21 tcp SYN seq 1000 len 0 ttl 63'],
    [segment(['syn', 'ack']), '192.168.1.10:50000 > 203.0.113.9:21 tcp SYN+ACK seq 1000 ack 2000 len 0 ttl 63'],
    [segment([]), '192.168.1.10:50000 > 203.0.113.9:21 tcp no flags seq 1000 len 0 ttl 63'],
    [
      segment(['psh', 'ack'], 'PORT 192,168,1,10,156,65\r\n'),
      '192.168.1.10:50000 > 203.0.113.9:21 tcp PSH+ACK seq 1000 ack 2000 len 26 ttl 63 "PORT 192,168,1,10,156,65"',
    ],
    [
      segment(['ack'], 'x'.repeat(41)),
      `192.168.1.10:50000 > 203.0.113.9:21 tcp ACK seq 1000 ack 2000 len 41 ttl 63 "${'x'.repeat(39)}…"`,
    ],
    [dns, '192.168.1.10:50000 > 203.0.113.9:53 udp len 33 ttl 64 "www.example.com"'],
    [udp({ ...v6, sport: 1, dport: 2 }), '[2001:db8::1]:1 > [2001:db8::2]:2 udp len 0 ttl 64'],
    [ping, '192.168.1.10 > 203.0.113.9 icmp echo request id 7 seq 1 len 4 ttl 64'],
    [icmp({ ...v4, type: 14, rest: 0x5_0001 }), '192.168.1.10 > 203.0.113.9 icmp timestamp reply id 5 len 0 ttl 64'],
    [icmp({ ...v4, type: 42 }), '192.168.1.10 > 203.0.113.9 icmp type 42 code 0 len 0 ttl 64'],
    [
      echo({ ...v6, id: 7, seq: 1, reply: true }),
      '2001:db8::1 > 2001:db8::2 icmpv6 echo reply id 7 seq 1 len 0 ttl 64',
    ],
    [
      answer4(segment(['syn']), 'portUnreachable'),
      '203.0.113.1 > 192.168.1.10 icmp port unreachable ttl 64 about 192.168.1.10:50000 > 203.0.113.9:21 tcp',
    ],
    [
      answer4(dns, 'fragmentationNeeded', 1400),
      '203.0.113.1 > 192.168.1.10 icmp fragmentation needed mtu 1400 ttl 64 about 192.168.1.10:50000 > 203.0.113.9:53 udp',
    ],
    [
      answer4(ping, 'timeExceeded'),
      '203.0.113.1 > 192.168.1.10 icmp time exceeded ttl 64 about 192.168.1.10 > 203.0.113.9 icmp echo request id 7',
    ],
    [
      answer4(other({ ...v4, protocol: 50 }), 'protocolUnreachable'),
      '203.0.113.1 > 192.168.1.10 icmp protocol unreachable ttl 64 about 192.168.1.10 > 203.0.113.9 esp',
    ],
    [icmp({ ...v4, type: 3, code: 3 }), '192.168.1.10 > 203.0.113.9 icmp port unreachable ttl 64'],
    [
      error({
        about: udp({ ...v6, sport: 1, dport: 2 }),
        src: router[6],
        ...ICMP_ERROR[6].fragmentationNeeded,
        mtu: 1280,
      }),
      '2001:db8::99 > 2001:db8::1 icmpv6 packet too big mtu 1280 ttl 64 about [2001:db8::1]:1 > [2001:db8::2]:2 udp',
    ],
    [other({ ...v4, protocol: 47, payload: text('abc') }), '192.168.1.10 > 203.0.113.9 gre len 3 ttl 64'],
    [other({ ...v4, protocol: 89 }), '192.168.1.10 > 203.0.113.9 protocol 89 len 0 ttl 64'],
    [
      other({ ...v4, protocol: 17, ident: 7, payload: text('12345678'), fragment: { offset: 0, more: true } }),
      '192.168.1.10 > 203.0.113.9 udp fragment 7 offset 0 len 8 more ttl 64',
    ],
    [
      other({ ...v4, protocol: 17, ident: 7, payload: text('123'), fragment: { offset: 8, more: false } }),
      '192.168.1.10 > 203.0.113.9 udp fragment 7 offset 8 len 3 last ttl 64',
    ],
  ])('%#', (packet, line) => {
    expect(showPacket(packet)).toBe(line);
  });

  it('is one printable line for every packet', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        expect(showPacket(packet)).toMatch(/^[ -~…]+$/);
      }),
    );
  });
});

describe('names', () => {
  it('of endpoints', () => {
    expect(showEndpoint(v4.src, 80)).toBe('192.168.1.10:80');
    expect(showEndpoint(v6.src, 80)).toBe('[2001:db8::1]:80');
  });

  it('of protocols', () => {
    expect([1, 6, 17, 47, 50, 58, 132, 0].map(showProtocol).join(', ')).toBe(
      'icmp, tcp, udp, gre, esp, icmpv6, sctp, protocol 0',
    );
  });

  it.each([4, 6] as const)('every IPv%i error that is sent has one', (family) => {
    for (const { type, code } of Object.values(ICMP_ERROR[family])) {
      expect(showIcmpType(router[family], type, code)).not.toMatch(/^type/);
    }
  });
});
