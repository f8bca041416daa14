import { describe, expect, it } from 'vitest';
import { type Ip, parseIp, showIp } from '../../../../src/sim/addr/ip.ts';
import type { Node } from '../../../../src/sim/design/design.ts';
import { compileNode } from '../../../../src/sim/program/compile.ts';

const ip = (text: string) => parseIp(text) ?? expect.unreachable(text);
const show = (address: Ip | undefined) => (address === undefined ? 'none' : showIp(address));

function node(parts: Omit<Node, 'kind'>) {
  return compileNode({ nodes: { r: { kind: 'router', ...parts } } }, 'r');
}

/** What `ip route get` answered on kernel 6.18 for this node. */
const many = node({
  interfaces: {
    va: [
      '192.168.1.1/24',
      '192.168.1.2/24',
      '10.0.0.1/24',
      '2001:db8:1::1/64',
      '2001:db8:1::2/64',
      '2001:db8:2::2/64',
      'fe80::a/64',
    ],
    vc: ['172.16.0.1/31', 'fd00::1/64', 'fe80::c/64'],
    vd: 'fe80::d/64',
  },
  gateway: ['10.0.0.9', '2001:db8:1::99'],
  routes: [
    { to: '5.5.5.0/24', interface: 'vd' },
    { to: '6.6.6.0/24', type: 'blackhole' },
    { to: '2001:db8:66::/48', type: 'unreachable' },
    { to: '2001:db8:77::/64', interface: 'vd' },
  ],
});

describe('a packet made here', () => {
  it.each<[dst: string, source: string, because: string]>([
    ['192.168.1.77', '192.168.1.1', 'the first address of that subnet'],
    ['10.0.0.9', '10.0.0.1', 'the address of that subnet'],
    ['8.8.8.8', '10.0.0.1', 'the address in the subnet of the gateway'],
    ['192.168.1.1', '192.168.1.1', 'itself'],
    ['192.168.1.2', '192.168.1.1', 'a secondary address is asked from its primary one'],
    ['127.0.0.5', '127.0.0.1', 'loopback'],
    ['192.168.1.255', '192.168.1.1', 'a directed broadcast'],
    ['5.5.5.5', '192.168.1.1', 'an interface without IPv4 borrows the first address there is'],
    ['6.6.6.6', 'none', 'it is discarded'],
    ['255.255.255.255', 'none', 'a broadcast needs an interface'],
    ['224.0.0.1', 'none', 'so does multicast'],
    ['2001:db8:1::50', '2001:db8:1::2', 'of two that match equally the newest'],
    ['2001:db8:2::9', '2001:db8:2::2', 'the longest match'],
    ['2001:4860::1', '2001:db8:2::2', 'all match equally'],
    ['2001:db8:1::1', '2001:db8:1::1', 'itself'],
    ['::1', '::1', 'itself'],
    ['fd00::5', 'fd00::1', 'the outgoing interface'],
    ['2001:db8:77::1', '2001:db8:2::2', 'a link-local address is not enough: another interface has a global one'],
    ['2001:db8:66::1', 'none', 'it is discarded'],
    ['fe80::9', 'fe80::a', 'link-local for link-local'],
    ['ff02::1', 'fe80::a', 'link-local for a group on the link'],
  ])('to %s comes from %s: %s', (dst, source) => {
    expect(show(many.sourceFor(ip(dst)))).toBe(source);
  });

  it.each<[dst: string, out: string, source: string]>([
    ['9.9.9.9', 'vc', '172.16.0.1'],
    ['255.255.255.255', 'va', '192.168.1.1'],
    ['224.0.0.1', 'vc', '172.16.0.1'],
    ['10.0.0.3', 'vc', '172.16.0.1'],
    ['10.0.0.3', 'va', '10.0.0.1'],
    ['6.6.6.6', 'va', '192.168.1.1'],
    ['fe80::9', 'vc', 'fe80::c'],
    ['ff02::1', 'vc', 'fe80::c'],
    ['2001:4860::1', 'vc', 'none'],
    ['8.8.8.8', 'gone', 'none'],
  ])('to %s and bound to %s comes from %s', (dst, out, source) => {
    expect(show(many.sourceFor(ip(dst), out))).toBe(source);
  });

  it('has no source on an interface that is down', () => {
    const down = node({ interfaces: { lan: { addresses: ['10.0.0.1/24'], up: false } } });
    expect(down.sourceFor(ip('10.0.0.9'), 'lan')).toBeUndefined();
    expect(show(down.sourceFor(ip('10.0.0.1')))).toBe('10.0.0.1');
  });

  it('has no source without an address of its own', () => {
    const bare = node({ interfaces: { lan: {} }, routes: [{ to: '10.0.0.0/8', interface: 'lan' }] });
    expect(bare.sourceFor(ip('10.0.0.9'))).toBeUndefined();
  });

  it('names a router by the address towards whom it writes, wherever the trouble came in (LNX-GENI-1)', () => {
    const router = node({
      interfaces: { in: '10.0.0.1/24', back: '10.1.0.1/24' },
      routes: [{ to: '10.9.0.0/16', via: '10.1.0.9' }],
    });
    expect(show(router.sourceFor(ip('10.9.1.1')))).toBe('10.1.0.1');
  });
});

describe('IPv6 source selection', () => {
  it.each<[dst: string, source: string, because: string]>([
    ['2001:db8:5::1', '2001:db8:1::1', 'rule 2: a global address for a global one'],
    ['fd00:5::1', 'fd00:1::1', 'rule 6: the same label'],
    ['2002:c000:204::1', '2002:c000:201::1', 'rule 6: 6to4 to 6to4'],
    ['2001:0:1::1', '2001:db8:1::1', 'rule 8, for Teredo has a label of its own that nobody here has'],
    ['ff05::1', 'fec0::1', 'rule 2: site scope suffices'],
    ['ff0e::1', '2001:db8:1::1', 'rule 6: the label of all other addresses'],
  ])('towards %s takes %s (%s)', (dst, source) => {
    const program = node({
      interfaces: {
        lan: ['2001:db8:1::1/64', 'fd00:1::1/64', '2002:c000:201::1/64', 'fec0::1/64', 'fe80::1/64'],
      },
      gateway: 'fe80::9',
    });
    expect(show(program.sourceFor(ip(dst)))).toBe(source);
  });

  it('prefers the outgoing interface to a longer match on another: rule 5', () => {
    const program = node({
      interfaces: { a: '2001:db8:77::1/64', b: '2001:4860::1/64' },
      routes: [{ to: '2001:db8:77:1::/64', via: '2001:4860::9' }],
    });
    expect(show(program.sourceFor(ip('2001:db8:77:1::5')))).toBe('2001:4860::1');
  });

  it('compares no further than the prefix of the address (verified with masquerade)', () => {
    const interfaces = { wan: ['2001:db8:2:0:8000::1/64', '2001:db8:2::5/64'] };
    expect(show(node({ interfaces }).sourceFor(ip('2001:db8:2:0:8000::77')))).toBe('2001:db8:2::5');
  });
});

describe('masquerading', () => {
  it('takes the address in the subnet of the next hop, not a secondary one (LNX-NAT-7)', () => {
    const { masqueradeFor } = many;
    expect(show(masqueradeFor('va', ip('192.168.1.9'), ip('8.8.8.8')))).toBe('192.168.1.1');
    expect(show(masqueradeFor('va', ip('10.0.0.9'), ip('8.8.8.8')))).toBe('10.0.0.1');
    expect(show(masqueradeFor('va', ip('198.51.100.1'), ip('8.8.8.8')))).toBe('192.168.1.1');
  });

  it('of IPv6 looks at the destination: the next hop is link-local', () => {
    expect(show(many.masqueradeFor('va', ip('fe80::99'), ip('2001:db8:1::7')))).toBe('2001:db8:1::2');
    expect(show(many.masqueradeFor('va', ip('fe80::99'), ip('2001:4860::1')))).toBe('2001:db8:2::2');
  });

  it('finds nothing on a node without an address', () => {
    const bare = node({ interfaces: { wan: {} } });
    expect(bare.masqueradeFor('wan', ip('10.0.0.9'), ip('8.8.8.8'))).toBeUndefined();
    expect(bare.masqueradeFor('wan', ip('fe80::9'), ip('2001:4860::1'))).toBeUndefined();
  });
});

describe('the primary address', () => {
  it('is the first of IPv4, and the newest global one of IPv6 (LNX-REDIR)', () => {
    expect(show(many.primaryOf('va', 4))).toBe('192.168.1.1');
    expect(show(many.primaryOf('va', 6))).toBe('2001:db8:2::2');
    expect(show(many.primaryOf('vd', 6))).toBe('fe80::d');
  });

  it('is missing where there is none', () => {
    expect(many.primaryOf('vd', 4)).toBeUndefined();
    expect(many.primaryOf('gone', 6)).toBeUndefined();
  });
});
