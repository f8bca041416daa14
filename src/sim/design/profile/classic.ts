/** The four types of RFC 3489 §5, in the words of RFC 4787; in everything else they do what the RFCs recommend. */
import { EVERYWHERE, NEVER_MEET, ONE_PREFIX, OUTBOUND_ONLY, PER_DESTINATION, STRICT } from './deviation.ts';
import { type Account, type AccountedAxis, assumed, type Profile, published } from './profile.ts';

/** What RFC 4787, 5382, 5508 and 7857 recommend, axis by axis. */
export const RECOMMENDED: Readonly<Record<AccountedAxis, Account>> = {
  mapping: published('endpoint-independent', 'rfc4787', 'REQ-1'),
  filtering: published('endpoint-independent, where transparency counts most', 'rfc4787', 'REQ-8'),
  'ports.allocation': assumed(
    'the outside port is the inside one where that is free, as most NATs do (RFC 4787 §4.2.1)',
  ),
  'ports.range': published('well-known ports to well-known ones, the others to 1024-65535', 'rfc4787', 'REQ-3a'),
  'ports.overload': published('no two inside endpoints share an outside one', 'rfc4787', 'REQ-3'),
  'ports.parity': published('even to even, odd to odd', 'rfc4787', 'REQ-4'),
  'ports.holdDown': assumed('none: only carriers are told to let ports rest (RFC 6888 REQ-8)'),
  limits: assumed('as many mappings as there are ports: no RFC limits what one host behind a small NAT may hold'),
  pooling: published('paired', 'rfc4787', 'REQ-2'),
  hairpin: published('with the external source', 'rfc4787', 'REQ-9'),
  refresh: published('packets from inside refresh; those from outside may, and do not here', 'rfc4787', 'REQ-6'),
  'timeouts.udp': published('5 minutes', 'rfc4787', 'REQ-5c'),
  'timeouts.tcpEstablished': published('2 hours 4 minutes', 'rfc5382', 'REQ-5'),
  'timeouts.tcpTransitory': published('4 minutes', 'rfc5382', 'REQ-5'),
  'timeouts.icmp': published('60 seconds', 'rfc5508', 'REQ-2'),
  'tcp.unsolicited': published('held for 6 s, then ICMP port unreachable', 'rfc5382', 'REQ-4'),
  'icmp.errors': published('translated, and they end no mapping', 'rfc5508', 'REQ-3 to REQ-6'),
  fragments: published('taken in any order', 'rfc4787', 'REQ-14'),
  exhausted: published('dropped, with ICMP communication prohibited to the sender', 'rfc5508', 'REQ-8'),
};

/** Why a pair of ports is not kept together. */
export const BY_CHANCE = 'ports that are chosen by chance do not follow each other';

const CLASSIC = 'rfc3489';
const REFUSAL = { exhausted: 'icmp-admin-prohibited' } as const;

export const CLASSICS: Readonly<Record<string, Profile>> = {
  'full-cone': {
    title: 'Full cone',
    description: 'One mapping for an inside endpoint, open to everybody.',
    axes: { mapping: 'endpoint-independent', filtering: 'endpoint-independent', ...REFUSAL },
    accounts: {
      ...RECOMMENDED,
      mapping: published('one for all destinations', CLASSIC, '§5'),
      filtering: published('any outside host may send', CLASSIC, '§5'),
    },
    deviates: { ...EVERYWHERE, ...ONE_PREFIX, ...OUTBOUND_ONLY },
    missing: [],
  },
  'restricted-cone': {
    title: 'Restricted cone',
    description: 'One mapping for an inside endpoint, open to the addresses it has sent to.',
    axes: { mapping: 'endpoint-independent', filtering: 'address-dependent', ...REFUSAL },
    accounts: {
      ...RECOMMENDED,
      mapping: published('one for all destinations', CLASSIC, '§5'),
      filtering: published('hosts that were sent to may send', CLASSIC, '§5'),
    },
    deviates: { ...EVERYWHERE, ...ONE_PREFIX, ...OUTBOUND_ONLY },
    missing: [],
  },
  'port-restricted-cone': {
    title: 'Port-restricted cone',
    description: 'One mapping for an inside endpoint, open to the endpoints it has sent to.',
    axes: { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent', ...REFUSAL },
    accounts: {
      ...RECOMMENDED,
      mapping: published('one for all destinations', CLASSIC, '§5'),
      filtering: published('endpoints that were sent to may send', CLASSIC, '§5'),
    },
    deviates: { ...EVERYWHERE, ...ONE_PREFIX, ...OUTBOUND_ONLY, ...STRICT },
    missing: [],
  },
  symmetric: {
    title: 'Symmetric',
    description: 'A mapping for each destination endpoint, open to that endpoint alone.',
    axes: {
      mapping: 'address-and-port-dependent',
      filtering: 'address-and-port-dependent',
      ports: { allocation: 'random' },
      ...REFUSAL,
    },
    accounts: {
      ...RECOMMENDED,
      mapping: published('one for each destination endpoint', CLASSIC, '§5'),
      filtering: published('only the endpoint that was sent to', CLASSIC, '§5'),
      'ports.allocation': published('at random', 'rfc6056', '§3.3.1'),
    },
    deviates: {
      ...EVERYWHERE,
      ...ONE_PREFIX,
      ...OUTBOUND_ONLY,
      ...STRICT,
      ...PER_DESTINATION,
      ...NEVER_MEET,
      'VOC-15': BY_CHANCE,
    },
    missing: [],
  },
};
