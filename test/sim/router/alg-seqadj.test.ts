import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verify } from '../../../src/sim/packet/checksum.ts';
import type { Tcp } from '../../../src/sim/packet/packet.ts';
import { decodeOptions, encodeOptions } from '../../../src/sim/packet/tcp-options.ts';
import { addAdjustment, adjust, noAdjustment, offsetAt, type SeqAdjustment } from '../../../src/sim/router/seqadj.ts';
import { advance, after as follows, before as precedes } from '../../../src/sim/router/track/sequence.ts';
import { segment } from './gate.ts';

const made = (...changes: readonly [seq: number, by: number][]): SeqAdjustment => {
  const adjustment = noAdjustment();
  for (const [seq, by] of changes) addAdjustment(adjustment, seq, by);
  return adjustment;
};

describe('FTP-A4: offsets', () => {
  it('hold from behind the changed segment on; it itself and what came before keep the older one', () => {
    const adjustment = made([1000, -1]);
    expect([900, 1000, 1001, 5000].map((seq) => offsetAt(adjustment, seq))).toEqual([0, 0, -1, -1]);
  });

  it('accumulate, and the newest change alone is told from the older ones', () => {
    const adjustment = made([1000, -1], [1200, 5]);
    expect([1100, 1200, 1201].map((seq) => offsetAt(adjustment, seq))).toEqual([-1, -1, 4]);
    expect(offsetAt(adjustment, 900)).toBe(-1);
  });

  it('a retransmission of the changed segment counts once, a change of no length not at all', () => {
    expect(made([1000, -1], [1000, -1])).toEqual(made([1000, -1]));
    expect(made([1000, -1], [1200, 0])).toEqual(made([1000, -1]));
    expect(made([1000, -1], [900, 7])).toEqual(made([1000, -1]));
  });

  it('wrap around with the sequence numbers', () => {
    const adjustment = made([0xffff_fff0, 6]);
    expect([offsetAt(adjustment, 0xffff_fff0), offsetAt(adjustment, 5)]).toEqual([0, 6]);
  });
});

describe('the adjusted segment', () => {
  it('LNX-FTP-2 26 bytes became 25: later client segments go back by 1, server ACKs forward by 1', () => {
    const client = made([1000, -1]);
    const later = segment('>', 'ack', { seq: 1026, ack: 500 });
    expect(adjust(later, client, noAdjustment())).toMatchObject({ seq: 1025, ack: 500 });
    const answer = segment('<', 'ack', { seq: 500, ack: 1025 });
    expect(adjust(answer, noAdjustment(), client)).toMatchObject({ seq: 500, ack: 1026 });
  });

  it('without ACK the acknowledgement field is left alone', () => {
    expect(adjust(segment('>', 'rst', { seq: 2000, ack: 1025 }), noAdjustment(), made([1000, -1])).ack).toBe(1025);
  });

  it('SACK edges are shifted like acknowledgements', () => {
    const options = encodeOptions([{ kind: 'sack', blocks: [{ left: 900, right: 1100 }] }]);
    const { options: shifted } = adjust(segment('<', 'ack', { ack: 800, options }), noAdjustment(), made([1000, 10]));
    expect(decodeOptions(shifted)).toEqual([{ kind: 'sack', blocks: [{ left: 900, right: 1090 }] }]);
  });
});

describe('laws', () => {
  const seq = fc.integer({ min: 0, max: 0xffff_ffff });
  const anyChange = fc.record({ seq, by: fc.integer({ min: -40, max: 40 }) });

  it('what is acknowledged comes back as it was sent, behind the change and well before it', () => {
    fc.assert(
      fc.property(anyChange, fc.integer({ min: -100_000, max: 100_000 }), (change, distance) => {
        // the bytes that were replaced have no counterpart
        fc.pre(distance > 50 || distance < -50);
        const client = made([change.seq, change.by]);
        const sent = advance(change.seq, distance);
        const there = adjust(segment('>', 'ack', { seq: sent }), client, noAdjustment());
        const back = adjust(segment('<', 'ack', { ack: there.seq }), noAdjustment(), client);
        expect(back.ack).toBe(sent);
      }),
      { numRuns: 300 },
    );
  });

  it('checksums stay right, options included', () => {
    const block = fc.record({ left: seq, right: seq });
    const anyOptions = fc
      .array(block, { minLength: 1, maxLength: 3 })
      .map((blocks) => encodeOptions([{ kind: 'sack', blocks }]));
    fc.assert(
      fc.property(seq, seq, anyChange, anyChange, anyOptions, (at, ack, one, two, options) => {
        const packet: Tcp = segment('>', 'ack', { seq: at, ack, options, payload: new Uint8Array(3) });
        const adjusted = adjust(packet, made([one.seq, one.by]), made([two.seq, two.by]));
        expect(verify(adjusted)).toEqual({ header: true, transport: true });
        expect(adjusted.payload).toBe(packet.payload);
      }),
      { numRuns: 200 },
    );
  });

  it('before and after are opposites, but for equal numbers and those half the circle away', () => {
    fc.assert(
      fc.property(seq, seq, (a, b) => {
        fc.pre(a !== b && advance(a, 0x8000_0000) !== b);
        expect(precedes(a, b)).toBe(!precedes(b, a));
        expect(follows(a, b)).toBe(precedes(b, a));
      }),
    );
  });
});
