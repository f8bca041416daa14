/**
 * Named behaviours of NATs, as data: the classic types of RFC 3489 §5 in the words of RFC 4787, and a carrier's NAT as
 * RFC 6888 and RFC 7857 ask for. "linux" is the kernel itself, and has no axes.
 */
import type { Axes } from './behaviour.ts';

/** A behaviour that people call by a name. */
export interface Profile {
  readonly description: string;
  /** Where the figures come from. */
  readonly sources: readonly string[];
  readonly axes: Omit<Axes, 'profile'>;
}

/** Every profile but "linux", by name. */
export const PROFILES: Readonly<Record<string, Profile>> = {
  'full-cone': {
    description: 'One mapping for an inside endpoint, open to everybody.',
    sources: ['RFC 3489 §5', 'RFC 4787 §4.1, §5'],
    axes: { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  },
  'restricted-cone': {
    description: 'One mapping for an inside endpoint, open to the addresses it has sent to.',
    sources: ['RFC 3489 §5', 'RFC 4787 §4.1, §5'],
    axes: { mapping: 'endpoint-independent', filtering: 'address-dependent' },
  },
  'port-restricted-cone': {
    description: 'One mapping for an inside endpoint, open to the endpoints it has sent to.',
    sources: ['RFC 3489 §5', 'RFC 4787 §4.1, §5'],
    axes: { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' },
  },
  symmetric: {
    description: 'A mapping for each destination endpoint, open to that endpoint alone.',
    sources: ['RFC 3489 §5', 'RFC 4787 §4.1, §5'],
    axes: {
      mapping: 'address-and-port-dependent',
      filtering: 'address-and-port-dependent',
      ports: { allocation: 'random' },
    },
  },
  cgn: {
    description: 'A carrier-grade NAT: paired pooling, blocks of ports, a limit for each subscriber.',
    sources: ['RFC 6888 §3, §4', 'RFC 7857'],
    axes: {
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      pooling: 'paired',
      ports: { allocation: 'block', blockSize: 512, blocks: 4, perSubscriber: 2048, parity: false, holdDown: '2m' },
      exhausted: 'icmp-host-unreachable',
    },
  },
};

/** Every name that a design may write. */
export const PROFILE_NAMES: readonly string[] = ['linux', ...Object.keys(PROFILES)];
