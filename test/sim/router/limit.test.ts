import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import { IcmpLimiter } from '../../../src/sim/router/limit.ts';

const ip = (n: number) => parseIp(`192.0.2.${n}`) ?? fail('no address');

describe('the limit on ICMP errors', () => {
  it('LNX-GENI-5: 6 of a burst of 30 to one destination pass, then one a second', () => {
    const limiter = new IcmpLimiter();
    const passed = (now: number) => Array.from({ length: 30 }, () => limiter.allows(ip(1), now)).filter(Boolean).length;
    expect([passed(0), passed(999), passed(1000), passed(6000), passed(60_000)]).toEqual([6, 0, 1, 5, 6]);
  });

  it('LNX-GENI-7: 50 of a burst to a hundred destinations pass', () => {
    const limiter = new IcmpLimiter();
    expect(Array.from({ length: 100 }, (_, n) => limiter.allows(ip(n), 0)).filter(Boolean).length).toBe(50);
  });
});
