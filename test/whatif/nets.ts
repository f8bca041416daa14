/** Small networks with known answers. */
import type { Design } from '../../src/sim/design/design.ts';

/** A home behind NAT with two servers, of which the first is reached from outside by port 80 of the gateway. */
export const HOME: Design = {
  nodes: {
    one: { kind: 'host', interfaces: { eth0: '192.168.0.2/24' }, gateway: '192.168.0.1', services: ['http'] },
    two: { kind: 'host', interfaces: { eth0: '192.168.0.3/24' }, gateway: '192.168.0.1', services: ['http'] },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/24' },
      gateway: '203.0.113.1',
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { state: ['established', 'related'] }, action: 'accept' },
            { name: 'from home', match: { inInterface: 'lan' }, action: 'accept' },
            { name: 'our web', match: { protocol: 'tcp', destinationPort: 80 }, action: 'accept' },
          ],
        },
      },
      nat: {
        rules: [
          { match: { outInterface: 'wan' }, action: 'masquerade' },
          { match: { inInterface: 'wan', protocol: 'tcp', destinationPort: 80 }, action: 'dnat', to: '192.168.0.2' },
        ],
      },
    },
    isp: { kind: 'router', interfaces: { customer: '203.0.113.1/24' } },
  },
  links: [
    ['one', 'two', 'gw:lan'],
    ['gw:wan', 'isp'],
  ],
  publicInternet: ['isp'],
};

/** Two ways round a square; the one by `top` costs less. */
export const SQUARE: Design = {
  nodes: {
    a: { kind: 'host', interfaces: { eth0: '10.1.0.2/24' }, gateway: '10.1.0.1' },
    left: { kind: 'router', interfaces: { lan: '10.1.0.1/24', up: '10.9.1.1/30', down: '10.9.2.1/30' } },
    top: { kind: 'router', interfaces: { left: '10.9.1.2/30', right: '10.9.3.1/30' } },
    bottom: { kind: 'router', interfaces: { left: '10.9.2.2/30', right: '10.9.4.1/30' } },
    right: { kind: 'router', interfaces: { lan: '10.2.0.1/24', up: '10.9.3.2/30', down: '10.9.4.2/30' } },
    b: { kind: 'host', interfaces: { eth0: '10.2.0.2/24' }, gateway: '10.2.0.1', services: ['ssh'] },
  },
  links: [
    ['a', 'left:lan'],
    ['left:up', 'top:left'],
    { name: 'high road', between: ['top:right', 'right:up'] },
    { between: ['left:down', 'bottom:left'], cost: 5 },
    { between: ['bottom:right', 'right:down'], cost: 5 },
    ['right:lan', 'b'],
  ],
  routing: 'shortest-path',
};
