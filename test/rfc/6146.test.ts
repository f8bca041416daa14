import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import { embed, WELL_KNOWN_PREFIX } from '../../src/sim/addr/embed.ts';
import { family, type Ip, type Ip4, parseIp, showIp } from '../../src/sim/addr/ip.ts';
import { check } from '../../src/sim/design/check.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { verify } from '../../src/sim/packet/checksum.ts';
import { error } from '../../src/sim/packet/icmp-error.ts';
import { echo, FLAG, icmp, lengthOf, other, type Packet, seal, tcp, udp } from '../../src/sim/packet/packet.ts';
import type { DropReason } from '../../src/sim/trace/fate.ts';
import type { World } from '../../src/sim/world/world.ts';
import { script } from '../script.ts';

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`${text} is not an address`);
const CLIENT = ip('2001:db8:1::10');
const OTHER = ip('2001:db8:1::11');
const POOL = ip('203.0.113.9');
const SERVER = ip('198.51.100.80');
const STRANGER = ip('198.51.100.81');
const six = (four: Ip): Ip => embed(WELL_KNOWN_PREFIX, four as Ip4);

const NAT: Node['nat'] = { rules: [{ action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.9'] }] };

/** Two hosts that speak IPv6 only, a NAT64, and two servers that speak IPv4 only; `mtu` is that of the servers' link. */
function network(border: Partial<Node> = {}, mtu = 1500): Design {
  const design: Design = {
    nodes: {
      client: { kind: 'host', interfaces: { eth0: '2001:db8:1::10/64' }, gateway: '2001:db8:1::1' },
      other: { kind: 'host', interfaces: { eth0: '2001:db8:1::11/64' }, gateway: '2001:db8:1::1', services: ['udp/7'] },
      border: {
        kind: 'gateway',
        interfaces: { lan: '2001:db8:1::1/64', wan: '203.0.113.2/24' },
        gateway: '203.0.113.1',
        nat: NAT,
        ...border,
      },
      isp: {
        kind: 'router',
        interfaces: { cust: '203.0.113.1/24', srv: { addresses: ['198.51.100.1/24'], mtu } },
        routes: [{ to: '203.0.113.9/32', via: '203.0.113.2' }],
      },
      server: {
        kind: 'host',
        interfaces: { eth0: { addresses: ['198.51.100.80/24'], mtu } },
        gateway: '198.51.100.1',
        services: ['tcp/80', 'udp/7'],
      },
      stranger: {
        kind: 'host',
        interfaces: { eth0: { addresses: ['198.51.100.81/24'], mtu } },
        gateway: '198.51.100.1',
      },
    },
    links: [
      ['client', 'other', 'border:lan'],
      ['border:wan', 'isp:cust'],
      ['isp:srv', 'server', 'stranger'],
    ],
  };
  expect(check(design)).toEqual([]);
  return design;
}

/** Sends packets as they are from a node. */
function inject(world: World, node: string, ...packets: readonly Packet[]): void {
  const lines = packets.map((packet, i) => [i, { kind: 'inject', socket: 'raw', packet }] as const);
  world.launch(node, script('raw', [0, { kind: 'raw', socket: 'raw', level: 'ip' }], ...lines).app);
  world.runUntil(world.now + 100);
}

/** What arrived at a node's door since the last call to `forget`. */
class Heard {
  readonly world: World;
  #from = 0;

  constructor(design: Design = network()) {
    this.world = simulate(design);
  }

  forget(): void {
    this.#from = this.world.recorded;
  }

  at(node: string): Packet[] {
    return this.world
      .since(this.#from)
      .flatMap((event) => (event.kind === 'wire' && event.to.startsWith(`${node}:`) ? [event.value] : []));
  }

  drops(node = 'border'): DropReason[] {
    return this.world
      .since(this.#from)
      .flatMap((event) =>
        event.kind === 'fate' && event.fate.kind === 'dropped' && event.fate.node === node ? [event.fate.reason] : [],
      );
  }

  /** Sends one packet and gives what a node got of it. */
  send(from: string, packet: Packet, to: string): Packet | undefined {
    this.forget();
    inject(this.world, from, packet);
    return this.at(to)[0];
  }

  result(step: Step) {
    return perform(this.world, step).result;
  }
}

const datagram = (sport: number, to: Ip = SERVER, dport = 9, src = CLIENT) =>
  udp({ src, dst: six(to), sport, dport, payload: new Uint8Array(4) });
const syn = (sport: number, dport = 80) =>
  tcp({ src: CLIENT, dst: six(SERVER), sport, dport, seq: 1, flags: FLAG.syn });
const outsidePort = (packet: Packet | undefined) =>
  packet?.kind === 'udp' || packet?.kind === 'tcp'
    ? packet.sport
    : packet?.kind === 'icmp'
      ? packet.rest >>> 16
      : undefined;

describe('stateful NAT64 (RFC 6146)', () => {
  it('N64-1: mappings depend on the inside endpoint alone, whatever the behaviour of the node', () => {
    for (const behaviour of [undefined, 'symmetric', 'full-cone'] as const) {
      const heard = new Heard(network({ nat: { ...NAT, ...(behaviour === undefined ? {} : { behaviour }) } }));
      fc.assert(
        fc.property(fc.integer({ min: 1024, max: 65_535 }), (port) => {
          const [first, second] = [SERVER, STRANGER].map((to, i) =>
            heard.send('client', datagram(port, to), ['server', 'stranger'][i] ?? ''),
          );
          expect(first).toMatchObject({ src: POOL, dst: SERVER });
          expect(outsidePort(second)).toBe(outsidePort(first));
        }),
        { numRuns: 5 },
      );
    }
  });

  it('N64-1: TCP, UDP and ICMP queries have tables of their own', () => {
    const heard = new Heard();
    const ends = { src: CLIENT, dst: six(SERVER) };
    for (const packet of [datagram(4000), syn(4000), echo({ ...ends, id: 4000, seq: 1 })]) {
      expect(outsidePort(heard.send('client', packet, 'server'))).toBe(4000);
    }
    expect(heard.world.inspect('border').mappings.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp', 'icmp']);
  });

  it('N64-2: UDP lives 300 s, TCP 240 s and 7440 s once open, ICMP queries 60 s', () => {
    const heard = new Heard();
    const left = () => heard.world.inspect('border').connections.map(({ timeout }) => timeout);
    heard.send('client', datagram(4000), 'server');
    heard.send('client', syn(4001, 81), 'server');
    heard.send('client', echo({ src: CLIENT, dst: six(STRANGER), id: 5, seq: 1 }), 'stranger');
    expect(left().map((text) => Math.round(Number.parseFloat(text)))).toHaveLength(3);
    const expires = heard.world.trace.flatMap((event) =>
      event.kind === 'flow' && event.change === 'new' ? [event.row.expires - event.at] : [],
    );
    expect(expires).toEqual([300_000, 240_000, 60_000]);
    heard.forget();
    heard.result({ connect: { from: 'client', to: showIp(six(SERVER)), port: 80 } });
    const open = heard.world
      .since(0)
      .flatMap((event) =>
        event.kind === 'flow' && 'tcpState' in event.row && event.row.tcpState === 'ESTABLISHED'
          ? [event.row.expires - event.at]
          : [],
      );
    expect(open[0]).toBe(7_440_000);
  });

  it('N64-3: nothing comes in without a mapping; with one, anybody may, by default', () => {
    const heard = new Heard();
    const inward = udp({ src: STRANGER, dst: POOL, sport: 53, dport: 4000 });
    expect(heard.send('stranger', inward, 'client')).toBeUndefined();
    expect(heard.drops()).toEqual(['natFiltered']);
    heard.send('client', datagram(4000), 'server');
    expect(heard.send('stranger', inward, 'client')).toMatchObject({
      src: six(STRANGER),
      dst: CLIENT,
      sport: 53,
      dport: 4000,
    });
    const back = udp({ src: CLIENT, dst: six(STRANGER), sport: 4000, dport: 53 });
    expect(heard.send('client', back, 'stranger')).toMatchObject({ src: POOL, sport: 4000, dport: 53 });
  });

  it('N64-3: with address-dependent filtering, only who was spoken to', () => {
    const heard = new Heard(network({ nat: { ...NAT, behaviour: 'restricted-cone' } }));
    heard.send('client', datagram(4000), 'server');
    expect(heard.send('stranger', udp({ src: STRANGER, dst: POOL, sport: 53, dport: 4000 }), 'client')).toBeUndefined();
    expect(heard.drops()).toEqual(['natFiltered']);
    expect(heard.send('server', udp({ src: SERVER, dst: POOL, sport: 53, dport: 4000 }), 'client')).toBeDefined();
  });

  it('N64-3: a SYN from outside is held for 6 s, then answered with ICMP; one from inside meets it', () => {
    const heard = new Heard();
    const stray = tcp({ src: SERVER, dst: POOL, sport: 80, dport: 4000, seq: 9, flags: FLAG.syn });
    expect(heard.send('server', stray, 'server')).toBeUndefined();
    heard.world.runUntil(heard.world.now + 5_000);
    expect(heard.at('server')).toEqual([]);
    heard.world.runUntil(heard.world.now + 2_000);
    expect(heard.at('server')).toMatchObject([{ kind: 'icmp', type: 3, code: 3 }]);
    heard.send('server', stray, 'server');
    heard.send('client', syn(4000), 'server');
    heard.world.runUntil(heard.world.now + 8_000);
    expect(heard.at('server').filter(({ kind }) => kind === 'icmp')).toEqual([]);
  });

  it('N64-4: what comes from the prefix itself would go round in a loop, and is dropped', () => {
    const heard = new Heard();
    fc.assert(
      fc.property(fc.constantFrom(SERVER, STRANGER, POOL, ip('192.0.2.1')), (four) => {
        heard.send('client', datagram(4000, SERVER, 9, six(four)), 'server');
        expect(heard.drops()).toEqual(['martian']);
      }),
      { numRuns: 4 },
    );
  });

  it('N64-5: a mapping is reached from inside by its outside endpoint, and sees the outside endpoint of the sender', () => {
    const heard = new Heard();
    heard.send('other', udp({ src: OTHER, dst: six(SERVER), sport: 7, dport: 9 }), 'server');
    const port = outsidePort(heard.at('server')[0]) ?? 0;
    const there = heard.send('client', datagram(4000, POOL, port), 'other');
    expect(there).toMatchObject({ src: six(POOL), sport: 4000, dst: OTHER, dport: 7 });
    expect(there !== undefined && verify(there).transport).toBe(true);
    expect(heard.at('client')).toMatchObject([{ src: six(POOL), sport: port, dst: CLIENT, dport: 4000 }]);
    heard.forget();
    const failed = udp({ src: six(POOL), sport: 4000, dst: OTHER, dport: 7 });
    inject(heard.world, 'other', error({ about: failed, src: OTHER, type: 1, code: 4 }));
    expect(heard.at('client')).toMatchObject([{ kind: 'icmp', type: 1, code: 4, src: six(POOL), dst: CLIENT }]);
  });

  it('N64-5: an outside endpoint that is nobody’s, or that filtering keeps, is not reached from inside either', () => {
    const heard = new Heard(network({ nat: { ...NAT, behaviour: 'restricted-cone' } }));
    heard.send('client', datagram(4000, POOL, 9), 'other');
    expect(heard.drops()).toEqual(['natFiltered']);
    heard.send('other', udp({ src: OTHER, dst: six(SERVER), sport: 7, dport: 9 }), 'server');
    const port = outsidePort(heard.at('server')[0]) ?? 0;
    heard.send('client', datagram(4000, POOL, port), 'other');
    expect(heard.drops()).toEqual(['natFiltered']);
  });

  it('N64-6: ports keep their class, those of UDP their parity', () => {
    const heard = new Heard();
    const port = fc.oneof(fc.integer({ min: 1, max: 1023 }), fc.integer({ min: 1024, max: 65_535 }));
    fc.assert(
      fc.property(port, (sport) => {
        const outside = [CLIENT, OTHER].map((src) => {
          const node = src === CLIENT ? 'client' : 'other';
          return outsidePort(heard.send(node, datagram(sport, SERVER, 9, src), 'server')) ?? 0;
        });
        for (const each of outside) {
          expect(each < 1024).toBe(sport < 1024);
          expect(each % 2).toBe(sport % 2);
        }
        expect(outside[0]).not.toBe(outside[1]);
      }),
      { numRuns: 12 },
    );
  });

  it.each([
    ['tcp', 80],
    ['udp', 7],
  ] as const)(
    'N64-6: whose port is taken gets another, and what it sends with it over %s arrives whole',
    (protocol, port) => {
      const heard = new Heard();
      const to = showIp(six(SERVER));
      const asked = ['client', 'other'].map((from) =>
        heard.result({ connect: { from, to, port, protocol, sourcePort: 5001 } }),
      );
      expect(asked.map(({ outcome }) => outcome)).toEqual(['connected', 'connected']);
      const seen = asked.map((result) => result.seenAs);
      expect(seen[0]).toEqual({ address: '203.0.113.9', port: 5001 });
      expect(seen[1]).not.toEqual(seen[0]);
      for (const packet of [...heard.at('server'), ...heard.at('other')]) {
        expect([verify(packet), Object.keys(packet)]).toEqual([
          { header: true, transport: true },
          Object.keys(seal(packet)),
        ]);
      }
    },
  );

  it('N64-7: it counts the hop limit down, and says in the family of the sender that it ran out', () => {
    const heard = new Heard();
    expect(heard.send('client', { ...datagram(4000), ttl: 9 }, 'isp')).toMatchObject({ ttl: 8 });
    heard.send('client', { ...datagram(4000), ttl: 1 }, 'client');
    expect(heard.at('client')).toMatchObject([{ kind: 'icmp', type: 3, code: 0, src: ip('2001:db8:1::1') }]);
    heard.send('client', { ...datagram(4000), ttl: 2 }, 'client');
    expect(heard.at('client')).toMatchObject([{ kind: 'icmp', type: 3, code: 0, src: six(ip('203.0.113.1')) }]);
    expect(heard.result({ traceroute: { from: 'client', to: showIp(six(SERVER)) } })).toMatchObject({
      outcome: 'reached',
      hops: [{ from: '2001:db8:1::1' }, { from: '64:ff9b::cb00:7101' }, { from: '64:ff9b::c633:6450' }],
    });
  });

  it('N64-7: errors of IPv4 reach the host in IPv6, with what it sent inside', () => {
    const heard = new Heard();
    const answer = heard.send('client', datagram(4000, SERVER, 99), 'client');
    expect(answer).toMatchObject({ kind: 'icmp', type: 1, code: 4, src: six(SERVER), dst: CLIENT });
    expect(answer !== undefined && verify(answer).transport).toBe(true);
    const gone = heard.send('client', datagram(4000, ip('192.0.2.1')), 'client');
    expect(gone).toMatchObject({ kind: 'icmp', type: 1, code: 0, src: six(ip('203.0.113.1')) });
  });

  it('N64-7: errors of IPv6 reach the server in IPv4, from the address that it spoke to', () => {
    const heard = new Heard();
    heard.send('client', datagram(4000), 'server');
    const failed = udp({ src: six(SERVER), dst: CLIENT, sport: 9, dport: 4000 });
    const answer = heard.send('client', error({ about: failed, src: CLIENT, type: 1, code: 4 }), 'server');
    expect(answer).toMatchObject({ kind: 'icmp', type: 3, code: 3, src: POOL, dst: SERVER });
    heard.send('client', error({ about: failed, src: CLIENT, type: 1, code: 6 }), 'server');
    expect(heard.drops()).toEqual(['untranslatable']);
  });

  it('N64-7, A52-2: a private router of IPv4 speaks with the address of the NAT64', () => {
    const heard = new Heard();
    heard.send('client', datagram(4000), 'server');
    const lost = udp({ src: POOL, dst: SERVER, sport: 4000, dport: 9 });
    const answer = heard.send('server', error({ about: lost, src: ip('10.0.0.1'), type: 3, code: 1 }), 'client');
    expect(answer).toMatchObject({ type: 1, code: 0, src: ip('2001:db8:1::1') });
  });

  it('N64-7: too big means 20 bytes more to the sender, and never less than every link of IPv6 carries', () => {
    for (const [mtu, told] of [
      [1400, 1420],
      [1000, 1280],
    ] as const) {
      const heard = new Heard(network({}, mtu));
      const large = udp({ src: CLIENT, dst: six(SERVER), sport: 1, dport: 7, payload: new Uint8Array(1440) });
      expect(heard.send('client', large, 'client')).toMatchObject({ type: 2, rest: told });
    }
    const own = new Heard(
      network({ interfaces: { lan: '2001:db8:1::1/64', wan: { addresses: ['203.0.113.2/24'], mtu: 1300 } } }),
    );
    const large = udp({ src: CLIENT, dst: six(SERVER), sport: 1, dport: 7, payload: new Uint8Array(1440) });
    expect(own.send('client', large, 'client')).toMatchObject({ type: 2, rest: 1320, src: ip('2001:db8:1::1') });
  });

  it('N64-7: large datagrams in pieces arrive whole, there and back', () => {
    const heard = new Heard();
    const echoed = heard.result({
      send: { from: 'client', to: showIp(six(SERVER)), protocol: 'udp', port: 7, payload: 'x'.repeat(4000) },
    });
    expect(echoed).toMatchObject({ outcome: 'replied', server: 'server' });
    expect(heard.at('client').every((piece) => family(piece.dst) === 6 && lengthOf(piece) <= 1280)).toBe(true);
    const back = udp({ src: SERVER, dst: POOL, sport: 7, dport: 1, df: false, payload: new Uint8Array(1400) });
    heard.send('client', datagram(1, SERVER, 7), 'server');
    heard.send('server', back, 'client');
    expect(heard.at('client').map((piece) => piece.kind)).toEqual(['other', 'other']);
  });

  it('N64-8: a datagram without a checksum gets one on its way to IPv6', () => {
    const heard = new Heard();
    heard.send('client', datagram(4000), 'server');
    const bare = { ...udp({ src: SERVER, dst: POOL, sport: 9, dport: 4000 }), checksum: 0 };
    const answer = heard.send('server', bare, 'client');
    expect(answer).toMatchObject({ kind: 'udp', src: six(SERVER) });
    expect(answer !== undefined && verify(answer).transport).toBe(true);
  });

  it('A52-2: the well-known prefix carries no private address, a prefix of the network does', () => {
    const heard = new Heard();
    heard.send('client', datagram(4000, ip('10.0.0.1')), 'isp');
    expect(heard.drops()).toEqual(['martian']);
    heard.send('client', datagram(4000), 'server');
    heard.send('stranger', udp({ src: ip('10.0.0.1'), dst: POOL, sport: 9, dport: 4000 }), 'client');
    expect(heard.drops()).toEqual(['martian']);
    const nat: Node['nat'] = { rules: [{ action: 'nat64', prefix: '64:ff9b:1::/48', pool: ['203.0.113.9'] }] };
    const own = new Heard(network({ nat }));
    const packet = udp({ src: CLIENT, dst: ip('64:ff9b:1:a00:0:100::'), sport: 4000, dport: 9 });
    expect(own.send('client', packet, 'isp')).toMatchObject({ src: POOL, dst: ip('10.0.0.1') });
  });

  it('carries sessions only: no other protocol, no segment out of nowhere, no answer to nothing', () => {
    const heard = new Heard();
    const gre = other({ src: CLIENT, dst: six(SERVER), protocol: 47, payload: new Uint8Array(8) });
    expect(heard.send('client', gre, 'client')).toMatchObject({ type: 1, code: 4 });
    expect(heard.drops()).toEqual(['untranslatable']);
    const ack = tcp({ src: CLIENT, dst: six(SERVER), sport: 1, dport: 80, seq: 1, ack: 1, flags: FLAG.ack });
    heard.send('client', ack, 'server');
    expect(heard.drops()).toEqual(['untranslatable']);
    heard.send('client', echo({ src: CLIENT, dst: six(SERVER), id: 1, seq: 1, reply: true }), 'server');
    expect(heard.drops()).toEqual(['untranslatable']);
    heard.send('server', icmp({ src: SERVER, dst: POOL, type: 13, rest: 1 }), 'client');
    expect(heard.drops()).toEqual(['natFiltered']);
  });

  it('what is no matter of NAT64 goes its way: other IPv6, the node’s own IPv4, sources that go nowhere', () => {
    const heard = new Heard(
      network({
        services: ['udp/7'],
        nat: { rules: [{ action: 'nat64', prefix: '64:ff9b::/96', pool: ['203.0.113.2'] }] },
      }),
    );
    expect(heard.result({ ping: { from: 'client', to: 'border' } })).toMatchObject({ outcome: 'replied' });
    expect(heard.result({ ping: { from: 'server', to: '203.0.113.2' } })).toMatchObject({ outcome: 'replied' });
    expect(heard.result({ send: { from: 'server', to: '203.0.113.2', protocol: 'udp', port: 7 } })).toMatchObject({
      outcome: 'replied',
    });
    expect(heard.result({ ping: { from: 'client', to: showIp(six(SERVER)) } })).toMatchObject({ outcome: 'replied' });
    heard.send('client', datagram(4000, SERVER, 9, ip('::1')), 'server');
    expect(heard.drops()).toEqual(['martian']);
  });

  it('the pool runs dry, and says so', () => {
    const behaviour = { ports: { range: '5000-5001', wellKnown: false, parity: false } };
    const heard = new Heard(network({ nat: { ...NAT, behaviour } }));
    for (const port of [4000, 4001, 4002]) heard.send('client', datagram(port), 'server');
    expect(heard.drops()).toEqual(['natExhausted']);
  });

  it('a firewall sees the other family, knows the answers, and rejects in the family of the sender', () => {
    const heard = new Heard(
      network({
        firewall: {
          forward: {
            policy: 'drop',
            rules: [
              { match: { state: 'established' }, action: 'accept' },
              {
                match: { destination: '198.51.100.80', protocol: 'tcp', destinationPort: 81 },
                action: 'reject',
                with: 'tcp-reset',
              },
              { match: { destination: '198.51.100.80' }, action: 'accept' },
              { match: { destination: '198.51.100.81' }, action: 'reject' },
            ],
          },
        },
      }),
    );
    const to = showIp(six(SERVER));
    expect(heard.result({ connect: { from: 'client', to, port: 80 } })).toMatchObject({ outcome: 'connected' });
    expect(heard.result({ connect: { from: 'client', to, port: 81 } })).toMatchObject({ outcome: 'refused' });
    expect(heard.send('client', datagram(4000, STRANGER), 'client')).toMatchObject({
      type: 1,
      code: 4,
      src: ip('2001:db8:1::1'),
    });
  });
});
