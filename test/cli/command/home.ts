/** A home behind a gateway, and scenarios that pass and fail on it. */

export const NETWORK = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/24' },
      gateway: '203.0.113.80',
      firewall: {
        forward: {
          policy: 'drop',
          rules: [
            { match: { state: ['established', 'related'] }, action: 'accept' },
            { name: 'no mail', match: { protocol: 'tcp', destinationPort: 25 }, action: 'reject' },
            { match: { inInterface: 'lan' }, action: 'accept' },
          ],
        },
      },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    web: {
      kind: 'host',
      interfaces: { eth0: '203.0.113.80/24' },
      services: ['http', { app: 'ftp', strictPort: false }],
    },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['gw:wan', 'web'],
  ],
};

const reach = {
  name: 'the web is reached',
  network: 'home',
  steps: [
    {
      connect: { from: 'laptop', to: 'web', port: 80 },
      expect: { outcome: 'connected', seenAs: { address: '203.0.113.5' } },
    },
    { ping: { from: 'laptop', to: 'web' } },
  ],
};
const mail = {
  name: 'mail <gets> "out", 100%',
  network: 'home',
  steps: [
    { name: 'to the\nserver', connect: { from: 'laptop', to: 'web', port: 25 }, expect: { outcome: 'connected' } },
  ],
};
const ftp = {
  name: 'active FTP',
  network: 'home',
  steps: [{ ftp: { from: 'laptop', to: 'web', mode: 'active' }, expect: 'data-failed' }],
};

/** Everything holds. */
export const GOOD = { networks: { home: NETWORK }, scenarios: [reach, ftp] };
/** The second of three fails. */
export const BAD = { networks: { home: NETWORK }, scenarios: [reach, mail, ftp] };
