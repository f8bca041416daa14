import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFamily } from '../../../src/arbitraries/addr.ts';
import { anyFragment, anyIcmpError, anyPacket, anyWhole } from '../../../src/arbitraries/packet.ts';
import { type Family, type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import {
  error,
  ICMP_ERROR,
  type IcmpErrorName,
  isError,
  mayAnswerWithError,
  quoteOf,
} from '../../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, icmp, lengthOf, other, type Packet, queryId, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { encode } from '../../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.10') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };
const ends = { 4: v4, 6: v6 };
const router = { 4: ip('203.0.113.1'), 6: ip('2001:db8::99') };
const hex = (text: string) =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

describe('isError', () => {
  it.each([
    [4, [3, 4, 5, 11, 12], [0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42]],
    [6, [1, 2, 3, 4, 100, 127], [128, 129, 133, 135, 137]],
  ] as const)('IPv%i: types %j, not %j', (family, errors, others) => {
    const of = (type: number) => isError(icmp({ ...ends[family], type }));
    expect(errors.map(of)).toEqual(errors.map(() => true));
    expect(others.map(of)).toEqual(others.map(() => false));
  });

  it('no other packet is one', () => {
    expect(isError(udp({ ...v4, sport: 3, dport: 3 }))).toBe(false);
  });
});

describe('error', () => {
  const names = Object.keys(ICMP_ERROR[4]) as IcmpErrorName[];

  it.each([4, 6] as const)('IPv%i: goes to the sender and quotes the packet as it is', (family) => {
    const about = udp({ ...ends[family], sport: 5000, dport: 9000, ttl: 3, payload: hex('74657374') });
    for (const name of names) {
      const answer = error({ about, src: router[family], ...ICMP_ERROR[family][name] });
      expect(answer).toMatchObject({ src: router[family], dst: about.src, ttl: 64, df: family === 6, rest: 0 });
      expect(answer).toMatchObject(ICMP_ERROR[family][name]);
      expect(answer.payload).toEqual(encode(about));
      expect(isError(answer)).toBe(true);
      expect(verify(answer)).toEqual({ header: true, transport: true });
    }
  });

  it.each([
    [4, 576],
    [6, 1280],
  ] as const)('IPv%i: is no longer than %i bytes, less if the link takes less', (family, limit) => {
    const about = udp({ ...ends[family], sport: 1, dport: 2, payload: new Uint8Array(3000) });
    const codes = ICMP_ERROR[family].timeExceeded;
    expect(lengthOf(error({ about, src: router[family], ...codes }))).toBe(limit);
    expect(lengthOf(error({ about, src: router[family], ...codes, limit: 9000 }))).toBe(limit);
    expect(lengthOf(error({ about, src: router[family], ...codes, limit: 200 }))).toBe(200);
    expect(error({ about, src: router[family], ...codes, limit: 8 }).payload.length).toBe(0);
  });

  it.each([
    [0x00, 0xc0],
    [0x02, 0xc2],
    [0x03, 0xc2],
    [0x28, 0xc8],
    [0xb8, 0xd8],
    [0xff, 0xde],
  ])('answers TOS %i with precedence raised: %i, as Linux 6.18 was seen to', (tos, raised) => {
    const about = udp({ ...v4, sport: 1, dport: 2, tos });
    expect(error({ about, src: router[4], ...ICMP_ERROR[4].portUnreachable }).tos).toBe(raised);
  });

  it('answers in traffic class 0 over IPv6', () => {
    const about = udp({ ...v6, sport: 1, dport: 2, tos: 0x28 });
    expect(error({ about, src: router[6], ...ICMP_ERROR[6].portUnreachable }).tos).toBe(0);
  });

  it.each([4, 6] as const)('IPv%i: carries the next-hop MTU, or any other rest', (family) => {
    const about = udp({ ...ends[family], sport: 1, dport: 2 });
    const codes = ICMP_ERROR[family].fragmentationNeeded;
    expect(error({ about, src: router[family], ...codes, mtu: 1400 }).rest).toBe(1400);
    expect(error({ about, src: router[family], type: 12, code: 0, rest: 0x0800_0000 }).rest).toBe(0x0800_0000);
  });
});

describe('quoteOf', () => {
  it('reads back the tuple of every packet quoted far enough', () => {
    fc.assert(
      fc.property(anyWhole(), (about) => {
        const { src, dst, ttl } = about;
        const family: Family = typeof src === 'number' ? 4 : 6;
        const quote = quoteOf(error({ about, src: router[family], ...ICMP_ERROR[family].hostUnreachable }));
        expect(quote).toMatchObject({ src, dst, ttl, offset: 0, transport: family === 4 ? 20 : 40 });
        if (about.kind === 'udp') expect(quote).toMatchObject({ protocol: 17, sport: about.sport, dport: about.dport });
        if (about.kind === 'tcp') {
          expect(quote).toMatchObject({ protocol: 6, sport: about.sport, dport: about.dport, seq: about.seq });
        }
        if (about.kind === 'icmp') {
          expect(quote).toMatchObject({ type: about.type, code: about.code, id: queryId(about) });
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([4, 6] as const)('IPv%i: tells what is there at every length', (family) => {
    const start = family === 4 ? 20 : 40;
    const at = (about: Packet, length: number) => {
      const whole = error({ about, src: router[family], ...ICMP_ERROR[family].timeExceeded });
      const quote = quoteOf({ ...whole, payload: whole.payload.slice(0, length) });
      if (quote === undefined) return undefined;
      const { src, dst, ttl, protocol, offset, transport, ...rest } = quote;
      expect({ src, dst, protocol, offset, transport }).toEqual({
        ...ends[family],
        protocol,
        offset: 0,
        transport: start,
      });
      return Object.keys(rest).join();
    };
    const segment = tcp({ ...ends[family], sport: 1, dport: 2, seq: 3, flags: FLAG.ack });
    const datagram = udp({ ...ends[family], sport: 1, dport: 2 });
    const ping = echo({ ...ends[family], id: 1, seq: 2 });
    const lengths = Array.from({ length: start + 21 }, (_, length) => length);
    const beyond = (length: number, from: number, text: string) => (length >= start + from ? text : '');
    for (const length of lengths) {
      const nothing = length < start;
      expect(at(segment, length)).toBe(
        nothing ? undefined : beyond(length, 4, 'sport,dport') + beyond(length, 8, ',seq'),
      );
      if (length > start + 8) continue;
      expect(at(datagram, length)).toBe(nothing ? undefined : beyond(length, 4, 'sport,dport'));
      expect(at(ping, length)).toBe(nothing ? undefined : beyond(length, 4, 'type,code') + beyond(length, 8, ',id'));
    }
  });

  it('steps over the options of a quoted IPv4 header (ICMP-3b)', () => {
    const payload = hex('4600 0020 0000 0000 0111 0000 0a000001 0a000002 01010100 1388 2328 000c 0000');
    const quote = quoteOf(icmp({ ...v4, type: 11, payload }));
    expect(quote).toMatchObject({ protocol: 17, transport: 24, sport: 5000, dport: 9000, ttl: 1 });
  });

  it('steps over extension headers of a quoted IPv6 header', () => {
    const header = hex('6000 0000 0018 0040 20010db8000000000000000000000001 20010db8000000000000000000000002');
    const chain = hex('2c00 0000 0000 0000 1100 0001 00000007 1388 2328 0008 0000');
    const payload = new Uint8Array([...header, ...chain]);
    const quote = quoteOf(icmp({ ...v6, type: 3, payload }));
    expect(quote).toMatchObject({ protocol: 17, transport: 56, sport: 5000, dport: 9000, offset: 0 });
    const cut = quoteOf(icmp({ ...v6, type: 3, payload: payload.slice(0, 50) }));
    expect(cut).toMatchObject({ protocol: 44, transport: 48 });
    expect(cut?.sport).toBeUndefined();
  });

  it('finds no transport header in a fragment behind the first', () => {
    fc.assert(
      fc.property(anyFragment(), (about) => {
        const family: Family = typeof about.src === 'number' ? 4 : 6;
        const quote = quoteOf(error({ about, src: router[family], ...ICMP_ERROR[family].adminProhibited }));
        expect(quote?.offset).toBe(about.fragment?.offset);
        if (quote !== undefined && quote.offset > 0) expect([quote.sport, quote.type]).toEqual([undefined, undefined]);
      }),
    );
  });

  it.each([
    ['of the other family', { ...v4, type: 3 }, encode(udp({ ...v6, sport: 1, dport: 2 }))],
    ['of the other family', { ...v6, type: 1 }, new Uint8Array(48).fill(0x45)],
    ['with a header length of 4 words', { ...v4, type: 3 }, new Uint8Array(28).fill(0x44)],
    ['in an echo', { ...v4, type: 8 }, encode(udp({ ...v4, sport: 1, dport: 2 }))],
  ])('reads nothing from a quote %s', (_, ends, payload) => {
    expect(quoteOf(icmp({ ...ends, payload }))).toBeUndefined();
  });

  it('never throws', () => {
    const anyGarbage = fc.tuple(
      anyFamily,
      fc.uint8Array({ maxLength: 90 }),
      fc.constantFrom(undefined, 0x45, 0x4f, 0x60),
    );
    fc.assert(
      fc.property(anyGarbage, ([family, payload, version]) => {
        if (version !== undefined && payload.length > 0) payload[0] = version;
        const quote = quoteOf(icmp({ ...ends[family], type: 3, payload }));
        if (quote?.sport !== undefined) expect(payload.length).toBeGreaterThanOrEqual(quote.transport + 4);
      }),
      { numRuns: 500 },
    );
  });
});

describe('mayAnswerWithError', () => {
  const datagram = (src: string, dst: string) => udp({ src: ip(src), dst: ip(dst), sport: 1, dport: 2 });
  const fragment = (offset: number, protocol = 17, payload = new Uint8Array(8)) =>
    other({ ...v4, protocol, payload, fragment: { offset, more: true } });

  it.each([
    ['a datagram', datagram('192.168.1.10', '203.0.113.10'), true],
    ['an IPv6 datagram', datagram('2001:db8::1', '2001:db8::2'), true],
    ['a ping', echo({ ...v4, id: 1, seq: 1 }), true],
    ['an echo reply', echo({ ...v4, id: 1, seq: 1, reply: true }), true],
    ['an IPv6 ping', echo({ ...v6, id: 1, seq: 1 }), true],
    ['an error', icmp({ ...v4, type: 3, code: 3 }), false],
    ['a redirect', icmp({ ...v4, type: 5 }), false],
    ['a router solicitation', icmp({ ...v4, type: 10 }), false],
    ['a timestamp request', icmp({ ...v4, type: 13 }), true],
    ['an ICMP type nobody knows', icmp({ ...v4, type: 42 }), false],
    ['an IPv6 error', icmp({ ...v6, type: 1, code: 4 }), false],
    ['an IPv6 redirect', icmp({ ...v6, type: 137 }), false],
    ['a first fragment', fragment(0), true],
    ['a later fragment', fragment(8), false],
    ['the first fragment of a ping', fragment(0, 1, Uint8Array.of(8, 0)), true],
    ['the first fragment of an error', fragment(0, 1, Uint8Array.of(3, 3)), false],
    ['ICMP without a type', fragment(0, 1, new Uint8Array(0)), true],
    ['to the limited broadcast', datagram('192.168.1.10', '255.255.255.255'), false],
    ['to a group', datagram('192.168.1.10', '224.0.0.251'), false],
    ['to an IPv6 group', datagram('2001:db8::1', 'ff02::1'), false],
    ['from 0.0.0.0', datagram('0.0.0.0', '203.0.113.10'), false],
    ['from ::', datagram('::', '2001:db8::2'), false],
    ['from a group', datagram('224.0.0.1', '203.0.113.10'), false],
    ['from an IPv6 group', datagram('ff02::1', '2001:db8::2'), false],
    ['from loopback to elsewhere', datagram('127.0.0.1', '203.0.113.10'), false],
    ['from loopback to loopback', datagram('127.0.0.1', '127.0.0.2'), true],
    ['from ::1 to ::1', datagram('::1', '::1'), true],
    ['from class E', datagram('240.0.0.1', '203.0.113.10'), false],
    ['from the limited broadcast', datagram('255.255.255.255', '203.0.113.10'), false],
  ])('about %s: %s', (_, packet, may) => {
    expect(mayAnswerWithError(packet)).toBe(may);
  });

  it.each([
    ['packet too big', { type: 2, code: 0 }, true],
    ['unknown option', { type: 4, code: 2 }, true],
    ['unknown next header', { type: 4, code: 1 }, false],
    ['port unreachable', { type: 1, code: 4 }, false],
  ])('about IPv6 multicast, saying %s: %s', (_, answer, may) => {
    expect(mayAnswerWithError(datagram('2001:db8::1', 'ff0e::1'), answer)).toBe(may);
    expect(mayAnswerWithError(datagram('192.168.1.10', '224.0.0.251'), answer)).toBe(false);
  });

  it('never about an error, whatever it quotes', () => {
    fc.assert(
      fc.property(anyIcmpError(), (packet) => {
        expect(mayAnswerWithError(packet)).toBe(false);
      }),
    );
  });

  it('an answer is never answered itself', () => {
    fc.assert(
      fc.property(anyPacket(), (about) => {
        const family: Family = typeof about.src === 'number' ? 4 : 6;
        fc.pre(mayAnswerWithError(about));
        const answer = error({ about, src: router[family], ...ICMP_ERROR[family].netUnreachable });
        expect(mayAnswerWithError(answer)).toBe(false);
      }),
    );
  });
});
