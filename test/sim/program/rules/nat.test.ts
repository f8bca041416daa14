import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Family } from '../../../../src/sim/addr/ip.ts';
import { family, parseIp, showIp } from '../../../../src/sim/addr/ip.ts';
import { parsePrefix, showPrefix } from '../../../../src/sim/addr/prefix.ts';
import type { NatRule } from '../../../../src/sim/design/nat.ts';
import type { Match } from '../../../../src/sim/design/rule.ts';
import { udp } from '../../../../src/sim/packet/packet.ts';
import type { Sight, Translation } from '../../../../src/sim/program/program.ts';
import { compileNat } from '../../../../src/sim/program/rules/nat.ts';
import { anyGroups, anyMatch, anySight } from '../../../arbitraries/rule.ts';
import { matchesNaively } from './first-match.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);

function sight(src: string, dst: string, more: Partial<Sight> = {}): Sight {
  const packet = udp({ src: ip(src), dst: ip(dst), sport: 40000, dport: 53 });
  return { packet, in: 'lan', out: 'wan', state: 'new', snat: false, dnat: false, ...more };
}

/** A translation in one line: kind, pool and ports. */
function say(translation: Translation | undefined): string {
  if (translation === undefined) return 'none';
  if (translation.kind === 'map') {
    return `map ${translation.which} ${showPrefix(translation.from)} to ${showPrefix(translation.to)}`;
  }
  const pool = 'addresses' in translation ? translation.addresses : [];
  const addresses = pool.map(({ from, to }) => (from === to ? showIp(from) : `${showIp(from)}-${showIp(to)}`));
  const ports = translation.ports === undefined ? [] : [`:${translation.ports.from}-${translation.ports.to}`];
  return [translation.kind, ...addresses, ...ports].join(' ');
}

function nat(...rules: readonly NatRule[]) {
  return compileNat(rules, undefined)?.program ?? expect.unreachable('there are rules');
}

describe('translation rules', () => {
  const program = nat(
    { action: 'masquerade', match: { outInterface: 'ppp*' }, to: ':1024-2047' },
    { action: 'snat', match: { source: '10.0.0.0/8', outInterface: 'wan' }, to: '203.0.113.9:40000-50000' },
    { action: 'masquerade', match: { outInterface: 'wan' } },
    { action: 'dnat', match: { inInterface: 'lan', protocol: 'udp', destinationPort: 53 }, to: '192.168.0.20:5353' },
    { action: 'redirect', to: ':3128' },
  );

  it.each<[src: string, out: string, translation: string]>([
    ['10.1.1.1', 'wan', 'snat 203.0.113.9 :40000-50000'],
    ['192.168.0.9', 'wan', 'masquerade'],
    ['192.168.0.9', 'ppp0', 'masquerade :1024-2047'],
    ['192.168.0.9', 'dmz', 'none'],
    ['2001:db8::9', 'wan', 'none'],
  ])('give the source %s that leaves by %s: %s', (src, out, translation) => {
    const dst = src.includes(':') ? '2001:db8:1::1' : '8.8.8.8';
    expect(say(program.source(sight(src, dst, { out })))).toBe(translation);
  });

  it.each<[into: string, translation: string]>([
    ['lan', 'dnat 192.168.0.20 :5353-5353'],
    ['dmz', 'redirect :3128-3128'],
  ])('give the destination of what arrives by %s: %s', (into, translation) => {
    expect(say(program.destination(sight('10.0.0.1', '8.8.8.8', { in: into, out: undefined })))).toBe(translation);
  });

  it('say which rule it was', () => {
    expect(program.source(sight('192.168.0.9', '8.8.8.8'))?.place).toBe('nat.rules[2]');
  });

  it('leave alone what a node sends itself, and what it keeps (LNX-DNAT-6)', () => {
    expect(program.destination(sight('10.0.0.1', '8.8.8.8', { in: undefined }))).toBeUndefined();
    expect(program.source(sight('10.0.0.1', '8.8.8.8', { out: undefined }))).toBeUndefined();
  });

  it('are undefined where there are none', () => {
    expect(compileNat([], undefined)).toBeUndefined();
  });

  it('decide as the first match does when the design is read rule by rule', () => {
    const anyRule = anyMatch.chain((match) =>
      fc.constantFrom<NatRule[]>(
        { action: 'masquerade', match, family: 'both' },
        { action: 'redirect', match, family: 'both' },
      ),
    );
    fc.assert(
      fc.property(fc.array(anyRule, { minLength: 1, maxLength: 8 }), anyGroups, anySight, (rules, groups, seen) => {
        const compiled = compileNat(rules, groups)?.program;
        const first = (action: NatRule['action']) => {
          const at = rules.findIndex(
            (rule) => rule.action === action && matchesNaively(rule.match ?? {}, seen, groups),
          );
          return at < 0 ? undefined : `nat.rules[${at}]`;
        };
        expect(compiled?.source(seen)?.place).toBe(seen.out === undefined ? undefined : first('masquerade'));
        expect(compiled?.destination(seen)?.place).toBe(seen.in === undefined ? undefined : first('redirect'));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a pool', () => {
  it('is all addresses of the list', () => {
    const program = nat({ action: 'snat', to: ['203.0.113.1', '203.0.113.4-203.0.113.7'] });
    expect(say(program.source(sight('10.0.0.1', '8.8.8.8')))).toBe('snat 203.0.113.1 203.0.113.4-203.0.113.7');
  });

  it('serves each family with its own', () => {
    const program = nat({ action: 'dnat', to: ['192.168.0.20', '2001:db8::20'] });
    expect(say(program.destination(sight('10.0.0.1', '8.8.8.8')))).toBe('dnat 192.168.0.20');
    expect(say(program.destination(sight('2001:db8:1::1', '2001:db8::1')))).toBe('dnat 2001:db8::20');
  });

  it('may be empty: only the port changes', () => {
    const program = nat({ action: 'dnat', to: ':8080' });
    expect(say(program.destination(sight('10.0.0.1', '8.8.8.8')))).toBe('dnat :8080-8080');
  });

  it.each<[rule: NatRule, message: string]>([
    [{ action: 'snat', to: ['203.0.113.1:1-2', '203.0.113.2:3-4'] }, 'one range of ports'],
    [{ action: 'snat', to: ['203.0.113.1:1-2', '203.0.113.2'] }, 'one range of ports'],
    [{ action: 'snat', to: 'nowhere' }, 'not a target'],
    [{ action: 'netmap', inside: '10.0.0.0/24', outside: '203.0.113.0/25' }, 'not of one size'],
    [{ action: 'static', inside: '10.0.0.5', outside: '2001:db8::5' }, 'not of one size'],
    [{ action: 'static', inside: 'inside', outside: '2001:db8::5' }, 'not a prefix'],
  ])('that no check would pass is a broken invariant: %j', (rule, message) => {
    expect(() => compileNat([rule], undefined)).toThrow(message);
  });
});

describe.each<[action: 'static' | 'netmap', inside: string, outside: string]>([
  ['static', '10.0.0.5', '203.0.113.7'],
  ['netmap', '10.0.0.0/28', '203.0.113.0/28'],
  ['netmap', '2001:db8:a::/64', '2001:db8:b::/64'],
])('%s from %s to %s', (action, inside, outside) => {
  const first = (text: string) => showIp(parsePrefix(text)?.ip ?? expect.unreachable(text));
  const [mine, theirs] = [first(inside), first(outside)];
  const far = inside.includes(':') ? '2001:db8:ffff::1' : '8.8.8.8';
  const [from, to] = [inside, outside].map((text) => showPrefix(parsePrefix(text) ?? expect.unreachable(text)));

  it('maps outwards and inwards, and nothing else', () => {
    const program = nat({ action, inside, outside });
    expect(say(program.source(sight(mine, far)))).toBe(`map source ${from} to ${to}`);
    expect(say(program.destination(sight(far, theirs)))).toBe(`map destination ${to} to ${from}`);
    expect(say(program.source(sight(theirs, far)))).toBe('none');
    expect(say(program.destination(sight(far, mine)))).toBe('none');
  });

  it('maps only what its match lets through', () => {
    const program = nat({ action, inside, outside, match: { not: { inInterface: 'lan' } } });
    expect(say(program.destination(sight(far, theirs)))).toBe('none');
    expect(say(program.destination(sight(far, theirs, { in: 'wan' })))).not.toBe('none');
  });
});

describe('the families of a rule', () => {
  it.each<[rule: NatRule, families: Family[]]>([
    [{ action: 'masquerade' }, [4]],
    [{ action: 'masquerade', match: { outInterface: 'wan' } }, [4]],
    [{ action: 'masquerade', family: 'ipv6' }, [6]],
    [{ action: 'masquerade', family: 'both' }, [4, 6]],
    [{ action: 'masquerade', match: { source: 'fd00::/8' } }, [6]],
    [{ action: 'masquerade', match: { source: ['fd00::/8', '10.0.0.0/8'] } }, [4, 6]],
    [{ action: 'masquerade', match: { not: { destination: 'fd00::/8' } } }, [6]],
    [{ action: 'redirect', to: ':3128' }, [4]],
    [{ action: 'dnat', to: '[2001:db8::20]:80' }, [6]],
    [{ action: 'dnat', to: ':80' }, [4]],
    [{ action: 'dnat', to: ':80', family: 'both' }, [4, 6]],
    [{ action: 'snat', to: '203.0.113.9' }, [4]],
    [{ action: 'snat', to: '203.0.113.9', family: 'both' }, [4]],
    [{ action: 'snat', to: ['203.0.113.9', '2001:db8::9'] }, [4, 6]],
    [{ action: 'static', inside: 'fd00::5', outside: '2001:db8::5' }, [6]],
  ])('%j are %j', (rule, families) => {
    const compiled = compileNat([rule], undefined);
    expect([4, 6].filter((version) => ((compiled?.families ?? 0) & (version === 4 ? 1 : 2)) !== 0)).toEqual(families);
  });

  it('are what it translates, whatever else its match would let through', () => {
    const anyRule = fc.record({
      match: anyMatch,
      family: fc.constantFrom('ipv4' as const, 'ipv6' as const, 'both' as const),
    });
    fc.assert(
      fc.property(
        anyRule,
        anySight,
        ({ match, family: wanted }: { match: Match; family: 'ipv4' | 'ipv6' | 'both' }, seen) => {
          const groups = { a: [], b: [], c: [] };
          const found = compileNat([{ action: 'masquerade', match, family: wanted }], groups)?.program.source(seen);
          if (found !== undefined) expect([`ipv${family(seen.packet.src)}`, 'both']).toContain(wanted);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('nat64 and nptv6', () => {
  it('are no part of these tables', () => {
    const rules: NatRule[] = [
      { action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.9'] },
      { action: 'nptv6', inside: 'fd00:1::/48', outside: '2001:db8:1::/48' },
    ];
    expect(compileNat(rules, undefined)).toBeUndefined();
  });
});
