/** NATs of carriers: RFC 6888 with RFC 7857, and RFC 7422. */
import { BY_CHANCE, RECOMMENDED } from './classic.ts';
import { EVERYWHERE, NO_PARITY, ONE_POOL, OUTBOUND_ONLY } from './deviation.ts';
import { assumed, type Profile, published } from './profile.ts';

const CARRIER = {
  ...RECOMMENDED,
  filtering: published('endpoint-independent', 'rfc6888', 'REQ-7'),
  'ports.parity': published('may be off for dynamic mappings', 'rfc7857', '§9'),
  pooling: published('paired', 'rfc6888', 'REQ-2'),
  exhausted: published('dropped, with ICMP host unreachable to the sender', 'rfc6888', 'REQ-11'),
} as const;

export const CARRIERS: Readonly<Record<string, Profile>> = {
  cgn: {
    title: 'Carrier-grade NAT with blocks of ports',
    description: 'A carrier-grade NAT: paired pooling, blocks of ports, a limit for each subscriber.',
    axes: {
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      pooling: 'paired',
      ports: { allocation: 'block', blockSize: 512, blocks: 4, perSubscriber: 2048, parity: false, holdDown: '2m' },
      exhausted: 'icmp-host-unreachable',
    },
    accounts: {
      ...CARRIER,
      'ports.allocation': published('a block for each subscriber, ports in it by chance', 'rfc6888', '§4'),
      'ports.range': assumed(
        '1024-65535 in blocks of 512, 4 of them at most: the RFC leaves the figures to the carrier',
      ),
      'ports.holdDown': published('120 s before a port is given to another', 'rfc6888', 'REQ-8'),
      limits: published('a limit for each subscriber, to be set by the carrier; 2048 here', 'rfc6888', 'REQ-4'),
    },
    deviates: {
      ...EVERYWHERE,
      ...OUTBOUND_ONLY,
      ...ONE_POOL,
      ...NO_PARITY,
      'ICMP-8': 'says 3/1 instead, as RFC 6888 REQ-11b asks of carriers',
      'CGN-1': 'all but ICMP-5c: see there',
      'CGN-5': 'ports are limited for each subscriber, sessions are not',
      'VOC-15': BY_CHANCE,
    },
    missing: ['Logs and MIBs.'],
  },
  'cgn-deterministic': {
    title: 'Carrier-grade NAT with deterministic ports',
    description:
      'A carrier-grade NAT whose blocks of ports follow from the inside address, so that nothing need be logged.',
    axes: {
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      pooling: 'paired',
      ports: { allocation: 'deterministic', range: '1024-65535', parity: false },
      exhausted: 'icmp-host-unreachable',
    },
    accounts: {
      ...CARRIER,
      'ports.allocation': published('by the place of the inside address among the inside ones', 'rfc7422', '§2'),
      'ports.range': published('1024-65535, divided among the subscribers of an outside address', 'rfc7422', '§2'),
      'ports.holdDown': published('not needed where ranges of ports are fixed', 'rfc6888', 'REQ-8b'),
      limits: published('the ports of the block; the dynamic reserve is left out', 'rfc7422', '§2.2'),
    },
    deviates: {
      ...EVERYWHERE,
      ...OUTBOUND_ONLY,
      ...ONE_POOL,
      ...NO_PARITY,
      'ICMP-8': 'says 3/1 instead, as RFC 6888 REQ-11b asks of carriers',
      'CGN-1': 'all but ICMP-5c: see there',
      'CGN-5': 'ports are limited for each subscriber, sessions are not',
      'VOC-15': BY_CHANCE,
    },
    missing: ['The dynamic reserve of ports (RFC 7422 §2.2).'],
  },
};
