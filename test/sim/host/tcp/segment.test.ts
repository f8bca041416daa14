import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPayload, anySeq, anyWord } from '../../../../src/arbitraries/packet.ts';
import { parseIp } from '../../../../src/sim/addr/ip.ts';
import { fail } from '../../../../src/sim/base/fail.ts';
import {
  advance,
  distance,
  readSegment,
  refusalOf,
  type Segment,
  sackLength,
  segment,
  spaceOf,
  writeSegment,
} from '../../../../src/sim/host/tcp/segment.ts';
import { verify } from '../../../../src/sim/packet/checksum.ts';
import { FLAG, tcp } from '../../../../src/sim/packet/packet.ts';
import { decodeOptions, encodeOptions } from '../../../../src/sim/packet/tcp-options.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);
const ENDS = { from: { ip: ip('10.0.0.1'), port: 1000 }, to: { ip: ip('10.0.0.2'), port: 80 } };
const ENDS6 = { from: { ip: ip('2001:db8::1'), port: 1000 }, to: { ip: ip('2001:db8::2'), port: 80 } };
const HEADER = { ident: 7, df: true };

const anySynOptions = fc.record({
  mss: fc.option(anyWord, { nil: undefined }),
  scale: fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined }),
  sackPermitted: fc.boolean(),
});

const anySegment: fc.Arbitrary<Segment> = fc
  .record({ seq: anySeq, ack: anySeq, flags: fc.integer({ min: 0, max: 255 }), window: anyWord, payload: anyPayload() })
  .chain((fields) => {
    const ack = fields.flags & FLAG.ack ? fields.ack : 0;
    const plain = fc.constant<Segment>({ ...fields, ack });
    return fields.flags & FLAG.syn ? anySynOptions.map((options) => ({ ...fields, ack, options })) : plain;
  });

describe('RFC 9293 §3.4: sequence numbers', () => {
  it('distance undoes advance, across the wrap too', () => {
    fc.assert(
      fc.property(anySeq, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (seq, by) => {
        expect(distance(seq, advance(seq, by))).toBe(by);
      }),
    );
    expect(advance(0xffff_ffff, 1)).toBe(0);
    expect(distance(0xffff_fff0, 0x10)).toBe(0x20);
  });
});

describe('segments and packets', () => {
  it('what is written is read again, in packets with right checksums', () => {
    fc.assert(
      fc.property(anySegment, fc.constantFrom(ENDS, ENDS6), (one, ends) => {
        const packet = writeSegment(one, ends, HEADER);
        expect(readSegment(packet)).toEqual(one);
        expect(verify(packet)).toEqual({ header: true, transport: true });
      }),
    );
  });

  it('options stand as Linux lays them out', () => {
    const options = { mss: 1460, scale: 7, sackPermitted: true };
    const packet = writeSegment(segment(['syn'], 1, { options }), ENDS, HEADER);
    expect(Buffer.from(packet.options).toString('hex')).toBe('020405b40101040201030307');
    expect(decodeOptions(packet.options).map(({ kind }) => kind)).toEqual(['mss', 'sackPermitted', 'windowScale']);
  });

  it('RFC 2018 §3: SACK blocks stand behind two NOPs', () => {
    const sack = [
      { left: 1, right: 5 },
      { left: 0xffff_fff0, right: 3 },
    ];
    const { options } = writeSegment(segment(['ack'], 1, { sack }), ENDS, HEADER);
    expect(Buffer.from(options).toString('hex')).toBe('010105120000000100000005fffffff000000003');
    expect([options.length, sackLength(2), sackLength(0)]).toEqual([20, 20, 0]);
    expect(decodeOptions(options)).toEqual([{ kind: 'sack', blocks: sack }]);
    expect(readSegment(writeSegment(segment(['ack'], 1, { sack }), ENDS, HEADER)).sack).toEqual(sack);
  });

  it('RFC 7323 §2.3: a shift above 14 counts as 14; other options are passed over', () => {
    const options = encodeOptions([
      { kind: 'timestamps', value: 1, echo: 0 },
      { kind: 'windowScale', shift: 200 },
    ]);
    const { src, dst } = { src: ENDS.from.ip, dst: ENDS.to.ip };
    const packet = tcp({ src, dst, sport: 1, dport: 2, seq: 0, flags: FLAG.syn, options });
    expect(readSegment(packet).options).toEqual({ mss: undefined, scale: 14, sackPermitted: false });
  });

  it('RFC 9293 §3.10.7.1: the reset of a closed port, as Linux', () => {
    const answer = (arrived: Segment) => {
      const { seq, ack, flags, window } = refusalOf(arrived);
      return { seq, ack, flags, window };
    };
    const bare = { seq: 0, flags: FLAG.rst | FLAG.ack, window: 0 };
    const payload = new Uint8Array(3);
    expect(answer(segment(['syn'], 100))).toEqual({ ...bare, ack: 101 });
    expect(answer(segment(['syn'], 100, { payload }))).toEqual({ ...bare, ack: 104 });
    expect(answer(segment(['fin'], 100, { payload }))).toEqual({ ...bare, ack: 104 });
    expect(answer(segment([], 100))).toEqual({ ...bare, ack: 100 });
    expect(answer(segment(['ack'], 100, { ack: 777 }))).toEqual({ seq: 777, ack: 0, flags: FLAG.rst, window: 0 });
  });

  it('SEG.LEN counts SYN and FIN', () => {
    expect(spaceOf(segment(['syn', 'fin'], 0, { payload: new Uint8Array(3) }))).toBe(5);
  });
});
