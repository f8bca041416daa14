import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPacket, anyTcp, anyWord } from '../../../../src/arbitraries/packet.ts';
import { parseIp } from '../../../../src/sim/addr/ip.ts';
import { InternalError } from '../../../../src/sim/base/fail.ts';
import { checksum, verify } from '../../../../src/sim/packet/checksum.ts';
import { type Packet, udp } from '../../../../src/sim/packet/packet.ts';
import { decode, encode, isDecodeError } from '../../../../src/sim/packet/wire/frame.ts';

const hex = (text: string) =>
  Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const decoded = (bytes: Uint8Array): Packet => {
  const packet = decode(bytes);
  return isDecodeError(packet) ? expect.fail(`${packet.field}: ${packet.message}`) : packet;
};

/** `4500…` of CK-2 with "test". */
const DATAGRAM = hex('4500 0020 1c46 4000 4011 20ca c0a8 010a cb00 710a 1388 2328 000c e38e 74657374');
const PING6 = hex(`6000 0000 000c 3a40 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002
                   8000 0000 0007 0001 61626364`);
const SEGMENT = hex(`45b8 0030 0001 0000 3f06 0000 0a00 0001 0a00 0002
                     0015 c350 0000 03e8 0000 07d0 6012 2000 0000 0000 0204 05b4 68690d0a`);

describe('encode and decode', () => {
  it('are inverse for every packet that can be built', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        expect(decoded(encode(packet))).toEqual(packet);
      }),
      { numRuns: 500 },
    );
  });

  it('keep wrong checksums as they are', () => {
    fc.assert(
      fc.property(anyTcp(), anyWord, (packet, wrong) => {
        const damaged = { ...packet, checksum: wrong };
        expect(decoded(encode(damaged))).toEqual(damaged);
      }),
    );
  });

  it('keep reserved TCP flags', () => {
    const bytes = encode({ ...(decoded(SEGMENT) as ReturnType<typeof udp>) });
    bytes[32] = 0x61;
    expect(decoded(bytes)).toMatchObject({ flags: 0x112 });
    expect(encode(decoded(bytes))).toEqual(bytes);
  });

  it('read a UDP datagram', () => {
    expect(decoded(DATAGRAM)).toMatchObject({
      kind: 'udp',
      src: parseIp('192.168.1.10'),
      dst: parseIp('203.0.113.10'),
      ttl: 64,
      tos: 0,
      ident: 0x1c46,
      df: true,
      headerChecksum: 0x20ca,
      sport: 5000,
      dport: 9000,
      payload: hex('74657374'),
      checksum: 0xe38e,
    });
  });

  it('read a TCP segment', () => {
    expect(decoded(SEGMENT)).toMatchObject({
      kind: 'tcp',
      src: parseIp('10.0.0.1'),
      dst: parseIp('10.0.0.2'),
      ttl: 63,
      tos: 0xb8,
      df: false,
      sport: 21,
      dport: 50_000,
      seq: 1000,
      ack: 2000,
      flags: 0x12,
      window: 8192,
      options: hex('020405b4'),
      payload: hex('68690d0a'),
    });
  });

  it('read an ICMPv6 echo', () => {
    expect(decoded(PING6)).toMatchObject({
      kind: 'icmp',
      src: parseIp('2001:db8::1'),
      dst: parseIp('2001:db8::2'),
      ttl: 64,
      type: 128,
      rest: 0x0007_0001,
      payload: hex('61626364'),
    });
  });

  it('read an IPv6 fragment', () => {
    const bytes =
      hex(`6000 0000 0010 2c40 2001 0db8 0000 0000 0000 0000 0000 0001 2001 0db8 0000 0000 0000 0000 0000 0002
                       1100 05a9 dead beef 0102030405060708`);
    expect(decoded(bytes)).toMatchObject({
      kind: 'other',
      protocol: 17,
      ident: 0xdead_beef,
      fragment: { offset: 1448, more: true },
      payload: hex('0102030405060708'),
    });
  });

  it('ignore bytes behind the packet, as the padding of a short Ethernet frame', () => {
    expect(decoded(new Uint8Array([...DATAGRAM, 0, 0, 0]))).toEqual(decoded(DATAGRAM));
    expect(decoded(new Uint8Array([...PING6, 0]))).toEqual(decoded(PING6));
  });

  it('read a view into a larger buffer, and do not hold on to it', () => {
    const buffer = new Uint8Array([1, 2, 3, ...DATAGRAM]);
    const packet = decoded(buffer.subarray(3));
    buffer.fill(0);
    expect(packet).toEqual(decoded(DATAGRAM));
  });

  it('leave extension headers of IPv6 in the body', () => {
    const bytes = PING6.slice();
    bytes[6] = 0;
    expect(decoded(bytes)).toMatchObject({ kind: 'other', protocol: 0, payload: bytes.slice(40) });
  });

  it('read the ICMP of the other family as any protocol', () => {
    const bytes = PING6.slice();
    bytes[6] = 1;
    expect(decoded(bytes)).toMatchObject({ kind: 'other', protocol: 1 });
  });
});

describe('IPv4 options', () => {
  /** The datagram with one word of no-operation options. */
  const withOptions = () => {
    const bytes = new Uint8Array([...DATAGRAM.slice(0, 20), 1, 1, 1, 0, ...DATAGRAM.slice(20)]);
    bytes.set([0x46, 0, 0, 0x24]);
    bytes.set([0, 0], 10);
    const right = checksum(bytes.subarray(0, 24));
    bytes.set([right >> 8, right & 255], 10);
    return bytes;
  };

  it('are stepped over, the header checksum becomes that of the header without them', () => {
    expect(decoded(withOptions())).toEqual(decoded(DATAGRAM));
  });

  it('leave a wrong header checksum wrong', () => {
    const bytes = withOptions();
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    expect(verify(decoded(bytes))).toEqual({ header: false, transport: true });
  });

  it('the reserved flag is dropped likewise', () => {
    const bytes = withOptions();
    bytes[6] = 0xc0;
    expect(verify(decoded(bytes)).header).toBe(false);
    bytes.set([0, 0], 10);
    const right = checksum(bytes.subarray(0, 24));
    bytes.set([right >> 8, right & 255], 10);
    expect(decoded(bytes)).toEqual(decoded(DATAGRAM));
  });
});

describe('decode', () => {
  const patched = (bytes: Uint8Array, at: number, ...values: number[]) => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };

  it.each([
    ['nothing', new Uint8Array(0), 'ip.version'],
    ['version 5', patched(DATAGRAM, 0, 0x55), 'ip.version'],
    ['half an IPv4 header', DATAGRAM.slice(0, 19), 'ipv4'],
    ['header length 4 words', patched(DATAGRAM, 0, 0x44), 'ipv4.ihl'],
    ['total length below the header', patched(DATAGRAM, 2, 0, 19), 'ipv4.totalLength'],
    ['total length beyond the bytes', patched(DATAGRAM, 2, 0, 33), 'ipv4.totalLength'],
    ['half an IPv6 header', PING6.slice(0, 39), 'ipv6'],
    ['payload length beyond the bytes', patched(PING6, 4, 0, 13), 'ipv6.payloadLength'],
    ['half a fragment header', patched(PING6, 4, 0, 7, 44), 'ipv6.fragment'],
    ['half a UDP header', patched(DATAGRAM, 2, 0, 27), 'udp'],
    ['UDP length too long', patched(DATAGRAM, 24, 0, 13), 'udp.length'],
    ['UDP length too short', patched(DATAGRAM, 24, 0, 8), 'udp.length'],
    ['half a TCP header', patched(SEGMENT, 2, 0, 39), 'tcp'],
    ['data offset 4 words', patched(SEGMENT, 32, 0x40), 'tcp.dataOffset'],
    ['data offset beyond the segment', patched(SEGMENT, 32, 0xf0), 'tcp.dataOffset'],
    ['half an ICMP header', patched(PING6, 4, 0, 7), 'icmp'],
  ])('says which field is wrong: %s', (_, bytes, field) => {
    expect(decode(bytes)).toEqual({ kind: 'undecodable', field, message: expect.any(String) });
  });

  it('never throws on garbage, and reads back what it made of it', () => {
    const anyGarbage = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.constantFrom(DATAGRAM, PING6, SEGMENT), fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 }))))
        .map(([bytes, changes]) => {
          const copy = bytes.slice();
          for (const [at, value] of changes) copy[at] = value;
          return copy;
        }),
    );
    fc.assert(
      fc.property(anyGarbage, (bytes) => {
        const packet = decode(bytes);
        if (!isDecodeError(packet)) expect(decode(encode(packet))).toEqual(packet);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('encode', () => {
  it('refuses a packet that grew too long', () => {
    const [src, dst] = [parseIp('10.0.0.1'), parseIp('10.0.0.2')];
    if (src === undefined || dst === undefined) expect.fail('addresses');
    const packet = { ...udp({ src, dst, sport: 1, dport: 2 }), payload: new Uint8Array(65_508) };
    expect(() => encode(packet)).toThrow(InternalError);
  });
});
