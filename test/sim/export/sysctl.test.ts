import { describe, expect, it } from 'vitest';
import type { Node } from '../../../src/sim/design/design.ts';
import { showSysctls } from '../../../src/sim/export/sysctl.ts';

const lines = (node: Partial<Node>) => showSysctls({ kind: 'router', ...node }).lines;

describe('the settings of a node', () => {
  it.each<[string, Partial<Node>, string]>([
    ['a router forwards', {}, 'net.ipv4.ip_forward=1'],
    ['so do gateways, IPv6 too', { kind: 'gateway' }, 'net.ipv6.conf.all.forwarding=1'],
    ['a host does not', { kind: 'host' }, 'net.ipv4.ip_forward=0'],
    ['no reverse path filter', {}, 'net.ipv4.conf.all.rp_filter=0'],
    ['strict', { reversePathFilter: 'strict' }, 'net.ipv4.conf.all.rp_filter=1'],
    ['loose', { reversePathFilter: 'loose' }, 'net.ipv4.conf.all.rp_filter=2'],
    ['no limit on ICMP errors', {}, 'net.ipv4.icmp_ratemask=0'],
    ['addresses usable at once', {}, 'net.ipv6.conf.default.accept_dad=0'],
    ['no loose pickup', { tracking: { loose: false } }, 'net.netfilter.nf_conntrack_tcp_loose=0'],
    ['loose pickup', { tracking: { loose: true } }, 'net.netfilter.nf_conntrack_tcp_loose=1'],
    ['a timeout', { tracking: { timeouts: { udpStream: '2m' } } }, 'net.netfilter.nf_conntrack_udp_timeout_stream=120'],
    ['a short timeout', { tracking: { timeouts: { icmp: '10ms' } } }, 'net.netfilter.nf_conntrack_icmp_timeout=1'],
  ])('%s', (_, node, line) => {
    expect(lines(node)).toContain(line);
  });

  it('leaves the limits of the kernel where the design wants them', () => {
    expect(lines({ icmpRateLimit: true }).filter((line) => line.includes('icmp'))).toEqual([]);
  });

  it.each<[string, NonNullable<Node['tracking']>, string[]]>([
    ['nothing', { loose: true, timeouts: { udp: '30s' } }, []],
    ['the size of the table', { max: 10 }, ['tracking.max']],
    [
      'parts of a second',
      { timeouts: { udp: '1500ms', icmp: '0s' } },
      ['tracking.timeouts.udp', 'tracking.timeouts.icmp'],
    ],
    ['expectations', { timeouts: { expectation: '10s' } }, ['tracking.timeouts.expectation']],
  ])('says what no setting can: %s', (_, tracking, places) => {
    expect(showSysctls({ kind: 'router', tracking }).gaps.map(({ place }) => place)).toEqual(places);
  });
});
