/** What the kernel does: not a behaviour of axes, but the netfilter engine itself. */
import { EVERYWHERE, NO_HAIRPIN, ONE_PREFIX, SHARED_PORTS, SILENT_REFUSAL, STRICT } from './deviation.ts';
import { assumed, type Profile, published } from './profile.ts';

export const LINUX: Profile = {
  title: 'Linux masquerading (netfilter), and Docker bridges',
  description: 'What the kernel does: the port is kept while it is free with this destination, else another.',
  axes: {},
  accounts: {
    mapping: published(
      'endpoint-independent until a port is taken, then by destination',
      'kernel',
      'In the words of RFC 4787 and RFC 5382',
    ),
    filtering: published('address- and port-dependent', 'kernel', 'In the words of RFC 4787 and RFC 5382'),
    'ports.allocation': published(
      'kept while free with this destination',
      'kernel',
      'In the words of RFC 4787 and RFC 5382',
    ),
    'ports.range': published(
      '1-511, 600-1023 or 1024-65535, by the inside port',
      'kernel',
      'In the words of RFC 4787 and RFC 5382',
    ),
    'ports.overload': published(
      'one port may serve several destinations',
      'kernel',
      'In the words of RFC 4787 and RFC 5382',
    ),
    'ports.parity': published('kept only with the port', 'kernel', 'In the words of RFC 4787 and RFC 5382'),
    'ports.holdDown': assumed('none: a port is free when its entry is gone'),
    limits: assumed('the size of the connection table'),
    pooling: published('arbitrary, by source and destination', 'kernel', 'In the words of RFC 4787 and RFC 5382'),
    hairpin: published('none for mappings', 'kernel', 'In the words of RFC 4787 and RFC 5382'),
    refresh: published('both directions', 'kernel', 'In the words of RFC 4787 and RFC 5382'),
    'timeouts.udp': published('30 s, 120 s for what goes on', 'kernel', 'Exactly as the kernel'),
    'timeouts.tcpEstablished': published('5 days', 'kernel', 'Exactly as the kernel'),
    'timeouts.tcpTransitory': published('10 to 120 s', 'kernel', 'Exactly as the kernel'),
    'timeouts.icmp': published('30 s', 'kernel', 'Exactly as the kernel'),
    'tcp.unsolicited': published(
      'it reaches the router itself, which refuses it',
      'kernel',
      'In the words of RFC 4787 and RFC 5382',
    ),
    'icmp.errors': published('translated, and they end no mapping', 'kernel', 'Exactly as the kernel'),
    fragments: published('put together first, in any order', 'kernel', 'Exactly as the kernel'),
    exhausted: published('dropped without a word', 'kernel', 'Exactly as the kernel'),
  },
  deviates: {
    ...EVERYWHERE,
    ...ONE_PREFIX,
    ...SHARED_PORTS,
    ...STRICT,
    ...NO_HAIRPIN,
    ...SILENT_REFUSAL,
    'UDP-1 TCP-1 ICMP-1a UDP-11':
      'a clash of ports gives an endpoint another outside port, towards that destination alone',
    'UDP-2': 'an address of a pool is chosen by source and destination, unless "persistent" is written',
    'UDP-4': 'parity is kept only with the port itself',
    'UDP-5 UDP-5c': 'UDP lives 30 s until it is answered, then 120 s',
    'UDP-5a': 'one timer for all destination ports',
    'UDP-8a TCP-3a TCP-3b VOC-11 VOC-12a VOC-15': 'the kernel has no such choice',
    'TCP-4': 'the router itself refuses it at once, unless its chain input drops it',
    'TCP-5 TCP-I-INIT TCP-FIN TCP-BOTH-FIN TCP-TRANS CGN-U1 CGN-U2 CGN-U3':
      'timeouts are those of the kernel: 120 s opening, 10 to 120 s closing',
    'TCP-ESTABLISHED': 'an established connection lives five days',
    'TCP-CLOSED': 'connections are picked up in the middle, unless "loose" is false',
    'ICMP-2': 'queries live 30 s',
    'ICMP-3a': 'the kernel does not look at the checksum of a quoted header',
    'ICMP-5': 'what belongs to no connection is forwarded as it is, unless a rule drops what is invalid',
  },
  missing: [],
};
