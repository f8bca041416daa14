import { describe, expect, it } from 'vitest';
import { readConnections, readExpectations } from '../../src/lab/conntrack.ts';

describe('rows of conntrack', () => {
  it.each([
    [
      'a translated TCP connection',
      'ipv4     2 tcp      6 431999 ESTABLISHED src=192.168.1.10 dst=203.0.113.10 sport=40000 dport=21 src=203.0.113.10 dst=203.0.113.2 sport=21 dport=40000 [ASSURED] mark=0 helper=ftp use=1',
      {
        protocol: 'tcp',
        state: 'ESTABLISHED',
        original: { source: '192.168.1.10', destination: '203.0.113.10', sourcePort: 40000, destinationPort: 21 },
        reply: { source: '203.0.113.10', destination: '203.0.113.2', sourcePort: 21, destinationPort: 40000 },
        status: ['ASSURED', 'SNAT'],
        helper: 'ftp',
        timeout: '4d23h59m59s',
      },
    ],
    [
      'a forwarded datagram without an answer',
      'ipv4     2 udp      17 29 src=203.0.113.10 dst=203.0.113.2 sport=5 dport=53 [UNREPLIED] src=192.168.1.11 dst=203.0.113.10 sport=5353 dport=5 mark=0 use=1',
      {
        protocol: 'udp',
        original: { source: '203.0.113.10', destination: '203.0.113.2', sourcePort: 5, destinationPort: 53 },
        reply: { source: '192.168.1.11', destination: '203.0.113.10', sourcePort: 5353, destinationPort: 5 },
        status: ['UNREPLIED', 'DNAT'],
        timeout: '29s',
      },
    ],
    [
      'an echo request with another identifier outside',
      'ipv4     2 icmp     1 9 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=8 mark=0 use=1',
      {
        protocol: 'icmp',
        original: { source: '10.0.0.1', destination: '10.0.0.2', id: 7 },
        reply: { source: '10.0.0.2', destination: '10.0.0.1', id: 8 },
        status: ['SNAT'],
        timeout: '9s',
      },
    ],
    [
      'a protocol that conntrack has no name for',
      'ipv4     2 unknown  50 599 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1',
      {
        protocol: 'esp',
        original: { source: '10.0.0.1', destination: '10.0.0.2' },
        reply: { source: '10.0.0.2', destination: '10.0.0.1' },
        status: ['UNREPLIED'],
        timeout: '9m59s',
      },
    ],
    [
      'a protocol without a name',
      'ipv4     2 unknown  200 599 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1',
      {
        protocol: '200',
        original: { source: '10.0.0.1', destination: '10.0.0.2' },
        reply: { source: '10.0.0.2', destination: '10.0.0.1' },
        status: ['UNREPLIED'],
        timeout: '9m59s',
      },
    ],
    [
      'IPv6 as it is',
      'ipv6     10 icmpv6   58 29 src=fd00::1 dst=2001:db8::1 type=128 code=0 id=9 src=2001:db8::1 dst=fd00::1 type=129 code=0 id=9 mark=0 use=1',
      {
        protocol: 'icmpv6',
        original: { source: 'fd00::1', destination: '2001:db8::1', id: 9 },
        reply: { source: '2001:db8::1', destination: 'fd00::1', id: 9 },
        status: [],
        timeout: '29s',
      },
    ],
  ])('%s', (_, line, row) => {
    expect(readConnections(`${line}\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n`)).toEqual([
      row,
    ]);
  });

  it('are none when the table is empty', () => {
    expect(readConnections('')).toEqual([]);
    expect(readConnections('ipv4 2 tcp 6 10 src=10.0.0.1 dst=10.0.0.2\n')).toEqual([]);
  });
});

describe('rows of expectations', () => {
  it('name the server, the client and its port', () => {
    const line =
      '298 proto=6 src=203.0.113.10 dst=203.0.113.2 sport=0 dport=40006 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=192.168.1.10 master-dst=203.0.113.10 sport=40000 dport=21 class=0 helper=ftp';
    expect(readExpectations(`${line}\n`)).toEqual([
      { source: '203.0.113.10', destination: '203.0.113.2', port: 40006, timeout: '4m58s' },
    ]);
  });

  it('are none when there are none', () => {
    expect(readExpectations('conntrack v1.4.7 (conntrack-tools): 0 expectations have been shown.\n')).toEqual([]);
    expect(readExpectations('1 proto=6 src=10.0.0.1 rest\n')).toEqual([]);
  });
});
