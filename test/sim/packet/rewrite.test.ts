import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFamily, anyIp, anyPort } from '../../../src/arbitraries/addr.ts';
import {
  anyByte,
  anyFragment,
  anyIcmpError,
  anyOptionBytes,
  anyPacket,
  anyPayload,
  anyQuery,
  anySeq,
  anyTcp,
  anyUdp,
  anyWhole,
  anyWord,
} from '../../../src/arbitraries/packet.ts';
import { type Family, type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { sum, verify } from '../../../src/sim/packet/checksum.ts';
import { error, ICMP_ERROR, quoteOf } from '../../../src/sim/packet/icmp-error.ts';
import {
  echo,
  hasPorts,
  type Icmp,
  icmp,
  type Packet,
  queryId,
  seal,
  tcp,
  udp,
} from '../../../src/sim/packet/packet.ts';
import {
  withAck,
  withDestination,
  withDf,
  withIdent,
  withOptions,
  withPayload,
  withQuoted,
  withSeq,
  withSource,
  withTos,
  withTtl,
} from '../../../src/sim/packet/rewrite.ts';
import { decode, isDecodeError } from '../../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.10') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };

/** Full recomputation, except that UDP without a checksum stays so. */
const resealed = <P extends Packet>(packet: P, before: Packet): P =>
  before.kind === 'udp' && before.checksum === 0 ? { ...seal(packet), checksum: 0 } : seal(packet);

/** CK-9: data of nothing but zeros has two sums, 0 and ffff, and an update may find the other one. */
function hasTwoSums(packet: Packet): boolean {
  if (packet.kind !== 'icmp') return false;
  return packet.type + packet.code + packet.rest === 0 && packet.payload.every((byte) => byte === 0);
}

describe('withSource and withDestination', () => {
  const anyMove = anyFamily.chain((family) => fc.tuple(anyPacket(family), anyIp(family), anyPort));

  it('change address and port, and what follows from them', () => {
    fc.assert(
      fc.property(anyMove, ([packet, ip, port]) => {
        const [from, to] = [withSource(packet, ip, port), withDestination(packet, ip, port)];
        expect(verify(from)).toEqual({ header: true, transport: true });
        expect(verify(to)).toEqual({ header: true, transport: true });
        if (hasPorts(packet)) {
          expect(from).toEqual(resealed({ ...packet, src: ip, sport: port }, packet));
          expect(to).toEqual(resealed({ ...packet, dst: ip, dport: port }, packet));
        } else {
          expect(from).toMatchObject({
            ...packet,
            src: ip,
            headerChecksum: from.headerChecksum,
            ...idOf(packet, from),
          });
          expect(to).toMatchObject({ ...packet, dst: ip, headerChecksum: to.headerChecksum, ...idOf(packet, to) });
        }
      }),
      { numRuns: 300 },
    );
  });

  /** What may change in a packet without ports: of ICMP the checksum, of a query the identifier too. */
  const idOf = (packet: Packet, moved: Packet) => {
    if (packet.kind !== 'icmp' || moved.kind !== 'icmp') return {};
    const { checksum, rest } = moved;
    return queryId(packet) === undefined ? { checksum } : { checksum, rest };
  };

  it.each([
    ['IPv4', v4, ip('203.0.113.2')],
    ['IPv6', v6, ip('2001:db8::3')],
  ] as const)('the port of an %s query is its identifier, its sequence number stays', (_, ends, to) => {
    const ping = echo({ ...ends, id: 100, seq: 7 });
    for (const moved of [withSource(ping, to, 0xfff0), withDestination(ping, to, 0xfff0)]) {
      expect(moved.rest).toBe(0xfff0_0007);
      expect(verify(moved).transport).toBe(true);
    }
  });

  it('an ICMP error has no port', () => {
    const unreachable = error({ about: udp({ ...v4, sport: 1, dport: 2 }), src: v4.dst, type: 3, code: 3 });
    expect(withSource(unreachable, v4.dst, 9)).toBe(unreachable);
  });

  it('leave the port alone when none is given', () => {
    fc.assert(
      fc.property(anyMove, ([packet, ip]) => {
        const [from, to] = [withSource(packet, ip), withDestination(packet, ip)];
        if (hasPorts(packet) && hasPorts(from) && hasPorts(to)) {
          expect([from.sport, to.dport]).toEqual([packet.sport, packet.dport]);
        }
        if (packet.kind === 'icmp') expect([from, to]).toMatchObject([{ rest: packet.rest }, { rest: packet.rest }]);
      }),
    );
  });

  it('give the packet itself when nothing changes', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        const port = hasPorts(packet) ? packet.sport : queryId(packet);
        const other = hasPorts(packet) ? packet.dport : queryId(packet);
        expect(withSource(packet, packet.src)).toBe(packet);
        expect(withSource(packet, packet.src, port)).toBe(packet);
        expect(withDestination(packet, packet.dst)).toBe(packet);
        expect(withDestination(packet, packet.dst, other)).toBe(packet);
      }),
    );
  });

  it('a port alone can change', () => {
    const moved = withDestination(withSource(udp({ ...v4, sport: 1, dport: 2 }), v4.src, 3), v4.dst, 4);
    expect(moved).toEqual(udp({ ...v4, sport: 3, dport: 4 }));
  });
});

describe('header fields', () => {
  it('change with the header checksum', () => {
    fc.assert(
      fc.property(anyPacket(), anyByte, anyWord, fc.boolean(), (packet, byte, word, df) => {
        expect(withTtl(packet, byte)).toEqual(resealed({ ...packet, ttl: byte }, packet));
        expect(withTos(packet, byte)).toEqual(resealed({ ...packet, tos: byte }, packet));
        const v4 = typeof packet.src === 'number';
        expect(withIdent(packet, word)).toEqual(v4 ? resealed({ ...packet, ident: word }, packet) : packet);
        expect(withDf(packet, df)).toEqual(v4 ? resealed({ ...packet, df }, packet) : packet);
      }),
      { numRuns: 200 },
    );
  });

  it('give the packet itself when nothing changes', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        const { ttl, tos, ident, df } = packet;
        const same = [withTtl(packet, ttl), withTos(packet, tos), withIdent(packet, ident), withDf(packet, df)];
        for (const one of same) expect(one).toBe(packet);
      }),
    );
  });
});

describe('segments', () => {
  it('change number, options and payload with the checksums', () => {
    fc.assert(
      fc.property(anyTcp(), anySeq, anyOptionBytes, anyPayload(), (segment, seq, options, payload) => {
        expect(withSeq(segment, seq)).toEqual(seal({ ...segment, seq }));
        expect(withAck(segment, seq)).toEqual(seal({ ...segment, ack: seq }));
        expect(withOptions(segment, options)).toEqual(seal({ ...segment, options }));
        expect(withPayload(segment, payload)).toEqual(seal({ ...segment, payload }));
        expect(withSeq(segment, segment.seq)).toBe(segment);
        expect(withAck(segment, segment.ack)).toBe(segment);
      }),
      { numRuns: 300 },
    );
  });

  it('so do datagrams', () => {
    fc.assert(
      fc.property(anyUdp(), anyPayload(), (datagram, payload) => {
        expect(withPayload(datagram, payload)).toEqual(resealed({ ...datagram, payload }, datagram));
      }),
      { numRuns: 200 },
    );
  });

  it('LNX-FTP-2: a PORT command of 26 bytes leaves with 25, the numbers behind it move by one', () => {
    const text = (words: string) => new TextEncoder().encode(words);
    const command = text('PORT 192,168,1,10,156,65\r\n');
    const inside = tcp({ ...v4, sport: 50_000, dport: 21, seq: 1000, ack: 500, flags: 24, payload: command });
    const gateway = ip('203.0.113.2');
    const left = withPayload(withSource(inside, gateway), text('PORT 203,0,113,2,156,65\r\n'));
    expect([inside.payload.length, left.payload.length]).toEqual([26, 25]);
    expect(left).toEqual(tcp({ ...left }));
    const next = tcp({ ...v4, sport: 50_000, dport: 21, seq: 1026, ack: 500, flags: 16 });
    expect(withSeq(withSource(next, gateway), 1025)).toEqual(tcp({ ...next, src: gateway, seq: 1025 }));
  });
});

describe('chains of rewrites', () => {
  type Step = (packet: Packet) => Packet;
  const anyStep = (family: Family): fc.Arbitrary<Step> =>
    fc.oneof(
      fc.tuple(anyIp(family), anyPort).map(
        ([ip, port]): Step =>
          (packet) =>
            withSource(packet, ip, port),
      ),
      fc.tuple(anyIp(family), anyPort).map(
        ([ip, port]): Step =>
          (packet) =>
            withDestination(packet, ip, port),
      ),
      anyByte.map(
        (ttl): Step =>
          (packet) =>
            withTtl(packet, ttl),
      ),
      anyByte.map(
        (tos): Step =>
          (packet) =>
            withTos(packet, tos),
      ),
      anyWord.map(
        (ident): Step =>
          (packet) =>
            withIdent(packet, ident),
      ),
      anyPayload().map(
        (payload): Step =>
          (packet) =>
            hasPorts(packet) ? withPayload(packet, payload) : packet,
      ),
      anySeq.map(
        (seq): Step =>
          (packet) =>
            packet.kind === 'tcp' ? withSeq(packet, seq) : packet,
      ),
      anyOptionBytes.map(
        (options): Step =>
          (packet) =>
            packet.kind === 'tcp' ? withOptions(packet, options) : packet,
      ),
    );
  const anyChain = anyFamily.chain((family) =>
    fc.tuple(anyPacket(family), fc.array(anyStep(family), { maxLength: 12 }), fc.nat({ max: 0xfffd })),
  );

  it('keep right checksums right', () => {
    fc.assert(
      fc.property(anyChain, ([packet, steps]) => {
        const end = steps.reduce((running, step) => step(running), packet);
        fc.pre(!hasTwoSums(end));
        expect(verify(end)).toEqual({ header: true, transport: true });
      }),
      { numRuns: 300 },
    );
  });

  it('keep wrong checksums wrong', () => {
    fc.assert(
      fc.property(anyChain, ([packet, steps, error]) => {
        const off = (right: number) => (right + 1 + error) % 0x1_0000;
        const header = { ...packet, headerChecksum: off(packet.headerChecksum) };
        const damaged = packet.kind === 'other' ? header : { ...header, checksum: off(packet.checksum) };
        const end = steps.reduce((running, step) => step(running), damaged as Packet);
        expect(verify(end)).toEqual(verify(damaged));
      }),
      { numRuns: 300 },
    );
  });
});

describe('withQuoted', () => {
  const router = { 4: ip('198.51.100.1'), 6: ip('2001:db8::99') };
  const errorAbout = (about: Packet, family: Family, length: number): Icmp => {
    const whole = error({ about, src: router[family], ...ICMP_ERROR[family].timeExceeded });
    return seal({ ...whole, dst: router[family], payload: whole.payload.slice(0, length) });
  };
  const anyCase = anyFamily.chain((family) =>
    fc.record({
      family: fc.constant(family),
      about: anyWhole(family),
      src: anyIp(family),
      dst: anyIp(family),
      sport: anyPort,
      dport: anyPort,
    }),
  );
  const checksumAt = { udp: 6, tcp: 16, icmp: 2, other: -2 } as const;

  it('at every length gives the error about the packet before its translation', () => {
    fc.assert(
      fc.property(anyCase, ({ family, about, src, dst, sport, dport }) => {
        const translated = withDestination(withSource(about, src, sport), dst, dport);
        fc.pre(!hasTwoSums(about) && !hasTwoSums(translated));
        const change = hasPorts(about)
          ? { src: about.src, dst: about.dst, sport: about.sport, dport: about.dport }
          : { src: about.src, dst: about.dst, id: queryId(about) };
        const start = family === 4 ? 20 : 40;
        for (let length = start; length <= start + 24; length += 1) {
          const restored = withQuoted(errorAbout(translated, family, length), change);
          expect(verify(restored)).toEqual({ header: true, transport: true });
          const there = length - start;
          const needed = about.kind === 'other' ? 0 : about.kind === 'icmp' ? 8 : 4;
          const half = there === checksumAt[about.kind] + 1 && !(about.kind === 'udp' && about.checksum === 0);
          if (there < needed || half) continue;
          expect(restored.payload).toEqual(errorAbout(about, family, length).payload);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a translation only of addresses keeps ports, and the other way round', () => {
    const about = udp({ ...v4, sport: 1, dport: 2 });
    const answer = errorAbout(about, 4, 28);
    expect(quoteOf(withQuoted(answer, { dst: router[4] }))).toMatchObject({
      ...v4,
      dst: router[4],
      sport: 1,
      dport: 2,
    });
    expect(quoteOf(withQuoted(answer, { dport: 53 }))).toMatchObject({ ...v4, sport: 1, dport: 53 });
    expect(withQuoted(answer, {})).toEqual(answer);
  });

  it('keeps wrong checksums wrong: the error’s, and those in its quote', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 1, max: 0xfffe }), ({ family, about, src, dst, sport, dport }, error) => {
        const off = (right: number) => (right + error) % 0x1_0000;
        const header = { ...about, headerChecksum: off(about.headerChecksum) };
        const damaged = about.kind === 'other' ? header : { ...header, checksum: off(about.checksum) };
        const answer = errorAbout(damaged, family, 9999);
        const outer = { ...answer, checksum: off(answer.checksum) };
        expect(verify(withQuoted(outer, { src, dst, sport, dport, id: sport })).transport).toBe(false);
        const quoted = decode(withQuoted(answer, { src, dst, sport, dport, id: sport }).payload);
        if (isDecodeError(quoted)) expect.fail(quoted.message);
        expect(verify(quoted)).toEqual(verify(damaged));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves a quoted UDP checksum of zero alone', () => {
    const about = { ...udp({ ...v4, sport: 1, dport: 2 }), checksum: 0 };
    const quoted = decode(withQuoted(errorAbout(about, 4, 28), { src: router[4], sport: 9 }).payload);
    expect(quoted).toEqual(withSource(about, router[4], 9));
  });

  it('changes the identifier of a quoted query only', () => {
    const query = echo({ ...v4, id: 5, seq: 6 });
    expect(quoteOf(withQuoted(errorAbout(query, 4, 99), { id: 7 }))).toMatchObject({ type: 8, id: 7 });
    const redirect = icmp({ ...v4, type: 5, rest: 0x0005_0006, payload: new Uint8Array(8) });
    const answer = errorAbout(redirect, 4, 99);
    expect(withQuoted(answer, { id: 7 })).toEqual(answer);
  });

  it('changes the addresses of a quoted fragment, and no bytes of its payload', () => {
    fc.assert(
      fc.property(anyFragment(4), (about) => {
        const answer = errorAbout(about, 4, 999);
        const moved = withQuoted(answer, { src: router[4], sport: 1, dport: 2, id: 3 });
        expect(verify(moved).transport).toBe(true);
        expect(sum(moved.payload.subarray(0, 20))).toBe(0xffff);
        expect(quoteOf(moved)?.src).toBe(router[4]);
        if (about.fragment?.offset !== 0) expect(moved.payload.subarray(20)).toEqual(about.payload);
      }),
    );
  });

  it('leaves what quotes nothing alone', () => {
    fc.assert(
      fc.property(anyQuery(), (query) => {
        expect(withQuoted(query, { sport: 1, id: 2 })).toBe(query);
      }),
    );
    const empty = icmp({ ...v4, type: 3, payload: new Uint8Array(19) });
    expect(withQuoted(empty, { sport: 1 })).toBe(empty);
  });

  it('does not touch the error it was given', () => {
    fc.assert(
      fc.property(anyIcmpError(4), (answer) => {
        const copy = { ...answer, payload: answer.payload.slice() };
        withQuoted(answer, { src: router[4], sport: 1, dport: 2, id: 3 });
        expect(answer).toEqual(copy);
      }),
    );
  });
});
