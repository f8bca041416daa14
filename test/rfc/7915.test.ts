import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp4, anyIp6 } from '../../src/arbitraries/addr.ts';
import { anyEcho, anyFragment, anyIcmpError, anyPacket, anyTcp, anyUdp } from '../../src/arbitraries/packet.ts';
import { type Family, family, type Ip, parseIp } from '../../src/sim/addr/ip.ts';
import { verify } from '../../src/sim/packet/checksum.ts';
import { type FamilyChange, translateFamily } from '../../src/sim/packet/family/translate.ts';
import { fragment, Reassembler } from '../../src/sim/packet/fragment.ts';
import { error, type IcmpCode, quoteOf } from '../../src/sim/packet/icmp-error.ts';
import { echo, type Icmp, icmp, lengthOf, other, type Packet, seal, tcp, udp } from '../../src/sim/packet/packet.ts';
import { decode, encode, encodeBody } from '../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const FOUR = { src: ip('203.0.113.9'), dst: ip('198.51.100.80') };
const SIX = { src: ip('2001:db8::1'), dst: ip('64:ff9b::c633:6450') };
const endsOf = (packet: Packet) => ({ src: packet.src, dst: packet.dst });
const swap = ({ src, dst }: FamilyChange['ends']) => ({ src: dst, dst: src });

function translated(packet: Packet, change: FamilyChange): Packet {
  const made = translateFamily(packet, change);
  return made.kind === 'untranslatable' ? expect.fail(made.detail) : made;
}

const anyEnds = (wanted: Family) =>
  wanted === 4 ? fc.record({ src: anyIp4, dst: anyIp4 }) : fc.record({ src: anyIp6, dst: anyIp6 });
/** A packet and the addresses of its translation. */
const into = <P extends Packet>(of: (wanted: Family) => fc.Arbitrary<P>) =>
  fc
    .constantFrom<Family>(4, 6)
    .chain((wanted) => fc.record({ packet: of(wanted), ends: anyEnds(wanted === 4 ? 6 : 4) }));
const transport = (wanted: Family) => fc.oneof<fc.Arbitrary<Packet>[]>(anyTcp(wanted), anyUdp(wanted), anyEcho(wanted));

/** An echo reply of zeros only: both 0 and ffff are right over IPv4. */
const isAllZero = (packet: Packet) =>
  packet.kind === 'icmp' && encodeBody({ ...packet, checksum: 0 }).every((byte) => byte === 0);

describe('IP/ICMP translation (RFC 7915)', () => {
  it('a whole packet keeps class, hop limit, ports and data; its checksums are right; the wire reads it back', () => {
    fc.assert(
      fc.property(into(transport), ({ packet, ends }) => {
        const made = translated(packet, { ends });
        expect(made).toMatchObject({ ...ends, ttl: packet.ttl, tos: packet.tos, kind: packet.kind });
        expect(isAllZero(made) || verify(made).transport).toBe(true);
        expect(verify(made).header).toBe(true);
        expect(decode(encode(made))).toEqual(made);
      }),
    );
  });

  it('takes the addresses of a flow and nothing else of it', () => {
    fc.assert(
      fc.property(into(transport), anyTcp(4), ({ packet, ends }, { sport, dport }) => {
        const flow = { ...ends, protocol: 6, sport, dport };
        const made = translated(packet, { ends: flow });
        const same = translated(packet, { ends });
        expect([made, Object.keys(made)]).toEqual([same, Object.keys(packet)]);
      }),
    );
  });

  it('there and back it is the same packet, but for what IPv6 has no field for', () => {
    fc.assert(
      fc.property(into(transport), ({ packet, ends }) => {
        const back = translated(translated(packet, { ends }), { ends: endsOf(packet), ident: packet.ident });
        const zeroed = packet.kind === 'udp' && packet.checksum === 0;
        const same = family(packet.src) === 4 ? seal({ ...packet, df: false }) : packet;
        expect(encode(isAllZero(back) || zeroed ? seal(back) : back)).toEqual(encode(zeroed ? seal(same) : same));
      }),
    );
  });

  it('a wrong checksum stays wrong', () => {
    fc.assert(
      fc.property(into(transport), ({ packet, ends }) => {
        if (packet.kind === 'other' || (packet.kind === 'udp' && packet.checksum === 0)) return;
        const spoilt = { ...packet, checksum: packet.checksum ^ 0x0101 } as Packet;
        if (spoilt.kind === 'udp' && spoilt.checksum === 0) return;
        expect(verify(translated(spoilt, { ends })).transport).toBe(false);
      }),
    );
  });

  it('§5.1: IPv4 packets up to 1260 bytes may be cut on their way, larger ones may not', () => {
    const of = (length: number) => udp({ ...SIX, sport: 1, dport: 2, payload: new Uint8Array(length) });
    expect(translated(of(1232), { ends: FOUR, ident: 77 })).toMatchObject({ df: false, ident: 77 });
    expect(lengthOf(translated(of(1232), { ends: FOUR }))).toBe(1260);
    expect(translated(of(1233), { ends: FOUR })).toMatchObject({ df: true });
  });

  it.each([
    ['IPv4 to IPv6', FOUR, SIX],
    ['IPv6 to IPv4', SIX, FOUR],
  ])('§4.1, §5.1.1: pieces keep offset and identification, %s, and fit together again', (_name, from, ends) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 200, maxLength: 400 }), fc.nat({ max: 0xffff }), (payload, ident) => {
        for (const whole of [
          udp({ ...from, sport: 9, dport: 10, payload }),
          tcp({ ...from, sport: 9, dport: 10, seq: 1, flags: 16, payload }),
        ]) {
          const reassembler = new Reassembler();
          const pieces = fragment(whole, 150, ident).map((piece) => translated(piece, { ends }));
          expect(pieces.every((piece) => piece.ident === ident && verify(piece).header)).toBe(true);
          expect(pieces.every((piece) => family(piece.src) === 6 || !piece.df)).toBe(true);
          const merged = pieces.map((piece) => reassembler.add(piece, 0)).at(-1)?.packet;
          expect(merged).toMatchObject({ ...ends, kind: whole.kind, sport: 9, dport: 10, payload });
          expect(merged !== undefined && verify(merged)).toEqual({ header: true, transport: true });
        }
      }),
      { numRuns: 20 },
    );
  });

  it('N64-8: a datagram without a checksum gets one; a first piece of such a datagram cannot, and is not translated', () => {
    fc.assert(
      fc.property(anyUdp(4), anyEnds(6), (datagram, ends) => {
        const made = translated({ ...datagram, checksum: 0 }, { ends });
        expect(made).toMatchObject({ checksum: expect.toSatisfy((sum) => sum !== 0) });
        expect(verify(made).transport).toBe(true);
      }),
    );
    const bare = { ...udp({ ...FOUR, sport: 1, dport: 2, payload: new Uint8Array(100) }), checksum: 0 };
    const [first] = fragment(bare, 60);
    expect(translateFamily(first ?? bare, { ends: SIX })).toMatchObject({ kind: 'untranslatable' });
  });

  it('every packet is translated or has no counterpart; what is made can be written and read', () => {
    fc.assert(
      fc.property(into(anyPacket), anyEnds(4), anyEnds(6), ({ packet, ends }, four, six) => {
        const made = translateFamily(packet, { ends, quoted: family(ends.src) === 4 ? four : six });
        if (made.kind === 'untranslatable') return;
        expect(verify(made).header).toBe(true);
        expect(encode(made)).toHaveLength(lengthOf(made));
      }),
      { numRuns: 200 },
    );
  });

  it('§1.2: pieces of ICMP, and IPv4 protocols that IPv6 takes for extension headers, have no counterpart', () => {
    fc.assert(
      fc.property(into(anyFragment), ({ packet, ends }) => {
        const made = translateFamily(packet, { ends });
        expect(made.kind === 'untranslatable').toBe(
          packet.protocol === 1 || packet.protocol === 58 || isBareUdp(packet),
        );
      }),
    );
    expect(translateFamily(other({ ...SIX, protocol: 60 }), { ends: FOUR }).kind).toBe('untranslatable');
    expect(translateFamily(icmp({ ...FOUR, type: 13 }), { ends: SIX }).kind).toBe('untranslatable');
  });
});

/** A first piece whose checksum field is there and 0. */
function isBareUdp(packet: Packet): boolean {
  if (packet.kind !== 'other' || packet.fragment?.offset !== 0 || packet.protocol !== 17) return false;
  return packet.payload.length >= 8 && packet.payload[6] === 0 && packet.payload[7] === 0;
}

/** The error about a packet that went the other way, and what it becomes. */
function errorOf(about: Packet, code: IcmpCode, rest: number, change: Partial<FamilyChange> = {}) {
  const reported = error({ about, src: about.dst, ...code, rest });
  const other = family(about.src) === 4 ? SIX : FOUR;
  return translateFamily(reported, { ends: swap(other), quoted: other, ...change });
}

const four = udp({ ...FOUR, sport: 5000, dport: 53, payload: new Uint8Array(4) });
const six = udp({ ...SIX, sport: 5000, dport: 53, payload: new Uint8Array(4) });
const pointer = (at: number) => at * 0x100_0000;

describe('ICMP errors in the other family (RFC 7915 §4.2, §5.2)', () => {
  it.each([
    [3, 0, 0, 1, 0, 0],
    [3, 1, 0, 1, 0, 0],
    [3, 2, 0, 4, 1, 6],
    [3, 3, 0, 1, 4, 0],
    [3, 5, 0, 1, 0, 0],
    [3, 9, 0, 1, 1, 0],
    [3, 10, 0, 1, 1, 0],
    [3, 12, 0, 1, 0, 0],
    [3, 13, 0, 1, 1, 0],
    [3, 15, 0, 1, 1, 0],
    [11, 0, 0, 3, 0, 0],
    [11, 1, 0, 3, 1, 0],
    [12, 0, pointer(9), 4, 0, 6],
    [12, 2, pointer(17), 4, 0, 24],
    [3, 4, 1400, 2, 0, 1420],
    [3, 4, 576, 2, 0, 1280],
    [3, 4, 0, 2, 0, 1280],
  ])('N64-7: ICMP %i/%i (%i) is ICMPv6 %i/%i (%i)', (type, code, rest, type6, code6, rest6) => {
    expect(errorOf(four, { type, code }, rest)).toMatchObject({ type: type6, code: code6, rest: rest6 });
  });

  it.each([
    [1, 0, 0, 3, 1, 0],
    [1, 1, 0, 3, 10, 0],
    [1, 3, 0, 3, 1, 0],
    [1, 4, 0, 3, 3, 0],
    [3, 0, 0, 11, 0, 0],
    [3, 1, 0, 11, 1, 0],
    [4, 0, 7, 12, 0, pointer(8)],
    [4, 0, 30, 12, 0, pointer(16)],
    [4, 1, 40, 3, 2, 0],
    [2, 0, 1400, 3, 4, 1380],
  ])('N64-7: ICMPv6 %i/%i (%i) is ICMP %i/%i (%i)', (type, code, rest, type4, code4, rest4) => {
    expect(errorOf(six, { type, code }, rest)).toMatchObject({ type: type4, code: code4, rest: rest4 });
  });

  it('N64-7: what the other family cannot say is not said', () => {
    for (const [type, code, rest = 0] of [
      [3, 14],
      [4, 0],
      [5, 1],
      [12, 1],
      [12, 0, pointer(6)],
    ] as const) {
      expect(errorOf(four, { type, code }, rest).kind, `ICMP ${type}/${code}`).toBe('untranslatable');
    }
    for (const [type, code, rest = 0] of [
      [1, 5],
      [1, 6],
      [4, 2],
      [5, 0],
      [4, 0, 3],
    ] as const) {
      expect(errorOf(six, { type, code }, rest).kind, `ICMPv6 ${type}/${code}`).toBe('untranslatable');
    }
  });

  it('N64-7: a packet too big speaks of the smallest link, less or more the difference of 20 bytes', () => {
    expect(errorOf(four, { type: 3, code: 4 }, 1500, { mtu: 1400 })).toMatchObject({ rest: 1400 });
    expect(errorOf(six, { type: 2, code: 0 }, 1500, { mtu: 1300 })).toMatchObject({ rest: 1300 });
    const large = udp({ ...FOUR, sport: 1, dport: 2, payload: new Uint8Array(3000) });
    expect(errorOf(large, { type: 3, code: 4 }, 0)).toMatchObject({ rest: 2022 });
  });

  it('CK-10: the quoted packet is the packet translated, as far as it was quoted', () => {
    fc.assert(
      fc.property(into(transport), fc.nat({ max: 30 }), ({ packet, ends }, cut) => {
        const code = family(packet.src) === 4 ? { type: 3, code: 3 } : { type: 1, code: 4 };
        const whole = error({ about: packet, src: packet.dst, ...code });
        const reported = seal({ ...whole, payload: whole.payload.slice(0, Math.max(48, whole.payload.length - cut)) });
        const made = translated(reported, { ends: swap(ends), quoted: ends }) as Icmp;
        expect(verify(made).transport).toBe(true);
        // a quoted datagram without a checksum stays without, and half a checksum is left alone
        if (packet.kind === 'udp' && packet.checksum === 0) return;
        const halfSum = { udp: 7, tcp: 17, icmp: 3, other: 0 }[packet.kind];
        if (made.payload.length === (family(ends.src) === 4 ? 20 : 40) + halfSum) return;
        const expected = encode(translated(packet, { ends }));
        expect(made.payload).toEqual(expected.slice(0, made.payload.length));
        expect(quoteOf(made)).toMatchObject({ ...ends, ttl: packet.ttl });
      }),
    );
  });

  it('the quote of a piece says where the piece belongs', () => {
    for (const [from, ends] of [
      [FOUR, SIX],
      [SIX, FOUR],
    ] as const) {
      const pieces = fragment(udp({ ...from, sport: 7, dport: 8, payload: new Uint8Array(200) }), 100, 99);
      for (const piece of pieces) {
        const code = family(piece.src) === 4 ? { type: 11, code: 1 } : { type: 3, code: 1 };
        const reported = error({ about: piece, src: piece.dst, ...code });
        const made = translated(reported, { ends: swap(ends), quoted: ends }) as Icmp;
        expect(made.payload).toEqual(encode(translated(piece, { ends })));
      }
    }
  });

  it('an error is no longer than errors of its family are; what quotes no packet, or no echo, is not translated', () => {
    const large = udp({ ...SIX, sport: 1, dport: 2, payload: new Uint8Array(2000) });
    expect(lengthOf(errorOf(large, { type: 1, code: 4 }, 0) as Packet)).toBe(576);
    const asked = icmp({ ...FOUR, type: 13 });
    expect(errorOf(asked, { type: 3, code: 1 }, 0).kind).toBe('untranslatable');
    expect(errorOf(other({ ...FOUR, protocol: 58 }), { type: 3, code: 1 }, 0).kind).toBe('untranslatable');
    expect(translateFamily(icmp({ ...FOUR, type: 3 }), { ends: SIX, quoted: SIX }).kind).toBe('untranslatable');
    expect(translateFamily(echo({ ...FOUR, id: 1, seq: 1 }), { ends: SIX })).toMatchObject({ type: 128 });
  });

  it('any error translated has a right checksum', () => {
    fc.assert(
      fc.property(into(anyIcmpError), anyEnds(4), anyEnds(6), ({ packet, ends }, four, six) => {
        const made = translateFamily(packet, { ends, quoted: family(ends.src) === 4 ? four : six });
        expect(made.kind === 'untranslatable' || verify(made).transport).toBe(true);
      }),
    );
  });
});
