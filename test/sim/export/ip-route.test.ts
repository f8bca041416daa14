import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/sim/addr/ip.ts';
import { parsePrefix } from '../../../src/sim/addr/prefix.ts';
import { fail } from '../../../src/sim/base/fail.ts';
import type { Node } from '../../../src/sim/design/design.ts';
import { showRoutes } from '../../../src/sim/export/ip-route.ts';

const devices = new Map([
  ['lan', 'lan'],
  ['a-name-beyond-fifteen', 'if1_a-name-beyo'],
]);

function show(node: Partial<Node>): string[] {
  return showRoutes({ kind: 'router', ...node }, [], devices);
}

describe('routes for ip(8)', () => {
  it.each<[string, Partial<Node>, string[]]>([
    ['no routes', {}, []],
    ['a gateway', { gateway: '10.0.0.1' }, ['route append unicast 0.0.0.0/0 via 10.0.0.1']],
    [
      'a gateway of each family',
      { gateway: ['10.0.0.1', '2001:db8::1'] },
      ['route append unicast 0.0.0.0/0 via 10.0.0.1', 'route append unicast ::/0 via 2001:db8::1'],
    ],
    [
      'routes before the gateway, with their metrics',
      { gateway: '10.0.0.1', routes: [{ to: '10.9.0.0/16', via: '10.0.0.2', metric: 5 }] },
      ['route append unicast 10.9.0.0/16 metric 5 via 10.0.0.2', 'route append unicast 0.0.0.0/0 via 10.0.0.1'],
    ],
    [
      'routes that discard',
      {
        routes: [
          { to: '10.1.0.0/16', type: 'blackhole' },
          { to: '10.2.0.0/16', type: 'unreachable', metric: 7 },
          { to: 'fd00::/8', type: 'prohibit' },
        ],
      },
      [
        'route append blackhole 10.1.0.0/16',
        'route append unreachable 10.2.0.0/16 metric 7',
        'route append prohibit fd00::/8',
      ],
    ],
    [
      'an interface under its name in the kernel',
      { routes: [{ to: '10.1.0.0/16', interface: 'a-name-beyond-fifteen' }] },
      ['route append unicast 10.1.0.0/16 dev if1_a-name-beyo'],
    ],
    [
      'equal routes as one',
      {
        routes: [
          { to: '10.1.0.0/16', via: '10.0.0.2' },
          { to: '10.1.0.0/16', via: '10.0.0.3' },
          { to: '10.1.0.0/16', via: '10.0.0.2' },
          { to: '10.1.0.0/16', via: '10.0.0.4', metric: 1 },
        ],
      },
      [
        'route append unicast 10.1.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3',
        'route append unicast 10.1.0.0/16 metric 1 via 10.0.0.4',
      ],
    ],
    [
      'a link-local next hop, on the only interface with IPv6',
      { gateway: 'fe80::1', interfaces: { lan: 'fd00::2/64', wan: '10.0.0.1/24' } },
      ['route append unicast ::/0 via fe80::1 dev lan'],
    ],
    [
      'a link-local next hop on one of several: the kernel will say that it lacks one',
      { gateway: 'fe80::1', interfaces: { lan: 'fd00::2/64', wan: 'fd01::2/64' } },
      ['route append unicast ::/0 via fe80::1'],
    ],
  ])('%s', (_, node, lines) => {
    expect(show(node)).toEqual(lines);
  });

  it('ranks learned routes behind all others', () => {
    const learned = {
      prefix: parsePrefix('10.5.0.0/16') ?? fail('a prefix'),
      via: parseIp('10.0.0.9') ?? fail('an address'),
      interface: 'lan',
      cost: 3,
    };
    expect(showRoutes({ kind: 'router' }, [learned, { ...learned, interface: 'other' }], devices)).toEqual([
      'route append unicast 10.5.0.0/16 metric 4000000000 nexthop via 10.0.0.9 dev lan nexthop via 10.0.0.9 dev other',
    ]);
  });
});
