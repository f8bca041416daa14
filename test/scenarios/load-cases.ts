/**
 * Bad scenario files, each with the exact lines that are printed after the file name: line, column, place, reason, hint.
 * A row without lines is fine.
 */
export type Row = readonly [text: string, lines: readonly string[]];

const SYNTAX: readonly Row[] = [
  ['', ['1:1: the file is empty']],
  ['\uFEFF  \n', ['1:1: the file is empty']],
  ['// nothing yet\n', ['1:1: the file is empty']],
  ['/* open', ['1:1: this comment is not closed: /* open', '1:8: a value is missing here']],
  [',', ['1:1: a value is missing here: ,']],
  ['{', ['1:2: a closing brace "}" is missing here']],
  ['{\n  "networks": {\n', ['3:1: a closing brace "}" is missing here']],
  ['[1', ['1:3: a closing bracket "]" is missing here']],
  ['{"a" 1}', ['1:6: a colon is missing here: 1']],
  ['{"a": 1 "b": 2}', ['1:9: a comma is missing here: "b"']],
  [
    '{a: 1}',
    ['1:2: this is not JSON: a', '1:3: a name in double quotes is missing here: :', '1:6: a value is missing here: }'],
  ],
  [
    '{"a": [1,],\r\n "b": 1,}',
    ['1:10: there is a comma too many before this', '2:9: there is a comma too many before this'],
  ],
  ['nul', ['1:1: this is not JSON: nul', '1:4: a value is missing here']],
  ['{} {}', ['1:4: there is more text after the end: {']],
  ['"abc', ['1:1: the closing quote of this text is missing: "abc']],
  ['"\\x"', ['1:1: this escape is not known; "\\\\" stands for a backslash: "\\x"']],
  ['"\\u12"', ['1:1: after "\\u" there must be four hexadecimal digits: "\\u12"']],
  ['"a\u0001b"', ['1:1: a control character must be written as an escape, "\\n" or "\\u0009": "a\u0001b"']],
  ['1.', ['1:1: this number is not finished: 1.']],
  ['1e', ['1:1: this number is not finished: 1e']],
  ['-', ['1:1: this is not JSON: -', '1:2: a value is missing here']],
  ['{"a": 01}', ['1:8: a comma is missing here: 1', '1:9: a value is missing here: }']],
  ['['.repeat(101), ['1:101: nested more than 100 deep']],
  [`\r\r${'{"a":'.repeat(101)}`, ['3:501: nested more than 100 deep']],
  ['{"a": 1}}', ['1:9: there is more text after the end: }']],
  ['[1 2]', ['1:4: a comma is missing here: 2']],
  ['{"a":: 1}', ['1:6: a value is missing here: :']],
  [
    '"a\nb"',
    [
      '1:1: the closing quote of this text is missing: "a',
      '2:1: this is not JSON: b',
      '2:2: the closing quote of this text is missing: "',
    ],
  ],
];

const VALUES: readonly Row[] = [
  ['5', ['1:1: 5 is not an object']],
  ['null', ['1:1: null is not an object']],
  [' []', ['1:2: a list is not an object']],
  ['{"a": 1e999}', ['1:7: a: Infinity is not a JSON number']],
  ['{"networks": {}, "__proto__": {}}', ['1:18: __proto__: "__proto__" is not a name']],
  ['{"networks": {},\n "networks": {}}', ['2:2: networks: "networks" is there twice']],
  ['\uFEFF{"networsk": {}}', ['1:2: networsk: unknown field "networsk" (did you mean "networks"?)']],
  ['{"networks": []}', ['1:14: networks: a list is not an object']],
  [
    '{"networks": null, "scenarios": {}}',
    ['1:14: networks: null is not an object', '1:33: scenarios: an object is not a list'],
  ],
  [
    '{"networks": {"a b": {"nodes": {}}}}',
    [
      '1:15: networks["a b"]: "a b" is not a name: letters, digits, "_", "-" and ".", beginning with a letter, a digit or "_"',
    ],
  ],
  [
    '{"scenarios": [{"name": "", "network": 5, "steps": {}, "seed": 1.5}]}',
    [
      '1:25: scenarios[0].name: it must not be empty',
      '1:40: scenarios[0].network: 5 is not text or an object',
      '1:52: scenarios[0].steps: an object is not a list',
      '1:64: scenarios[0].seed: 1.5 is not a whole number',
    ],
  ],
  [
    '{"scenarios": [{}]}',
    [
      '1:16: scenarios[0].name: missing: it must be text',
      '1:16: scenarios[0].network: missing: it must be text or an object',
      '1:16: scenarios[0].steps: missing: it must be a list',
    ],
  ],
  [
    '{"scenarios": [{"name": "a", "network": "home", "steps": []}]}',
    ['1:41: scenarios[0].network: there is no network "home"'],
  ],
  [
    '{"networks": {"home": {"nodes": {}}},\n "scenarios": [{"name": "a", "network": "hom", "steps": []},\n {"name": "a", "network": "home", "steps": []}]}',
    [
      '2:41: scenarios[0].network: there is no network "hom" (did you mean "home"?)',
      '3:11: scenarios[1].name: scenarios[0] is called "a" too',
    ],
  ],
  [
    '{"networks": {"n": {"nodes": {}, "routing": "ospf", "groups": {"g": ["10.0.0.1/8", 5]}, "publicInternet": "isp"}}}',
    [
      '1:45: networks.n.routing: "ospf" is not one of "static", "shortest-path"',
      '1:70: networks.n.groups.g[0]: 10.0.0.1/8 has host bits set; the network is 10.0.0.0/8',
      '1:84: networks.n.groups.g[1]: 5 is not text',
      '1:107: networks.n.publicInternet: "isp" is not a list',
    ],
  ],
];

const NODES: readonly Row[] = [
  ['{"a": 5}', ['1:36: networks.n.nodes.a: 5 is not an object']],
  ['{"a": {}}', ['1:36: networks.n.nodes.a.kind: missing: it must be one of "host", "router", "gateway", "firewall"']],
  [
    '{"a": {"kind": "gatway"}}',
    [
      '1:45: networks.n.nodes.a.kind: "gatway" is not one of "host", "router", "gateway", "firewall" (did you mean "gateway"?)',
    ],
  ],
  [
    '{"10.0.0.1": {"kind": "host"}}',
    ['1:31: networks.n.nodes["10.0.0.1"]: "10.0.0.1" is an address, which cannot be a name'],
  ],
  [
    '{"a:b": {"kind": "host"}}',
    [
      '1:31: networks.n.nodes["a:b"]: "a:b" is not a name: letters, digits, "_", "-" and ".", beginning with a letter, a digit or "_"',
    ],
  ],
  [
    '{"a": {"kind": "host", "interfaces": {"e": "dchp"}}}',
    ['1:73: networks.n.nodes.a.interfaces.e: "dchp" is not an IP address (did you mean "dhcp"?)'],
  ],
  [
    '{"a": {"kind": "host", "interfaces": {"e": "10.0.0.1"}}}',
    ['1:73: networks.n.nodes.a.interfaces.e: 10.0.0.1 has no prefix length; write 10.0.0.1/24 or the like'],
  ],
  [
    '{"a": {"kind": "host", "interfaces": {"e": 4}}}',
    ['1:73: networks.n.nodes.a.interfaces.e: 4 is not text or a list or an object'],
  ],
  [
    '{"a": {"kind": "host", "interfaces": {"e": {"mtu": 20, "dhpc": true}}}}',
    [
      '1:81: networks.n.nodes.a.interfaces.e.mtu: 20 is below 68',
      '1:85: networks.n.nodes.a.interfaces.e.dhpc: unknown field "dhpc" (did you mean "dhcp"?)',
    ],
  ],
  [
    '{"a": {"kind": "host", "gateway": ["10.0.0.0/8", 1]}}',
    [
      '1:65: networks.n.nodes.a.gateway[0]: 10.0.0.0/8 is not an address alone; leave out "/8"',
      '1:79: networks.n.nodes.a.gateway[1]: 1 is not text',
    ],
  ],
  [
    '{"a": {"kind": "host", "gateway": []}}',
    ['1:64: networks.n.nodes.a.gateway: a list of 0 is too short: it needs at least 1 item'],
  ],
  [
    '{"a": {"kind": "host", "routes": [{"to": "default", "metric": -1}]}}',
    [
      '1:71: networks.n.nodes.a.routes[0].to: "default" is not a prefix: write "0.0.0.0/0" or "::/0"',
      '1:92: networks.n.nodes.a.routes[0].metric: -1 is below 0',
    ],
  ],
  [
    '{"a": {"kind": "host", "services": ["htp", "dhcp", {"app": "dns", "port": 0}, {"app": "gopher"}, {}]}}',
    [
      '1:66: networks.n.nodes.a.services[0]: "htp" is not a service: write a name such as "http", or "tcp/8080" or "udp/5000" (did you mean "http"?)',
      '1:73: networks.n.nodes.a.services[1]: a DHCP server needs a pool (write { "app": "dhcp", "pool": "A-B" })',
      '1:104: networks.n.nodes.a.services[2].port: 0 is below 1',
      '1:116: networks.n.nodes.a.services[3].app: "gopher" is not one of "echo", "http", "ftp", "dns", "stun", "pcp", "dhcp"',
      '1:127: networks.n.nodes.a.services[4].app: missing: it must be one of "echo", "http", "ftp", "dns", "stun", "pcp", "dhcp"',
    ],
  ],
  [
    '{"a": {"kind": "host", "services": [{"app": "dhcp", "pool": "10.0.0.9"}, {"app": "ftp", "passivePorts": "9-5"}]}}',
    [
      '1:90: networks.n.nodes.a.services[0].pool: "10.0.0.9" is not a range; write FIRST-LAST',
      '1:134: networks.n.nodes.a.services[1].passivePorts: "9-5" ends before it begins',
    ],
  ],
  [
    '{"a": {"kind": "host", "tracking": {"timeouts": {"upd": "5s", "udp": "5"}, "max": 0}}}',
    [
      '1:79: networks.n.nodes.a.tracking.timeouts.upd: unknown field "upd" (did you mean "udp"?)',
      '1:99: networks.n.nodes.a.tracking.timeouts.udp: "5" is not a duration: write a number with a unit, as "250ms", "5s" or "2h4m"',
      '1:112: networks.n.nodes.a.tracking.max: 0 is below 1',
    ],
  ],
  [
    '{"a": {"kind": "router", "firewall": {"forwrad": {}, "input": {"rules": [{"action": "dorp"}, {}, 7]}}}}',
    [
      '1:68: networks.n.nodes.a.firewall.forwrad: unknown field "forwrad" (did you mean "forward"?)',
      '1:114: networks.n.nodes.a.firewall.input.rules[0].action: "dorp" is not one of "accept", "drop", "reject", "jump", "return", "log", "notrack" (did you mean "drop"?)',
      '1:123: networks.n.nodes.a.firewall.input.rules[1].action: missing: it must be one of "accept", "drop", "reject", "jump", "return", "log", "notrack"',
      '1:127: networks.n.nodes.a.firewall.input.rules[2]: 7 is not an object',
    ],
  ],
  [
    '{"a": {"kind": "router", "firewall": {"input": {"rules": [{"match": {"protocol": "tpc", "destinationPort": 70000, "sourcePort": "htpp", "icmpType": "ping-pong", "state": [], "source": ["10.0.0.1/8", "10.0.0.9-10.0.0.1"], "inInterface": "eth 0"}, "action": "accept"}]}}}}',
    [
      '1:111: networks.n.nodes.a.firewall.input.rules[0].match.protocol: "tpc" is not one of "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp" (did you mean "tcp"?)',
      '1:137: networks.n.nodes.a.firewall.input.rules[0].match.destinationPort: 70000 is above 65535',
      '1:158: networks.n.nodes.a.firewall.input.rules[0].match.sourcePort: "htpp" is not a port: write 0 to 65535, "1024-65535", or a service name such as "http" (did you mean "http"?)',
      '1:178: networks.n.nodes.a.firewall.input.rules[0].match.icmpType: "ping-pong" is not one of "echo-reply", "destination-unreachable", "source-quench", "redirect", "echo-request", "router-advertisement", "router-solicitation", "time-exceeded", …',
      '1:200: networks.n.nodes.a.firewall.input.rules[0].match.state: a list of 0 is too short: it needs at least 1 item',
      '1:215: networks.n.nodes.a.firewall.input.rules[0].match.source[0]: 10.0.0.1/8 has host bits set; the network is 10.0.0.0/8',
      '1:229: networks.n.nodes.a.firewall.input.rules[0].match.source[1]: 10.0.0.9-10.0.0.1 ends before it begins',
      '1:266: networks.n.nodes.a.firewall.input.rules[0].match.inInterface: "eth 0" is not the name of an interface, nor the beginning of one followed by "*"',
    ],
  ],
  [
    '{"a": {"kind": "router", "firewall": {"input": {"rules": [{"match": {"tcpFlags": {"mask": [], "set": ["sny"]}, "not": {"protocl": 6}}, "action": "reject", "with": "reset"}, {"action": "jump"}]}}}}',
    [
      '1:120: networks.n.nodes.a.firewall.input.rules[0].match.tcpFlags.mask: a list of 0 is too short: it needs at least 1 item',
      '1:132: networks.n.nodes.a.firewall.input.rules[0].match.tcpFlags.set[0]: "sny" is not one of "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr" (did you mean "syn"?)',
      '1:149: networks.n.nodes.a.firewall.input.rules[0].match.not.protocl: unknown field "protocl" (did you mean "protocol"?)',
      '1:193: networks.n.nodes.a.firewall.input.rules[0].with: "reset" is not one of "icmp-port-unreachable", "icmp-net-unreachable", "icmp-host-unreachable", "icmp-admin-prohibited", "tcp-reset"',
      '1:203: networks.n.nodes.a.firewall.input.rules[1].chain: missing: it must be text',
    ],
  ],
  [
    '{"a": {"kind": "router", "nat": {"helpers": ["ftpp"], "rules": [{"action": "dnat", "to": "192.168.0.300"}, {"action": "snat", "to": ["1.2.3.4:0"]}, {"action": "static", "inside": "10.0.0.0/8"}]}}}',
    [
      '1:75: networks.n.nodes.a.nat.helpers[0]: "ftpp" is not "ftp" (did you mean "ftp"?)',
      '1:119: networks.n.nodes.a.nat.rules[0].to: "192.168.0.300" is not an IPv4 address: 300 is above 255',
      '1:163: networks.n.nodes.a.nat.rules[1].to[0]: "0" is not a port or a range of ports: write 1 to 65535, or "40000-50000"',
      '1:178: networks.n.nodes.a.nat.rules[2].outside: missing: it must be text',
    ],
  ],
];

const LINKS: readonly Row[] = [
  ['[["a"]]', ['1:160: networks.n.links[0]: a list of 1 is too short: it needs at least 2 items']],
  ['["a"]', ['1:160: networks.n.links[0]: "a" is not a list or an object']],
  ['[["a", "b:c:d"]]', ['1:166: networks.n.links[0][1]: "b:c:d" is not "NODE" or "NODE:INTERFACE"']],
  [
    '[{"between": ["a", "b"], "loss": 2, "cost": 1.5, "bandwidth": "fast", "latency": "5"}]',
    [
      '1:192: networks.n.links[0].loss: 2 is above 1',
      '1:203: networks.n.links[0].cost: 1.5 is not a whole number',
      '1:221: networks.n.links[0].bandwidth: "fast" is not a bandwidth: write bits per second with a unit, as "100Mbit"',
      '1:240: networks.n.links[0].latency: "5" is not a duration: write a number with a unit, as "250ms", "5s" or "2h4m"',
    ],
  ],
  [
    '[{"betwen": ["a", "b"]}]',
    [
      '1:160: networks.n.links[0].between: missing: it must be a list',
      '1:161: networks.n.links[0].betwen: unknown field "betwen" (did you mean "between"?)',
    ],
  ],
  ['[{}]', ['1:160: networks.n.links[0].between: missing: it must be a list']],
  [
    '[{"between": ["a", "b"], "name": "", "up": "yes"}]',
    [
      '1:192: networks.n.links[0].name: it must not be empty',
      '1:202: networks.n.links[0].up: "yes" is not true or false',
    ],
  ],
];

const STEPS: readonly Row[] = [
  [
    '{}',
    [
      '1:253: scenarios[0].steps[0]: a step has exactly one verb: connect, send, ping, traceroute, resolve, fetch, ftp, stun, punch, map, wait, change, restart or inspect',
    ],
  ],
  [
    '{"name": "x"}',
    [
      '1:253: scenarios[0].steps[0]: a step has exactly one verb: connect, send, ping, traceroute, resolve, fetch, ftp, stun, punch, map, wait, change, restart or inspect',
    ],
  ],
  ['7', ['1:253: scenarios[0].steps[0]: 7 is not an object']],
  ['{"conect": {}}', ['1:254: scenarios[0].steps[0].conect: unknown field "conect" (did you mean "connect"?)']],
  [
    '{"connect": {"from": "a", "to": "b", "port": 80}, "ping": {"from": "a", "to": "b"}}',
    [
      '1:253: scenarios[0].steps[0]: a step has exactly one verb: connect, send, ping, traceroute, resolve, fetch, ftp, stun, punch, map, wait, change, restart or inspect',
    ],
  ],
  [
    '{"connect": {"from": "a", "to": "b", "port": 80}, "expct": "connected"}',
    ['1:303: scenarios[0].steps[0].expct: unknown field "expct" (did you mean "expect"?)'],
  ],
  [
    '{"connect": {"frm": "a", "to": "b"}}',
    [
      '1:265: scenarios[0].steps[0].connect.from: missing: it must be text',
      '1:265: scenarios[0].steps[0].connect.port: missing: it must be a number',
      '1:266: scenarios[0].steps[0].connect.frm: unknown field "frm" (did you mean "from"?)',
    ],
  ],
  [
    '{"connect": {"from": "a", "to": "b", "port": 0, "protocol": "icmp"}, "expect": "conected"}',
    [
      '1:298: scenarios[0].steps[0].connect.port: 0 is below 1',
      '1:313: scenarios[0].steps[0].connect.protocol: "icmp" is not one of "tcp", "udp"',
      '1:332: scenarios[0].steps[0].expect: "conected" is not one of "connected", "refused", "reset", "unreachable", "timeout" (did you mean "connected"?)',
    ],
  ],
  [
    '{"connect": {"from": "a", "to": "b", "port": 80}, "expect": {"outcome": "timedout", "severr": "b", "hops": []}}',
    [
      '1:325: scenarios[0].steps[0].expect.outcome: "timedout" is not one of "connected", "refused", "reset", "unreachable", "timeout" (did you mean "timeout"?)',
      '1:337: scenarios[0].steps[0].expect.severr: unknown field "severr" (did you mean "server"?)',
      '1:352: scenarios[0].steps[0].expect.hops: unknown field "hops"',
    ],
  ],
  [
    '{"ping": {"from": "a", "to": "b"}, "expect": "connected"}',
    ['1:298: scenarios[0].steps[0].expect: "connected" is not one of "replied", "unreachable", "timeout"'],
  ],
  [
    '{"wait": "5"}',
    [
      '1:262: scenarios[0].steps[0].wait: "5" is not a duration: write a number with a unit, as "250ms", "5s" or "2h4m"',
    ],
  ],
  [
    '{"wait": 5, "expect": "done"}',
    [
      '1:262: scenarios[0].steps[0].wait: 5 is not text',
      '1:275: scenarios[0].steps[0].expect: "done" is not an object',
    ],
  ],
  [
    '{"inspect": "a", "expect": {"routs": []}}',
    ['1:281: scenarios[0].steps[0].expect.routs: unknown field "routs" (did you mean "routes"?)'],
  ],
  [
    '{"fetch": {"from": "a", "url": "ftp://b/"}}',
    ['1:284: scenarios[0].steps[0].fetch.url: "ftp://b/" is not a URL: write "http://HOST/PATH"'],
  ],
  [
    '{"fetch": {"from": "a", "url": "http://:80/"}}',
    ['1:284: scenarios[0].steps[0].fetch.url: "http://:80/" names no host'],
  ],
  [
    '{"fetch": {"from": "a", "url": "http://b:99999/"}}',
    ['1:284: scenarios[0].steps[0].fetch.url: "99999" is not a port: write 1 to 65535'],
  ],
  [
    '{"fetch": {"from": "a", "url": "http://[2001:db8::zz]/"}}',
    [
      '1:284: scenarios[0].steps[0].fetch.url: "2001:db8::zz" is not an IPv6 address: "zz" is not a group of 1 to 4 hexadecimal digits',
    ],
  ],
  [
    '{"fetch": {"from": "x", "url": "http://bb/"}}',
    [
      '1:272: scenarios[0].steps[0].fetch.from: there is no node "x" (did you mean "a"?)',
      '1:284: scenarios[0].steps[0].fetch.url: there is no node "bb" (did you mean "b"?)',
    ],
  ],
  [
    '{"ftp": {"from": "a", "to": "b", "mode": "pasive"}}',
    [
      '1:294: scenarios[0].steps[0].ftp.mode: "pasive" is not one of "active", "passive", "extended-active", "extended-passive" (did you mean "passive"?)',
    ],
  ],
  [
    '{"resolve": {"from": "c", "name": "", "type": "MX"}}',
    [
      '1:287: scenarios[0].steps[0].resolve.name: it must not be empty',
      '1:299: scenarios[0].steps[0].resolve.type: "MX" is not one of "A", "AAAA"',
    ],
  ],
  [
    '{"punch": {"peers": ["a"], "via": "b"}}',
    ['1:273: scenarios[0].steps[0].punch.peers: a list of 1 is too short: it needs at least 2 items'],
  ],
  [
    '{"punch": {"peers": ["a", "x"], "via": "y"}}',
    [
      '1:279: scenarios[0].steps[0].punch.peers[1]: there is no node "x" (did you mean "a"?)',
      '1:292: scenarios[0].steps[0].punch.via: there is no node "y" (did you mean "a"?)',
    ],
  ],
  [
    '{"punch": {"peers": ["a", "a"], "via": "b"}}',
    ['1:279: scenarios[0].steps[0].punch.peers[1]: the two peers are the same node, a'],
  ],
  [
    '{"punch": {"peers": ["a", "b"], "via": "b"}}',
    ['1:292: scenarios[0].steps[0].punch.via: b is a peer itself: the rendezvous is a third node'],
  ],
  [
    '{"connect": {"from": "aa", "to": "bb", "port": 80}}',
    [
      '1:274: scenarios[0].steps[0].connect.from: there is no node "aa" (did you mean "a"?)',
      '1:286: scenarios[0].steps[0].connect.to: there is no node "bb" (did you mean "b"?)',
    ],
  ],
  [
    '{"connect": {"from": "a", "to": "b:g", "port": 80}}',
    ['1:285: scenarios[0].steps[0].connect.to: b has no interface "g" (did you mean "e"?)'],
  ],
  [
    '{"ping": {"from": "a", "to": "192.168.0.300"}}',
    ['1:282: scenarios[0].steps[0].ping.to: "192.168.0.300" is not an IPv4 address: 300 is above 255'],
  ],
  [
    '{"ping": {"from": "a", "to": "2001:db8::g"}}',
    [
      '1:282: scenarios[0].steps[0].ping.to: "2001:db8::g" is not an IPv6 address: "g" is not a group of 1 to 4 hexadecimal digits',
    ],
  ],
  [
    '{"ping": {"from": "a", "to": "c:e"}}',
    ['1:282: scenarios[0].steps[0].ping.to: there is no node "c" (did you mean "a"?)'],
  ],
  [
    '{"ping": {"from": "a", "to": "no such"}}',
    ['1:282: scenarios[0].steps[0].ping.to: "no such" is neither a node nor an address nor a DNS name'],
  ],
  [
    '{"traceroute": {"from": "a", "to": "printer", "maxHops": 0}}',
    ['1:310: scenarios[0].steps[0].traceroute.maxHops: 0 is below 1'],
  ],
  [
    '{"traceroute": {"from": "a", "to": "printer"}}',
    ['1:288: scenarios[0].steps[0].traceroute.to: there is no node "printer"'],
  ],
  ['{"restart": "c"}', ['1:265: scenarios[0].steps[0].restart: there is no node "c" (did you mean "a"?)']],
  [
    '{"send": {"from": "a", "to": "b", "protocol": "tcp"}}',
    ['1:262: scenarios[0].steps[0].send: tcp needs a "port" to send to'],
  ],
  [
    '{"send": {"from": "a", "to": "b", "protocol": "icmp", "port": 80, "sourcePort": 1, "tcpFlags": ["syn"], "icmpType": "packet-too-big"}}',
    [
      '1:315: scenarios[0].steps[0].send.port: icmp has no ports',
      '1:348: scenarios[0].steps[0].send.tcpFlags: icmp has no TCP flags',
      '1:369: scenarios[0].steps[0].send.icmpType: ICMP has no type "packet-too-big"',
    ],
  ],
  [
    '{"send": {"from": "a", "to": "b", "protocol": "udp", "port": 5, "tcpFlags": ["syn"], "icmpType": 8}}',
    [
      '1:329: scenarios[0].steps[0].send.tcpFlags: udp has no TCP flags',
      '1:350: scenarios[0].steps[0].send.icmpType: udp has no ICMP type',
    ],
  ],
  [
    '{"send": {"from": "a", "to": "b", "protocol": 58, "icmpType": "source-quench"}}',
    ['1:315: scenarios[0].steps[0].send.icmpType: ICMPv6 has no type "source-quench"'],
  ],
  ['{"change": "x"}', ['1:264: scenarios[0].steps[0].change: "x" is not an object or a list']],
  [
    '{"change": {"linkdown": "x"}}',
    ['1:265: scenarios[0].steps[0].change.linkdown: unknown field "linkdown" (did you mean "linkDown"?)'],
  ],
  [
    '{"change": {"linkDown": ["a"]}}',
    ['1:277: scenarios[0].steps[0].change.linkDown: a list of 1 is too short: it needs at least 2 items'],
  ],
  ['{"change": {"linkDown": "uplink"}}', ['1:277: scenarios[0].steps[0].change.linkDown: there is no link "uplink"']],
  [
    '{"change": {"linkUp": ["a", "b:f"]}}',
    ['1:275: scenarios[0].steps[0].change.linkUp: there is no link between a and b:f'],
  ],
  [
    '{"change": {"linkDown": ["a", "b", "c"]}}',
    [
      '1:283: scenarios[0].steps[0].change.linkDown[1]: b has 2 interfaces (write "b:e" or "b:f")',
      '1:288: scenarios[0].steps[0].change.linkDown[2]: there is no node "c" (did you mean "a"?)',
    ],
  ],
  [
    '{"change": [{"nodeDown": "aa"}, {"nodeUp": "c"}]}',
    [
      '1:278: scenarios[0].steps[0].change[0].nodeDown: there is no node "aa" (did you mean "a"?)',
      '1:296: scenarios[0].steps[0].change[1].nodeUp: there is no node "c" (did you mean "a"?)',
    ],
  ],
  [
    '{"change": {"op": "ad", "path": "/x"}}',
    [
      '1:271: scenarios[0].steps[0].change.op: "ad" is not one of "add", "remove", "replace", "move", "copy", "test" (did you mean "add"?)',
    ],
  ],
  [
    '{"change": [{"op": "add", "path": "x"}, {"op": "remove", "path": "/x", "value": 1}]}',
    [
      '1:265: scenarios[0].steps[0].change[0].value: missing: it must be a JSON value',
      '1:287: scenarios[0].steps[0].change[0].path: "x" is not a JSON pointer: write "/nodes/gw/routes/0"',
      '1:324: scenarios[0].steps[0].change[1].value: unknown field "value"',
    ],
  ],
  [
    '{"change": [{"linkUp": ["a", "b:e"]}, {"op": "remove", "path": "/nodes/c"}]}',
    ['1:316: scenarios[0].steps[0].change[1].path: there is no "c" here (did you mean "a"?)'],
  ],
  [
    '{"change": {"op": "add", "path": "/nodes/a/gateway", "value": "10.9.0.1"}}',
    ['1:315: scenarios[0].steps[0].change.value: 10.9.0.1 is not on a prefix that a is connected to'],
  ],
  [
    '{"change": {"op": "replace", "path": "/nodes/a/kind", "value": "hst"}}',
    [
      '1:316: scenarios[0].steps[0].change.value: "hst" is not one of "host", "router", "gateway", "firewall" (did you mean "host"?)',
    ],
  ],
  [
    '{"change": {"op": "remove", "path": "/nodes/a"}}, {"connect": {"from": "zz", "to": "b", "port": 80}}',
    ['1:289: scenarios[0].steps[0].change.path: links[0][0]: there is no node "a" (did you mean "b"?)'],
  ],
  [
    '{"change": [{"op": "remove", "path": "/links"}, {"op": "remove", "path": "/nodes/a"}]}, {"restart": "a"}',
    ['1:353: scenarios[0].steps[1].restart: there is no node "a" (did you mean "b"?)'],
  ],
];

const CHANGES: readonly Row[] = [
  ['{"nodeDown": "c"}', ['1:266: scenarios[0].change.nodeDown: there is no node "c" (did you mean "a"?)']],
  ['[]', ['1:296: scenarios[0].steps[0].ping.to: there is no node "c" (did you mean "a"?)']],
  ['{"op": "copy", "from": "/nodes/a", "path": "/nodes/c"}', []],
  [
    '[{"op": "remove", "path": "/nodes/c"}]',
    ['1:279: scenarios[0].change[0].path: there is no "c" here (did you mean "a"?)'],
  ],
];

const network = (parts: string) => `{"networks": {"n": {${parts}}}}`;
const TWO =
  '{"a": {"kind": "host", "interfaces": {"e": "10.0.0.1/24"}}, "b": {"kind": "host", "interfaces": {"e": "10.0.0.2/24"}}}';
const scenario = (rest: string) =>
  `{"scenarios": [{"name": "s", "network": {"nodes": {"a": {"kind": "host", "interfaces": {"e": "10.0.0.1/24"}}, "b": {"kind": "host", "interfaces": {"e": "10.0.0.2/24", "f": "10.1.0.2/24"}, "resolver": ["10.0.0.1"]}}, "links": [["a", "b:e"]]}${rest}}]}`;

/** Rows with what stands around their text. */
export const CASES: readonly (readonly [title: string, rows: readonly Row[], wrap: (text: string) => string])[] = [
  ['what is no JSON', SYNTAX, (text) => text],
  ['files', VALUES, (text) => text],
  ['nodes', NODES, (text) => network(`"nodes": ${text}`)],
  ['links', LINKS, (text) => network(`"nodes": ${TWO}, "links": ${text}`)],
  ['steps', STEPS, (text) => scenario(`, "steps": [${text}]`)],
  [
    'changes before the first step',
    CHANGES,
    (text) => scenario(`, "change": ${text}, "steps": [{"ping": {"from": "a", "to": "c"}}]`),
  ],
];
