/** Hole punching in simulated networks: what crosses, what comes too early, and peers behind one NAT. */
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import type { Axes } from '../../src/sim/design/behaviour.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { FLAG } from '../../src/sim/packet/packet.ts';
import type { World } from '../../src/sim/world/world.ts';
import { meeting } from '../../src/whatif/traversal/network.ts';

type Punch = { readonly protocol?: 'tcp' | 'udp'; readonly local?: boolean; readonly port?: number };

function punch(world: World, more: Punch = {}) {
  return perform(world, { punch: { peers: ['a', 'b'], via: 'server', ...more } }).result;
}

function change(design: Design, name: string, edit: Partial<Node>): Design {
  return { ...design, nodes: { ...design.nodes, [name]: { ...(design.nodes[name] as Node), ...edit } } };
}

/** The host `b` is far from its own NAT, so that it is the last to hear and to send. */
function late(design: Design): Design {
  const links = (design.links ?? []).map((link) =>
    'between' in link || !link.includes('b') ? link : { between: [...link], latency: '40ms' },
  );
  return { ...design, links };
}

/** TCP segments with these flags that a node sent or answered with. */
function segments(world: World, node: string, flags: number): number {
  return world.trace.filter(
    (event) =>
      event.kind === 'born' &&
      event.node === node &&
      event.value.kind === 'tcp' &&
      (event.value.flags & 0x17) === flags,
  ).length;
}

describe('TPUN', () => {
  it('TPUN-1 two SYNs cross, and both ends answer the other with SYN and ACK', () => {
    const world = simulate(meeting('linux', 'linux'));
    expect(punch(world, { protocol: 'tcp' })).toMatchObject({ outcome: 'direct', flows: 'both', needs: 'nothing' });
    for (const node of ['a', 'b']) expect(segments(world, node, FLAG.syn | FLAG.ack)).toBe(1);
  });

  const strict: Axes = { filtering: 'address-and-port-dependent' };

  it('TPUN-2 a NAT that resets what comes too early costs a second try', () => {
    const world = simulate(late(meeting('linux', { ...strict, tcp: { unsolicited: 'reset' } })));
    expect(punch(world, { protocol: 'tcp' }).outcome).toBe('direct');
    expect(segments(world, 'two', FLAG.rst | FLAG.ack)).toBeGreaterThan(0);
    const attempts = world.trace.filter(
      (event) =>
        event.kind === 'born' && event.node === 'a' && event.value.kind === 'tcp' && event.value.flags === FLAG.syn,
    );
    expect(attempts.length).toBeGreaterThan(2);
  });

  it('TPUN-3 a NAT that holds it says nothing, and lets the other SYN do', () => {
    const world = simulate(late(meeting('linux', { ...strict, tcp: { unsolicited: 'hold' } })));
    expect(punch(world, { protocol: 'tcp' }).outcome).toBe('direct');
    expect(segments(world, 'two', FLAG.rst | FLAG.ack)).toBe(0);
    const said = world.trace.filter((event) => event.kind === 'born' && event.node === 'two' && event.by === 'icmp');
    expect(said).toEqual([]);
  });
});

describe('HP-4 what comes before its own host has sent', () => {
  it('takes the port on Linux, if the gateway takes it in', () => {
    const open = change(late(meeting('linux', 'linux')), 'two', { firewall: {} });
    const result = punch(simulate(open));
    expect(result).toMatchObject({ outcome: 'failed', needs: 'relay' });
    expect(result.reason).toMatch(/does not hear|neither hears/);
  });

  it('does no harm if the gateway drops it', () => {
    expect(punch(simulate(late(meeting('linux', 'linux')))).outcome).toBe('direct');
  });
});

/** Both hosts behind one NAT. */
function neighbours(behaviour: Axes): Design {
  const { links = [], nodes, ...rest } = meeting(behaviour, 'linux');
  const b: Node = { kind: 'host', interfaces: { eth0: '192.168.1.3/24' }, gateway: '192.168.1.1' };
  const { two: _, ...others } = nodes;
  const kept = links.filter((link) => 'between' in link || !link.some((end) => end.startsWith('two') || end === 'a'));
  return { ...rest, nodes: { ...others, b }, links: [['a', 'b', 'one:lan'], ...kept] };
}

describe('HP-5 both behind one NAT', () => {
  it('HP-5 meet at their own addresses', () => {
    const result = punch(simulate(neighbours({ hairpin: false })));
    expect(result).toMatchObject({
      outcome: 'direct',
      peers: [{ uses: { address: '192.168.1.3' } }, { uses: { address: '192.168.1.2' } }],
    });
  });

  it('HP-5 by public endpoints only where the NAT hairpins', () => {
    expect(punch(simulate(neighbours({ hairpin: false })), { local: false })).toMatchObject({
      outcome: 'failed',
      flows: 'none',
    });
    expect(punch(simulate(neighbours({ hairpin: true })), { local: false })).toMatchObject({
      outcome: 'direct',
      peers: [{ uses: { address: '198.51.100.2' } }, { uses: { address: '198.51.100.2' } }],
    });
  });

  it('HP-5 ICE-3 with the internal source answers do not match: what is heard leads to the own addresses', () => {
    const result = punch(simulate(neighbours({ hairpin: 'internal-source' })), { local: false });
    expect(result).toMatchObject({
      outcome: 'direct',
      peers: [{ uses: { address: '192.168.1.3' } }, { uses: { address: '192.168.1.2' } }],
    });
  });
});

describe('ICE-3', () => {
  it('ICE-3 packets that pass both ways are not enough when answers come from elsewhere', () => {
    const loose: Axes = { mapping: 'address-and-port-dependent', filtering: 'endpoint-independent' };
    const result = punch(simulate(meeting(loose, loose)));
    expect(result).toMatchObject({ outcome: 'failed', flows: 'both', needs: 'relay' });
    expect(result.explanation).toContain('answers come from other endpoints');
  });
});

describe('why there was no meeting', () => {
  it.each(['udp', 'tcp'] as const)('the rendezvous does not hear, over %s', (protocol) => {
    const deaf = change(meeting('linux', 'linux'), 'server', { firewall: { input: { policy: 'drop', rules: [] } } });
    const result = punch(simulate(deaf), { protocol });
    expect(result).toMatchObject({ outcome: 'failed', flows: 'none', needs: 'relay', blockedAt: 'server' });
    expect(result.explanation).toContain('a does not reach the rendezvous on server');
  });

  it.each(['udp', 'tcp'] as const)('one peer does not come, over %s', (protocol) => {
    const match = { source: '192.168.2.0/24' };
    const firewall = { forward: { policy: 'accept' as const, rules: [{ match, action: 'drop' as const }] } };
    const result = punch(simulate(change(meeting('linux', 'linux'), 'two', { firewall })), { protocol });
    expect(result.explanation).toContain('b does not reach the rendezvous on server');
  });

  it('its port is taken', () => {
    const result = punch(simulate(meeting('linux', 'linux')), { port: 3478 });
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('udp port 3478 of server is taken'),
    });
  });

  it('a peer has no way there', () => {
    const result = punch(simulate(change(meeting('linux', 'linux'), 'b', { gateway: undefined })));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'b has no route to 192.0.2.10' });
  });

  it('the rendezvous has no address', () => {
    const bare = { interfaces: { eth0: 'dhcp' as const }, gateway: undefined, services: [] };
    const result = punch(simulate(change(meeting('linux', 'linux'), 'server', bare)));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'server has no address' });
  });

  it('leaves nothing behind: the same again goes as well', () => {
    const world = simulate(meeting('linux', 'linux'));
    for (const protocol of ['udp', 'tcp', 'udp', 'tcp'] as const)
      expect(punch(world, { protocol }).outcome).toBe('direct');
  });
});
