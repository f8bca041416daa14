import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { family, parseIp } from '../../../../src/sim/addr/ip.ts';
import type { Match, Rule } from '../../../../src/sim/design/rule.ts';
import { tcp, udp } from '../../../../src/sim/packet/packet.ts';
import type { Sight } from '../../../../src/sim/program/program.ts';
import { BitIndex } from '../../../../src/sim/program/rules/bitvector.ts';
import { compileFirewall } from '../../../../src/sim/program/rules/classify.ts';
import { compileMatch, matches } from '../../../../src/sim/program/rules/match.ts';
import { RuleSearch } from '../../../../src/sim/program/rules/search.ts';
import { RuleTable } from '../../../../src/sim/program/rules/table.ts';
import { TupleSpace } from '../../../../src/sim/program/rules/tuple.ts';
import { View } from '../../../../src/sim/program/rules/view.ts';
import { anyFarMatch, anyFarSight, anyGroups, anyMatch, anyRule, anySight } from '../../../arbitraries/rule.ts';
import { decideNaively, type Groups } from './first-match.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);
const viewOf = (sight: Sight) => new View().read(sight);

type Find = (view: View, from: number) => number;

/** The ways to find the first rule from one on that matches. */
const SHAPES: readonly (readonly [name: string, build: (table: RuleTable, of: 4 | 6) => Find])[] = [
  ['rows', (table) => (view, from) => table.first(view, from)],
  ['sets of bits', (table, of) => indexed(table, new BitIndex(table, table.rulesFor(of), of))],
  ['tables by address', (table, of) => indexed(table, new TupleSpace(table, table.rulesFor(of), of))],
];

function indexed(table: RuleTable, index: BitIndex | TupleSpace): Find {
  return (view, from) => index.first(view, from, table.count);
}

function compileAll(written: readonly Match[], groups?: Groups) {
  const tests = written.map((match) => compileMatch(match, groups));
  return { tests, table: new RuleTable(tests.length, (i) => tests[i] ?? expect.unreachable('no such rule')) };
}

/** All that match, found one after the other. */
function allOf(find: Find, table: RuleTable, view: View): number[] {
  const found: number[] = [];
  table.prepare(view);
  for (let i = find(view, 0); i < table.count; i = find(view, i + 1)) found.push(i);
  return found;
}

describe.each(SHAPES)('a search by %s', (_, build) => {
  it.each<[what: string, match: fc.Arbitrary<Match>, sight: fc.Arbitrary<Sight>]>([
    ['near each other', anyMatch, anySight],
    ['all over the address space', anyFarMatch, anyFarSight],
  ])('finds every rule that going through them finds, in order: addresses %s', (_what, match, sight) => {
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 80 }),
        anyGroups,
        fc.array(sight, { minLength: 10, maxLength: 10 }),
        (written, groups, sights) => {
          const { tests, table } = compileAll(written, groups);
          const finders = { 4: build(table, 4), 6: build(table, 6) };
          for (const view of sights.map(viewOf)) {
            const expected = tests.flatMap((test, i) => (matches(test, view) ? [i] : []));
            expect(allOf(finders[view.family], table, view)).toEqual(expected);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['the last address of all', '0.0.0.0-255.255.255.255', '255.255.255.255'],
    ['the first', '0.0.0.0/1', '0.0.0.0'],
    ['one beyond the middle', '127.255.255.255-128.0.0.1', '128.0.0.0'],
    ['the last of IPv6', '::/0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('finds a rule by %s', (__, source, src) => {
    const dst = ip(src.includes(':') ? '::1' : '10.0.0.1');
    const view = viewOf(seen(udp({ src: ip(src), dst, sport: 65535, dport: 0 })));
    const { table } = compileAll([
      { source: '10.9.9.9' },
      { source, sourcePort: '65535', destinationPort: '1-65535' },
      { source, sourcePort: '65535', destinationPort: '0-65535' },
    ]);
    expect(allOf(build(table, family(dst)), table, view)).toEqual([2]);
  });

  it('finds rules wherever they stand in a long list', () => {
    const { table } = compileAll(Array.from({ length: 3000 }, (__, i) => ({ protocol: 'udp', destinationPort: i })));
    const find = build(table, 4);
    const to = (dport: number) => {
      const view = viewOf(seen(udp({ src: ip('10.0.0.1'), dst: ip('10.0.0.2'), sport: 1, dport })));
      table.prepare(view);
      return view;
    };
    for (const port of [0, 31, 32, 1023, 1024, 2047, 2048, 2999]) {
      expect(find(to(port), 0)).toBe(port);
      expect(find(to(port), port)).toBe(port);
      expect(find(to(port), port + 1)).toBe(3000);
    }
    for (const from of [1, 31, 32, 63, 64]) expect(find(to(64), from)).toBe(64);
    expect(find(to(3000), 0)).toBe(3000);
  });

  it.each([
    ['IPv4', (i: number) => `10.${i}.0.1`, '192.0.2.1'],
    ['IPv6', (i: number) => `2001:db8:${i}::1`, '2001:db8::ffff'],
  ])('finds a rule by any of a dozen addresses of %s', (__, address, dst) => {
    const hosts = Array.from({ length: 12 }, (___, i) => address(i * 3));
    const { table } = compileAll([{ source: hosts, protocol: 'udp' }]);
    const find = build(table, family(ip(dst)));
    const matching = Array.from({ length: 36 }, (___, i) => address(i)).filter((src) => {
      const view = viewOf(seen(udp({ src: ip(src), dst: ip(dst), sport: 1, dport: 2 })));
      return allOf(find, table, view).length > 0;
    });
    expect(matching).toEqual(hosts);
  });

  it('tells more questions about interfaces apart than a word has bits', () => {
    const { table } = compileAll(Array.from({ length: 40 }, (__, i) => ({ inInterface: `lan${i}` })));
    const find = build(table, 4);
    const packet = tcp({ src: ip('10.0.0.1'), dst: ip('10.0.0.2'), sport: 1, dport: 2, seq: 0, flags: 2 });
    for (const i of [0, 16, 17, 18, 39]) {
      expect(allOf(find, table, viewOf(seen(packet, `lan${i}`)))).toEqual([i]);
    }
  });
});

function seen(packet: Sight['packet'], by?: string): Sight {
  return { packet, in: by, out: undefined, state: 'new', snat: false, dnat: false };
}

describe('a search', () => {
  it('answers the same before and after it has an index', () => {
    fc.assert(
      fc.property(
        fc.array(anyMatch, { minLength: 65, maxLength: 70 }),
        anyGroups,
        anySight,
        (written, groups, sight) => {
          const { tests } = compileAll(written, groups);
          const search = new RuleSearch(tests.length, (i) => tests[i] ?? expect.unreachable('no such rule'));
          const view = viewOf(sight);
          const answers = () => tests.map((_, i) => search.next(view, i));
          const before = answers();
          // until it has gone through enough, also where the first rule matches
          for (let i = 0; i < 500 * tests.length; i++) search.next(view, i % tests.length);
          expect(answers()).toEqual(before);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('lets a long chain decide as the first match does, however often it is asked', () => {
    const anyChain = fc.array(
      anyRule([]).map((rule): Rule => ({ match: { protocol: 47 }, ...rule })),
      { minLength: 65, maxLength: 70 },
    );
    fc.assert(
      fc.property(
        anyChain,
        anyGroups,
        fc.array(anySight, { minLength: 20, maxLength: 20 }),
        (rules, groups, sights) => {
          const firewall = { forward: { rules } };
          const { forward } = compileFirewall(firewall, groups).chains;
          const expected = sights.map((sight) => decideNaively(firewall, groups, sight));
          for (let round = 0; round < 200; round++) for (const sight of sights) forward?.decide(sight);
          expect(sights.map((sight) => forward?.decide(sight))).toEqual(expected);
        },
      ),
      { numRuns: 20 },
    );
  });
});
