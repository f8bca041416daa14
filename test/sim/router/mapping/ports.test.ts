import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Axes } from '../../../../src/sim/design/behaviour.ts';
import type { Nat } from '../../../../src/sim/design/nat.ts';
import { blockOf, subscriberOf } from '../../../../src/sim/router/mapping/deterministic.ts';
import { Box, ip, PUBLIC } from './box.ts';

const S = '198.51.100.9:53';
const T = '198.51.100.77:53';
const POOL: Nat['rules'] = [{ action: 'snat', match: { outInterface: 'wan' }, to: '198.51.100.1-198.51.100.4' }];
const ports = (axes: NonNullable<Axes['ports']>): Axes => ({ ports: axes });
const portOf = (endpoint: string) => Number(endpoint.split(':')[1]);
const hostOf = (endpoint: string) => endpoint.split(':')[0];

describe('ports', () => {
  it('are kept where they are free', () => {
    const box = new Box({});
    expect(box.out('192.168.0.2:5000', S)).toBe(`${PUBLIC}:5000`);
    expect(portOf(box.out('192.168.0.3:5000', S))).not.toBe(5000);
  });

  it('come one after another, from the first again after the last', () => {
    const box = new Box(ports({ allocation: 'sequential', range: '2000-2003', parity: false }));
    const given = [1, 2, 3, 4].map((i) => portOf(box.out(`192.168.0.2:${i}`, S)));
    expect(given).toEqual([2000, 2001, 2002, 2003]);
    expect(box.out('192.168.0.2:5', S)).toBe('DROP natExhausted');
    expect(portOf(box.out('192.168.0.2:6', S, 300_000))).toBe(2000);
  });

  it('follow their neighbours where they are contiguous', () => {
    const box = new Box(ports({ contiguity: true }));
    box.out('192.168.0.2:5000', S);
    const rtp = portOf(box.out('192.168.0.3:5000', S));
    expect(portOf(box.out('192.168.0.3:5001', S))).toBe(rtp + 1);
  });

  it('keep clear of what this node itself is at, and of what rules forward', () => {
    const rules: Nat['rules'] = [
      { action: 'dnat', match: { inInterface: 'wan', protocol: 'udp', destinationPort: 5002 }, to: '192.168.0.9' },
      { action: 'masquerade', match: { outInterface: 'wan' } },
    ];
    const box = new Box({}, { rules, listens: (_, { port }) => port === 5001 });
    expect(portOf(box.out('192.168.0.2:5001', S))).not.toBe(5001);
    expect(portOf(box.out('192.168.0.2:5002', S))).not.toBe(5002);
    expect(box.in(T, `${PUBLIC}:5002`)).toBe('192.168.0.9:5002');
  });

  it('that the rule names come before those of the behaviour', () => {
    const rules: Nat['rules'] = [
      { action: 'masquerade', match: { outInterface: 'wan', protocol: 'udp' }, to: ':7000-7009' },
    ];
    const port = portOf(new Box({}, { rules }).out('192.168.0.2:5000', S));
    expect(port).toBeGreaterThanOrEqual(7000);
    expect(port).toBeLessThanOrEqual(7009);
  });

  it('rest before they are given out again, as many as may', () => {
    const at = (held: number | undefined, now: number) => {
      const range = { allocation: 'sequential', range: '2000-2001', parity: false } as const;
      const box = new Box(ports({ ...range, holdDown: '2m', ...(held === undefined ? {} : { held }) }));
      box.out('192.168.0.2:1', S);
      box.out('192.168.0.2:2', S);
      return box.out('192.168.0.3:1', S, now);
    };
    expect(at(undefined, 300_000)).toBe('DROP natExhausted');
    expect(at(undefined, 300_000 + 119_999)).toBe('DROP natExhausted');
    expect(at(undefined, 300_000 + 120_000)).toBe(`${PUBLIC}:2000`);
    expect(at(1, 300_000)).toBe(`${PUBLIC}:2000`);
    expect(at(0, 300_000)).toBe(`${PUBLIC}:2000`);
  });

  it('are shared between inside endpoints only where that is allowed, and told apart by the sender', () => {
    const range = { range: '2000', parity: false } as const;
    const own = new Box({ profile: 'symmetric', ports: range });
    own.out('192.168.0.2:1', S);
    expect(own.out('192.168.0.3:1', T)).toBe('DROP natExhausted');
    const shared = new Box({ profile: 'symmetric', ports: { ...range, overload: true } });
    expect(shared.out('192.168.0.2:1', S)).toBe(`${PUBLIC}:2000`);
    expect(shared.out('192.168.0.3:1', T)).toBe(`${PUBLIC}:2000`);
    expect(shared.out('192.168.0.4:1', T)).toBe('DROP natExhausted');
    expect([S, T].map((from) => shared.in(from, `${PUBLIC}:2000`))).toEqual(['192.168.0.2:1', '192.168.0.3:1']);
  });
});

describe('a limit', () => {
  it('holds for each inside address, and says so where that is wanted', () => {
    const box = new Box({ ports: { perSubscriber: 2 }, exhausted: 'icmp-host-unreachable' });
    expect([1, 2].map((i) => box.out(`192.168.0.2:500${i}`, S))).toEqual([`${PUBLIC}:5001`, `${PUBLIC}:5002`]);
    const refused = box.segment('lan', '192.168.0.2:5003', S);
    expect(refused).toMatchObject({ verdict: 'DROP natLimit', place: 'nat.ports', answer: { type: 3, code: 1 } });
    expect(box.out('192.168.0.3:5003', S)).toBe(`${PUBLIC}:5003`);
    expect(box.out('192.168.0.2:5004', S, 300_000)).toBe(`${PUBLIC}:5004`);
  });

  it('of ports tells the sender by ICMP, where that is wanted', () => {
    const box = new Box({ ports: { range: '2000' }, exhausted: 'icmp-admin-prohibited' });
    box.segment('lan', '192.168.0.2:1', S);
    const refused = box.segment('lan', '192.168.0.3:1', S);
    expect(refused).toMatchObject({
      verdict: 'DROP natExhausted',
      place: 'nat.rules[0]',
      answer: { type: 3, code: 13 },
    });
  });
});

describe('blocks of ports', () => {
  const blocks = (n: number) =>
    ports({ allocation: 'block', range: '2000-2015', blockSize: 4, blocks: n, parity: false });
  const blockOfPort = (endpoint: string) => Math.floor((portOf(endpoint) - 2000) / 4);

  it('are one inside address alone, and no more than it may hold', () => {
    const box = new Box(blocks(2));
    const mine = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => box.out(`192.168.0.2:${i}`, S));
    expect(new Set(mine).size).toBe(8);
    expect(new Set(mine.map(blockOfPort)).size).toBe(2);
    expect(box.out('192.168.0.2:9', S)).toBe('DROP natLimit');
    const others = box.out('192.168.0.3:1', S);
    expect(mine.map(blockOfPort)).not.toContain(blockOfPort(others));
    box.out('192.168.0.4:1', S);
    expect(box.out('192.168.0.5:1', S)).toBe('DROP natExhausted');
  });

  it('go back when the last mapping in them ends', () => {
    const box = new Box(blocks(1));
    for (const host of [2, 3, 4, 5]) box.out(`192.168.0.${host}:1`, S);
    expect(box.out('192.168.0.6:1', S, 299_999)).toBe('DROP natExhausted');
    for (const host of [2, 3, 4]) box.out(`192.168.0.${host}:1`, S, 299_999);
    expect(portOf(box.out('192.168.0.6:1', S, 300_000))).toBeGreaterThanOrEqual(2000);
  });
});

describe('deterministic ports (RFC 7422)', () => {
  const range = (text: string) => {
    const [from = '', to = from] = text.split('-');
    return { from: ip(from), to: ip(to) };
  };
  const PLAN = {
    inside: [range('100.64.0.0-100.64.0.15')],
    outside: [range('198.51.100.1-198.51.100.2')],
    ports: { from: 1024, to: 65_535 },
  };

  it('CGN-D3 the example', () => {
    expect(blockOf(PLAN, ip('100.64.0.9'))).toEqual({ ip: ip('198.51.100.2'), from: 9088, to: 17_151 });
    expect(subscriberOf(PLAN, ip('198.51.100.2'), 17_152)).toBe(ip('100.64.0.10'));
  });

  it('CGN-D2 blocks are apart, and lead back to whom they belong', () => {
    const anyPlan = fc.record({
      first: fc.nat(200),
      count: fc.integer({ min: 1, max: 40 }),
      outside: fc.integer({ min: 1, max: 5 }),
      from: fc.integer({ min: 1, max: 5000 }),
      size: fc.integer({ min: 40, max: 60_000 }),
    });
    fc.assert(
      fc.property(anyPlan, ({ first, count, outside, from, size }) => {
        const base = Number(ip('100.64.0.0')) + first;
        const plan = {
          inside: [range(`100.64.0.${first}`), { from: ip('100.64.1.0'), to: ip(`100.64.1.${count}`) }],
          outside: [{ from: ip('198.51.100.1'), to: ip(`198.51.100.${outside}`) }],
          ports: { from, to: from + size },
        };
        const seen = new Set<string>();
        for (let i = 0; i <= count + 1; i++) {
          const own = i === 0 ? ip(`100.64.0.${base - Number(ip('100.64.0.0'))}`) : ip(`100.64.1.${i - 1}`);
          const block = blockOf(plan, own);
          if (block === undefined) throw new Error('no block');
          for (const port of [block.from, block.to]) expect(subscriberOf(plan, block.ip, port)).toBe(own);
          expect(seen.has(`${block.ip}/${block.from}`)).toBe(false);
          seen.add(`${block.ip}/${block.from}`);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('belong to nobody beyond the plan', () => {
    expect(blockOf(PLAN, ip('100.64.0.16'))).toBeUndefined();
    expect(subscriberOf(PLAN, ip('198.51.100.3'), 5000)).toBeUndefined();
    expect(subscriberOf(PLAN, ip('198.51.100.1'), 1023)).toBeUndefined();
    expect(subscriberOf({ ...PLAN, ports: { from: 1, to: 17 } }, ip('198.51.100.1'), 17)).toBeUndefined();
    expect(blockOf({ ...PLAN, ports: { from: 1, to: 4 } }, ip('100.64.0.1'))).toBeUndefined();
  });

  it('are what the gateway gives', () => {
    const rules: Nat['rules'] = [
      { action: 'snat', match: { outInterface: 'wan', source: '100.64.0.0/28' }, to: '198.51.100.1-198.51.100.2' },
    ];
    const box = new Box(ports({ allocation: 'deterministic', range: '1024-1039', parity: false }), { rules });
    const given = [1, 2].map((i) => box.out(`100.64.0.9:${i}`, '203.0.113.9:53'));
    expect(given.toSorted()).toEqual(['198.51.100.2:1026', '198.51.100.2:1027']);
    expect(box.out('100.64.0.9:3', '203.0.113.9:53')).toBe('DROP natExhausted');
    const none = new Box(ports({ allocation: 'deterministic', range: '1024-1025' }), { rules });
    expect(none.out('100.64.0.9:3', '203.0.113.9:53')).toBe('DROP natExhausted');
  });
});

describe('a pool of addresses', () => {
  const pool = (axes: Axes) => new Box(axes, { rules: POOL });
  const FAR = '203.0.113.99:53';

  it('paired: an inside address keeps its outside one', () => {
    const box = pool({});
    const given = Array.from({ length: 20 }, (_, i) => hostOf(box.out(`192.168.0.2:${5000 + i}`, FAR)));
    expect(new Set(given).size).toBe(1);
  });

  it('arbitrary: any will do', () => {
    const box = pool({ pooling: 'arbitrary' });
    const given = Array.from({ length: 20 }, (_, i) => hostOf(box.out(`192.168.0.2:${5000 + i}`, FAR)));
    expect(new Set(given).size).toBeGreaterThan(1);
  });

  it('paired: full is full, while a newcomer finds another address', () => {
    const box = pool({ ports: { range: '2000', parity: false } });
    const first = [2, 3, 4, 5].map((host) => box.out(`192.168.0.${host}:1`, FAR));
    expect(new Set(first).size).toBe(4);
    expect(box.out('192.168.0.2:2', FAR)).toBe('DROP natExhausted');
    expect(box.out('192.168.0.6:1', FAR)).toBe('DROP natExhausted');
  });

  it('what comes for it and no mapping is dropped', () => {
    expect(pool({ profile: 'full-cone' }).in(FAR, '198.51.100.3:5000')).toBe('DROP natFiltered');
  });
});
