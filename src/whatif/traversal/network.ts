/** Two hosts behind two NATs, and what both can reach: the network on which pairs of NATs are tried. */
import type { BehaviourSpec } from '../../sim/design/behaviour.ts';
import type { Design, Node } from '../../sim/design/design.ts';

/**
 * The hosts `a` and `b` behind gateways of these behaviours, and `server` with two public addresses, which runs STUN.
 * Gateways drop what comes unasked to themselves, as those at home do: on Linux it would take ports (HP-4).
 */
export function meeting(one: BehaviourSpec, two: BehaviourSpec): Design {
  return {
    nodes: {
      a: inside('192.168.1.2/24', '192.168.1.1'),
      one: gateway(one, '192.168.1.1/24', '198.51.100.2/24', '198.51.100.1'),
      b: inside('192.168.2.2/24', '192.168.2.1'),
      two: gateway(two, '192.168.2.1/24', '203.0.113.2/24', '203.0.113.1'),
      internet: {
        kind: 'router',
        interfaces: { one: '198.51.100.1/24', two: '203.0.113.1/24', server: '192.0.2.1/24' },
      },
      server: {
        kind: 'host',
        interfaces: { eth0: ['192.0.2.10/24', '192.0.2.11/24'] },
        gateway: '192.0.2.1',
        services: ['stun'],
      },
    },
    links: [
      ['a', 'one:lan'],
      ['one:wan', 'internet:one'],
      ['b', 'two:lan'],
      ['two:wan', 'internet:two'],
      ['internet:server', 'server'],
    ],
  };
}

function inside(address: string, gateway: string): Node {
  return { kind: 'host', interfaces: { eth0: address }, gateway };
}

function gateway(behaviour: BehaviourSpec, lan: string, wan: string, next: string): Node {
  return {
    kind: 'gateway',
    interfaces: { lan, wan },
    gateway: next,
    firewall: {
      input: {
        policy: 'drop',
        rules: [
          { match: { state: ['established', 'related'] }, action: 'accept' },
          { match: { inInterface: 'lan' }, action: 'accept' },
        ],
      },
    },
    // where inside is, for those that give ports by the place of an address in it
    nat: { behaviour, rules: [{ match: { source: networkOf(lan), outInterface: 'wan' }, action: 'masquerade' }] },
  };
}

/** The prefix of an address of an interface, as text. */
function networkOf(address: string): string {
  return address.replace(/\.\d+\//, '.0/');
}
