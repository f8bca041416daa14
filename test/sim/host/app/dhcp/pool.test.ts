import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip4 } from '../../../../../src/sim/addr/ip.ts';
import {
  chooseAddress,
  type Holdings,
  hold,
  isInPool,
  isRemembered,
  letGo,
  mayHold,
} from '../../../../../src/sim/host/app/dhcp/pool.ts';

const at = (n: number) => ip4(0x0a00_0000 + n);
const pool = { from: at(1), to: at(4), reserved: [at(2)] };

describe('a pool', () => {
  it('has the addresses from its first to its last, without those reserved', () => {
    expect([0, 1, 2, 3, 4, 5].filter((n) => isInPool(pool, at(n)))).toEqual([1, 3, 4]);
  });

  it('gives a client its own again, then its wish, then the lowest new, then the longest free', () => {
    const choose = (holdings: Holdings, mac: number, wish?: number, now = 0) => {
      const found = chooseAddress(pool, holdings, { mac, wish: wish === undefined ? undefined : at(wish) }, now);
      return found === undefined ? undefined : found - at(0);
    };
    expect(choose(new Map(), 1)).toBe(1);
    expect(choose(new Map(), 1, 4)).toBe(4);
    expect(choose(new Map(), 1, 2)).toBe(1);
    const one = hold(new Map(), at(1), { kind: 'leased', mac: 1, until: 10 }, 0);
    expect(choose(one, 1, 4)).toBe(1);
    expect(choose(one, 2, 1)).toBe(3);
    // Over, but nobody had the others yet.
    expect(choose(one, 2, undefined, 10)).toBe(3);
    const two = hold(one, at(3), { kind: 'leased', mac: 3, until: 5 }, 0);
    const three = hold(two, at(4), { kind: 'declined', mac: 4, until: 20 }, 0);
    expect(choose(three, 2)).toBeUndefined();
    expect(choose(three, 4)).toBeUndefined();
    expect(choose(three, 2, undefined, 10)).toBe(3);
    expect(choose(three, 1, undefined, 10)).toBe(1);
    expect(choose(three, 4, undefined, 20)).toBe(4);
  });

  it('remembers leases, not offers', () => {
    const offered = hold(new Map(), at(1), { kind: 'offered', mac: 1, until: 10 }, 0);
    expect(isRemembered(offered, at(1), 1)).toBe(false);
    expect(letGo(offered, 1, 'offered', 5).size).toBe(0);
    expect(letGo(offered, 2, 'offered', 5)).toEqual(offered);
    const leased = hold(offered, at(1), { kind: 'leased', mac: 1, until: 10 }, 0);
    expect(isRemembered(leased, at(1), 1)).toBe(true);
    expect(isRemembered(leased, at(1), 2)).toBe(false);
    expect(isRemembered(leased, at(3), 1)).toBe(false);
    expect(letGo(leased, 1, 'leased', 5).get(at(1))?.until).toBe(5);
    expect(letGo(leased, 1, 'leased', 50).get(at(1))?.until).toBe(10);
    // A client that asks anew keeps what it has.
    expect(hold(leased, at(1), { kind: 'offered', mac: 1, until: 6 }, 5)).toBe(leased);
    expect(hold(leased, at(1), { kind: 'offered', mac: 1, until: 60 }, 20).get(at(1))?.kind).toBe('offered');
  });

  it('never gives one address to two at a time', () => {
    const turn = fc.record({
      mac: fc.nat(6),
      wait: fc.nat(8),
      lease: fc.integer({ min: 1, max: 20 }),
      wish: fc.nat(6),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 30 }), (turns) => {
        let holdings: Holdings = new Map();
        let now = 0;
        const held = new Map<number, { mac: number; until: number }>();
        for (const { mac, wait, lease, wish } of turns) {
          now += wait;
          const ip = chooseAddress(pool, holdings, { mac, wish: at(wish) }, now);
          const live = [...held.values()].filter(({ until }) => until > now);
          if (ip === undefined) {
            expect(new Set(live.map((one) => one.mac)).size).toBe(3);
            continue;
          }
          const before = held.get(ip);
          expect(isInPool(pool, ip) && mayHold(pool, holdings, { ip, mac }, now)).toBe(true);
          expect(before === undefined || before.mac === mac || before.until <= now).toBe(true);
          holdings = hold(holdings, ip, { kind: 'leased', mac, until: now + lease }, now);
          held.set(ip, { mac, until: now + lease });
        }
      }),
    );
  });
});
