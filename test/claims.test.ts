/** What docs/fidelity.md claims and no other test shows: small networks, each for one sentence. */
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../src/scenarios/perform.ts';
import type { Step } from '../src/scenarios/schema.ts';
import { parseIp } from '../src/sim/addr/ip.ts';
import { fail } from '../src/sim/base/fail.ts';
import type { Design, Node } from '../src/sim/design/design.ts';
import { FLAG, other, type Packet, PROTOCOL, tcp } from '../src/sim/packet/packet.ts';
import { World } from '../src/sim/world/world.ts';
import { script } from './script.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);

/** A client behind a gateway, a server and a neighbour outside. */
function network(gateway: Partial<Node> = {}, server: Partial<Node> = {}): Design {
  return {
    nodes: {
      client: {
        kind: 'host',
        interfaces: { eth0: ['192.168.1.10/24', '2001:db8:1::10/64'] },
        gateway: ['192.168.1.1', '2001:db8:1::1'],
        services: ['tcp/7000', 'udp/7000'],
      },
      gateway: {
        kind: 'gateway',
        interfaces: { lan: ['192.168.1.1/24', '2001:db8:1::1/64'], wan: ['203.0.113.2/24', '2001:db8:2::2/64'] },
        ...gateway,
      },
      server: {
        kind: 'host',
        interfaces: { eth0: ['203.0.113.50/24', '2001:db8:2::50/64'] },
        gateway: ['203.0.113.2', '2001:db8:2::2'],
        services: ['tcp/7000', 'udp/7000'],
        ...server,
      },
    },
    links: [
      ['client', 'gateway:lan'],
      ['gateway:wan', 'server'],
    ],
  };
}

const MASQUERADE = { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' as const }] };

/** The results of the steps. */
function results(design: Design, ...steps: Step[]) {
  const world = simulate(design);
  return { world, results: steps.map((step) => perform(world, step).result) };
}

const udp = { from: 'client', to: 'server', port: 7000, protocol: 'udp', sourcePort: 5000 } as const;

/** Sends packets as they are, from one node. */
function inject(world: World, node: string, ...packets: readonly Packet[]): void {
  const lines = packets.map((packet, i) => [i, { kind: 'inject', socket: 'raw', packet }] as const);
  world.launch(node, script('raw', [0, { kind: 'raw', socket: 'raw', level: 'ip' }], ...lines).app);
  world.runUntil(world.now + 5000);
}

/** The fates of what a node received by its wire. */
function fates(world: World, node: string): string[] {
  return world.trace.flatMap((event) =>
    event.kind === 'fate' && event.fate.node === node
      ? [event.fate.kind === 'dropped' ? event.fate.reason : event.fate.kind]
      : [],
  );
}

/** Everything that was on a wire. */
function wires(world: World): readonly Packet[] {
  return world.trace.flatMap((event) => (event.kind === 'wire' ? [event.value] : []));
}

describe('as the kernel', () => {
  it('LNX-HOOK-6, LNX-HOOK-7 rules of forward speak in inside addresses, both ways', () => {
    const forward = {
      policy: 'drop' as const,
      rules: [
        { match: { source: '192.168.1.10', destination: '203.0.113.50' }, action: 'accept' as const },
        { match: { source: '203.0.113.50', destination: '192.168.1.10' }, action: 'accept' as const },
      ],
    };
    const dnat = {
      match: { inInterface: 'wan', protocol: 'tcp' as const, destinationPort: 8080 },
      action: 'dnat' as const,
      to: '192.168.1.10:7000',
    };
    const design = network({ firewall: { forward }, nat: { rules: [dnat, ...MASQUERADE.rules] } });
    const { results: found } = results(
      design,
      { connect: { from: 'client', to: 'server', port: 7000 } },
      { connect: { from: 'server', to: '203.0.113.2', port: 8080 } },
    );
    expect(found).toMatchObject([
      { outcome: 'connected', seenAs: { address: '203.0.113.2' } },
      { outcome: 'connected', server: 'client', seenAs: { address: '203.0.113.50' } },
    ]);
  });

  it('LNX-HOOK-3, LNX-HOOK-5 what a node sends itself passes output, not forward; a drop is final', () => {
    const drop = (chain: string) => ({ firewall: { [chain]: { policy: 'drop' as const, rules: [] } } });
    const ping: Step = { ping: { from: 'gateway', to: 'server', count: 1, timeout: '1s' } };
    expect(results(network(drop('forward')), ping).results[0]?.outcome).toBe('replied');
    const [dropped] = results(network(drop('output')), ping).results;
    expect(dropped?.outcome).not.toBe('replied');
  });

  it('LNX-NAT-3 taking the last NAT rule away stops the translation of old flows too', () => {
    const { results: found } = results(
      network({ nat: MASQUERADE }),
      { connect: udp },
      { change: { op: 'remove', path: '/nodes/gateway/nat' } },
      { connect: udp },
    );
    expect(found.map((one) => one.seenAs?.address)).toEqual(['203.0.113.2', undefined, '192.168.1.10']);
  });

  it('LNX-PORT-12 sockets of the router reserve no port', () => {
    const { results: found } = results(
      network({ nat: MASQUERADE, services: ['udp/5000'] }),
      { connect: udp },
      { connect: { from: 'server', to: '203.0.113.2', port: 5000, protocol: 'udp' } },
    );
    expect(found).toMatchObject([
      { seenAs: { address: '203.0.113.2', port: 5000 } },
      { outcome: 'connected', server: 'gateway' },
    ]);
  });

  it('LNX-DNAT-1 a forwarded port is routed by its new destination: forward sees it, input does not', () => {
    const dnat = {
      match: { inInterface: 'wan', protocol: 'tcp' as const, destinationPort: 8080 },
      action: 'dnat' as const,
      to: '192.168.1.10:7000',
    };
    const firewall = { input: { policy: 'drop' as const, rules: [] } };
    const connect: Step = { connect: { from: 'server', to: '203.0.113.2', port: 8080 } };
    expect(results(network({ firewall, nat: { rules: [dnat] } }), connect).results).toMatchObject([
      { outcome: 'connected', server: 'client' },
    ]);
  });

  it('LNX-DNAT-7 a destination of 127.0.0.1 is a martian', () => {
    const dnat = {
      match: { inInterface: 'wan', protocol: 'tcp' as const, destinationPort: 8080 },
      action: 'dnat' as const,
      to: '127.0.0.1:80',
    };
    const design = network({ nat: { rules: [dnat] } });
    const { world } = results(design, { connect: { from: 'server', to: '203.0.113.2', port: 8080, timeout: '1s' } });
    expect(new Set(fates(world, 'gateway'))).toEqual(new Set(['martian']));
  });

  it('LNX-GENI-3 an error about a packet to the router comes from the address that was asked', () => {
    const { results: found } = results(network(), {
      send: { from: 'client', to: '203.0.113.2', protocol: 'udp', port: 9 },
    });
    expect(found[0]?.icmp).toEqual({ type: 3, code: 3, from: '203.0.113.2' });
  });

  const laterFragment = (ttl: number) =>
    other({
      src: ip('192.168.1.10'),
      dst: ip('203.0.113.50'),
      ttl,
      ident: 7,
      protocol: PROTOCOL.udp,
      payload: new Uint8Array(64),
      fragment: { offset: 64, more: false },
    });

  it('LNX-GENI-8 without tracking a lone second fragment is forwarded, and draws no error', () => {
    const passed = simulate(network());
    inject(passed, 'client', laterFragment(64));
    expect(wires(passed)).toHaveLength(2);
    const expired = simulate(network());
    inject(expired, 'client', laterFragment(1));
    expect([fates(expired, 'gateway'), wires(expired).length]).toEqual([['ttlExpired'], 1]);
  });

  it('GRE whose header is cut short cannot be translated', () => {
    const gre: Step = { send: { from: 'client', to: 'server', protocol: 'gre' } };
    const { results: found } = results(network({ nat: MASQUERADE }), gre);
    expect(found[0]).toMatchObject({ outcome: 'dropped', blockedAt: 'gateway' });
  });

  it('LNX-HOOK-11 the chain raw comes before tracking', () => {
    const raw = {
      policy: 'accept' as const,
      rules: [{ match: { state: ['new' as const, 'established' as const] }, action: 'drop' as const }],
    };
    const firewall = {
      raw,
      forward: {
        policy: 'accept' as const,
        rules: [{ match: { state: 'invalid' as const }, action: 'drop' as const }],
      },
    };
    expect(results(network({ firewall }), { connect: udp }).results[0]?.outcome).toBe('connected');
  });
});

describe('masquerading in the words of RFC 4787 and RFC 5382', () => {
  const open: Step = { connect: udp };
  const back = (sourcePort: number, from = 'server'): Step => ({
    send: { from, to: '203.0.113.2', protocol: 'udp', port: 5000, sourcePort },
  });
  /** Nothing listens there, so the port can be used to send from. */
  const asked: Step = { send: { ...udp, port: 9000 } };
  const outside: Node = { kind: 'host', interfaces: { eth0: '203.0.113.60/24' }, services: ['udp/7000'] };
  const design = network({ nat: MASQUERADE });
  const wide: Design = {
    nodes: {
      ...design.nodes,
      outside,
      inside: { kind: 'host', interfaces: { eth0: '192.168.1.11/24' }, gateway: '192.168.1.1' },
    },
    links: [
      ['client', 'inside', 'gateway:lan'],
      ['gateway:wan', 'server', 'outside'],
    ],
  };

  it('mapping: endpoint-independent, with port preservation, while the port is free', () => {
    const { results: found } = results(wide, open, { connect: { ...udp, to: 'outside' } });
    const seenAs = { address: '203.0.113.2', port: 5000 };
    expect(found).toMatchObject([{ seenAs }, { seenAs }]);
  });

  it('mapping: address- and port-dependent after a clash, with port overloading', () => {
    const { results: found } = results(wide, { connect: { ...udp, to: 'outside' } }, open, {
      connect: { ...udp, from: 'inside', to: 'outside' },
    });
    expect(found.map(({ seenAs }) => seenAs?.port === 5000)).toEqual([true, true, false]);
  });

  it('filtering: address- and port-dependent', () => {
    const { results: found } = results(wide, asked, back(9000), back(9001), back(9000, 'outside'));
    // the client has no socket there either; what counts is who refuses
    expect(found.slice(1).map(({ server }) => server)).toEqual(['client', 'gateway', 'gateway']);
  });

  it('hairpinning: none', () => {
    const { results: found } = results(wide, open, {
      send: { from: 'inside', to: '203.0.113.2', protocol: 'udp', port: 5000, sourcePort: 6000 },
    });
    expect(found[1]).toMatchObject({ outcome: 'rejected', icmp: { from: '203.0.113.2' } });
  });

  it('an unsolicited SYN is refused at once, and leaves nothing', () => {
    const { world, results: found } = results(wide, { connect: { from: 'server', to: '203.0.113.2', port: 5000 } });
    expect(found[0]).toMatchObject({ outcome: 'refused', server: 'gateway', elapsed: '2ms' });
    expect(world.inspect('gateway').connections).toEqual([]);
  });

  it('what comes in too early, and is let in, takes the port from whoever it was meant for', () => {
    const { results: found } = results(wide, back(9000), asked);
    expect(found[1]?.seenAs?.port).not.toBe(5000);
    const closed = network({ nat: MASQUERADE, firewall: { input: { policy: 'drop', rules: [] } } });
    expect(results(closed, back(9000), asked).results[1]?.seenAs?.port).toBe(5000);
  });
});

describe('approximated', () => {
  it('a neighbour that is there answers at once: the first packet is as fast as the second', () => {
    const { results: found } = results(
      network(),
      { ping: { from: 'client', to: 'server', count: 1 } },
      { ping: { from: 'client', to: 'server', count: 1 } },
    );
    expect(found.map(({ elapsed }) => elapsed)).toEqual(['4ms', '4ms']);
  });

  it('a neighbour that is not there costs 3.05 s', () => {
    const { results: found } = results(network(), {
      ping: { from: 'client', to: '203.0.113.77', count: 1, timeout: '10s' },
    });
    expect(found[0]).toMatchObject({ outcome: 'unreachable', icmp: { type: 3, code: 1, from: '192.168.1.1' } });
    expect(found[0]?.elapsed).toBe('3s52ms');
  });

  it('GRE has no call ids: two tunnels between two addresses are one connection', () => {
    const { world } = results(
      network({ nat: MASQUERADE }),
      { send: { from: 'client', to: 'server', protocol: 'gre', payload: '0\u0001abcdAAAA' } },
      { send: { from: 'client', to: 'server', protocol: 'gre', payload: '0\u0001abcdBBBB' } },
    );
    expect(world.inspect('gateway').connections.map(({ protocol }) => protocol)).toEqual(['gre']);
  });

  it('a cable that is pulled is dead at both ends', () => {
    const { world, results: found } = results(
      network(),
      { change: { linkDown: ['gateway:wan', 'server'] } },
      { ping: { from: 'gateway', to: 'server', count: 1, timeout: '5s' } },
      { ping: { from: 'server', to: 'gateway', count: 1, timeout: '5s' } },
    );
    expect(found.slice(1).map(({ outcome }) => outcome)).toEqual(['unreachable', 'unreachable']);
    expect(wires(world)).toEqual([]);
  });

  it('an interface that is set down keeps its IPv6 addresses for when it comes up', () => {
    const set = (up: boolean): Step => ({
      change: {
        op: 'replace',
        path: '/nodes/server/interfaces/eth0',
        value: { addresses: ['203.0.113.50/24', '2001:db8:2::50/64'], up },
      },
    });
    const ping: Step = { ping: { from: 'client', to: '2001:db8:2::50', count: 1, timeout: '1s' } };
    const { results: found } = results(network(), set(false), ping, set(true), ping);
    expect([found[1]?.outcome === 'replied', found[3]?.outcome]).toEqual([false, 'replied']);
  });

  it('a node that is switched off forgets its connections', () => {
    const { world } = results(
      network({ nat: MASQUERADE }),
      { connect: udp },
      { change: { nodeDown: 'gateway' } },
      { change: { nodeUp: 'gateway' } },
    );
    expect(world.inspect('gateway').connections).toEqual([]);
  });

  it('ports of later fragments cannot be read where connections are not tracked', () => {
    const rule = (destinationPort: number | string) => ({
      match: { protocol: 'udp' as const, destinationPort },
      action: 'drop' as const,
    });
    const firewall = { forward: { policy: 'accept' as const, rules: [rule('0-65535')] } };
    const world = simulate(network({ firewall }));
    // in the kernel the first bytes of the piece would be taken for ports
    const fields = { src: ip('192.168.1.10'), dst: ip('203.0.113.50'), ttl: 64, ident: 7, protocol: PROTOCOL.udp };
    inject(world, 'client', other({ ...fields, payload: new Uint8Array(64), fragment: { offset: 64, more: false } }));
    expect(fates(world, 'gateway')).toEqual([]);
    expect(wires(world)).toHaveLength(2);
  });
});

describe('not modelled', () => {
  it('ICMP redirects: a router that sends back where it came from says nothing', () => {
    const { world } = results(
      network({}, { routes: [{ to: '198.51.100.0/24', via: '203.0.113.2' }] }),
      { change: { op: 'add', path: '/nodes/gateway/routes', value: [{ to: '198.51.100.0/24', via: '203.0.113.50' }] } },
      { send: { from: 'server', to: '198.51.100.1', protocol: 'udp', port: 9 } },
    );
    const icmp = wires(world).flatMap((packet) => (packet.kind === 'icmp' ? [packet.type] : []));
    expect(icmp).not.toContain(5);
    expect(wires(world).length).toBeGreaterThan(1);
  });

  it('the anycast address of the routers of an IPv6 subnet: nobody answers for it', () => {
    const { results: found } = results(network(), {
      ping: { from: 'client', to: '2001:db8:1::', count: 1, timeout: '5s' },
    });
    expect(found[0]?.outcome).not.toBe('replied');
  });

  it('ARP and neighbour discovery: a trace holds what was sent, and no more', () => {
    const { world } = results(
      network(),
      { ping: { from: 'client', to: '2001:db8:2::50', count: 1 } },
      { ping: { from: 'client', to: 'server', count: 1 } },
    );
    expect(wires(world).map((packet) => packet.kind === 'icmp' && packet.type)).toEqual([
      128, 128, 129, 129, 8, 8, 0, 0,
    ]);
  });

  it('a limit on connections that wait for accept', () => {
    const world = new World(network());
    const syns = Array.from({ length: 600 }, (_, i) =>
      tcp({
        src: ip('192.168.1.10'),
        dst: ip('203.0.113.50'),
        sport: 10_000 + i,
        dport: 7000,
        seq: 1,
        flags: FLAG.syn,
      }),
    );
    inject(world, 'client', ...syns);
    const answers = wires(world).filter(
      (packet) => packet.kind === 'tcp' && packet.flags === (FLAG.syn | FLAG.ack) && packet.dst === ip('192.168.1.10'),
    );
    expect(new Set(answers.map((packet) => packet.kind === 'tcp' && packet.dport)).size).toBe(600);
  });
});
