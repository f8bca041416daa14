/** A network without fault, edits that spoil it with what is then said, and edits that do not. */
import type { Operation } from '../../../src/sim/design/change.ts';
import type { Design } from '../../../src/sim/design/design.ts';

/** laptop — gw — isp — web, both families; nothing wrong with it. */
export const NETWORK: Design = {
  groups: { web: ['198.51.100.80', '@web6'], web6: ['2001:db8:9::80'], lan: ['192.168.0.0/24'] },
  nodes: {
    laptop: {
      kind: 'host',
      interfaces: { eth0: ['192.168.0.4/24', '2001:db8:1::4/64'] },
      gateway: ['192.168.0.1', '2001:db8:1::1'],
    },
    gw: {
      kind: 'gateway',
      interfaces: { lan: ['192.168.0.1/24', '2001:db8:1::1/64'], wan: ['203.0.113.2/30', '2001:db8:2::2/64'] },
      routes: [
        { to: '0.0.0.0/0', via: '203.0.113.1' },
        { to: '::/0', via: '2001:db8:2::1' },
      ],
      firewall: {
        raw: { rules: [] },
        input: { rules: [] },
        forward: { policy: 'drop', rules: [{ match: { inInterface: 'lan' }, action: 'jump', chain: 'outbound' }] },
        output: { rules: [] },
        chains: { outbound: [{ action: 'accept' }], other: [] },
      },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
      services: ['http'],
    },
    isp: {
      kind: 'router',
      interfaces: { cust: ['203.0.113.1/30', '2001:db8:2::1/64'], net: ['198.51.100.1/24', '2001:db8:9::1/64'] },
      routes: [{ to: '2001:db8:1::/64', via: '2001:db8:2::2' }],
    },
    web: { kind: 'host', interfaces: { eth0: '198.51.100.80/24' }, gateway: '198.51.100.1', services: ['http'] },
  },
  links: [['laptop', 'gw:lan'], { between: ['gw:wan', 'isp:cust'], name: 'uplink' }, ['isp:net', 'web']],
  publicInternet: ['isp'],
};

const put = (path: string, value: unknown): Operation => ({ op: 'add', path, value: value as never });

const swap = (path: string, value: unknown): Operation => ({ op: 'replace', path, value: value as never });

export type Row = readonly [what: string, edits: readonly Operation[], expected: readonly string[]];

const forward = (...rules: unknown[]) => [put('/nodes/gw/firewall/forward/rules', rules)];
const nat = (...rules: unknown[]) => [put('/nodes/gw/nat/rules', rules)];
const FORWARD = 'nodes.gw.firewall.forward.rules';
const NAT = 'nodes.gw.nat.rules';

export const BAD: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  [
    'links',
    [
      [
        'an unknown node',
        [swap('/links/0', ['laptp', 'gw:lan'])],
        ['links[0][0]: there is no node "laptp" (did you mean "laptop"?)'],
      ],
      [
        'a name nothing is like',
        [swap('/links/0', ['printer', 'gw:lan'])],
        ['links[0][0]: there is no node "printer"'],
      ],
      [
        'an unknown interface',
        [swap('/links/0', ['laptop', 'gw:lna'])],
        ['links[0][1]: gw has no interface "lna" (did you mean "lan"?)'],
      ],
      [
        'several interfaces to choose from',
        [swap('/links/0', ['laptop', 'gw'])],
        ['links[0][1]: gw has 2 interfaces (write "gw:lan" or "gw:wan")'],
      ],
      [
        'no interface at all',
        [put('/nodes/x', { kind: 'host' }), put('/links/-', ['x', 'x'])],
        ['links[3][0]: x has no interface', 'links[3][1]: x has no interface'],
      ],
      [
        'an interface on two links',
        [put('/links/-', { between: ['gw:wan', 'web'] })],
        ['links[3].between[0]: gw:wan is already on links[1]', 'links[3].between[1]: web:eth0 is already on links[2]'],
      ],
      [
        'both ends the same',
        [swap('/links/0', ['laptop', 'laptop:eth0'])],
        ['links[0][1]: laptop:eth0 is more than one end of this link'],
      ],
      [
        'one name twice',
        [swap('/links/0', { between: ['laptop', 'gw:lan'], name: 'uplink' })],
        ['links[1].name: links[0] is called "uplink" too'],
      ],
      [
        'one address twice on a link',
        [put('/nodes/laptop/interfaces/eth0/0', '192.168.0.1/24')],
        [
          "nodes.laptop.gateway[0]: 192.168.0.1 is laptop's own address, on eth0",
          'nodes.gw.interfaces.lan[0]: 192.168.0.1 is also the address of nodes.laptop.interfaces.eth0, on the same link',
        ],
      ],
      [
        'a host on the public Internet',
        [put('/publicInternet', ['web', 'ips'])],
        [
          'publicInternet[0]: web is a host, which forwards nothing: name a router',
          'publicInternet[1]: there is no node "ips" (did you mean "isp"?)',
        ],
      ],
    ],
  ],
  [
    'interfaces',
    [
      [
        'the network address',
        [put('/nodes/x', { kind: 'host', interfaces: { e: '10.0.0.0/24' } })],
        ['nodes.x.interfaces.e: 10.0.0.0 is the network address of 10.0.0.0/24'],
      ],
      [
        'the broadcast address',
        [put('/nodes/x', { kind: 'host', interfaces: { e: ['10.0.0.1/24', '10.0.0.255/24'] } })],
        ['nodes.x.interfaces.e[1]: 10.0.0.255 is the broadcast address of 10.0.0.0/24'],
      ],
      [
        'loopback, multicast, nothing, everyone',
        [
          put('/nodes/x', {
            kind: 'host',
            interfaces: { e: { addresses: ['127.0.0.2/8', 'ff02::5/64', '::/0', '255.255.255.255/32'] } },
          }),
        ],
        [
          'nodes.x.interfaces.e.addresses[0]: 127.0.0.2 is a loopback address, which no interface can have',
          'nodes.x.interfaces.e.addresses[1]: ff02::5 is a multicast address, which no interface can have',
          'nodes.x.interfaces.e.addresses[2]: :: is the unspecified address, which no interface can have',
          'nodes.x.interfaces.e.addresses[3]: 255.255.255.255 is the limited broadcast address, which no interface can have',
        ],
      ],
      [
        'one address twice',
        [
          put('/nodes/x', {
            kind: 'host',
            interfaces: { e: ['10.0.0.1/24', '10.0.0.1/24', '2001:db8::1/64', '2001:db8::1/48'] },
          }),
        ],
        ['nodes.x.interfaces.e[1]: 10.0.0.1 is listed twice', 'nodes.x.interfaces.e[3]: 2001:db8::1 is listed twice'],
      ],
      [
        'an MTU that IPv6 cannot live with',
        [put('/nodes/x', { kind: 'host', interfaces: { e: { addresses: ['2001:db8::1/64'], mtu: 1279 } } })],
        ['nodes.x.interfaces.e.mtu: 1279 is too small for IPv6, which needs 1280 (RFC 8200 §5)'],
      ],
      [
        'a loopback interface',
        [put('/nodes/x', { kind: 'host', interfaces: { lo: '10.0.0.1/32' } })],
        ['nodes.x.interfaces.lo: every node has its loopback "lo", which is not written'],
      ],
    ],
  ],
  [
    'routes',
    [
      [
        'a gateway elsewhere',
        [put('/nodes/web/gateway', '198.51.101.1')],
        ['nodes.web.gateway: 198.51.101.1 is not on a prefix that web is connected to'],
      ],
      [
        'a gateway of the other family',
        [put('/nodes/web/gateway', '2001:db8:9::1')],
        ['nodes.web.gateway: 2001:db8:9::1 is not on a prefix that web is connected to'],
      ],
      [
        'two gateways of one family',
        [put('/nodes/web/gateway', ['198.51.100.1', '198.51.100.2'])],
        ['nodes.web.gateway[1]: a second IPv4 gateway (write further default routes in "routes")'],
      ],
      [
        'itself as gateway',
        [put('/nodes/web/gateway', '198.51.100.80')],
        ["nodes.web.gateway: 198.51.100.80 is web's own address, on eth0"],
      ],
      [
        'the broadcast address as gateway',
        [put('/nodes/web/gateway', '198.51.100.255')],
        ['nodes.web.gateway: 198.51.100.255 is the broadcast address of 198.51.100.0/24'],
      ],
      [
        'a link-local gateway on one of two interfaces',
        [put('/nodes/gw/gateway', 'fe80::1')],
        ['nodes.gw.gateway: fe80::1 is link-local: on which interface is not said (write a route with its interface)'],
      ],
      [
        'a next hop elsewhere',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8', via: '10.0.0.1' })],
        ['nodes.gw.routes[0].via: 10.0.0.1 is not on a prefix that gw is connected to'],
      ],
      [
        'a next hop on another interface',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8', via: '192.168.0.9', interface: 'wan' })],
        ['nodes.gw.routes[0].via: 192.168.0.9 is not on a prefix that interface wan is connected to'],
      ],
      [
        'a next hop of the other family',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8', via: '2001:db8:1::9' })],
        ['nodes.gw.routes[0].via: 2001:db8:1::9 is IPv6, but 10.0.0.0/8 is IPv4'],
      ],
      [
        'a link-local next hop without interface',
        [put('/nodes/gw/routes/0', { to: 'fd00::/8', via: 'fe80::1' })],
        ['nodes.gw.routes[0].via: fe80::1 is link-local: say on which "interface"'],
      ],
      [
        'an unknown interface',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8', interface: 'wna' })],
        ['nodes.gw.routes[0].interface: gw has no interface "wna" (did you mean "wan"?)'],
      ],
      [
        'neither next hop nor interface',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8' })],
        ['nodes.gw.routes[0]: a route needs "via", "interface" or both'],
      ],
      [
        'a blackhole with a next hop',
        [put('/nodes/gw/routes/0', { to: '10.0.0.0/8', type: 'blackhole', via: '203.0.113.1' })],
        ['nodes.gw.routes[0]: a blackhole route discards, and has neither "via" nor "interface"'],
      ],
      [
        'the same route twice',
        [put('/nodes/gw/routes/-', { to: '0.0.0.0/0', via: '203.0.113.1', metric: 0, type: 'unicast' })],
        ['nodes.gw.routes[2]: routes[0] is the same route'],
      ],
    ],
  ],
  [
    'groups',
    [
      [
        'an unknown group in a group',
        [put('/groups/lan', ['@wbe'])],
        ['groups.lan[0]: there is no group "@wbe" (did you mean "@web"?)'],
      ],
      [
        'groups that hold each other',
        [put('/groups/web6', ['@lan']), put('/groups/lan', ['@web'])],
        ['groups.web: the groups go round: web -> web6 -> lan -> web'],
      ],
      [
        'an unknown group in a rule',
        forward({ match: { source: ['@web', '@lam'], not: { destination: '@constructor' } }, action: 'accept' }),
        [
          `${FORWARD}[0].match.source[1]: there is no group "@lam" (did you mean "@lan"?)`,
          `${FORWARD}[0].match.not.destination: there is no group "@constructor"`,
        ],
      ],
    ],
  ],
  [
    'chains',
    [
      [
        'an unknown chain',
        forward({ action: 'jump', chain: 'outbuond' }),
        [`${FORWARD}[0].chain: there is no chain "outbuond" in "chains" (did you mean "outbound"?)`],
      ],
      [
        'a base chain',
        forward({ action: 'jump', chain: 'input' }),
        [`${FORWARD}[0].chain: "input" is a base chain, which no rule can jump to`],
      ],
      [
        'a user chain called like a base chain',
        [put('/nodes/gw/firewall/chains/input', [])],
        ['nodes.gw.firewall.chains.input: "input" is the name of a base chain'],
      ],
      [
        'jumps that go round',
        [
          put('/nodes/gw/firewall/chains', {
            outbound: [{ action: 'jump', chain: 'b' }],
            b: [
              { action: 'jump', chain: 'outbound' },
              { action: 'jump', chain: 'b' },
            ],
          }),
        ],
        [
          'nodes.gw.firewall.chains.outbound: the jumps go round: outbound -> b -> outbound',
          'nodes.gw.firewall.chains.b: the jumps go round: b -> b',
        ],
      ],
      [
        'jumps deeper than the kernel goes',
        [
          put(
            '/nodes/gw/firewall/chains',
            Object.fromEntries(
              Array.from({ length: 16 }, (_, i) => [
                i === 0 ? 'outbound' : `c${i}`,
                i === 15 ? [] : [{ action: 'jump', chain: `c${i + 1}` }],
              ]),
            ),
          ),
        ],
        ['nodes.gw.firewall.forward: jumps go 16 chains deep; the kernel allows 15'],
      ],
      [
        'notrack too late',
        [
          put('/nodes/gw/firewall/input/rules', [{ action: 'notrack' }]),
          put('/nodes/gw/firewall/chains/outbound', [{ action: 'notrack' }]),
        ],
        [
          'nodes.gw.firewall.input.rules[0].action: notrack is for "raw" only: in input the packet is tracked already',
          'nodes.gw.firewall.chains.outbound[0].action: notrack is for "raw" only: in forward the packet is tracked already',
        ],
      ],
      [
        'an outgoing interface before routing',
        [
          put('/nodes/gw/firewall/input/rules', [{ match: { outInterface: 'lan' }, action: 'drop' }]),
          put('/nodes/gw/firewall/raw/rules', [{ match: { not: { outInterface: 'lan' } }, action: 'drop' }]),
        ],
        [
          'nodes.gw.firewall.raw.rules[0].match.not.outInterface: packets in raw have not left by any interface',
          'nodes.gw.firewall.input.rules[0].match.outInterface: packets in input have not left by any interface',
        ],
      ],
      [
        'an incoming interface of what is sent here',
        [
          put('/nodes/gw/firewall/output/rules', [
            { match: { inInterface: 'lan' }, action: 'drop' },
            { action: 'jump', chain: 'other' },
          ]),
          put('/nodes/gw/firewall/chains/other', [{ match: { not: { inInterface: 'lan' } }, action: 'drop' }]),
        ],
        [
          'nodes.gw.firewall.output.rules[0].match.inInterface: packets in output have not come in by any interface',
          'nodes.gw.firewall.chains.other[0].match.not.inInterface: packets in output have not come in by any interface',
        ],
      ],
    ],
  ],
  [
    'matches',
    [
      [
        'an unknown interface',
        forward({ match: { inInterface: ['lan', 'lann'], not: { outInterface: 'wan9' } }, action: 'accept' }),
        [
          `${FORWARD}[0].match.inInterface[1]: gw has no interface "lann" (did you mean "lan"?)`,
          `${FORWARD}[0].match.not.outInterface: gw has no interface "wan9" (did you mean "wan"?)`,
        ],
      ],
      [
        'a beginning that no interface has',
        forward({ match: { inInterface: 'eth*' }, action: 'accept' }),
        [`${FORWARD}[0].match.inInterface: gw has no interface whose name begins with "eth"`],
      ],
      [
        'ports without a protocol',
        forward({ match: { sourcePort: 1, not: { destinationPort: 80, protocol: 'tcp' } }, action: 'accept' }),
        [
          `${FORWARD}[0].match.sourcePort: sourcePort needs a protocol with ports (add "protocol": "tcp" or "udp")`,
          `${FORWARD}[0].match.not.destinationPort: destinationPort needs a protocol with ports (add "protocol": "tcp" or "udp")`,
        ],
      ],
      [
        'ports of ICMP',
        forward({ match: { protocol: ['tcp', 'icmp'], destinationPort: 80 }, action: 'accept' }),
        [
          `${FORWARD}[0].match.destinationPort: destinationPort needs a protocol with ports (add "protocol": "tcp" or "udp")`,
        ],
      ],
      [
        'flags without TCP',
        forward({ match: { protocol: ['tcp', 'udp'], tcpFlags: { mask: ['syn'], set: ['ack'] } }, action: 'accept' }),
        [
          `${FORWARD}[0].match.tcpFlags: tcpFlags needs "protocol": "tcp"`,
          `${FORWARD}[0].match.tcpFlags.set[0]: "ack" is not in the mask, so that it can never be seen set`,
        ],
      ],
      [
        'an ICMP type without ICMP',
        forward(
          { match: { icmpType: 8 }, action: 'accept' },
          { match: { protocol: ['icmp', 'tcp'], icmpType: 8 }, action: 'accept' },
        ),
        [0, 1].map(
          (i) =>
            `${FORWARD}[${i}].match.icmpType: icmpType needs a protocol that has it (add "protocol": "icmp" or "icmpv6")`,
        ),
      ],
      [
        'an ICMP type of the other family',
        forward(
          { match: { protocol: 'icmp', icmpType: ['ping', 'packet-too-big'] }, action: 'accept' },
          { match: { protocol: 'icmpv6', icmpType: 'source-quench' }, action: 'accept' },
        ),
        [
          `${FORWARD}[0].match.icmpType[1]: ICMP has no type "packet-too-big"`,
          `${FORWARD}[1].match.icmpType: ICMPv6 has no type "source-quench"`,
        ],
      ],
      [
        'two families',
        forward(
          { match: { source: '@lan', destination: ['2001:db8::/32', '@web6'] }, action: 'accept' },
          { match: { source: '10.0.0.1-10.0.0.9', not: { destination: '::1' } }, action: 'accept' },
        ),
        [0, 1].map(
          (i) => `${FORWARD}[${i}].match: no packet can match: the addresses are IPv4 in one field and IPv6 in another`,
        ),
      ],
      [
        'the other ICMP',
        forward(
          { match: { protocol: 'icmp', source: '2001:db8::/32' }, action: 'accept' },
          { match: { protocol: 58, source: '@lan' }, action: 'accept' },
        ),
        [
          `${FORWARD}[0].match.protocol: no packet can match: icmp is not the ICMP of the addresses beside it (write "icmpv6")`,
          `${FORWARD}[1].match.protocol: no packet can match: icmpv6 is not the ICMP of the addresses beside it (write "icmp")`,
        ],
      ],
      [
        'a reset of what is not TCP',
        forward(
          { action: 'reject', with: 'tcp-reset' },
          { match: { protocol: ['tcp', 'udp'] }, action: 'reject', with: 'tcp-reset' },
        ),
        [0, 1].map((i) => `${FORWARD}[${i}].with: tcp-reset needs a match on "protocol": "tcp"`),
      ],
    ],
  ],
  [
    'translation',
    [
      [
        'IPv6 carried to IPv4 by what cannot carry it',
        [
          put('/nodes/gw/nat', {
            rules: [
              { action: 'nat64', prefix: '10.0.0.0/8', pool: ['2001:db8::9'] },
              { action: 'nat64', prefix: '2001:db8::/44', pool: ['203.0.113.9'], family: 'ipv4' },
              { action: 'nat64', prefix: '2001:db8::/32', pool: ['203.0.113.9'], match: { source: '10.0.0.0/8' } },
              { action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.10'], match: { outInterface: 'wan' } },
              { action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.11'] },
              { action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.12'] },
            ],
          }),
        ],
        [
          `${NAT}[0].prefix: 10.0.0.0/8 is IPv4; an IPv6 prefix stands for IPv4 (write "64:ff9b::/96")`,
          `${NAT}[0].pool[0]: 2001:db8::9 is IPv6; packets leave with IPv4 addresses`,
          `${NAT}[1].prefix: IPv4 addresses do not fit behind 2001:db8::/44: a prefix for them has /32, /40, /48, /56, /64, /96`,
          `${NAT}[1].family: nat64 is for packets of IPv6`,
          `${NAT}[2].match: no packet can match: it is for those that come from IPv6`,
          `${NAT}[3].match.outInterface: nat64 acts on packets that arrive, before they are routed to an interface`,
          `${NAT}[2].pool[0]: 203.0.113.9 is in the pool of nat.rules[1] already`,
          `${NAT}[2].prefix: 2001:db8::/32 is carried by nat.rules[1] already`,
          `${NAT}[5].prefix: 64:ff9b::/96 is carried by nat.rules[4] already`,
        ],
      ],
      [
        'IPv6 prefixes that cannot be swapped',
        [
          put('/nodes/gw/nat', {
            rules: [
              { action: 'nptv6', inside: '10.0.0.0/8', outside: '2001:db8::/48' },
              { action: 'nptv6', inside: 'fd00:1::/72', outside: '2001:db8:1::/72' },
              { action: 'nptv6', inside: 'fd00:2::/48', outside: 'fd80::/16', family: 'both' },
              { action: 'nptv6', inside: 'fd00:4::/48', outside: 'fd00:4::/48', match: { protocol: 'tcp' } },
              { action: 'nptv6', inside: 'fd00:5::/48', outside: '2001:db8:5::/48' },
              { action: 'nptv6', inside: 'fd00:6::/48', outside: '2001:db8:5::/48' },
            ],
          }),
        ],
        [
          `${NAT}[0].inside: 10.0.0.0/8 is IPv4; nptv6 maps IPv6`,
          `${NAT}[0]: 10.0.0.0/8 and 2001:db8::/48 do not hold equally many addresses`,
          `${NAT}[1].inside: fd00:1::/72 is longer than /64, the longest that nptv6 maps`,
          `${NAT}[1].outside: 2001:db8:1::/72 is longer than /64, the longest that nptv6 maps`,
          `${NAT}[2]: fd00:2::/48 and fd80::/16 do not hold equally many addresses`,
          `${NAT}[2].family: nptv6 is for packets of IPv6`,
          `${NAT}[3]: fd00:4::/48 is inside and outside at once`,
          `${NAT}[3].match.protocol: nptv6 sees addresses and interfaces only (write "outInterface": the interface that leads outside)`,
          `${NAT}[5].outside: 2001:db8:5::/48 is mapped already by nat.rules[4] (2001:db8:5::/48)`,
        ],
      ],
      [
        'axes on top of the kernel',
        [put('/nodes/gw/nat', { behaviour: { profile: 'linux', hairpin: true } })],
        [
          'nodes.gw.nat.behaviour.hairpin: "linux" is what the kernel does, and has no axes (start from another profile)',
        ],
      ],
      [
        'an unknown profile to start from',
        [put('/nodes/gw/nat', { behaviour: { profile: 'symetric' } })],
        ['nodes.gw.nat.behaviour.profile: there is no profile "symetric" (did you mean "symmetric"?)'],
      ],
      [
        'blocks where ports come one by one',
        [put('/nodes/gw/nat', { behaviour: { ports: { allocation: 'random', blockSize: 64, blocks: 2 } } })],
        ['blockSize', 'blocks'].map(
          (field) =>
            `nodes.gw.nat.behaviour.ports.${field}: ${field} says nothing where ports come one by one (write "allocation": "block")`,
        ),
      ],
      [
        'a block larger than the range, from port 0',
        [put('/nodes/gw/nat', { behaviour: { ports: { allocation: 'block', range: '0-99', blockSize: 200 } } })],
        [
          'nodes.gw.nat.behaviour.ports.range: port 0 cannot be given out (begin with 1)',
          'nodes.gw.nat.behaviour.ports.blockSize: a block of 200 does not fit a range of 100 ports',
        ],
      ],
      [
        'resting ports without a rest, neighbours at random',
        [put('/nodes/gw/nat', { behaviour: { ports: { allocation: 'random', held: 9, contiguity: true } } })],
        [
          'nodes.gw.nat.behaviour.ports.held: no port rests without "holdDown" (write "holdDown": "2m")',
          'nodes.gw.nat.behaviour.ports.contiguity: contiguity needs ports that follow the inside ones, not random ones (write "allocation": "preserve")',
        ],
      ],
      [
        'shared endpoints that nobody could tell apart',
        [put('/nodes/gw/nat', { behaviour: { profile: 'full-cone', ports: { overload: true } } })],
        [
          'nodes.gw.nat.behaviour.ports.overload: endpoint-independent mappings cannot share an outside endpoint (write "mapping": "address-and-port-dependent")',
        ],
      ],
      [
        'shared endpoints open to strangers',
        [
          put('/nodes/gw/nat', {
            behaviour: { profile: 'symmetric', filtering: 'address-dependent', ports: { overload: true } },
          }),
        ],
        [
          'nodes.gw.nat.behaviour.ports.overload: a shared outside endpoint cannot be open to senders that no mapping knows (write "filtering": "address-and-port-dependent")',
        ],
      ],
      [
        'deterministic ports for nobody in particular',
        [
          put('/nodes/gw/nat', {
            behaviour: { ports: { allocation: 'deterministic' } },
            rules: [
              { action: 'masquerade', match: { outInterface: 'wan' } },
              { action: 'masquerade', match: { source: '192.168.0.0/24' } },
            ],
          }),
        ],
        [
          `${NAT}[0].match: deterministic ports follow from the place of an address among the inside ones, which are not given (match "source": "100.64.0.0/24")`,
        ],
      ],
      [
        'an unknown profile',
        [put('/nodes/gw/nat', { behaviour: 'linus' })],
        ['nodes.gw.nat.behaviour: there is no profile "linus" (did you mean "linux"?)'],
      ],
      [
        'an outgoing interface on arrival',
        nat(
          { match: { outInterface: 'wan' }, action: 'dnat', to: '192.168.0.4' },
          { match: { not: { outInterface: 'wan' } }, action: 'redirect' },
        ),
        [
          `${NAT}[0].match.outInterface: dnat acts on packets that arrive, before they are routed to an interface`,
          `${NAT}[1].match.not.outInterface: redirect acts on packets that arrive, before they are routed to an interface`,
        ],
      ],
      [
        'ports without a protocol',
        nat(
          { action: 'dnat', to: '192.168.0.4:80' },
          { match: { protocol: 'icmp' }, action: 'masquerade', to: ':1024-2000' },
        ),
        [`${NAT}[1].to: no packet that the rule matches has a port to translate (match "protocol": "tcp" or "udp")`],
      ],
      [
        'an address for masquerade and redirect',
        nat({ action: 'masquerade', to: '203.0.113.9' }, { action: 'redirect', to: '192.168.0.4' }),
        [
          `${NAT}[0].to: masquerade finds the address itself and takes only ports (use "snat")`,
          `${NAT}[1].to: redirect finds the address itself and takes only ports (use "dnat")`,
        ],
      ],
      [
        'targets with different ports',
        nat({ match: { protocol: 'tcp' }, action: 'dnat', to: ['192.168.0.4:80', '192.168.0.5:81', '192.168.0.6'] }),
        [1, 2].map((i) => `${NAT}[0].to[${i}]: all targets of a rule must name the same ports`),
      ],
      [
        'maps of different size or family',
        nat(
          { action: 'netmap', inside: '10.0.0.0/24', outside: '198.18.0.0/25' },
          { action: 'static', inside: '10.1.0.1', outside: '2001:db8::1' },
        ),
        [
          `${NAT}[0]: 10.0.0.0/24 and 198.18.0.0/25 do not hold equally many addresses`,
          `${NAT}[1]: 10.1.0.1 is IPv4, but 2001:db8::1 IPv6`,
        ],
      ],
      [
        'one address mapped twice',
        nat(
          { action: 'netmap', inside: '10.0.0.0/24', outside: '198.18.0.0/24' },
          { action: 'static', inside: '10.0.0.5', outside: '203.0.113.7' },
          { action: 'static', inside: '10.1.0.5', outside: '198.18.0.9' },
        ),
        [
          `${NAT}[1].inside: 10.0.0.5 is mapped already by nat.rules[0] (10.0.0.0/24)`,
          `${NAT}[2].outside: 198.18.0.9 is mapped already by nat.rules[0] (198.18.0.0/24)`,
        ],
      ],
      [
        'a match of one family, a target of the other',
        nat(
          { match: { source: '2001:db8::/32' }, action: 'snat', to: '203.0.113.9' },
          { match: { destination: '2001:db8::1' }, action: 'static', inside: '10.0.0.1', outside: '203.0.113.8' },
        ),
        [0, 1].map((i) => `${NAT}[${i}]: the match is on IPv6 but the rule translates to IPv4`),
      ],
      [
        'a family that the target has not',
        nat({ action: 'snat', to: '203.0.113.9', family: 'both' }),
        [`${NAT}[0].family: the rule cannot translate IPv6: it translates to IPv4`],
      ],
      [
        'a family that the match has not',
        nat({ match: { source: '2001:db8::/32' }, action: 'masquerade', family: 'ipv4' }),
        [`${NAT}[0].family: no packet can match: the addresses are IPv6`],
      ],
      [
        'an unknown interface',
        nat({ match: { outInterface: 'wna' }, action: 'masquerade' }),
        [`${NAT}[0].match.outInterface: gw has no interface "wna" (did you mean "wan"?)`],
      ],
    ],
  ],
  [
    'services',
    [
      [
        'one port twice',
        [put('/nodes/web/services', ['http', { app: 'echo', protocol: 'tcp', port: 80, address: '198.51.100.80' }])],
        ['nodes.web.services[1]: tcp port 80 is claimed by services[0] already'],
      ],
      [
        'a port among the passive ones',
        [put('/nodes/web/services', ['tcp/50010', { app: 'ftp', passivePorts: '50000-50100' }])],
        ['nodes.web.services[1]: tcp port 50010 is claimed by services[0] already'],
      ],
      [
        'its own control port among the passive ones',
        [put('/nodes/web/services', [{ app: 'ftp', passivePorts: '20-30' }])],
        ['nodes.web.services[0]: tcp port 21 is claimed twice by this service'],
      ],
      [
        'DNS on both protocols',
        [put('/nodes/web/services', ['dns', 'tcp/53', 'udp/53'])],
        [1, 2].map(
          (i) => `nodes.web.services[${i}]: ${i === 1 ? 'tcp' : 'udp'} port 53 is claimed by services[0] already`,
        ),
      ],
      [
        'an address of someone else',
        [put('/nodes/web/services', [{ app: 'http', address: '198.51.100.81' }])],
        ['nodes.web.services[0].address: 198.51.100.81 is not an address of web'],
      ],
      [
        'STUN from one place twice',
        [put('/nodes/web/services', [{ app: 'stun', alternatePort: 3478 }])],
        ['nodes.web.services[0].alternatePort: the second port must differ from the first, 3478'],
      ],
      [
        'port mappings without NAT',
        [put('/nodes/web/services', ['pcp'])],
        ['nodes.web.services[0]: web has no mappings to give: no rule of its NAT is "masquerade" or "snat"'],
      ],
      [
        'STUN from one address twice',
        [put('/nodes/web/services', [{ app: 'stun', address: '198.51.100.80', alternateAddress: '198.51.100.80' }])],
        ['nodes.web.services[0].alternateAddress: the second address must differ from the first'],
      ],
      [
        'STUN from a foreign address',
        [put('/nodes/web/services', [{ app: 'stun', alternateAddress: '192.0.2.1' }])],
        ['nodes.web.services[0].alternateAddress: 192.0.2.1 is not an address of web'],
      ],
      [
        'DNS64 with prefixes that hold no IPv4 address',
        [
          put('/nodes/web/services', [
            { app: 'dns', dns64: '2001:db8::/44' },
            { app: 'dns', port: 5353, dns64: '10.0.0.0/8' },
            { app: 'dns', port: 5354, dns64: '2001:db8:0:0:100::/96' },
          ]),
        ],
        [
          'nodes.web.services[0].dns64: IPv4 addresses do not fit behind 2001:db8::/44: a prefix for them has /32, /40, /48, /56, /64, /96',
          'nodes.web.services[1].dns64: 10.0.0.0/8 is IPv4; an IPv6 prefix stands for IPv4 (write "64:ff9b::/96")',
          'nodes.web.services[2].dns64: bits 64 to 71 of 2001:db8:0:0:100::/96 are not zero, as they must be (RFC 6052 §2.2)',
        ],
      ],
      [
        'a pool elsewhere',
        [put('/nodes/gw/services', [{ app: 'dhcp', pool: '192.168.1.100-192.168.1.199' }])],
        ['nodes.gw.services[0].pool: 192.168.1.100-192.168.1.199 does not lie in the prefix of one interface of gw'],
      ],
      [
        'a pool of IPv6',
        [put('/nodes/gw/services', [{ app: 'dhcp', pool: '2001:db8:1::5-2001:db8:1::9' }])],
        ['nodes.gw.services[0].pool: DHCP for IPv6 is not supported: write IPv4 addresses'],
      ],
      [
        'a pool that holds too much',
        [put('/nodes/gw/services', [{ app: 'dhcp', pool: '192.168.0.0-192.168.0.255', router: '192.168.1.1' }])],
        [
          'nodes.gw.services[0].pool: 192.168.0.0-192.168.0.255 holds 192.168.0.0, which 192.168.0.0/24 reserves',
          'nodes.gw.services[0].pool: 192.168.0.0-192.168.0.255 holds 192.168.0.255, which 192.168.0.0/24 reserves',
          "nodes.gw.services[0].pool: 192.168.0.0-192.168.0.255 holds gw's own address 192.168.0.1",
          'nodes.gw.services[0].router: 192.168.1.1 is not in 192.168.0.0/24, where the clients are',
        ],
      ],
      [
        'two DHCP servers on a segment, and their port',
        [
          put('/nodes/gw/services', [
            { app: 'dhcp', pool: '192.168.0.100-192.168.0.110' },
            { app: 'dhcp', pool: '192.168.0.120-192.168.0.130' },
            'udp/67',
          ]),
        ],
        [
          'nodes.gw.services[2]: udp port 67 is claimed by services[0] already',
          'nodes.gw.services[1]: services[0] is the DHCP server of 192.168.0.0/24 already',
        ],
      ],
    ],
  ],
];

export const GOOD: readonly (readonly [what: string, edits: readonly Operation[]])[] = [
  ['the network itself', []],
  [
    'both addresses of a /31, a /32 and a /127',
    [
      put('/nodes/x', {
        kind: 'router',
        interfaces: { a: '10.0.0.0/31', b: '10.0.0.3/31', c: '10.9.9.9/32', d: '2001:db8:7::/127' },
      }),
    ],
  ],
  [
    'one IPv4 address with two masks',
    [put('/nodes/x', { kind: 'host', interfaces: { e: ['10.0.0.1/24', '10.0.0.1/16'] } })],
  ],
  [
    'a gateway that DHCP may put on the link',
    [
      put('/nodes/x', {
        kind: 'host',
        interfaces: { e: 'dhcp' },
        gateway: '10.0.0.1',
        services: [{ app: 'http', address: '10.0.0.9' }],
      }),
    ],
  ],
  [
    'a gateway on a host route without next hop',
    [
      put('/nodes/web/routes', [
        { to: '10.9.9.9/32', interface: 'eth0' },
        { to: '10.0.0.0/8', via: '10.9.9.9', interface: 'eth0' },
      ]),
    ],
  ],
  ['a link-local gateway on the only interface', [put('/nodes/laptop/gateway', ['192.168.0.1', 'fe80::1'])]],
  [
    'a link-local next hop with its interface',
    [put('/nodes/gw/routes/-', { to: 'fd00::/8', via: 'fe80::1', interface: 'lan' })],
  ],
  ['routes of equal cost', [put('/nodes/gw/routes/-', { to: '0.0.0.0/0', via: '203.0.113.1', metric: 9 })]],
  ['routes that discard', [put('/nodes/gw/routes/-', { to: '10.0.0.0/8', type: 'prohibit' })]],
  [
    'loopback in a match, and a beginning of names',
    forward({ match: { inInterface: ['lo', 'l*'] }, action: 'accept' }),
  ],
  [
    'a chain shared by raw and forward, with the outgoing interface',
    [
      put('/nodes/gw/firewall/raw/rules', [{ action: 'jump', chain: 'outbound' }]),
      put('/nodes/gw/firewall/chains/outbound', [{ match: { outInterface: 'wan' }, action: 'accept' }]),
    ],
  ],
  [
    'notrack in raw and in a chain that nothing reaches',
    [
      put('/nodes/gw/firewall/raw/rules', [{ action: 'notrack' }]),
      put('/nodes/gw/firewall/chains/other', [{ action: 'notrack' }]),
    ],
  ],
  [
    'fifteen chains deep',
    [
      put(
        '/nodes/gw/firewall/chains',
        Object.fromEntries(
          Array.from({ length: 15 }, (_, i) => [
            i === 0 ? 'outbound' : `c${i}`,
            i === 14 ? [] : [{ action: 'jump', chain: `c${i + 1}` }],
          ]),
        ),
      ),
    ],
  ],
  [
    'protocols by number',
    forward(
      {
        match: { protocol: 6, destinationPort: 80, tcpFlags: { mask: ['syn'], set: [] } },
        action: 'reject',
        with: 'tcp-reset',
      },
      { match: { protocol: 33, sourcePort: 5 }, action: 'accept' },
    ),
  ],
  [
    'a match of both families',
    forward({ match: { source: ['10.0.0.0/8', '2001:db8::/32'], destination: '@web' }, action: 'accept' }),
  ],
  [
    'an empty group',
    [put('/groups/none', []), ...forward({ match: { source: '@none', destination: '2001:db8::1' }, action: 'accept' })],
  ],
  [
    'both ICMPs with a type of one',
    forward({ match: { protocol: ['icmp', 'icmpv6'], icmpType: ['nd-redirect', 'source-quench'] }, action: 'accept' }),
  ],
  [
    'source NAT by incoming interface',
    nat({ match: { inInterface: 'lan', outInterface: 'wan' }, action: 'masquerade', family: 'both' }),
  ],
  ['a pool of two families', nat({ action: 'snat', to: ['203.0.113.2', '2001:db8:2::2'] })],
  [
    'mappings parted by their matches',
    nat(
      { match: { protocol: 'tcp' }, action: 'static', inside: '10.0.0.5', outside: '203.0.113.7' },
      { match: { protocol: 'udp' }, action: 'static', inside: '10.0.0.6', outside: '203.0.113.7' },
    ),
  ],
  [
    'one port on two addresses, and on two protocols',
    [
      put('/nodes/isp/services', [
        { app: 'http', address: '203.0.113.1' },
        { app: 'http', address: '198.51.100.1' },
        'udp/80',
      ]),
    ],
  ],
  [
    'a DHCP server for each of two LANs',
    [
      put('/nodes/isp/services', [
        { app: 'dhcp', pool: '198.51.100.100-198.51.100.110', router: '198.51.100.1' },
        { app: 'dhcp', pool: '203.0.113.2-203.0.113.2' },
      ]),
    ],
  ],
  ['an interface on no link', [put('/nodes/gw/interfaces/dmz', '10.7.0.1/24')]],
  [
    'a cable between two interfaces of one node',
    [
      put('/nodes/x', { kind: 'router', interfaces: { a: '10.5.0.1/24', b: '10.6.0.1/24' } }),
      put('/links/-', ['x:a', 'x:b']),
    ],
  ],
];
