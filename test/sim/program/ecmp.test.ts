import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp } from '../../../src/arbitraries/addr.ts';
import { anyPacket, anyWhole } from '../../../src/arbitraries/packet.ts';
import { ip4, parseIp } from '../../../src/sim/addr/ip.ts';
import { makePrefix } from '../../../src/sim/addr/prefix.ts';
import { error, ICMP_ERROR } from '../../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, tcp, udp } from '../../../src/sim/packet/packet.ts';
import { pick } from '../../../src/sim/program/ecmp.ts';
import type { Route } from '../../../src/sim/program/program.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);

const ROUTES: readonly Route[] = ['a', 'b', 'c'].map((out, i) => ({
  prefix: makePrefix(ip4(0), 0),
  type: 'unicast',
  via: undefined,
  out,
  metric: 0,
  place: `routes[${i}]`,
}));

describe('of several equal routes', () => {
  it('a packet takes one of them, always the same', () => {
    fc.assert(
      fc.property(anyPacket(), (packet) => {
        const route = pick(ROUTES, packet);
        expect(ROUTES).toContain(route);
        expect(pick(ROUTES, packet)).toBe(route);
      }),
      { numRuns: 200 },
    );
  });

  it('all packets between two addresses take the same, whatever their ports and protocol', () => {
    fc.assert(
      fc.property(anyWhole(), (packet) => {
        const { src, dst } = packet;
        const route = pick(ROUTES, packet);
        expect(pick(ROUTES, udp({ src, dst, sport: 1, dport: 2 }))).toBe(route);
        expect(pick(ROUTES, tcp({ src, dst, sport: 3, dport: 4, seq: 5, flags: FLAG.syn }))).toBe(route);
        expect(pick(ROUTES, echo({ src, dst, id: 6, seq: 7 }))).toBe(route);
      }),
      { numRuns: 100 },
    );
  });

  it('an ICMP error takes that of the packet it is about', () => {
    fc.assert(
      fc.property(
        anyWhole().chain((about) => fc.tuple(fc.constant(about), anyIp(typeof about.src === 'number' ? 4 : 6))),
        ([about, src]) => {
          const version = typeof src === 'number' ? 4 : 6;
          const report = error({ about, src, ...ICMP_ERROR[version].timeExceeded });
          expect(pick(ROUTES, report)).toBe(pick(ROUTES, about));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each(['10.0.0.', '2001:db8::'])('many destinations %s… are spread evenly', (network) => {
    const counts = new Map<string | undefined, number>();
    for (let host = 0; host < 200; host++) {
      const { out } = pick(ROUTES, udp({ src: ip(`${network}1`), dst: ip(`${network}${host}`), sport: 1, dport: 2 }));
      counts.set(out, (counts.get(out) ?? 0) + 1);
    }
    for (const { out } of ROUTES) expect(counts.get(out)).toBeGreaterThan(40);
  });
});

describe('of one route', () => {
  it('there is nothing to pick, and of none it is a broken invariant', () => {
    const packet = udp({ src: ip('10.0.0.1'), dst: ip('10.0.0.2'), sport: 1, dport: 2 });
    expect(pick(ROUTES.slice(0, 1), packet)).toBe(ROUTES[0]);
    expect(() => pick([], packet)).toThrow('no route');
  });
});
