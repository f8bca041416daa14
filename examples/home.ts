/** A home network and a server on the Internet: what the examples try things on. */
import { defineNetwork } from 'middlebox';

export const home = defineNetwork({
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' }, gateway: '192.168.0.1' },
    camera: { kind: 'host', interfaces: { eth0: '192.168.0.66/24' }, gateway: '192.168.0.1', services: ['http'] },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/24' },
      gateway: '203.0.113.1',
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { state: ['established', 'related'] }, action: 'accept' },
            { match: { inInterface: 'lan' }, action: 'accept' },
          ],
        },
      },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    isp: { kind: 'router', interfaces: { customers: '203.0.113.1/24', core: '198.51.100.1/24' } },
    server: {
      kind: 'host',
      interfaces: { eth0: '198.51.100.80/24' },
      gateway: '198.51.100.1',
      services: ['http', 'ftp', { app: 'echo', protocol: 'udp', port: 7 }],
    },
  },
  links: [
    ['laptop', 'camera', 'gw:lan'],
    ['gw:wan', 'isp:customers'],
    ['isp:core', 'server'],
  ],
});
