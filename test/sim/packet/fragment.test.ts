import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFragment, anyPayload, anyWhole, anyWord } from '../../../src/arbitraries/packet.ts';
import { type Ip, parseIp } from '../../../src/sim/addr/ip.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { verify } from '../../../src/sim/packet/checksum.ts';
import { fragment, Reassembler } from '../../../src/sim/packet/fragment.ts';
import { lengthOf, type Other, other, type Packet, protocolOf, seal, udp } from '../../../src/sim/packet/packet.ts';
import { withTtl } from '../../../src/sim/packet/rewrite.ts';
import { encodeBody } from '../../../src/sim/packet/wire/frame.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const v4 = { src: ip('192.168.1.10'), dst: ip('203.0.113.10') };
const v6 = { src: ip('2001:db8::1'), dst: ip('2001:db8::2') };

/** A packet with something to cut. */
const anyLong = fc.tuple(anyWhole(), anyPayload(400)).map(([packet, more]): Packet => {
  return seal({ ...packet, payload: new Uint8Array([...packet.payload, ...more]) });
});
const anyMtu = fc.integer({ min: 68, max: 200 });

const pieceOf = (ends: typeof v4, offset: number, length: number, more: boolean, ident = 1): Other =>
  other({ ...ends, protocol: 17, ident, payload: new Uint8Array(length).fill(offset), fragment: { offset, more } });

describe('fragment', () => {
  it('leaves what fits', () => {
    fc.assert(
      fc.property(anyWhole(), (packet) => {
        expect(fragment(packet, lengthOf(packet))).toEqual([packet]);
      }),
    );
  });

  it('RT-4: cuts into pieces that fit, offsets in units of 8, one identification, more on all but the last', () => {
    fc.assert(
      fc.property(anyLong, anyMtu, anyWord, (packet, mtu, ident) => {
        const pieces = fragment(packet, mtu, ident);
        if (pieces.length === 1) {
          expect(lengthOf(packet)).toBeLessThanOrEqual(mtu);
          return;
        }
        const joined: number[] = [];
        for (const [i, piece] of pieces.entries()) {
          if (piece.kind !== 'other' || piece.fragment === undefined) expect.fail('not a fragment');
          expect(lengthOf(piece)).toBeLessThanOrEqual(mtu);
          expect(piece.fragment).toEqual({ offset: joined.length, more: i < pieces.length - 1 });
          expect(piece.fragment.offset % 8).toBe(0);
          expect(piece).toMatchObject({ ident, protocol: protocolOf(packet), ttl: packet.ttl, tos: packet.tos });
          joined.push(...piece.payload);
        }
        expect(Uint8Array.from(joined)).toEqual(encodeBody(packet));
      }),
      { numRuns: 200 },
    );
  });

  it('gives right header checksums for a right one, wrong ones for a wrong one', () => {
    fc.assert(
      fc.property(anyLong, anyMtu, anyWord, fc.integer({ min: 1, max: 0xfffe }), (packet, mtu, ident, error) => {
        for (const piece of fragment(packet, mtu, ident)) expect(verify(piece).header).toBe(true);
        if (typeof packet.src === 'bigint') return;
        const damaged = { ...packet, headerChecksum: (packet.headerChecksum + error) % 0x1_0000 };
        for (const piece of fragment(damaged, mtu)) expect(verify(piece).header).toBe(false);
      }),
    );
  });

  it('cuts a fragment further: offsets go on, the last piece is the last only if the whole was', () => {
    fc.assert(
      fc.property(anyFragment(), fc.boolean(), (whole, more) => {
        const offset = whole.fragment?.offset ?? 0;
        const long = { ...whole, payload: new Uint8Array(200).fill(7), fragment: { offset, more } };
        const pieces = fragment(long, 100) as Other[];
        expect(pieces[0]?.fragment).toEqual({ offset, more: true });
        expect(pieces.at(-1)?.fragment?.more).toBe(more);
        expect(pieces.every(({ ident }) => ident === whole.ident)).toBe(true);
      }),
    );
  });

  it.each([
    ['IPv4', v4, 27],
    ['IPv6', v6, 55],
  ] as const)('%s: fails for an MTU with no room', (_, ends, mtu) => {
    const packet = udp({ ...ends, sport: 1, dport: 2, payload: new Uint8Array(100) });
    expect(() => fragment(packet, mtu)).toThrow(InternalError);
    expect(fragment(packet, mtu + 1).length).toBe(14);
  });
});

describe('Reassembler', () => {
  const addAll = (pieces: readonly Packet[], into = new Reassembler()) =>
    pieces.map((piece) => into.add(piece, 0)).filter((whole) => whole !== undefined);

  it('LNX-FRAG-1: makes the packet again from its pieces in any order, and the same pieces from that', () => {
    const anyCase = fc.tuple(anyLong, anyMtu, anyWord).chain(([packet, mtu, ident]) => {
      const own = typeof packet.src === 'number' ? packet.ident : ident;
      const pieces = fragment(packet, mtu, own);
      const order = fc.shuffledSubarray(pieces, { minLength: pieces.length });
      return fc.record({ packet: fc.constant(packet), pieces: fc.constant(pieces), order });
    });
    fc.assert(
      fc.property(anyCase, ({ packet, pieces, order }) => {
        const node = new Reassembler();
        const [whole, ...more] = addAll(order, node);
        expect([more, node.size]).toEqual([[], 0]);
        if (whole === undefined) expect.fail('not complete');
        expect(whole.packet).toEqual(packet);
        expect(whole.size).toBe(Math.max(...pieces.map(lengthOf)));
        expect(fragment(whole.packet, whole.size, whole.ident)).toEqual(pieces);
      }),
      { numRuns: 200 },
    );
  });

  it('gives a packet that is no fragment back at once', () => {
    const packet = udp({ ...v4, sport: 1, dport: 2, ident: 7 });
    expect(new Reassembler().add(packet, 0)).toEqual({ packet, size: 28, ident: 7 });
  });

  it('takes a lone IPv6 fragment (RFC 6946) for the whole packet', () => {
    const packet = udp({ ...v6, sport: 1, dport: 2 });
    const atomic = other({
      ...v6,
      protocol: 17,
      ident: 9,
      payload: encodeBody(packet),
      fragment: { offset: 0, more: false },
    });
    expect(new Reassembler().add(atomic, 0)).toEqual({ packet, size: 56, ident: 9 });
  });

  it('keeps datagrams apart', () => {
    const [a, b] = [1, 2].map((ident) =>
      fragment(udp({ ...v4, sport: ident, dport: 2, ident, payload: new Uint8Array(100) }), 68),
    );
    const mixed = (a ?? []).flatMap((piece, i) => [piece, (b ?? [])[i] ?? piece]);
    expect(addAll(mixed).map(({ packet }) => packet.ident)).toEqual([1, 2]);
  });

  it('ignores a piece that came before', () => {
    const [first, second, third] = [pieceOf(v4, 0, 8, true), pieceOf(v4, 8, 8, true), pieceOf(v4, 16, 8, false)];
    expect(addAll([first, first, third, third, second]).length).toBe(1);
    expect(addAll([first, second, pieceOf(v4, 0, 16, true), third]).length).toBe(1);
  });

  it.each([
    ['an overlap behind', [pieceOf(v4, 0, 16, true), pieceOf(v4, 8, 16, false)]],
    ['an overlap before', [pieceOf(v4, 8, 16, false), pieceOf(v4, 0, 16, true)]],
    ['an overlap over a whole piece', [pieceOf(v4, 8, 8, true), pieceOf(v4, 0, 24, true)]],
    ['two pieces repeated as one', [pieceOf(v4, 8, 8, true), pieceOf(v4, 0, 8, true), pieceOf(v4, 0, 16, true)]],
    ['an overlap in IPv6 (RFC 5722)', [pieceOf(v6, 0, 16, true), pieceOf(v6, 8, 16, false)]],
    ['a last piece before the furthest end', [pieceOf(v4, 16, 8, true), pieceOf(v4, 0, 8, false)]],
    ['a piece behind the last', [pieceOf(v4, 8, 8, false), pieceOf(v4, 16, 8, true)]],
    ['a second last piece behind the last', [pieceOf(v4, 8, 8, false), pieceOf(v4, 16, 8, false)]],
    ['a second last piece before the last', [pieceOf(v4, 8, 16, false), pieceOf(v4, 8, 8, false)]],
    ['an empty piece', [pieceOf(v4, 8, 8, true), pieceOf(v4, 16, 0, true)]],
    ['an empty last piece', [pieceOf(v4, 8, 8, true), pieceOf(v4, 16, 0, false)]],
    ['a piece of IPv6 not in units of eight bytes', [pieceOf(v6, 16, 8, true), pieceOf(v6, 0, 12, true)]],
    ['more than IPv4 can carry', [pieceOf(v4, 0, 8, true), pieceOf(v4, 65_512, 8, false)]],
    ['more than IPv6 can carry', [pieceOf(v6, 0, 8, true), pieceOf(v6, 65_528, 8, false)]],
  ])('gives the datagram up for %s', (_, pieces) => {
    const node = new Reassembler();
    expect(addAll(pieces.slice(0, -1), node)).toEqual([]);
    expect(node.size).toBe(1);
    expect(addAll(pieces.slice(-1), node)).toEqual([]);
    expect(node.size).toBe(0);
  });

  it('takes what is beyond a unit of eight bytes for padding in IPv4', () => {
    const [whole] = addAll([pieceOf(v4, 0, 12, true), pieceOf(v4, 8, 8, false)]);
    expect(whole?.packet.payload).toEqual(Uint8Array.from([...Array(8).fill(0), ...Array(8).fill(8)]));
  });

  it('gives a garbled transport as it is', () => {
    const [whole] = addAll([pieceOf(v4, 0, 8, true), pieceOf(v4, 8, 3, false)]);
    expect(whole?.packet).toMatchObject({ kind: 'other', protocol: 17, ident: 1 });
    expect(whole && verify(whole.packet)).toEqual({ header: true, transport: true });
    expect(whole?.packet).not.toHaveProperty('fragment');
  });

  it('allows no further cutting if the largest piece did not', () => {
    const large = { ...pieceOf(v4, 0, 16, true), df: true };
    const small = { ...pieceOf(v4, 16, 8, false), df: true };
    const dfOf = (pieces: Other[]) => addAll(pieces).map(({ packet }) => packet.df);
    expect(dfOf([large, { ...small, df: false }])).toEqual([true]);
    expect(dfOf([{ ...large, df: false }, small])).toEqual([false]);
  });

  it('keeps the header of the first piece', () => {
    const packet = udp({ ...v4, sport: 1, dport: 2, ident: 3, payload: new Uint8Array(100) });
    const [first, ...rest] = fragment(packet, 68);
    if (first === undefined) expect.fail('nothing');
    const [whole] = addAll([...rest, withTtl(first, 7)]);
    expect(whole?.packet).toEqual(withTtl(packet, 7));
  });

  it.each([
    ['IPv4', v4, 30_000],
    ['IPv6', v6, 60_000],
  ] as const)(
    '%s: LNX-FRAG-2: a datagram waits from its first piece on, no longer for later ones',
    (_, ends, patience) => {
      const node = new Reassembler();
      expect([node.deadline, node.expire(1e9)]).toEqual([undefined, []]);
      node.add(pieceOf(ends, 8, 8, true), 1000);
      node.add(pieceOf(ends, 0, 8, true), 20_000);
      node.add(pieceOf(ends, 8, 8, true, 2), 21_000);
      expect(node.deadline).toBe(1000 + patience);
      expect([node.expire(999 + patience), node.size]).toEqual([[], 2]);
      expect([node.expire(1000 + patience), node.size]).toEqual([[pieceOf(ends, 0, 8, true)], 1]);
      expect([node.expire(21_000 + patience), node.size]).toEqual([[], 0]);
    },
  );

  it('a piece that comes too late begins anew', () => {
    const node = new Reassembler();
    node.add(pieceOf(v4, 0, 8, true), 0);
    expect(node.add(pieceOf(v4, 8, 8, false), 30_000)).toBeUndefined();
    expect(node.deadline).toBe(60_000);
    expect(node.add(pieceOf(v4, 0, 8, true), 59_999)?.packet.payload.length).toBe(16);
  });
});
