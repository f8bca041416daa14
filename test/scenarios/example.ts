/** One file that uses every field of the format and every verb. */
import type { Json } from '../../src/sim/design/patch.ts';

export const EXAMPLE: Json = {
  $schema: './scenario.schema.json',
  networks: {
    office: {
      description: 'Two LANs behind one gateway',
      groups: {
        web: ['198.51.100.80', '2001:db8:9::80'],
        outside: ['@web', '198.51.100.0/24', '203.0.113.10-203.0.113.20'],
      },
      nodes: {
        laptop: {
          kind: 'host',
          description: 'somebody works here',
          interfaces: { eth0: ['192.168.0.4/24', '2001:db8:1::4/64'] },
          gateway: ['192.168.0.1', '2001:db8:1::1'],
          resolver: ['192.168.0.1'],
        },
        phone: { kind: 'host', interfaces: { wlan0: 'dhcp' } },
        gw: {
          kind: 'gateway',
          interfaces: {
            lan: { addresses: ['192.168.0.1/24', '2001:db8:1::1/64'], mtu: 1500, up: true },
            guest: '192.168.7.1/255.255.255.0',
            wan: { addresses: ['203.0.113.2/24', '2001:db8:2::2/64'], dhcp: false },
          },
          routes: [
            { to: '0.0.0.0/0', via: '203.0.113.1', interface: 'wan', metric: 5 },
            { to: '::/0', via: '2001:db8:2::1' },
            { to: '10.0.0.0/8', type: 'unreachable' },
          ],
          firewall: {
            raw: { rules: [{ match: { protocol: 'udp', destinationPort: 53 }, action: 'notrack' }] },
            input: { policy: 'drop', rules: [{ match: { inInterface: 'l*' }, action: 'accept' }] },
            forward: {
              policy: 'drop',
              rules: [
                { match: { state: ['established', 'related'] }, action: 'accept' },
                {
                  name: 'web',
                  description: 'to the web',
                  match: {
                    protocol: ['tcp', 'udp'],
                    destination: '@web',
                    destinationPort: [80, '443', 'http', '8000-8080'],
                    sourcePort: '1024-65535',
                  },
                  action: 'accept',
                },
                {
                  match: { protocol: 'tcp', tcpFlags: { mask: ['syn', 'ack'], set: ['syn'] } },
                  action: 'reject',
                  with: 'tcp-reset',
                },
                {
                  match: {
                    protocol: 'icmp',
                    icmpType: ['echo-request', 13],
                    not: { source: '192.168.0.0/24', state: 'invalid' },
                  },
                  action: 'log',
                  prefix: 'ping ',
                },
                { match: { inInterface: 'lan', outInterface: ['wan', 'guest'] }, action: 'jump', chain: 'outbound' },
              ],
            },
            output: { policy: 'accept', rules: [] },
            chains: { outbound: [{ match: { protocol: 47 }, action: 'return' }, { action: 'drop' }] },
          },
          nat: {
            behaviour: 'linux',
            rules: [
              { name: 'out', match: { outInterface: 'wan' }, action: 'masquerade', family: 'both' },
              { match: { protocol: 'tcp', source: '192.168.7.0/24' }, action: 'snat', to: '203.0.113.9:40000-50000' },
              {
                match: { inInterface: 'wan', protocol: 'tcp', destinationPort: 8080 },
                action: 'dnat',
                to: ['192.168.0.4:80', '192.168.0.5:80'],
              },
              { match: { protocol: 'tcp', destinationPort: 80 }, action: 'redirect', to: ':3128' },
              { action: 'netmap', inside: '10.1.0.0/24', outside: '198.18.1.0/24' },
              { action: 'static', inside: '10.0.0.5', outside: '203.0.113.7' },
            ],
            helpers: ['ftp'],
          },
          icmpRateLimit: true,
          reversePathFilter: 'loose',
          tracking: { max: 1000, loose: false, timeouts: { udp: '10s', tcpEstablished: '2h4m' } },
          services: [
            {
              app: 'dhcp',
              pool: '192.168.0.100-192.168.0.199',
              router: '192.168.0.1',
              resolver: ['192.168.0.1'],
              lease: '12h',
            },
            { app: 'dns', records: { 'www.example.com': ['198.51.100.80'] }, forward: ['198.51.100.53'], ttl: '1m' },
          ],
        },
        web: {
          kind: 'host',
          interfaces: { eth0: ['198.51.100.80/24', '2001:db8:9::80/64'] },
          gateway: '198.51.100.1',
          services: [
            'http',
            'tcp/8443',
            { app: 'ftp', port: 2121, passivePorts: '50000-50100', strictPort: false, announce: '198.51.100.80' },
            { app: 'echo', protocol: 'udp', port: 5000, address: '198.51.100.80' },
            { app: 'http', port: 8080, pages: { '/': 'hello' } },
          ],
        },
        isp: {
          kind: 'router',
          interfaces: { cust: '203.0.113.1/24', net: '198.51.100.1/24' },
          routes: [{ to: '198.51.100.0/24', interface: 'net', type: 'unicast' }],
        },
      },
      links: [
        ['laptop', 'phone', 'gw:lan'],
        {
          between: ['gw:wan', 'isp:cust'],
          name: 'uplink',
          latency: '8ms',
          loss: 0.01,
          bandwidth: '100Mbit',
          cost: 10,
          up: true,
        },
        ['isp:net', 'web'],
      ],
      routing: 'static',
      publicInternet: ['isp'],
    },
  },
  scenarios: [
    {
      name: 'everything',
      description: 'every verb once',
      network: 'office',
      seed: 7,
      change: [{ op: 'replace', path: '/nodes/gw/icmpRateLimit', value: false }, { linkUp: 'uplink' }],
      steps: [
        {
          name: 'the web',
          connect: {
            from: 'laptop',
            to: 'web',
            port: 80,
            sourcePort: 40000,
            protocol: 'tcp',
            bytes: 100,
            timeout: '5s',
          },
          expect: 'connected',
        },
        {
          send: {
            from: 'laptop',
            to: 'web:eth0',
            protocol: 'tcp',
            port: 80,
            sourcePort: 5,
            payload: 'x',
            ttl: 1,
            tcpFlags: ['syn'],
          },
          expect: { outcome: 'rejected', icmp: { type: 11 } },
        },
        { send: { from: 'laptop', to: '198.51.100.80', protocol: 'icmp', icmpType: 'echo-request' } },
        { ping: { from: 'laptop', to: '2001:db8:9::80', count: 2, timeout: '1s' }, expect: 'unreachable' },
        { traceroute: { from: 'laptop', to: 'web', maxHops: 5 }, expect: { outcome: 'reached', hops: [{}, {}] } },
        { resolve: { from: 'laptop', name: 'www.example.com', type: 'A' }, expect: { addresses: ['198.51.100.80'] } },
        {
          fetch: { from: 'laptop', url: 'http://www.example.com:8080/' },
          expect: { outcome: 'fetched', status: 200, body: 'hello' },
        },
        {
          ftp: { from: 'laptop', to: 'web', port: 2121, mode: 'extended-passive', encrypted: true, bytes: 10 },
          expect: 'transferred',
        },
        { wait: '2h4m' },
        { change: { linkDown: ['gw:wan', 'isp:cust'] } },
        { change: [{ nodeDown: 'isp' }, { nodeUp: 'isp' }] },
        {
          change: [
            { op: 'test', path: '/nodes/gw/tracking/max', value: 1000 },
            { op: 'add', path: '/nodes/gw/firewall/output/rules/-', value: { action: 'accept' } },
            { op: 'copy', from: '/nodes/gw/firewall/output/rules/0', path: '/nodes/gw/firewall/output/rules/0' },
            { op: 'move', from: '/nodes/gw/tracking/max', path: '/nodes/gw/tracking/max' },
            { op: 'remove', path: '/nodes/gw/tracking' },
          ],
        },
        { restart: 'gw' },
        {
          inspect: 'gw',
          expect: {
            connections: [],
            leases: [],
            sockets: [],
            routes: [{}],
            expectations: [],
            elapsed: '0s',
          },
        },
      ],
    },
    { name: 'on its own', network: { nodes: { a: { kind: 'host' } } }, steps: [] },
  ],
  invariants: [
    { name: 'the web is reached', network: 'office', always: 'laptop -> 198.51.100.80:80/tcp' },
    { network: ['office'], never: { from: ['*'], to: '192.168.0.0/24', port: [22, '8000-8010'], protocol: 'tcp' } },
    { no: 'loops' },
  ],
};
