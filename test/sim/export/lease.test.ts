import { describe, expect, it } from 'vitest';
import type { Design, Node } from '../../../src/sim/design/design.ts';
import { giveLeases } from '../../../src/sim/export/lease.ts';

const server: Node = {
  kind: 'gateway',
  interfaces: { lan: '192.168.0.1/24', guests: '10.0.0.1/24' },
  services: [
    { app: 'dhcp', pool: '192.168.0.100-192.168.0.101', router: '192.168.0.1', resolver: ['192.168.0.1'] },
    'http',
  ],
};
const client: Node = { kind: 'host', interfaces: { eth0: 'dhcp' } };

function give(nodes: Readonly<Record<string, Node>>, links: Design['links']): Design['nodes'] {
  return giveLeases({ nodes: { server, ...nodes }, links }).nodes;
}

describe('leases without asking', () => {
  it('are the pool in order, with the router and the resolvers', () => {
    const { a, b, c } = give({ a: client, b: client, c: client }, [['server:lan', 'a', 'b', 'c']]);
    expect(a).toEqual({
      kind: 'host',
      interfaces: { eth0: { addresses: ['192.168.0.100/24'], up: true, mtu: 1500 } },
      routes: [{ to: '0.0.0.0/0', via: '192.168.0.1' }],
      resolver: ['192.168.0.1'],
    });
    expect(b?.interfaces?.eth0).toEqual({ addresses: ['192.168.0.101/24'], up: true, mtu: 1500 });
    expect(c).toEqual(client);
  });

  it('leave out addresses that somebody has, and keep what a client has of its own', () => {
    const own: Node = { kind: 'host', interfaces: { eth0: '192.168.0.100/24' } };
    const both: Node = {
      kind: 'host',
      interfaces: { eth0: { addresses: ['fd00::5/64'], dhcp: true, mtu: 1400 } },
      resolver: ['9.9.9.9'],
    };
    const { both: given } = give({ own, both }, [['server:lan', 'own', 'both']]);
    expect(given?.interfaces?.eth0).toEqual({ addresses: ['fd00::5/64', '192.168.0.101/24'], up: true, mtu: 1400 });
    expect(given?.resolver).toEqual(['9.9.9.9']);
  });

  it.each<[string, Node, Design['links']]>([
    ['on a segment without a server for it', client, [['server:guests', 'x']]],
    ['on no link', client, []],
    ['on a link that is down', client, [{ between: ['server:lan', 'x'], up: false }]],
    [
      'of an interface that is down',
      { kind: 'host', interfaces: { eth0: { dhcp: true, up: false } } },
      [['server:lan', 'x']],
    ],
    ['of one that does not ask', { kind: 'host', interfaces: { eth0: [] } }, [['server:lan', 'x']]],
  ])('are not given %s', (_, x, links) => {
    expect(give({ x }, links).x).toEqual(x);
  });

  it('can come without router and resolvers', () => {
    const bare: Node = { ...server, services: [{ app: 'dhcp', pool: '192.168.0.5-192.168.0.9' }] };
    const { a } = give({ server: bare, a: client }, [['server:lan', 'a']]);
    expect(a).toEqual({ kind: 'host', interfaces: { eth0: { addresses: ['192.168.0.5/24'], up: true, mtu: 1500 } } });
  });
});
