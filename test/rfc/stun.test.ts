/** Behaviour discovery (RFC 5780) through simulated NATs: what is measured is what the NAT claims. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import {
  type Axes,
  type Behaviour,
  type BehaviourSpec,
  DEPENDENCES,
  resolveBehaviour,
} from '../../src/sim/design/behaviour.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { PROFILE_NAMES } from '../../src/sim/design/profiles.ts';
import type { StunTest } from '../../src/sim/host/app/stun/plan.ts';
import type { World } from '../../src/sim/world/world.ts';
import { classesOf } from '../../src/whatif/traversal/matrix.ts';
import { meeting } from '../../src/whatif/traversal/network.ts';

function measure(behaviour: BehaviourSpec, ...tests: StunTest[]) {
  return perform(simulate(meeting(behaviour, 'linux')), { stun: { from: 'a', to: 'server', tests } }).result;
}

/** Which of the four endpoints of the server answered the port that the first request did not come from. */
function answersAtFreshPort(world: World): string[] {
  const all = world.trace.flatMap((event) =>
    event.kind === 'wire' && event.to.startsWith('a:') && event.value.kind === 'udp' ? [event.value] : [],
  );
  const [first] = all;
  const fresh = all.filter(({ dport }) => dport !== first?.dport);
  return fresh.map(({ src, sport }) => `IP${src === first?.src ? 1 : 2}:P${sport === first?.sport ? 1 : 2}`);
}

/** The same network, with a node that is otherwise. */
function withNode(name: string, change: Partial<Node>): Design {
  const design = meeting('linux', 'linux');
  const node = design.nodes[name] as Node;
  return { ...design, nodes: { ...design.nodes, [name]: { ...node, ...change } } };
}

const [EI, AD, APD] = DEPENDENCES;

describe('STUN-M mapping', () => {
  it('STUN-M1 without NAT the server sees the endpoint as it is', () => {
    const world = simulate(meeting('linux', 'linux'));
    const { result } = perform(world, { stun: { from: 'one', to: 'server' } });
    expect(result).toMatchObject({ outcome: 'measured', mapping: 'none', mapped: { address: '198.51.100.2' } });
    expect(result).not.toHaveProperty('hairpin');
  });

  it.each([
    ['STUN-M2 the same at the other address', EI],
    ['STUN-M3 the same at the other port of the other address', AD],
    ['STUN-M3 another at each', APD],
  ])('%s: %s', (_, mapping) => {
    expect(measure({ mapping }, 'mapping')).toMatchObject({ outcome: 'measured', mapping });
  });
});

describe('STUN-F filtering', () => {
  const pairs = DEPENDENCES.flatMap((mapping) => DEPENDENCES.map((filtering) => [mapping, filtering] as const));
  it.each(pairs)('STUN-F1, STUN-F2, STUN-F3 mapping %s, filtering %s', (mapping, filtering) => {
    expect(measure({ mapping, filtering }, 'filtering')).toMatchObject({ outcome: 'measured', filtering });
  });

  it.each([
    ['STUN-F2 the other address and port may answer', EI, ['IP2:P2']],
    ['STUN-F3 the other port may answer, another address may not', AD, ['IP1:P2']],
    ['STUN-F3 nobody may answer who was not asked', APD, []],
  ])('%s: %s', (_, filtering, heard) => {
    const world = simulate(meeting({ filtering }, 'linux'));
    const { result } = perform(world, { stun: { from: 'a', to: 'server', tests: ['filtering'] } });
    expect(result).toMatchObject({ filtering });
    expect(answersAtFreshPort(world)).toEqual(['IP1:P1', ...heard]);
  });

  it('STUN-F3 a firewall without NAT filters, too', () => {
    const rules = [{ match: { state: ['established' as const, 'related' as const] }, action: 'accept' as const }];
    const world = simulate(withNode('server', { firewall: { input: { policy: 'accept', rules: [] } } }));
    expect(perform(world, { stun: { from: 'one', to: 'server' } }).result).toMatchObject({ filtering: APD });
    const open = simulate(withNode('one', { firewall: { input: { policy: 'accept', rules } } }));
    expect(perform(open, { stun: { from: 'one', to: 'server' } }).result).toMatchObject({ filtering: EI });
  });
});

describe('STUN-H hairpinning', () => {
  it.each(['external-source', 'internal-source'] as const)('STUN-H %s', (hairpin) => {
    expect(measure({ hairpin }, 'hairpin')).toMatchObject({ hairpin });
  });

  it('STUN-H none', () => {
    expect(measure({ hairpin: false }, 'hairpin')).toMatchObject({ hairpin: 'none' });
  });
});

describe('STUN-L lifetime', () => {
  it.each(['20s', '2m', '5m', '1h'])('STUN-L a mapping that lasts %s', (udp) => {
    expect(measure({ timeouts: { udp } }, 'lifetime')).toMatchObject({ lifetime: udp });
  });

  it('STUN-L the first half minute of the kernel, as its datagrams go by twos', () => {
    expect(measure('linux', 'lifetime')).toMatchObject({ lifetime: '30s' });
  });

  it('STUN-L a mapping that is written down never ends', () => {
    const rules = [{ action: 'static' as const, inside: '192.168.1.2', outside: '198.51.100.2' }];
    const world = simulate(withNode('one', { nat: { rules } }));
    const { result } = perform(world, { stun: { from: 'a', to: 'server', tests: ['lifetime'] } });
    expect(result).toMatchObject({ outcome: 'measured', lifetime: 'over 1d' });
  });
});

type Claims = Pick<Behaviour, 'mapping' | 'filtering' | 'filterScope' | 'hairpin'>;

/** Where each destination has a mapping of its own, what was sent there opens no filter of another. */
function isObservable({ mapping, filtering, filterScope, hairpin }: Claims): boolean {
  if (hairpin === 'internal-source' || mapping === EI || filtering === EI) return true;
  return filterScope === 'endpoint' && filtering === AD;
}

describe('all of it at once', () => {
  it.each(PROFILE_NAMES)('%s is what it claims to be', (profile) => {
    const behaviour = resolveBehaviour(profile);
    const claims: Claims = behaviour ?? {
      mapping: EI,
      filtering: APD,
      filterScope: 'mapping',
      hairpin: 'none',
    };
    const { mapping } = classesOf(profile, 'udp');
    const { filtering } = claims;
    const hairpin = isObservable(claims) ? claims.hairpin : 'none';
    expect(measure(profile, 'mapping', 'filtering', 'hairpin')).toMatchObject({ mapping, filtering, hairpin });
  });

  it('any behaviour is measured as it is written', () => {
    const anyBehaviour = fc.record({
      mapping: fc.constantFrom(...DEPENDENCES),
      filtering: fc.constantFrom(...DEPENDENCES),
      filterScope: fc.constantFrom('mapping', 'endpoint'),
      hairpin: fc.constantFrom('external-source', 'internal-source'),
      ports: fc.record({ allocation: fc.constantFrom('preserve', 'sequential', 'random') }),
      refresh: fc.constantFrom('outbound', 'inbound', 'both'),
      timeouts: fc.record({ udp: fc.integer({ min: 30, max: 600 }).map((seconds) => `${seconds}s`) }),
    });
    fc.assert(
      fc.property(anyBehaviour, (behaviour: Axes & Claims) => {
        const { mapping, filtering } = behaviour;
        const hairpin = isObservable(behaviour) ? behaviour.hairpin : 'none';
        expect(measure(behaviour, 'mapping', 'filtering', 'hairpin')).toMatchObject({ mapping, filtering, hairpin });
      }),
      { numRuns: 30 },
    );
  });
});

describe('servers', () => {
  it('with one address tells clients their endpoint, and no more', () => {
    const world = simulate(withNode('server', { interfaces: { eth0: '192.0.2.10/24' } }));
    const { result } = perform(world, { stun: { from: 'a', to: 'server' } });
    expect(result).toMatchObject({
      outcome: 'measured',
      mapped: { address: '198.51.100.2' },
      reason: expect.stringContaining('no second address'),
    });
    expect(result).not.toHaveProperty('mapping');
  });

  it('that are not there are not measured', () => {
    const { result } = perform(simulate(meeting('linux', 'linux')), { stun: { from: 'a', to: 'b' } });
    expect(result).toMatchObject({ outcome: 'timeout', blockedAt: 'internet', blockedBy: 'routes' });
  });

  it('without a way there, nor', () => {
    const design = withNode('a', { gateway: undefined });
    const { result } = perform(simulate(design), { stun: { from: 'a', to: 'server' } });
    expect(result).toMatchObject({ outcome: 'unreachable', blockedBy: 'routes' });
  });

  it('may be told which addresses and ports to use', () => {
    const services = [
      { app: 'stun', address: '192.0.2.11', port: 7000, alternateAddress: '192.0.2.10', alternatePort: 9000 } as const,
    ];
    const world = simulate(withNode('server', { services }));
    const { result } = perform(world, { stun: { from: 'a', to: '192.0.2.11', port: 7000 } });
    expect(result).toMatchObject({ mapping: EI, filtering: APD });
  });

  it('with a name that does not resolve, nor', () => {
    const { result } = perform(simulate(meeting('linux', 'linux')), { stun: { from: 'a', to: 'stun.example.com' } });
    expect(result).toMatchObject({ outcome: 'unreachable', reason: expect.any(String) });
  });
});
