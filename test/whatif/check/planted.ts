/** Networks with a mistake planted in each, among nodes and rules that have nothing to do with it. */
import type { Design, Node } from '../../../src/sim/design/design.ts';

function host(address: string, gateway: string, services: Node['services'] = []): Node {
  return { kind: 'host', interfaces: { eth0: `${address}/24` }, gateway, services };
}

/** Four segments round one firewall, and a router beside it. */
function office(firewall: Node['firewall'], more: Partial<Design['nodes']['fw']> = {}): Design {
  return {
    groups: { inside: ['192.168.0.0/24', '10.0.9.0/24'] },
    nodes: {
      guest: host('192.168.7.20', '192.168.7.1'),
      phone: host('192.168.7.21', '192.168.7.1'),
      laptop: host('192.168.0.4', '192.168.0.1'),
      printer: host('192.168.0.9', '192.168.0.1', ['tcp/9100']),
      db: host('10.0.9.7', '10.0.9.1', ['tcp/5432', 'ssh']),
      fw: {
        kind: 'firewall',
        interfaces: { guest: '192.168.7.1/24', lan: '192.168.0.1/24', db: '10.0.9.1/24', wan: '203.0.113.5/24' },
        gateway: '203.0.113.1',
        ...(firewall === undefined ? {} : { firewall }),
        ...more,
      },
      isp: {
        kind: 'router',
        interfaces: { cust: '203.0.113.1/24', core: '198.51.100.1/24' },
        routes: [
          { to: '192.168.0.0/16', via: '203.0.113.5' },
          { to: '10.0.9.0/24', via: '203.0.113.5' },
        ],
      },
      web: host('198.51.100.80', '198.51.100.1', ['http']),
      stats: host('198.51.100.81', '198.51.100.1', ['http']),
    },
    links: [
      ['guest', 'phone', 'fw:guest'],
      ['laptop', 'printer', 'fw:lan'],
      ['db', 'fw:db'],
      ['fw:wan', 'isp:cust'],
      ['isp:core', 'web', 'stats'],
    ],
  };
}

/** The deny for guests stands after a rule that lets all of them through. */
export const SHADOWED_DENY = office({
  forward: {
    policy: 'drop',
    rules: [
      { match: { state: ['established', 'related'] }, action: 'accept' },
      { name: 'staff', match: { source: '@inside' }, action: 'accept' },
      { name: 'guests surf', match: { inInterface: 'guest', protocol: 'tcp' }, action: 'accept' },
      { name: 'guests keep off the database', match: { inInterface: 'guest', outInterface: 'db' }, action: 'drop' },
    ],
  },
});

/** The same with the two rules the other way round. */
export const DENY_FIRST = office({
  forward: {
    policy: 'drop',
    rules: [
      { match: { state: ['established', 'related'] }, action: 'accept' },
      { name: 'guests keep off the database', match: { inInterface: 'guest', outInterface: 'db' }, action: 'drop' },
      { name: 'guests surf', match: { inInterface: 'guest', protocol: 'tcp' }, action: 'accept' },
      { name: 'staff', match: { source: '@inside' }, action: 'accept' },
    ],
  },
});

/** The provider knows no way back to the guests. */
export const NO_WAY_BACK: Design = (() => {
  const design = office(undefined);
  const isp = design.nodes.isp ?? { kind: 'router' };
  const routes = [
    { to: '192.168.0.0/24', via: '203.0.113.5' },
    { to: '10.0.9.0/24', via: '203.0.113.5' },
  ];
  return { ...design, nodes: { ...design.nodes, isp: { ...isp, routes } } };
})();

/** Requests go by the plain router, answers by the firewall, which has never seen the connection. */
export const ASYMMETRIC: Design = {
  nodes: {
    client: host('10.1.0.10', '10.1.0.1'),
    other: host('10.1.0.11', '10.1.0.2'),
    plain: { kind: 'router', interfaces: { a: '10.1.0.1/24', b: '10.2.0.1/24' } },
    fw: {
      kind: 'firewall',
      interfaces: { a: '10.1.0.2/24', b: '10.2.0.2/24' },
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { state: ['established', 'related'] }, action: 'accept' },
            { match: { state: 'new' }, action: 'accept' },
          ],
        },
      },
    },
    server: host('10.2.0.80', '10.2.0.2', ['http']),
    backup: host('10.2.0.81', '10.2.0.1', ['ssh']),
  },
  links: [
    ['client', 'other', 'plain:a', 'fw:a'],
    ['server', 'backup', 'plain:b', 'fw:b'],
  ],
};

/** Two gateways hand out the same public address; which only one of them has. */
export const SHARED_POOL: Design = {
  nodes: {
    alice: host('192.168.1.10', '192.168.1.1'),
    anna: host('192.168.1.11', '192.168.1.1'),
    bob: host('192.168.2.10', '192.168.2.1'),
    gw1: {
      kind: 'gateway',
      interfaces: { lan: '192.168.1.1/24', wan: '203.0.113.2/24' },
      gateway: '203.0.113.1',
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'snat', to: '203.0.113.2' }] },
    },
    gw2: {
      kind: 'gateway',
      interfaces: { lan: '192.168.2.1/24', wan: '203.0.113.3/24' },
      gateway: '203.0.113.1',
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'snat', to: '203.0.113.2' }] },
    },
    isp: {
      kind: 'router',
      interfaces: { cust: '203.0.113.1/24', core: '198.51.100.1/24' },
    },
    web: host('198.51.100.80', '198.51.100.1', ['http']),
    mail: host('198.51.100.25', '198.51.100.1', ['tcp/25']),
  },
  links: [
    ['alice', 'anna', 'gw1:lan'],
    ['bob', 'gw2:lan'],
    ['gw1:wan', 'gw2:wan', 'isp:cust'],
    ['isp:core', 'web', 'mail'],
  ],
};

/** Two routers that each think the other knows the way. */
export const ROUND_TRIP: Design = {
  nodes: {
    a: host('10.1.0.10', '10.1.0.1'),
    r1: { kind: 'router', interfaces: { lan: '10.1.0.1/24', x: '10.9.0.1/30' }, gateway: '10.9.0.2' },
    r2: { kind: 'router', interfaces: { x: '10.9.0.2/30', lan: '10.2.0.1/24' }, gateway: '10.9.0.1' },
    b: host('10.2.0.10', '10.2.0.1', ['http']),
    c: host('10.2.0.11', '10.2.0.1'),
  },
  links: [
    ['a', 'r1:lan'],
    ['r1:x', 'r2:x'],
    ['r2:lan', 'b', 'c'],
  ],
};
