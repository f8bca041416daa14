/** A shift is the sum of the changes that it stands for, to the last bit of the checksums. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp, anyPort } from '../../../src/arbitraries/addr.ts';
import { anyIcmp, anyOther, anyPayload, anyTcp, anyUdp, anyWord } from '../../../src/arbitraries/packet.ts';
import type { Packet, Tcp, Udp } from '../../../src/sim/packet/packet.ts';
import { withDestination, withPayload, withSource, withTos, withTtl } from '../../../src/sim/packet/rewrite.ts';
import { shiftBetween, shifted } from '../../../src/sim/packet/shift.ts';

const anyFlow: fc.Arbitrary<Tcp | Udp> = fc.oneof(anyTcp(4), anyUdp(4)).filter(({ ttl }) => ttl > 1);
const anyEnd = fc.record({ ip: anyIp(4), port: anyPort });
const anyChange = fc.record({
  source: fc.option(anyEnd),
  destination: fc.option(anyEnd),
  hops: fc.constantFrom(0, 1),
});

type Change = typeof anyChange extends fc.Arbitrary<infer T> ? T : never;

/** One change after the other, as the stages make them. */
function rewrite(packet: Tcp | Udp, { source, destination, hops }: Change): Tcp | Udp {
  const there = destination === null ? packet : withDestination(packet, destination.ip, destination.port);
  const on = withTtl(there, there.ttl - hops);
  return source === null ? on : withSource(on, source.ip, source.port);
}

describe('a shift', () => {
  it('makes of every packet of a flow what the changes make of it, one after the other', () => {
    fc.assert(
      fc.property(anyFlow, anyChange, anyPayload(), anyWord, (first, change, payload, checksum) => {
        const shift = shiftBetween(first, rewrite(first, change));
        if (shift === undefined) return expect.fail('no shift');
        // a wrong checksum is none of its business, and a UDP checksum of zero is none
        for (const next of [
          first,
          withPayload(first, payload),
          { ...first, checksum, ttl: 2 },
          { ...first, checksum: 0 },
        ]) {
          expect(shifted(next, shift)).toEqual(rewrite(next, change));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('that only takes a hop off leaves the ends of other flows alone', () => {
    fc.assert(
      fc.property(anyFlow, anyFlow, (first, other) => {
        const shift = shiftBetween(first, withTtl(first, first.ttl - 1));
        if (shift === undefined) return expect.fail('no shift');
        expect(shifted(other, shift)).toEqual(withTtl(other, other.ttl - 1));
      }),
    );
  });

  it.each<[string, fc.Arbitrary<readonly [Packet, Packet]>]>([
    [
      'another payload',
      fc.tuple(anyFlow, anyPayload()).map(([p, bytes]) => [p, withPayload(p, Uint8Array.of(...bytes, 1))]),
    ],
    ['another TOS', anyFlow.map((packet) => [packet, withTos(packet, packet.tos ^ 1)])],
    ['two hops', anyFlow.filter(({ ttl }) => ttl > 2).map((packet) => [packet, withTtl(packet, packet.ttl - 2)])],
    ['another family', fc.tuple(anyUdp(4), anyUdp(6))],
    [
      'a checksum set right',
      anyFlow.map((packet) => [{ ...packet, headerChecksum: packet.headerChecksum ^ 1 }, packet]),
    ],
    [
      'neither TCP nor UDP',
      fc.oneof(anyIcmp(4), anyOther(4)).map((packet) => [packet, withTtl(packet, packet.ttl ^ 1)]),
    ],
  ])('is not what makes the difference: %s', (_, pairs) => {
    fc.assert(
      fc.property(pairs, ([before, after]) => {
        expect(shiftBetween(before, after)).toBeUndefined();
      }),
    );
  });
});
