/** How long sessions may be silent: the figures of the kernel, several boxes on the way, and both sides of each end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineNetwork } from '../../src/scenarios/define.ts';
import { fail } from '../../src/sim/base/fail.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { type Idle, type IdleQuestion, idle } from '../../src/whatif/idle/idle.ts';
import { idleToJson, showIdle } from '../../src/whatif/report/idle.ts';

const MASQUERADE: Node['nat'] = { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] };
const STATEFUL: Node['firewall'] = {
  forward: {
    policy: 'drop',
    rules: [
      { match: { state: ['established', 'related'] }, action: 'accept' },
      { match: { inInterface: 'lan' }, action: 'accept' },
    ],
  },
};

/** laptop - home - cgn - server, whatever the two boxes between are. */
function between(home: Partial<Node>, cgn: Partial<Node>): Design {
  const routes = [{ to: '192.168.0.0/24', via: '100.64.0.2' }];
  return defineNetwork({
    nodes: {
      laptop: { kind: 'host', interfaces: { eth0: '192.168.0.2/24' }, gateway: '192.168.0.1' },
      home: {
        kind: 'gateway',
        interfaces: { lan: '192.168.0.1/24', wan: '100.64.0.2/24' },
        gateway: '100.64.0.1',
        ...home,
      },
      cgn: { kind: 'gateway', interfaces: { lan: '100.64.0.1/24', wan: '203.0.113.1/24' }, routes, ...cgn },
      server: {
        kind: 'host',
        interfaces: { eth0: '203.0.113.80/24' },
        gateway: '203.0.113.1',
        services: ['http', 'udp/80'],
      },
    },
    links: [
      ['laptop', 'home:lan'],
      { between: ['home:wan', 'cgn:lan'], latency: '7ms', loss: 0.5 },
      ['cgn:wan', 'server'],
    ],
  });
}

const ASKED: IdleQuestion = { from: 'laptop', to: 'server', protocols: ['tcp', 'udp', 'icmp'], port: 80 };
type Measured = Extract<Idle, { kind: 'measured' }>;

function sessions(design: Design, question: Partial<IdleQuestion> = {}): readonly Idle[] {
  const found = idle(design, { ...ASKED, ...question });
  return 'reason' in found ? fail(found.reason) : found;
}

function measured(design: Design, question: Partial<IdleQuestion> = {}): readonly Measured[] {
  return sessions(design, question).map((each) => (each.kind === 'measured' ? each : fail(each.says)));
}

/** Each session in short: what is lost first, after how many seconds, and whether the keepalive holds. */
function shortly(found: readonly Measured[]) {
  return found.map(({ protocol, phase, firstLoss, keepalive }) => [
    `${protocol} ${phase}`,
    firstLoss?.node,
    firstLoss && firstLoss.lifetime / 1000,
    keepalive,
  ]);
}

describe('a session that is silent', () => {
  it('is forgotten by Linux after the times that its documentation says', () => {
    expect(shortly(measured(between({ nat: MASQUERADE }, {})))).toEqual([
      ['tcp established', 'home', 432_000, { interval: 431_999_999, kept: true }],
      ['udp answered once', 'home', 30, { interval: 29_999, kept: true }],
      ['udp stream', 'home', 120, { interval: 119_999, kept: true }],
      ['icmp answered', 'home', 30, { interval: 29_999, kept: true }],
    ]);
  });

  it('is lost where it is forgotten first; what is asked later has nothing more to lose', () => {
    const design = between(
      { nat: MASQUERADE, tracking: { timeouts: { tcpEstablished: '2h', udp: '10s' } } },
      { nat: MASQUERADE, tracking: { timeouts: { tcpEstablished: '1h', udpStream: '40s' } } },
    );
    const found = measured(design, { protocols: ['tcp', 'udp'] });
    expect(shortly(found)).toEqual([
      ['tcp established', 'cgn', 3600, { interval: 3_599_999, kept: true }],
      ['udp answered once', 'home', 10, { interval: 9999, kept: true }],
      ['udp stream', 'cgn', 40, { interval: 39_999, kept: true }],
    ]);
    const [tcp] = found;
    expect(tcp?.states.map(({ node, setting }) => [node, setting])).toEqual([
      ['home', { name: 'tcpEstablished', place: 'tracking.timeouts.tcpEstablished' }],
      ['cgn', { name: 'tcpEstablished', place: 'tracking.timeouts.tcpEstablished' }],
    ]);
    expect(tcp?.states[0]?.fromServer?.before).toMatchObject({ kind: 'stopped', node: 'cgn' });
  });

  it('is taken up again by a segment from inside, unless tracking is strict about it', () => {
    const loose = between({ firewall: STATEFUL }, {});
    const strict = between(
      {
        firewall: {
          forward: {
            policy: 'drop',
            rules: [
              { match: { state: ['established', 'related'] }, action: 'accept' },
              { match: { inInterface: 'lan', state: 'new' }, action: 'accept' },
            ],
          },
        },
        tracking: { loose: false },
      },
      {},
    );
    const [taken] = measured(loose, { protocols: ['tcp'] });
    const [dropped] = measured(strict, { protocols: ['tcp'] });
    expect(taken?.firstLoss?.fromServer?.after).toMatchObject({ kind: 'stopped', node: 'home' });
    expect(taken?.firstLoss?.fromClient).toEqual({ before: { kind: 'passes' }, after: { kind: 'passes' } });
    expect(dropped?.firstLoss?.fromClient).toMatchObject({ before: { kind: 'passes' }, after: { kind: 'stopped' } });
  });

  it('lives as long as the behaviour of a NAT says, and may then get another port', () => {
    const behaviour = { mapping: 'endpoint-independent', ports: { allocation: 'random' }, timeouts: { udp: '45s' } };
    const nat = { ...MASQUERADE, behaviour } as Node['nat'];
    const [once, stream] = measured(between({ nat }, {}), { protocols: ['udp'], port: 8000 });
    expect([once?.firstLoss?.lifetime, stream?.firstLoss?.lifetime]).toEqual([45_000, 45_000]);
    expect(once?.states).toHaveLength(1);
    expect(once?.firstLoss).toMatchObject({
      kind: 'mapping',
      setting: { name: 'udp', place: 'nat.behaviour.timeouts.udp' },
      fromClient: { before: { kind: 'passes' }, after: { kind: 'renumbered' } },
    });
    expect(once?.keepalive).toEqual({ interval: 44_999, kept: true });
  });

  it('is not forgotten where nobody remembers it, or where memory is not needed', () => {
    const [plain] = measured(between({}, {}), { protocols: ['udp'] });
    expect([plain?.states, plain?.firstLoss, plain?.keepalive]).toEqual([[], undefined, undefined]);
    const counting = { forward: { rules: [{ match: { state: 'invalid' as const }, action: 'drop' as const }] } };
    const [watched] = measured(between({ firewall: counting }, {}), { protocols: ['udp'] });
    expect(watched?.states.map(({ node, kind }) => [node, kind])).toEqual([['home', 'connection']]);
    expect(watched?.firstLoss).toBeUndefined();
  });

  it('is none where it cannot be opened, and that is said', () => {
    const shut = between({ nat: MASQUERADE, firewall: { forward: { policy: 'drop' } } }, {});
    for (const session of sessions(shut)) {
      expect(session).toMatchObject({ kind: 'blocked', says: expect.stringContaining('firewall.forward') });
    }
    expect(idle(shut, { ...ASKED, to: 'example.org' })).toEqual({ reason: '"example.org" is no node and no address' });
  });
});

describe('whatever the timeouts', () => {
  const anySeconds = fc.integer({ min: 1, max: 900 }).map((seconds) => `${seconds}s${seconds % 7}ms`);
  const anyTimeouts = fc.record({
    tcpEstablished: anySeconds,
    udp: anySeconds,
    udpStream: anySeconds,
    icmp: anySeconds,
  });
  const anyBox = fc.constantFrom<Partial<Node>>(
    { nat: MASQUERADE },
    { firewall: STATEFUL },
    { nat: MASQUERADE, firewall: STATEFUL },
  );

  it('the server is heard a millisecond before the shortest has passed, and not after it', () => {
    fc.assert(
      fc.property(anyBox, anyTimeouts, anyBox, anyTimeouts, (a, at, b, bt) => {
        const design = between({ ...a, tracking: { timeouts: at } }, { ...b, tracking: { timeouts: bt } });
        for (const { firstLoss, keepalive, states } of measured(design, { seed: 3 })) {
          const shortest = Math.min(...states.map(({ lifetime }) => lifetime));
          expect(states.map(({ node }) => node)).toEqual(['home', 'cgn']);
          expect(firstLoss?.lifetime).toBe(shortest);
          expect(firstLoss?.fromServer).toMatchObject({ before: { kind: 'passes' }, after: { kind: 'stopped' } });
          expect(keepalive).toEqual({ interval: shortest - 1, kept: true });
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('the report', () => {
  const design = between({ nat: MASQUERADE }, { nat: MASQUERADE, tracking: { timeouts: { udp: '20s' } } });
  const locate = (node: string, place: string) =>
    place.startsWith('tracking') ? `net.json:${node.length}` : undefined;

  it('shows who forgets what when, and by which line of the file', () => {
    expect(
      showIdle(sessions(design, { protocols: ['udp'] }).slice(0, 1), { from: 'laptop', locate }),
    ).toMatchInlineSnapshot(`
      "udp, answered once: laptop → 203.0.113.80:80 (server, which knows it as 203.0.113.1:56396)
        node  remembers                                         for  by                then server is  then laptop is
        home  translation 192.168.0.2:56396 → 100.64.0.2:56396  30s  udp (default)     lost before     heard
        cgn   translation 100.64.0.2:56396 → 203.0.113.1:56396  20s  udp (net.json:3)  stopped at cgn  heard
        First lost: cgn, after 20s of silence: server is not heard any more, stopped at cgn: nothing serves udp 203.0.113.1:56396; answered with port unreachable.
        Keepalive: every 19s999ms at the longest (tried: one millisecond more is too long).
      "
    `);
  });

  it('says why there is nothing to show', () => {
    const text = showIdle(
      sessions(between({ firewall: { forward: { policy: 'drop' } } }, {}), { protocols: ['icmp'] }),
      { from: 'laptop', locate },
    );
    expect(text).toContain('there is no session: laptop');
    expect(showIdle(sessions(between({}, {}), { protocols: ['tcp'] }), { from: 'laptop', locate })).toContain(
      'no keepalive is needed',
    );
  });

  it('is plain data with durations as in a scenario', () => {
    const data = JSON.parse(
      JSON.stringify(idleToJson(sessions(design, { protocols: ['udp'] }), { from: 'laptop', locate })),
    );
    expect(data[0]).toMatchObject({
      protocol: 'udp',
      phase: 'answered once',
      heardAtOnce: true,
      firstLoss: { node: 'cgn', lifetime: '20s', setting: 'udp', at: 'net.json:3' },
      keepalive: { longest: '19s999ms', kept: true },
    });
  });
});
