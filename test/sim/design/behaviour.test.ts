import { describe, expect, it } from 'vitest';
import { resolveBehaviour } from '../../../src/sim/design/behaviour.ts';
import { PROFILE_NAMES, PROFILES } from '../../../src/sim/design/profiles.ts';

describe('a behaviour', () => {
  it('is none of its own where it is the kernel that decides', () => {
    expect(resolveBehaviour(undefined)).toBeUndefined();
    expect(resolveBehaviour('linux')).toBeUndefined();
  });

  it('without any axis is what the RFCs recommend', () => {
    expect(resolveBehaviour({})).toMatchObject({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      hairpin: 'external-source',
      pooling: 'paired',
      refresh: 'outbound',
      ports: { allocation: 'preserve', range: { from: 1024, to: 65535 }, parity: true, wellKnown: true, holdDown: 0 },
      timeouts: {
        udp: 300_000,
        udpWellKnown: 300_000,
        tcpTransitory: 240_000,
        tcpEstablished: 7_440_000,
        icmp: 60_000,
      },
      tcp: { mapping: 'endpoint-independent', unsolicited: 'hold', simultaneousOpen: true },
    });
  });

  it('takes from a profile what it does not say itself, axis by axis', () => {
    const found = resolveBehaviour({
      profile: 'symmetric',
      filtering: 'address-dependent',
      ports: { parity: false },
      timeouts: { udp: '30s' },
      tcp: { mapping: 'endpoint-independent' },
      hairpin: false,
    });
    expect(found).toMatchObject({
      mapping: 'address-and-port-dependent',
      filtering: 'address-dependent',
      hairpin: 'none',
      ports: { allocation: 'random', parity: false },
      timeouts: { udp: 30_000, udpWellKnown: 30_000 },
      tcp: { mapping: 'endpoint-independent', filtering: 'address-dependent' },
    });
  });

  it('keeps well-known ports to themselves only where no range is given', () => {
    expect(resolveBehaviour({ ports: { range: '2000-2999' } })?.ports.wellKnown).toBe(false);
    expect(resolveBehaviour({ ports: { range: '2000-2999', wellKnown: true } })?.ports.wellKnown).toBe(true);
  });

  it.each(Object.keys(PROFILES))('is known by the name %s', (name) => {
    expect(PROFILE_NAMES).toContain(name);
    expect(resolveBehaviour(name)).toEqual(resolveBehaviour({ profile: name }));
    expect(resolveBehaviour(name)).toBeDefined();
  });
});
