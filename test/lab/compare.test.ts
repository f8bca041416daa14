/** What of two results is held against each other, and how. */
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/lab/compare.ts';
import { heardLines, showArrived } from '../../src/lab/control.ts';
import { factsOf, namedPorts } from '../../src/lab/facts.ts';
import { inOrder } from '../../src/lab/judge.ts';
import type { LabReport, LabStep } from '../../src/lab/run.ts';
import type { ScenarioReport } from '../../src/scenarios/run.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import type { Design } from '../../src/sim/design/design.ts';
import type { Trace } from '../../src/sim/trace/trace.ts';

const DESIGN: Design = {
  nodes: {
    gw: {
      kind: 'gateway',
      services: ['tcp/7000'],
      nat: { rules: [{ action: 'dnat', to: '10.0.0.5:8443', match: { protocol: 'tcp', destinationPort: 443 } }] },
    },
  },
};
const LINKED: Design = {
  nodes: {
    a: { kind: 'host', interfaces: { e: '10.0.0.1/24' } },
    b: { kind: 'host', interfaces: { e: '10.0.0.2/24' } },
  },
  links: [{ between: ['a', 'b'], latency: '9ms' }],
};
const connect: Step = { connect: { from: 'a', to: 'b', port: 80, sourcePort: 5000 } };
const ping: Step = { ping: { from: 'a', to: 'b' } };
const inspect: Step = { inspect: 'gw' };

function facts(step: Step, result: Readonly<Record<string, unknown>>, oneWay = true) {
  return factsOf(step, result, { ports: namedPorts(DESIGN, [step]), oneWay });
}

describe('the facts of a result', () => {
  it.each<[string, Step, Readonly<Record<string, unknown>>, unknown]>([
    [
      'a port the step names',
      connect,
      { seenAs: { address: '1.1.1.1', port: 5000 } },
      { seenAs: { address: '1.1.1.1', port: 5000 } },
    ],
    [
      'that NAT chose another',
      connect,
      { seenAs: { address: '1.1.1.1', port: 61_000 } },
      { seenAs: { address: '1.1.1.1', port: 'another' } },
    ],
    [
      'no port that a program chose',
      { connect: { from: 'a', to: 'b', port: 80 } },
      { seenAs: { address: '1.1.1.1', port: 61_000 } },
      { seenAs: { address: '1.1.1.1' } },
    ],
    [
      'no round-trip times',
      { traceroute: { from: 'a', to: 'b' } },
      {
        hops: [
          { ttl: 1, from: '1.1.1.1', rtt: '2ms' },
          { ttl: 2, from: null },
        ],
      },
      {
        hops: [
          { ttl: 1, from: '1.1.1.1' },
          { ttl: 2, from: null },
        ],
      },
    ],
    [
      'bytes of a transfer that succeeded',
      { ftp: { from: 'a', to: 'b', mode: 'active' } },
      { outcome: 'data-failed', bytes: 12 },
      { outcome: 'data-failed' },
    ],
    ['nothing of a change', { change: [] }, { elapsed: '0s' }, {}],
  ])('%s', (_, step, result, expected) => {
    expect(facts(step, result)).toEqual(expected);
  });

  it('of hops between equal ways only how many there are', () => {
    const hops = [{ ttl: 1, from: '1.1.1.1' }];
    expect(facts({ traceroute: { from: 'a', to: 'b' } }, { hops }, false)).toEqual({ hops: 1 });
  });

  it('rows in no order, without time, identifiers and ports that are chance', () => {
    const tuple = (source: string, destination: string, sourcePort: number, destinationPort: number) => ({
      source,
      destination,
      sourcePort,
      destinationPort,
    });
    const connections = [
      {
        protocol: 'tcp',
        state: 'ESTABLISHED',
        original: tuple('10.0.0.1', '192.0.2.1', 40_000, 443),
        reply: tuple('10.0.0.5', '10.0.0.1', 8443, 40_000),
        status: ['DNAT', 'EXPECTED', 'ASSURED'],
        helper: 'ftp',
        timeout: '9s',
      },
      {
        protocol: 'icmp',
        original: { source: 'a', destination: 'b', id: 7 },
        reply: { source: 'b', destination: 'a', id: 9 },
        status: [],
        timeout: '1s',
      },
      {
        protocol: 'udp',
        original: tuple('a', 'b', 40_001, 53),
        reply: tuple('b', 'c', 53, 50_000),
        status: ['SNAT'],
        timeout: '1s',
      },
    ];
    expect(facts(inspect, { connections, expectations: [{ source: 'a', destination: 'b', port: 4444 }] })).toEqual({
      connections: [
        'icmp a → b, back b → a []',
        'tcp ESTABLISHED 10.0.0.1:* → 192.0.2.1:443, back 10.0.0.5:8443 → 10.0.0.1:= [ASSURED DNAT] helper ftp',
        'udp a:* → b:53, back b:53 → c:≠ [SNAT]',
      ],
      expectations: ['a → b:*'],
    });
  });

  it('lines of a control connection as they arrived, without the port', () => {
    const hex = (text: string) => Buffer.from(text).toString('hex');
    const heard = [
      'USER x\r\n',
      'PORT 192,0,2,1,9,9\r\n',
      'PORT 192,0,2,1,9,9\r\n',
      'EPRT |2|2001:db8::1|9|\r\n',
      '227 Go (10,0,0,1,4,4).\r\n',
      '229 Go (|||99|)\r\n',
      '227 Go (0,0,0,0,4,4).\r\n',
    ];
    expect(heardLines('srv', [undefined, ...heard.map(hex)]).map(showArrived)).toEqual([
      'PORT 192,0,2,1,p,p at srv',
      'EPRT 2001:db8::1 port p at srv',
      '227 10,0,0,1,p,p at srv',
      '229 port p at srv',
    ]);
  });
});

type Side = Readonly<Record<string, unknown>>;

/** Compares steps with a simulated and a real result each. */
function verdicts(
  steps: readonly (readonly [Step, Side, Partial<LabStep>, Trace?])[],
  report: Partial<LabReport> = {},
  design = DESIGN,
) {
  const simulated = {
    steps: steps.map(([, result, , events = []]) => ({
      result: { elapsed: '0s', explanation: 'why', ...result },
      events,
    })),
  } as unknown as ScenarioReport;
  const real = steps.map(([step, , done], index) => ({ index, step, result: undefined, elapsedMs: 0, ...done }));
  const all = compareRuns(design, simulated, { scenario: 'x', gaps: [], notes: [], ...report, steps: real });
  return all.map(({ verdict, reason }) => (reason === undefined ? verdict : `${verdict}: ${reason}`));
}

describe('a verdict', () => {
  const replied = { outcome: 'replied', sent: 1 };
  const skipped = 'nobody waits so long';

  it.each<[string, Side, Side, string]>([
    ['the same', replied, replied, 'agrees'],
    ['the same, fields in another order', { icmp: { type: 3, code: 1 } }, { icmp: { code: 1, type: 3 } }, 'agrees'],
    ['another outcome', replied, { ...replied, outcome: 'timeout' }, 'differs'],
    ['what only the simulator has', { ...replied, server: 'b' }, replied, 'differs'],
    ['what only the kernel has', replied, { ...replied, server: 'b' }, 'differs'],
    ['a stop that the kernel cannot show', { ...replied, blockedAt: 'gw', blockedBy: 'ttl' }, replied, 'agrees'],
    [
      'another stop than the rule that counted',
      { ...replied, blockedAt: 'gw', blockedBy: 'x' },
      { ...replied, blockedAt: 'gw', blockedBy: 'y' },
      'differs',
    ],
  ])('%s', (_, simulated, result, expected) => {
    expect(verdicts([[ping, simulated, { result }]])).toEqual([expected]);
  });

  it.each<[string, readonly string[], string]>([
    ['the only rule that stopped a packet later, when no rule stopped the first', ['x'], 'agrees'],
    ['another rule than that', ['y'], 'differs'],
    ['one of several rules', ['x', 'y'], 'differs'],
  ])('%s', (_, rules, expected) => {
    const events = rules.map((place) => ({
      kind: 'fate',
      fate: { kind: 'dropped', node: 'gw', reason: 'rule', place },
    })) as unknown as Trace;
    const simulated = { outcome: 'timeout', blockedAt: 'gw', blockedBy: 'routes' };
    const result = { outcome: 'timeout', blockedAt: 'gw', blockedBy: 'x' };
    expect(verdicts([[ping, simulated, { result }, events]])).toEqual([expected]);
  });

  it.each<[string, 'return' | 'accept', string]>([
    ['the rule that counted, where a rule returns packets to the policy uncounted', 'return', 'agrees'],
    ['not that rule, where the policy counts', 'accept', 'differs'],
  ])('%s', (_, action, expected) => {
    const policy = 'firewall.forward.policy';
    const design: Design = { nodes: { gw: { kind: 'gateway', firewall: { forward: { rules: [{ action }] } } } } };
    const events = [policy, 'x'].map((place) => ({
      kind: 'fate',
      fate: { kind: 'dropped', node: 'gw', reason: place === policy ? 'policy' : 'rule', place },
    })) as unknown as Trace;
    const simulated = { outcome: 'timeout', blockedAt: 'gw', blockedBy: policy };
    const result = { outcome: 'timeout', blockedAt: 'gw', blockedBy: 'x' };
    expect(verdicts([[ping, simulated, { result }, events]], {}, design)).toEqual([expected]);
  });

  it.each<[string, Partial<LabReport>, Design, string]>([
    [
      'of a kernel that has no such thing',
      { gaps: [{ place: 'nodes.gw.nat.behaviour', reason: 'no' }] },
      DESIGN,
      'incomparable: nodes.gw.nat.behaviour: no',
    ],
    [
      'of timeouts, where nobody waited',
      { gaps: [{ place: 'nodes.gw.tracking.timeouts.udp', reason: 'no' }] },
      DESIGN,
      'agrees',
    ],
    ['of latency alone', { notes: ['latency, loss and bandwidth of links[0]'] }, LINKED, 'agrees'],
    ['of another matter', { notes: ['a route'] }, DESIGN, 'agrees'],
  ])('in the light %s', (_, report, design, expected) => {
    expect(verdicts([[ping, replied, { result: replied }]], report, design)).toEqual([expected]);
  });

  it('of a link that loses packets, on a machine that cannot', () => {
    const notes = ['latency, loss and bandwidth of links[0]'];
    const lossy = { ...LINKED, links: [{ between: ['a', 'b'], loss: 1 }] } as const;
    expect(verdicts([[ping, replied, { result: replied }]], { notes }, lossy)).toEqual([`incomparable: ${notes[0]}`]);
  });

  it('none of steps that show only later, and why others cannot be compared', () => {
    const rows = { connections: [], expectations: [] };
    expect(
      verdicts([
        [{ wait: '1s' }, {}, { result: {} }],
        [{ restart: 'gw' }, {}, { result: {} }],
        [{ punch: { peers: ['a', 'b'], via: 'c' } } as Step, {}, { skipped }],
        [ping, { ...replied, elapsed: '1m' }, { result: replied, elapsedMs: 10_000 }],
        [inspect, rows, { result: rows }],
      ]),
    ).toEqual([
      'nothing',
      'nothing',
      `incomparable: ${skipped}`,
      'agrees',
      'incomparable: until here 50 s less passed for real',
    ]);
  });

  it('on a wait that was not waited for: by the settings of the kernel', () => {
    const values = { gw: { udp: '30s' } };
    const [said = ''] = verdicts([[{ wait: '5d' }, {}, { skipped, timeouts: { design: DESIGN, values } }]]);
    expect(said).toMatch(/^differs: nobody waits so long; the kernel's settings are compared instead/);
  });
});

describe('work on several items at a time', () => {
  it('is told in their order, and never more at once than asked', async () => {
    let now = 0;
    let most = 0;
    const told: number[] = [];
    await inOrder([5, 1, 4, 2, 3], 2, {
      work: async (size) => {
        most = Math.max(most, ++now);
        for (let i = 0; i < size; i += 1) await Promise.resolve();
        now -= 1;
        return size;
      },
      each: (size) => told.push(size),
    });
    expect(told).toEqual([5, 1, 4, 2, 3]);
    expect(most).toBe(2);
  });
});
