import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyOptionBytes, anySeq, anyTcpOptions } from '../../../src/arbitraries/packet.ts';
import { InternalError } from '../../../src/sim/base/fail.ts';
import { decodeOptions, encodeOptions, mapSackEdges, type TcpOption } from '../../../src/sim/packet/tcp-options.ts';

const hex = (text: string) =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** What Linux puts on a SYN: MSS 1460, SACK permitted, timestamps, window scale 7. */
const LINUX_SYN = hex('020405b4 0402 080a 00bc614e 00000000 01 030307');

describe('decodeOptions', () => {
  it('reads the options of a Linux SYN', () => {
    expect(decodeOptions(LINUX_SYN)).toEqual([
      { kind: 'mss', bytes: 1460 },
      { kind: 'sackPermitted' },
      { kind: 'timestamps', value: 12_345_678, echo: 0 },
      { kind: 'windowScale', shift: 7 },
    ]);
  });

  it('reads SACK blocks', () => {
    const blocks = [
      { left: 0xffff_fff0, right: 16 },
      { left: 100, right: 200 },
    ];
    expect(decodeOptions(hex('0101 0512 fffffff0 00000010 00000064 000000c8'))).toEqual([{ kind: 'sack', blocks }]);
  });

  it.each([
    ['an unknown kind', 'fe04abcd', [{ kind: 'unknown', code: 254, data: hex('abcd') }]],
    ['an MSS of three bytes', '0205010203 000000', [{ kind: 'unknown', code: 2, data: hex('010203') }]],
    ['a SACK of half a block', '050600000001 0000', [{ kind: 'unknown', code: 5, data: hex('00000001') }]],
    ['an empty SACK', '05020000', [{ kind: 'unknown', code: 5, data: hex('') }]],
    ['what stands before a length of 1', '030307 08 01 0000', [{ kind: 'windowScale', shift: 7 }]],
    ['what stands before a length of 0', '0402 0300', [{ kind: 'sackPermitted' }]],
    ['what stands before a length beyond the end', '0402 080a', [{ kind: 'sackPermitted' }]],
    ['what stands before a kind without length', '01 0402 08', [{ kind: 'sackPermitted' }]],
    ['nothing behind the end of the list', '0402 00 03', [{ kind: 'sackPermitted' }]],
    ['nothing in nothing', '', []],
  ])('makes the best of garbled bytes: %s', (_, text, options) => {
    expect(decodeOptions(hex(text))).toEqual(options);
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(anyTcpOptions, (options) => {
        const bytes = encodeOptions(options);
        expect(bytes.length % 4).toBe(0);
        expect(decodeOptions(bytes)).toEqual(options);
      }),
    );
  });

  it('never throws, and reads the same again from what it read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const options = decodeOptions(bytes);
        expect(decodeOptions(encodeOptions(options))).toEqual(options);
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodeOptions', () => {
  it('refuses more than 40 bytes', () => {
    const timestamps: TcpOption = { kind: 'timestamps', value: 1, echo: 2 };
    expect(encodeOptions(Array(4).fill(timestamps)).length).toBe(40);
    expect(() => encodeOptions([...Array(4).fill(timestamps), { kind: 'sackPermitted' }])).toThrow(InternalError);
  });
});

describe('mapSackEdges', () => {
  it('moves every edge and nothing else, wrapping at 2^32', () => {
    const before = hex('0101 080a 00000001 00000002 0101 050a 00000003 ffffffff');
    expect(mapSackEdges(before, (edge) => edge + 5)).toEqual(
      hex('0101 080a 00000001 00000002 0101 050a 00000008 00000004'),
    );
    expect(mapSackEdges(before, (edge) => edge - 4).slice(-8)).toEqual(hex('ffffffff fffffffb'));
  });

  it('leaves a garbled SACK alone', () => {
    const before = hex('0506 00000001 0000');
    expect(mapSackEdges(before, () => 0)).toEqual(before);
  });

  it('is the change of the decoded edges, in bytes of the same length', () => {
    fc.assert(
      fc.property(anyOptionBytes, anySeq, (bytes, shift) => {
        const move = (edge: number) => (edge + shift) >>> 0;
        const moved = mapSackEdges(bytes, move);
        expect(moved.length).toBe(bytes.length);
        const expected = decodeOptions(bytes).map((option) =>
          option.kind === 'sack'
            ? { ...option, blocks: option.blocks.map(({ left, right }) => ({ left: move(left), right: move(right) })) }
            : option,
        );
        expect(decodeOptions(moved)).toEqual(expected);
      }),
    );
  });
});
