/** The test vectors of RFC 5769 §2, byte for byte. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4, ip6, showIp } from '../../src/sim/addr/ip.ts';
import {
  ATTRIBUTE,
  addressAttribute,
  addressIn,
  attributeOf,
  decodeStun,
  encodeStun,
  hiddenAttribute,
  hiddenIn,
  type StunMessage,
} from '../../src/sim/host/app/stun/message.ts';
import { takeStun } from '../../src/sim/host/app/stun/stream.ts';

const REQUEST = bytes(`
  00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74
  00 24 00 04 6e 00 01 ff
  80 29 00 08 93 2f f9 b1 51 26 3b 36
  00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20
  00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2
  80 28 00 04 e5 7a 3b cf`);
const RESPONSE_IPV4 = bytes(`
  01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 08 00 01 a1 47 e1 12 a6 43
  00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
  80 28 00 04 c0 7d 4c 96`);
const RESPONSE_IPV6 = bytes(`
  01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
  80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
  00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9
  00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41
  80 28 00 04 c8 fb 0b 4c`);

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.trim().split(/\s+/), (pair) => Number.parseInt(pair, 16));
}

function textOf(value: Uint8Array | undefined): string {
  return new TextDecoder().decode(value);
}

describe('RFC 5769', () => {
  it('§2.1 sample request', () => {
    const request = decodeStun(REQUEST);
    expect(request).toMatchObject({ kind: 'request', method: 1, transaction: REQUEST.slice(8, 20) });
    expect(request?.attributes.map(({ type }) => type)).toEqual([0x8022, 0x0024, 0x8029, 0x0006, 0x0008]);
    expect(textOf(request && attributeOf(request, ATTRIBUTE.software))).toBe('STUN test client');
    expect(textOf(request && attributeOf(request, ATTRIBUTE.username))).toBe('evtj:h6vY');
  });

  it.each([
    ['§2.2 sample IPv4 response', RESPONSE_IPV4, '192.0.2.1'],
    ['§2.3 sample IPv6 response', RESPONSE_IPV6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('%s', (_, vector, address) => {
    const response = decodeStun(vector);
    const mapped = response && hiddenIn(response, ATTRIBUTE.xorMappedAddress);
    expect(response?.kind).toBe('success');
    expect(mapped && { address: showIp(mapped.ip), port: mapped.port }).toEqual({ address, port: 32_853 });
    expect(textOf(response && attributeOf(response, ATTRIBUTE.software))).toBe('test vector');
  });

  it.each([REQUEST, RESPONSE_IPV4, RESPONSE_IPV6])(
    'FINGERPRINT guards every byte but its own type (vector %#)',
    (vector) => {
      const own = vector.length - 8;
      for (let at = 0; at < vector.length; at++) {
        if (at === own || at === own + 1) continue;
        const wrong = Uint8Array.from(vector, (byte, i) => (i === at ? byte ^ 1 : byte));
        expect(decodeStun(wrong), `byte ${at}`).toBeUndefined();
      }
    },
  );

  it('writes the address of the IPv4 response as it stands there', () => {
    const response = decodeStun(RESPONSE_IPV4) as StunMessage;
    const mapped = hiddenIn(response, ATTRIBUTE.xorMappedAddress) as NonNullable<ReturnType<typeof hiddenIn>>;
    const written = hiddenAttribute(ATTRIBUTE.xorMappedAddress, mapped, response.transaction);
    expect(written.value).toEqual(RESPONSE_IPV4.slice(40, 48));
  });
});

const anyMessage: fc.Arbitrary<StunMessage> = fc.record({
  kind: fc.constantFrom('request', 'indication', 'success', 'error'),
  method: fc.integer({ min: 0, max: 0xfff }),
  transaction: fc.uint8Array({ minLength: 12, maxLength: 12 }),
  attributes: fc.array(
    fc.record({
      type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== ATTRIBUTE.fingerprint),
      value: fc.uint8Array({ maxLength: 40 }),
    }),
    { maxLength: 5 },
  ),
});
const anyEndpoint = fc.record({
  ip: fc.oneof(
    fc.integer({ min: 0, max: 0xffff_ffff }).map(ip4),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(ip6),
  ),
  port: fc.integer({ min: 0, max: 0xffff }),
});

describe('STUN messages', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeStun(encodeStun(message))).toEqual(message);
      }),
    );
  });

  it('are cut out of a stream however it comes', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 3 }), fc.uint8Array({ maxLength: 19 }), (messages, tail) => {
        const stream = Uint8Array.from([...messages.flatMap((message) => [...encodeStun(message)]), ...tail]);
        expect(takeStun(stream)).toEqual({ messages, rest: tail });
      }),
    );
  });

  it('carry endpoints, open and hidden', () => {
    fc.assert(
      fc.property(anyMessage, anyEndpoint, (message, endpoint) => {
        const attributes = [addressAttribute(1, endpoint), hiddenAttribute(0x20, endpoint, message.transaction)];
        const read = decodeStun(encodeStun({ ...message, attributes })) as StunMessage;
        expect([addressIn(read, 1), hiddenIn(read, 0x20)]).toEqual([endpoint, endpoint]);
      }),
    );
  });

  it('are told from anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        expect(decodeStun(noise)).toBeUndefined();
      }),
    );
  });

  it.each([
    ['a family that is none', Uint8Array.of(0, 3, 0, 80, 1, 2, 3, 4)],
    ['too few bytes', Uint8Array.of(0, 1, 0, 80, 1, 2)],
    ['no bytes', new Uint8Array(0)],
  ])('hold no endpoint in %s', (_, value) => {
    const message: StunMessage = {
      kind: 'success',
      method: 1,
      transaction: new Uint8Array(12),
      attributes: [{ type: 1, value }],
    };
    expect(addressIn(message, 1)).toBeUndefined();
  });

  it('are refused when an attribute is longer than its message, or FINGERPRINT is of another length', () => {
    const sound = encodeStun({ kind: 'request', method: 1, transaction: new Uint8Array(12), attributes: [] });
    for (const length of [0, 8])
      expect(decodeStun(Uint8Array.from(sound, (b, i) => (i === 23 ? length : b)))).toBeUndefined();
    const long = Uint8Array.from([...sound.slice(0, 20), 0, 6, 0, 9, 0, 0, 0, 0]);
    expect(decodeStun(long)).toBeUndefined();
  });
});
