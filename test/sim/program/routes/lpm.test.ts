import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyFamily, anyIp, anyIpIn, anyPrefix, anySubnetOf } from '../../../../src/arbitraries/addr.ts';
import { type Family, type Ip, ip4, parseIp } from '../../../../src/sim/addr/ip.ts';
import { contains, makePrefix, type Prefix, parsePrefix } from '../../../../src/sim/addr/prefix.ts';
import { buildLpm, type LpmEntry } from '../../../../src/sim/program/routes/lpm.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);
const prefix = (text: string) => parsePrefix(text) ?? expect.unreachable(text);

/** The value of the longest of all prefixes that hold the address; the last of equals. */
function scan<T>(entries: readonly LpmEntry<T>[], address: Ip): T | undefined {
  let best: LpmEntry<T> | undefined;
  for (const entry of entries) {
    const longer = best === undefined || entry.prefix.length >= best.prefix.length;
    if (longer && contains(entry.prefix, address)) best = entry;
  }
  return best?.value;
}

/** Prefixes of which many lie in one another. */
function anyNest(family: Family): fc.Arbitrary<Prefix[]> {
  const nested = anyPrefix(family).chain((outer) =>
    fc.array(anySubnetOf(outer), { maxLength: 4 }).map((p) => [outer, ...p]),
  );
  return fc.array(nested, { maxLength: 8 }).map((prefixes) => prefixes.flat());
}

/** Addresses in and at the edges of prefixes, and anywhere. */
function anyProbe(prefixes: readonly Prefix[], family: Family): fc.Arbitrary<Ip> {
  return fc.oneof(anyIp(family), ...prefixes.map(anyIpIn));
}

describe('a longest-prefix table', () => {
  it('finds what a scan over all prefixes finds', () => {
    const anyCase = anyFamily.chain((family) =>
      anyNest(family).chain((prefixes) =>
        fc.record({
          prefixes: fc.constant(prefixes),
          probes: fc.array(anyProbe(prefixes, family), { minLength: 20, maxLength: 20 }),
        }),
      ),
    );
    fc.assert(
      fc.property(anyCase, ({ prefixes, probes }) => {
        const entries = prefixes.map((each, value) => ({ prefix: each, value }));
        const table = buildLpm(entries);
        for (const probe of probes) expect(table.lookup(probe)).toBe(scan(entries, probe));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the families apart', () => {
    const table = buildLpm([
      { prefix: prefix('0.0.0.0/0'), value: 'four' },
      { prefix: prefix('::/0'), value: 'six' },
    ]);
    expect([table.lookup(ip('0.0.0.0')), table.lookup(ip('::')), table.lookup(ip('255.255.255.255'))]).toEqual([
      'four',
      'six',
      'four',
    ]);
  });

  it('finds nothing where there is nothing', () => {
    for (const address of ['0.0.0.0', '255.255.255.255', '::', 'ffff::']) {
      expect(buildLpm([]).lookup(ip(address))).toBeUndefined();
    }
  });

  it('lets the later of two equal prefixes count', () => {
    const table = buildLpm([
      { prefix: prefix('10.0.0.0/8'), value: 'first' },
      { prefix: prefix('10.0.0.0/8'), value: 'second' },
    ]);
    expect(table.lookup(ip('10.1.2.3'))).toBe('second');
  });

  it.each<[address: string, value: string | undefined]>([
    ['9.255.255.255', undefined],
    ['10.0.0.0', '/8'],
    ['10.1.0.0', '/16'],
    ['10.1.2.2', '/16'],
    ['10.1.2.3', '/32'],
    ['10.1.2.4', '/16'],
    ['10.2.0.0', '/8'],
    ['11.0.0.0', undefined],
    ['127.255.255.255', undefined],
    ['128.0.0.0', '/1'],
    ['255.255.255.255', '/1'],
  ])('finds for %s %s', (address, value) => {
    const texts = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '128.0.0.0/1'];
    const table = buildLpm(texts.map((text) => ({ prefix: prefix(text), value: text.slice(text.indexOf('/')) })));
    expect(table.lookup(ip(address))).toBe(value);
  });

  it('finds in a table of thousands what a scan finds', () => {
    const anyLarge = fc.array(fc.tuple(fc.nat(), fc.constantFrom(8, 12, 16, 20, 23, 24, 25, 30, 32)), {
      minLength: 5000,
      maxLength: 5000,
    });
    fc.assert(
      fc.property(anyLarge, fc.array(fc.nat({ max: 4999 }), { minLength: 40, maxLength: 40 }), (parts, at) => {
        const entries = parts.map(([n, length], value) => ({ prefix: makePrefix(ip4((n * 2) >>> 0), length), value }));
        const table = buildLpm(entries);
        for (const i of at) {
          const base = Number(entries[i]?.prefix.ip ?? 0);
          for (const probe of [base, base + 1, base + 70_000].map((n) => ip4(n >>> 0))) {
            expect(table.lookup(probe)).toBe(scan(entries, probe));
          }
        }
      }),
      { numRuns: 3 },
    );
  });
});
