import { describe, expect, it } from 'vitest';
import { runScenario } from '../../../src/scenarios/run.ts';
import type { Step } from '../../../src/scenarios/schema.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { explain, itemsOf, packetsOf, showItemsBriefly } from '../../../src/sim/trace/explain.ts';
import { journeysOf } from '../../../src/sim/trace/journey.ts';
import type { Trace } from '../../../src/sim/trace/trace.ts';

const PAIR: Design = {
  nodes: {
    a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
    b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, services: ['http', 'udp/7'] },
  },
  links: [['a', 'b']],
};

/** Two ways from a to c, over r1 and r2; c answers over r1. */
const DIAMOND: Design = {
  nodes: {
    a: {
      kind: 'host',
      interfaces: { up: '10.1.0.1/24', down: '10.2.0.1/24' },
      routes: [
        { to: '10.9.0.0/16', via: '10.1.0.2' },
        { to: '10.9.0.0/16', via: '10.2.0.2' },
      ],
    },
    r1: { kind: 'router', interfaces: { a: '10.1.0.2/24', c: '10.9.1.1/24' } },
    r2: { kind: 'router', interfaces: { a: '10.2.0.2/24', c: '10.9.2.1/24' } },
    c: { kind: 'host', interfaces: { up: '10.9.1.2/24', down: '10.9.2.2/24' }, gateway: '10.9.1.1' },
  },
  links: [
    ['a:up', 'r1:a'],
    ['a:down', 'r2:a'],
    ['c:up', 'r1:c'],
    ['c:down', 'r2:c'],
  ],
};

function trace(network: Design, ...steps: Step[]): Trace {
  const report = runScenario({}, { name: 's', network, steps });
  expect(report.issues).toBeUndefined();
  return report.trace;
}

const viewsOf = (events: Trace) => packetsOf(itemsOf(events, journeysOf(events)));
const says = (events: Trace) =>
  viewsOf(events).flatMap(({ hops }) => hops.flatMap(({ stages }) => stages.map((each) => each.says)));

describe('explain', () => {
  it('tells the way of a packet over two hosts', () => {
    const events = trace(PAIR, { connect: { from: 'a', to: 'b', port: 9, sourcePort: 5000 } });
    expect(explain(events)).toMatch(
      /^\n#1 10\.0\.0\.1:5000 > 10\.0\.0\.2:9 tcp SYN seq \d+ len 0 ttl 64\n {3}made by connect #1 on a at 0s\n {3}a out by eth0 to b:eth0, at 0s\n {5}route {6}10\.0\.0\.0\/24 on link by eth0 {2}\[interfaces\.eth0\]\n {5}egress {5}to 10\.0\.0\.2 by eth0\n {3}b in by eth0, at 1ms\n {5}route {6}10\.0\.0\.2 is here\n {3}DROPPED at b, noSocket: .* {2}\[services\]\n {3}what would help: A service on tcp\/9 of b would answer\.\n\n#2 10\.0\.0\.2:9 > 10\.0\.0\.1:5000 tcp RST\+ACK .*\n {3}made by tcp on b at 1ms, because of #1\n/,
    );
  });

  it('stays on a node that talks to itself', () => {
    const [first] = viewsOf(trace(PAIR, { ping: { from: 'a', to: '127.0.0.1' } }));
    expect(first?.hops.map(({ node, in: by, out, to }) => [node, by, out, to])).toEqual([
      ['a', undefined, 'lo', undefined],
      ['a', 'lo', undefined, undefined],
    ]);
  });

  it('tells of pieces, and of the whole that they become', () => {
    const narrow = { addresses: ['10.0.0.2/24'], mtu: 1500 };
    const network: Design = {
      ...PAIR,
      nodes: {
        a: { kind: 'host', interfaces: { eth0: { addresses: ['10.0.0.1/24'], mtu: 600 } } },
        b: { ...PAIR.nodes.b, kind: 'host', interfaces: { eth0: narrow } },
      },
    };
    const events = trace(network, { connect: { from: 'a', to: 'b', port: 7, protocol: 'udp', bytes: 1000 } });
    const kinds = viewsOf(events).map(({ by, fate }) => `${by}: ${fate.kind}`);
    expect(kinds.slice(0, 4)).toEqual([
      'connect #1: fragmented',
      'fragmentation: reassembled',
      'fragmentation: reassembled',
      'reassembly: delivered',
    ]);
    expect(explain(events)).toContain('   FRAGMENTED on a into #2, #3\n');
    expect(explain(events)).toContain('   REASSEMBLED on b into #4\n');
    expect(says(events)).toContain('bytes from 0, waiting for the rest');
  });

  it('tells of what is still on its way at the end', () => {
    const network: Design = { ...PAIR, links: [{ between: ['a', 'b'], latency: '20s' }] };
    const events = trace(network, { send: { from: 'a', to: 'b', protocol: 'udp', port: 7 } });
    expect(explain(events)).toContain('   PENDING: still on its way at a when the run ended');
    const early = events.filter(({ kind }) => kind !== 'fate');
    expect(viewsOf(early)[0]?.fate).toEqual({ kind: 'pending', node: 'a' });
  });

  it('tells of a loss, and of the same loss again briefly', () => {
    const events = trace(PAIR, { connect: { from: 'a', to: '10.0.0.9', port: 80 } });
    const text = explain(events);
    expect(text.match(/LOST at a, noNeighbour/g)).toHaveLength(1);
    expect(text).toMatch(/^#2 .*\n {3}made by connect #1 on a at 1s; all the way as #1: lost$/m);
  });

  it('tells when routes are equal', () => {
    expect(says(trace(DIAMOND, { ping: { from: 'a', to: '10.9.1.2' } }))).toContainEqual(
      expect.stringMatching(/^10\.9\.0\.0\/16 via 10\.[12]\.0\.2 by (up|down), one of 2 equal$/),
    );
  });

  it('tells what a stage of a firewall passed before it decided, and the row of a flow without ports', () => {
    const network: Design = {
      ...PAIR,
      nodes: {
        ...PAIR.nodes,
        b: {
          kind: 'host',
          interfaces: { eth0: '10.0.0.2/24' },
          firewall: {
            input: {
              policy: 'drop',
              rules: [
                { action: 'log', prefix: 'seen ' },
                { match: { protocol: 'tcp' }, action: 'jump', chain: 'tcp' },
                { match: { protocol: 'gre', state: 'new' }, action: 'accept', name: 'tunnel' },
              ],
            },
            chains: { tcp: [{ action: 'reject', with: 'tcp-reset' }] },
          },
        },
      },
    };
    const events = trace(
      network,
      { send: { from: 'a', to: 'b', protocol: 'tcp', port: 1, sourcePort: 2 } },
      { send: { from: 'a', to: 'b', protocol: 'gre' } },
      { send: { from: 'a', to: 'b', protocol: 'udp', port: 1 } },
    );
    expect(says(events)).toContain('firewall.input.rules[0] log, firewall.input.rules[1] jump, reject with tcp-reset');
    expect(says(events)).toContain('firewall.input.rules[0] log, accept "tunnel"');
    expect(says(events)).toContainEqual(
      expect.stringMatching(/^new row \d+: gre 10\.0\.0\.1 > 10\.0\.0\.2, back 10\.0\.0\.2 > 10\.0\.0\.1, expires in /),
    );
    expect(says(events)).toContain('firewall.input.rules[0] log, drop');
  });

  it('tells of changes and of what applications note, between the packets', () => {
    const events = trace(PAIR, { change: { nodeDown: 'b' } }, { fetch: { from: 'a', url: 'http://10.0.0.2/' } });
    const remarks = itemsOf(events, journeysOf(events)).filter(({ kind }) => kind !== 'packet');
    expect(remarks).toContainEqual({ kind: 'change', time: '0s', says: 'nodeDown b' });
    expect(showItemsBriefly(remarks)).toContain('   * nodeDown b, at 0s\n');
    const note = { kind: 'note', node: 'a', app: 'me', text: 'well', sequence: 1, time: 5 } as const;
    expect(explain([note])).toBe('   * me: well on a, at 5ms\n');
  });

  it('says nothing of a packet born outside the stretch', () => {
    const events = trace(PAIR, { ping: { from: 'a', to: 'b' } });
    const late = events.filter((event) => event.kind !== 'born' || event.packet > 1);
    expect(viewsOf(late).map(({ packet }) => packet)).not.toContain(1);
    expect(itemsOf(events, new Map())).toEqual([]);
  });

  it('asks where places stand', () => {
    const asked: string[] = [];
    explain(trace(PAIR, { connect: { from: 'a', to: 'b', port: 9 } }), (node, place) => {
      asked.push(`${node} ${place}`);
      return undefined;
    });
    expect(asked).toContain('b services');
    expect(asked).toContain('a interfaces.eth0');
  });
});
