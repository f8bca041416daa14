import { describe, expect, it } from 'vitest';
import type { NatRule } from '../../../src/sim/design/nat.ts';
import { showNat } from '../../../src/sim/export/nft-nat.ts';

const scope = { groups: undefined, devices: new Map([['wan', 'wan']]) };
const PORTED = 'meta l4proto { 6, 17, 33, 132, 136 }';
const PORTLESS = 'meta l4proto != { 6, 17, 33, 132, 136 }';

function show(rule: NatRule): string[] {
  return showNat({ rules: [rule] }, scope).lines.map(
    ({ hook, family, text }) => `${hook} ${family}: ${text.replace(' comment "nat.rules[0]"', '')}`,
  );
}

describe('a translation rule in nft', () => {
  it.each<[string, NatRule, string[]]>([
    [
      'masquerade, of IPv4 unless it says otherwise',
      { action: 'masquerade', match: { outInterface: 'wan' } },
      ['postrouting 4: oifname "wan" counter masquerade'],
    ],
    ['masquerade of IPv6', { action: 'masquerade', family: 'ipv6' }, ['postrouting 6: counter masquerade']],
    [
      'masquerade of both',
      { action: 'masquerade', family: 'both' },
      ['postrouting 4: counter masquerade', 'postrouting 6: counter masquerade'],
    ],
    [
      'a range of ports, for protocols that have ports',
      { action: 'masquerade', to: ':4000-4999' },
      [`postrouting 4: ${PORTED} counter masquerade to :4000-4999`, `postrouting 4: ${PORTLESS} counter masquerade`],
    ],
    [
      'a range of ports for TCP',
      { action: 'masquerade', match: { protocol: 'tcp' }, to: ':4000' },
      ['postrouting 4: meta l4proto 6 counter masquerade to :4000'],
    ],
    ['snat to an address', { action: 'snat', to: '203.0.113.9' }, ['postrouting 4: counter snat to 203.0.113.9']],
    [
      'snat to a pool',
      { action: 'snat', to: '203.0.113.9-203.0.113.12' },
      ['postrouting 4: counter snat to 203.0.113.9-203.0.113.12'],
    ],
    [
      'snat to a pool written piece by piece',
      { action: 'snat', to: ['203.0.113.9', '203.0.113.10'] },
      ['postrouting 4: counter snat to 203.0.113.9-203.0.113.10'],
    ],
    [
      'snat to an IPv6 pool with ports',
      { action: 'snat', match: { protocol: 'udp' }, to: '[2001:db8::1-2001:db8::4]:5000-6000' },
      ['postrouting 6: meta l4proto 17 counter snat to [2001:db8::1]-[2001:db8::4]:5000-6000'],
    ],
    [
      'snat with a target for each family',
      { action: 'snat', to: ['203.0.113.9', '2001:db8::9'] },
      ['postrouting 4: counter snat to 203.0.113.9', 'postrouting 6: counter snat to 2001:db8::9'],
    ],
    [
      'dnat to a port elsewhere',
      { action: 'dnat', match: { protocol: 'tcp', destinationPort: 8080 }, to: '192.168.0.20:80' },
      ['prerouting 4: meta l4proto 6 th dport 8080 counter dnat to 192.168.0.20:80'],
    ],
    [
      'dnat of everything to a port: what has no ports goes to the address',
      { action: 'dnat', to: '192.168.0.20:80' },
      [
        `prerouting 4: ${PORTED} counter dnat to 192.168.0.20:80`,
        `prerouting 4: ${PORTLESS} counter dnat to 192.168.0.20`,
      ],
    ],
    ['dnat to a port alone', { action: 'dnat', to: ':80' }, [`prerouting 4: ${PORTED} counter dnat to :80`]],
    [
      'dnat in the family that is matched',
      { action: 'dnat', match: { protocol: 'tcp', destination: '2001:db8::1' }, to: ':80' },
      ['prerouting 6: meta l4proto 6 ip6 daddr 2001:db8::1 counter dnat to :80'],
    ],
    [
      'redirect',
      { action: 'redirect', match: { protocol: 'udp', destinationPort: 53 } },
      ['prerouting 4: meta l4proto 17 th dport 53 counter redirect'],
    ],
    [
      'redirect to a port',
      { action: 'redirect', match: { protocol: 'tcp' }, to: ':3128' },
      ['prerouting 4: meta l4proto 6 counter redirect to :3128'],
    ],
    [
      'an address for an address',
      { action: 'static', inside: '10.0.0.5', outside: '203.0.113.7' },
      [
        'prerouting 4: ip daddr 203.0.113.7/32 counter dnat to 10.0.0.5',
        'postrouting 4: ip saddr 10.0.0.5/32 counter snat to 203.0.113.7',
      ],
    ],
    [
      'a prefix for a prefix',
      { action: 'netmap', inside: 'fd00:1::/64', outside: '2001:db8:1::/64', match: { not: { protocol: 'esp' } } },
      [
        'prerouting 6: meta l4proto != 50 ip6 daddr 2001:db8:1::/64 counter dnat ip6 prefix to fd00:1::/64',
        'postrouting 6: meta l4proto != 50 ip6 saddr fd00:1::/64 counter snat ip6 prefix to 2001:db8:1::/64',
      ],
    ],
  ])('%s', (_, rule, lines) => {
    expect(show(rule)).toEqual(lines);
  });

  it.each<[string, NatRule, string]>([
    ['pools with a hole', { action: 'snat', to: ['203.0.113.9', '203.0.113.20'] }, 'one range of addresses'],
    ['pools with ports of their own', { action: 'dnat', to: ['10.0.0.1:80', '10.0.0.2:81'] }, 'one range of addresses'],
    ['no target of the family', { action: 'dnat', family: 'both', to: '10.0.0.1' }, 'family'],
    ['NAT64', { action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.9'] }, 'no nat64'],
    ['NPTv6', { action: 'nptv6', inside: 'fd00::/48', outside: '2001:db8:1::/48' }, 'no nptv6'],
  ])('says what it cannot say: %s', (_, rule, reason) => {
    const { gaps } = showNat({ rules: [rule] }, scope);
    expect(gaps).toEqual([{ place: 'nat.rules[0]', reason: expect.stringContaining(reason) }]);
  });

  it.each([
    ['linux', 0],
    [undefined, 0],
    ['symmetric', 1],
    [{ mapping: 'endpoint-independent' }, 1],
  ] as const)('knows one behaviour: %j has %i gaps', (behaviour, count) => {
    expect(showNat(behaviour === undefined ? {} : { behaviour }, scope).gaps).toHaveLength(count);
  });
});
