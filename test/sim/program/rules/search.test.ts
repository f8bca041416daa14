import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../../src/sim/addr/ip.ts';
import type { Match, Rule } from '../../../../src/sim/design/rule.ts';
import { udp } from '../../../../src/sim/packet/packet.ts';
import { buildIndex } from '../../../../src/sim/program/rules/bitvector.ts';
import { compileFirewall } from '../../../../src/sim/program/rules/classify.ts';
import { compileMatch, matches } from '../../../../src/sim/program/rules/match.ts';
import { RuleSearch } from '../../../../src/sim/program/rules/search.ts';
import { type View, viewOf } from '../../../../src/sim/program/rules/view.ts';
import { anyGroups, anyMatch, anyRule, anySight } from '../../../arbitraries/rule.ts';
import { decideNaively } from './first-match.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);

describe('an index of rules', () => {
  it('finds every rule that going through them finds, in order', () => {
    fc.assert(
      fc.property(
        fc.array(anyMatch, { maxLength: 80 }),
        anyGroups,
        fc.array(anySight, { minLength: 10, maxLength: 10 }),
        (written, groups, sights) => {
          const tests = written.map((match) => compileMatch(match, groups));
          const index = buildIndex(tests);
          for (const view of sights.map(viewOf)) {
            const found: number[] = [];
            for (let i = index.next(view, 0); i < tests.length; i = index.next(view, i + 1)) found.push(i);
            expect(found).toEqual(tests.flatMap((test, i) => (matches(test, view) ? [i] : [])));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['the last address of all', '0.0.0.0-255.255.255.255', '255.255.255.255'],
    ['the first', '0.0.0.0/1', '0.0.0.0'],
    ['the last of IPv6', '::/0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('finds a rule by %s', (_, source, src) => {
    const dst = ip(src.includes(':') ? '::1' : '10.0.0.1');
    const view = viewOf({
      packet: udp({ src: ip(src), dst, sport: 65535, dport: 0 }),
      in: undefined,
      out: undefined,
      state: 'new',
      snat: false,
      dnat: false,
    });
    const written: Match[] = [{ source: '10.9.9.9' }, { source, sourcePort: '65535', destinationPort: '0-65535' }];
    expect(buildIndex(written.map((match) => compileMatch(match, undefined))).next(view, 0)).toBe(1);
  });

  it('finds rules beyond its first block', () => {
    const view = (dport: number): View =>
      viewOf({
        packet: udp({ src: ip('10.0.0.1'), dst: ip('10.0.0.2'), sport: 1, dport }),
        in: 'lan0',
        out: undefined,
        state: 'new',
        snat: false,
        dnat: false,
      });
    const tests = Array.from({ length: 5000 }, (_, i) =>
      compileMatch({ protocol: 'udp', destinationPort: i }, undefined),
    );
    const index = buildIndex(tests);
    for (const port of [0, 31, 32, 2047, 2048, 4095, 4096, 4999]) {
      expect(index.next(view(port), 0)).toBe(port);
      expect(index.next(view(port), port)).toBe(port);
      expect(index.next(view(port), port + 1)).toBe(5000);
    }
    for (const from of [1, 31, 32, 63, 64]) expect(index.next(view(64), from)).toBe(64);
    expect(index.next(view(5000), 0)).toBe(5000);
  });
});

describe('a search', () => {
  it('answers the same before and after it has an index', () => {
    fc.assert(
      fc.property(
        fc.array(anyMatch, { minLength: 33, maxLength: 40 }),
        anyGroups,
        anySight,
        fc.array(anySight, { minLength: 70, maxLength: 70 }),
        (written, groups, probe, others) => {
          const search = new RuleSearch(written.map((match) => compileMatch(match, groups)));
          const before = search.next(viewOf(probe), 0);
          for (const other of others) search.next(viewOf(other), 0);
          expect(search.next(viewOf(probe), 0)).toBe(before);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lets a long chain decide as the first match does, however often it is asked', () => {
    const anyChain = fc.array(anyRule([]), { minLength: 40, maxLength: 60 });
    fc.assert(
      fc.property(
        anyChain,
        anyGroups,
        fc.array(anySight, { minLength: 80, maxLength: 80 }),
        (rules: Rule[], groups, sights) => {
          const firewall = { forward: { rules } };
          const { forward } = compileFirewall(firewall, groups);
          for (const sight of sights) expect(forward?.decide(sight)).toEqual(decideNaively(firewall, groups, sight));
        },
      ),
      { numRuns: 25 },
    );
  });
});
