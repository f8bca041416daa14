import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Match } from '../../../src/sim/design/rule.ts';
import { clausesOf, familiesOf, type Scope, showClause, splitByPorts } from '../../../src/sim/export/nft-match.ts';
import { anyGroups, anyMatch } from '../../arbitraries/rule.ts';

const scope: Scope = {
  groups: { web: ['203.0.113.10', '2001:db8::10'], inside: ['10.0.0.0/9', '10.128.0.0/9'], none: [] },
  devices: new Map([
    ['lan', 'lan'],
    ['lan-guests-and-visitors', 'if1_lan-guests'],
    ['wan', 'wan'],
  ]),
};

function show(match: Match): string[] {
  const families = familiesOf(match, scope.groups);
  return clausesOf(match, scope, families).map((clause) => showClause(clause, 'inet').join(' '));
}

describe('a match in nft', () => {
  it.each<[string, Match, string[]]>([
    ['nothing', {}, ['']],
    ['a protocol', { protocol: 'tcp' }, ['meta l4proto 6']],
    ['protocols by name and number', { protocol: ['udp', 6, 'esp'] }, ['meta l4proto { 6, 17, 50 }']],
    ['all but one', { not: { protocol: 'icmp' } }, ['meta l4proto != 1']],
    ['all but some', { not: { protocol: ['tcp', 'udp'] } }, ['meta l4proto != { 6, 17 }']],
    ['one of two', { protocol: ['tcp', 'udp'], not: { protocol: 'udp' } }, ['meta l4proto 6']],
    ['none of one', { protocol: 'tcp', not: { protocol: 'tcp' } }, []],
    ['an address', { source: '10.0.0.1' }, ['meta nfproto ipv4 ip saddr 10.0.0.1']],
    ['a prefix', { destination: '2001:db8::/32' }, ['meta nfproto ipv6 ip6 daddr 2001:db8::/32']],
    [
      'a range, and addresses that meet',
      { source: ['10.0.0.1-10.0.0.6', '10.1.0.0/17', '10.1.128.0/17'] },
      ['meta nfproto ipv4 ip saddr { 10.0.0.1-10.0.0.6, 10.1.0.0/16 }'],
    ],
    [
      'a group of both families',
      { destination: '@web', protocol: 'tcp' },
      [
        'meta nfproto ipv4 meta l4proto 6 ip daddr 203.0.113.10',
        'meta nfproto ipv6 meta l4proto 6 ip6 daddr 2001:db8::10',
      ],
    ],
    [
      'both families only where every list has both',
      { source: '@inside', destination: '@web' },
      ['meta nfproto ipv4 ip saddr 10.0.0.0/8 ip daddr 203.0.113.10'],
    ],
    ['no family in common', { source: '10.0.0.0/8', destination: '2001:db8::/32' }, []],
    [
      'not an address: its family only',
      { not: { source: '10.0.0.0/8' } },
      ['meta nfproto ipv4 ip saddr != 10.0.0.0/8'],
    ],
    ['in an empty group', { source: '@none' }, []],
    ['not in an empty group', { not: { source: '@none' } }, ['meta nfproto ipv4', 'meta nfproto ipv6']],
    ['a port by service name', { protocol: 'tcp', destinationPort: 'http' }, ['meta l4proto 6 th dport 80']],
    [
      'ports that meet',
      { protocol: ['tcp', 'udp'], sourcePort: [1000, '1001-1005', 2000] },
      ['meta l4proto { 6, 17 } th sport { 1000-1005, 2000 }'],
    ],
    ['ports without a protocol', { destinationPort: 53 }, ['meta l4proto { 6, 17, 33, 132, 136 } th dport 53']],
    ['not a port', { protocol: 'udp', not: { destinationPort: 53 } }, ['meta l4proto 17 th dport != 53']],
    ['ports of what has none', { protocol: 'icmp', destinationPort: 53 }, []],
    ['an interface', { inInterface: 'lan' }, ['iifname "lan"']],
    [
      'interfaces by prefix, under their names in the kernel',
      { inInterface: 'lan*' },
      ['iifname { "lan", "if1_lan-guests" }'],
    ],
    ['loopback', { not: { outInterface: 'lo' } }, ['oifname != "lo"']],
    ['no such interface', { inInterface: 'dmz' }, []],
    ['not that interface, which is not there', { not: { inInterface: 'dmz' } }, ['']],
    ['states', { state: ['established', 'related'] }, ['ct state { established, related }']],
    ['not a state', { not: { state: 'new' } }, ['ct state != new']],
    ['translated', { state: 'dnat' }, ['ct status & (dnat) != 0']],
    [
      'new or translated, never both at once',
      { state: ['new', 'snat', 'dnat'] },
      ['ct state new', 'ct state != new ct status & (snat|dnat) != 0'],
    ],
    [
      'not translated, which also holds where there is no connection',
      { not: { state: 'snat' } },
      ['ct state { invalid, untracked }', 'ct state != { invalid, untracked } ct status & (snat) == 0'],
    ],
    [
      'neither new nor translated',
      { not: { state: ['new', 'snat'] } },
      [
        'ct state != new ct state { invalid, untracked }',
        'ct state != new ct state != { invalid, untracked } ct status & (snat) == 0',
      ],
    ],
    ['flags', { tcpFlags: { mask: ['syn', 'ack'], set: ['syn'] } }, ['meta l4proto 6 tcp flags & 18 == 2']],
    ['not these flags', { not: { tcpFlags: { mask: ['fin'], set: [] } } }, ['meta l4proto 6 tcp flags & 1 != 0']],
    [
      'an ICMP type of both families',
      { protocol: ['icmp', 'icmpv6'], icmpType: 'echo-request' },
      ['meta l4proto 1 icmp type 8', 'meta l4proto 58 icmpv6 type 128'],
    ],
    [
      'a type that one family lacks',
      { protocol: ['icmp', 'icmpv6'], icmpType: 'timestamp-request' },
      ['meta l4proto 1 icmp type 13'],
    ],
    ['types by number', { protocol: 'icmp', icmpType: [8, 0] }, ['meta l4proto 1 icmp type { 0, 8 }']],
    [
      'not a type that one family lacks',
      { protocol: ['icmp', 'icmpv6'], not: { icmpType: 'timestamp-request' } },
      ['meta l4proto 1 icmp type != 13', 'meta l4proto 58'],
    ],
    [
      'a type beside addresses',
      { source: '2001:db8::1', protocol: ['icmp', 'icmpv6'], icmpType: 'echo-reply' },
      ['meta nfproto ipv6 meta l4proto 58 ip6 saddr 2001:db8::1 icmpv6 type 129'],
    ],
  ])('%s', (_, match, lines) => {
    expect(show(match)).toEqual(lines);
  });

  it('names no family in a table of one', () => {
    const [clause] = clausesOf({ source: '10.0.0.1' }, scope, [4]);
    expect(clause && showClause(clause, 'ip')).toEqual(['ip saddr 10.0.0.1']);
  });

  it('parts protocols with ports from those without', () => {
    const [clause] = clausesOf({ protocol: ['tcp', 'icmp'] }, scope, [4]);
    const parts = clause && splitByPorts(clause);
    expect(parts?.ported.map((part) => showClause(part, 'ip'))).toEqual([['meta l4proto 6']]);
    expect(parts?.portless.map((part) => showClause(part, 'ip'))).toEqual([['meta l4proto 1']]);
  });

  it('is one line per family, ICMP protocol and kind of state at most', () => {
    fc.assert(
      fc.property(anyMatch, anyGroups, (match, groups) => {
        const ways = clausesOf(match, { ...scope, groups }, familiesOf(match, groups));
        expect(ways.length).toBeLessThanOrEqual(2 * 2 * 2 * 2);
        for (const way of ways) expect(way.protocols.size).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});
