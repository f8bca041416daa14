/** NATs that people run themselves: packet filters and home routers. */
import { BY_CHANCE, RECOMMENDED } from './classic.ts';
import {
  EVERYWHERE,
  NO_HAIRPIN,
  NO_PARITY,
  ONE_POOL,
  ONE_PREFIX,
  PER_DESTINATION,
  SHARED_PORTS,
  SILENT_REFUSAL,
  SILENT_SYN,
  STRICT,
} from './deviation.ts';
import { assumed, type Profile, published } from './profile.ts';

const PF_TIMEOUTS = 'set timeout; PFTM_*_VAL in pfvar.h';
const PF = {
  mapping: published('a state for each pair of endpoints, with a port of its own', 'pfSource', 'pf_get_sport'),
  filtering: published('a packet passes that matches a state', 'pfConf', 'Stateful filtering'),
  'ports.overload': published(
    'a port is free if no state has it with the same destination',
    'pfSource',
    'pf_get_sport',
  ),
  'ports.parity': assumed('none: nothing in the source looks at it'),
  'ports.holdDown': assumed('none: a port is free when its state is gone'),
  limits: assumed('none by default; rules may set max-src-states'),
  pooling: assumed('of a pool an address is taken for each state in turn; sticky-address makes it paired'),
  hairpin: published('none: packets that do not pass the interface are not redirected', 'pfConf', 'Translation'),
  refresh: assumed('every packet that matches a state'),
  'timeouts.udp': published(
    '60 s once both have spoken (udp.multiple), 30 s for one way (udp.single); 60 s here',
    'pfSource',
    PF_TIMEOUTS,
  ),
  'timeouts.tcpEstablished': published('24 hours (tcp.established)', 'pfSource', PF_TIMEOUTS),
  'timeouts.tcpTransitory': published('30 s opening; 900 s, 45 s and 90 s closing; 30 s here', 'pfSource', PF_TIMEOUTS),
  'timeouts.icmp': published('20 s (icmp.first)', 'pfSource', PF_TIMEOUTS),
  'tcp.unsolicited': assumed('dropped, as by the rule "block in" that every firewall begins with'),
  'icmp.errors': assumed('translated with the state they speak of'),
  fragments: published('put together before they are filtered', 'pfConf', 'Fragment handling'),
  exhausted: published('dropped', 'pfSource', 'pf_get_sport'),
} as const;
const PF_AXES = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  pooling: 'arbitrary',
  hairpin: false,
  refresh: 'both',
  timeouts: { udp: '60s', tcpEstablished: '24h', tcpTransitory: '30s', icmp: '20s' },
  tcp: { unsolicited: 'drop' },
} as const;
const PF_DEVIATES = {
  ...EVERYWHERE,
  ...ONE_PREFIX,
  ...PER_DESTINATION,
  ...SHARED_PORTS,
  ...ONE_POOL,
  ...NO_PARITY,
  ...STRICT,
  ...NO_HAIRPIN,
  ...SILENT_SYN,
  ...SILENT_REFUSAL,
  'UDP-2 CGN-U5': 'an address of a pool is chosen for each connection, unless sticky-address is written',
  'UDP-5 UDP-5c': 'UDP lives 60 s',
  'ICMP-2': 'queries live 20 s',
  'TCP-5 TCP-I-INIT TCP-BOTH-FIN TCP-TRANS CGN-U1 CGN-U2 CGN-U3': 'a connection that opens or closes ends after 30 s',
  'TCP-ESTABLISHED': 'an established connection lives a day',
} as const;
const PF_MISSING = 'Different timeouts for UDP that was not answered (30 s), and for TCP that closes (45 to 900 s).';

export const SOFTWARE: Readonly<Record<string, Profile>> = {
  pf: {
    title: 'OpenBSD and FreeBSD pf, pfSense, OPNsense',
    description: 'Another outside port, by chance, for each destination: symmetric.',
    axes: { ...PF_AXES, ports: { allocation: 'random', range: '50001-65535', parity: false, overload: true } },
    accounts: {
      ...PF,
      'ports.allocation': published('at random in the range, whatever the inside port', 'pfSource', 'pf_get_sport'),
      'ports.range': published(
        '50001-65535; pfSense writes 1024:65535 into its rules',
        'pfSource',
        'PF_NAT_PROXY_PORT_LOW',
      ),
    },
    deviates: { ...PF_DEVIATES, 'VOC-15': BY_CHANCE },
    missing: [
      PF_MISSING,
      'UDP 500 keeps its port on pfSense (IKE): write a rule for it.',
      'The option endpoint-independent of FreeBSD 15.',
    ],
  },
  'pf-static-port': {
    title: 'pf with static-port',
    description: 'The port stays what it is inside, and may serve several destinations.',
    axes: {
      ...PF_AXES,
      ports: { allocation: 'preserve', range: '1-65535', wellKnown: false, parity: false, overload: true },
    },
    accounts: {
      ...PF,
      'ports.allocation': published('the inside port', 'pfsense', 'Static Port'),
      'ports.range': published('all', 'pfConf', 'static-port'),
    },
    deviates: {
      ...PF_DEVIATES,
      'UDP-11': 'a port that another host uses towards a destination cannot be kept for that destination',
    },
    missing: [
      PF_MISSING,
      'Where two inside hosts use one port towards one destination the second is dropped; here it gets another port.',
    ],
  },
  'home-router': {
    title: 'A typical home router',
    description:
      'What measurements of many models found most often: ports kept, one mapping, strict filtering, short timeouts.',
    axes: {
      mapping: 'endpoint-independent',
      filtering: 'address-and-port-dependent',
      ports: { allocation: 'preserve', parity: false },
      hairpin: false,
      refresh: 'both',
      timeouts: { udp: '3m', tcpEstablished: '1h', tcpTransitory: '4m', icmp: '60s' },
      tcp: { unsolicited: 'drop' },
    },
    accounts: {
      ...RECOMMENDED,
      mapping: published('82 % of NATs keep one mapping for several destinations', 'ford', '§6, table 1'),
      filtering: assumed('studies agree that most filter by address and port; shares differ'),
      'ports.allocation': published('27 of 34 devices keep the port', 'hatonen', '§4.1'),
      'ports.parity': assumed('not measured'),
      hairpin: published('24 % for UDP, 13 % for TCP: most have none', 'ford', '§6, table 1'),
      refresh: assumed('both: timeouts grow when answers come (§4.1 of Hätönen et al.)'),
      'timeouts.udp': published(
        'median 180 s once the server has answered, 90 s before; 30 s at least',
        'hatonen',
        '§4.1',
      ),
      'timeouts.tcpEstablished': published('median about 60 minutes', 'hatonen', '§4.1'),
      'timeouts.tcpTransitory': assumed('not measured; as RFC 5382 has it'),
      'timeouts.icmp': assumed('not measured; as RFC 5508 has it'),
      'tcp.unsolicited': published('most NATs drop an unsolicited SYN silently', 'guha', '§4'),
      'icmp.errors': assumed('most kinds are translated by most devices, some by few; all of them here'),
      exhausted: assumed('dropped'),
    },
    deviates: {
      ...EVERYWHERE,
      ...ONE_PREFIX,
      ...STRICT,
      ...NO_PARITY,
      ...NO_HAIRPIN,
      ...SILENT_SYN,
      ...SILENT_REFUSAL,
      'UDP-5c': 'a median of 3 minutes was measured',
      'TCP-5 TCP-ESTABLISHED TCP-FIN CGN-U1': 'a median of about an hour was measured',
    },
    missing: ['Different timeouts before and after the first answer (90 s and 180 s).'],
  },
};
