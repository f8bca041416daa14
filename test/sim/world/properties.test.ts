/** What holds in every world, whatever the network and the traffic. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyIp4 } from '../../../src/arbitraries/addr.ts';
import { anyDesign } from '../../../src/arbitraries/design.ts';
import { anyRun } from '../../../src/arbitraries/step.ts';
import { runScenario, type ScenarioReport } from '../../../src/scenarios/run.ts';
import type { Step } from '../../../src/scenarios/schema.ts';
import { showIp } from '../../../src/sim/addr/ip.ts';
import { isPublic } from '../../../src/sim/addr/special.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { journeysOf } from '../../../src/sim/trace/journey.ts';
import type { Trace, TraceEvent } from '../../../src/sim/trace/trace.ts';
import { ENGINE_LAWS } from '../../../src/whatif/invariants.ts';

const RUNS = 100;
const anyTraffic = anyRun(anyDesign({ faults: true, learned: true, dhcp: true }));

function run(design: Design, steps: readonly Step[], seed = 1): ScenarioReport {
  return runScenario({}, { name: 'generated', network: design, steps, seed });
}

function only<K extends TraceEvent['kind']>(trace: Trace, kind: K): Extract<TraceEvent, { kind: K }>[] {
  return trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
}

describe('in any network under any traffic', () => {
  it('the laws of the engine hold', () => {
    fc.assert(
      fc.property(anyTraffic, ({ design, steps }) => {
        const report = run(design, steps);
        const sight = { design, steps, report, journeys: journeysOf(report.trace), again: () => run(design, steps) };
        const broken = ENGINE_LAWS.map(({ name, breach }) => [name, breach(sight)?.says]);
        expect(broken).toEqual(ENGINE_LAWS.map(({ name }) => [name, undefined]));
      }),
      { numRuns: RUNS },
    );
  });
});

/** A client at home, the Internet between, a server outside. */
function home(gateway: Partial<Design['nodes'][string]>, server: Partial<Design['nodes'][string]> = {}): Design {
  return {
    publicInternet: ['isp'],
    nodes: {
      client: {
        kind: 'host',
        interfaces: { eth0: '192.168.1.10/24' },
        gateway: '192.168.1.1',
        services: ['tcp/7000', 'udp/7000'],
      },
      gw: {
        kind: 'gateway',
        interfaces: { lan: '192.168.1.1/24', wan: '203.0.113.2/24' },
        gateway: '203.0.113.1',
        ...gateway,
      },
      isp: {
        kind: 'router',
        interfaces: { cust: '203.0.113.1/24', core: '198.51.100.1/24' },
        routes: [{ to: '192.168.1.0/24', via: '203.0.113.2' }],
      },
      server: {
        kind: 'host',
        interfaces: { eth0: '198.51.100.80/24' },
        gateway: '198.51.100.1',
        services: ['ftp', 'tcp/7000', 'udp/7000'],
        ...server,
      },
    },
    links: [
      ['client', 'gw:lan'],
      ['gw:wan', 'isp:cust'],
      ['isp:core', 'server'],
    ],
  };
}

const MASQUERADE = { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' as const }] };
const STATEFUL = {
  input: { policy: 'drop' as const },
  forward: {
    policy: 'drop' as const,
    rules: [
      { match: { state: ['established' as const, 'related' as const] }, action: 'accept' as const },
      { match: { inInterface: 'lan' }, action: 'accept' as const },
    ],
  },
};

/** Packets born outside the home that came to the client. */
function intruders({ trace }: ScenarioReport): readonly number[] {
  const journeys = [...journeysOf(trace).values()];
  return journeys
    .filter(({ born, hops }) => born.node === 'server' && hops.some(({ node }) => node === 'client'))
    .map(({ id }) => id);
}

const anyPort = fc.constantFrom(7000, 80, 5000, 40000, 32768);
const anyAttack = fc
  .record({
    to: fc.constantFrom('203.0.113.2', '192.168.1.10', '192.168.1.1'),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    port: anyPort,
    sourcePort: anyPort,
    tcpFlags: fc.constantFrom(
      ['syn'] as const,
      ['fin'] as const,
      ['syn', 'ack'] as const,
      ['rst'] as const,
      ['ack'] as const,
    ),
  })
  .map(({ tcpFlags, protocol, ...rest }) => ({
    send: { from: 'server', protocol, ...rest, ...(protocol === 'tcp' ? { tcpFlags: [...tcpFlags] } : {}) },
  }));

describe('behind a gateway that lets nothing in', () => {
  it('nothing unsolicited enters', () => {
    const design = home({
      nat: MASQUERADE,
      firewall: {
        ...STATEFUL,
        forward: {
          ...STATEFUL.forward,
          rules: [
            { match: { state: 'invalid' }, action: 'drop' },
            { match: { state: 'new', inInterface: 'wan' }, action: 'drop' },
            ...STATEFUL.forward.rules,
          ],
        },
      },
    });
    fc.assert(
      fc.property(fc.array(anyAttack, { minLength: 1, maxLength: 6 }), (steps) => {
        expect(intruders(run(design, steps))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('only answers enter, from where and to where the client spoke', () => {
    const design = home({ nat: MASQUERADE, firewall: STATEFUL });
    fc.assert(
      fc.property(fc.array(anyAttack, { minLength: 1, maxLength: 4 }), (attacks) => {
        const opening: Step = {
          connect: { from: 'client', to: 'server', protocol: 'udp', port: 7000, sourcePort: 6999 },
        };
        const report = run(design, [opening, ...attacks]);
        const answers = new Set(journeysOf(report.steps[0]?.events ?? []).keys());
        expect(intruders(report).filter((id) => !answers.has(id))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('on the public Internet', () => {
  it('private addresses never pass', () => {
    fc.assert(
      fc.property(anyIp4, anyPort, (to, port) => {
        const attempt: Step = { send: { from: 'client', to: showIp(to), protocol: 'udp', port } };
        const { trace } = run(home({}), [
          attempt,
          { send: { from: 'server', to: '192.168.1.10', protocol: 'udp', port } },
        ]);
        const passed = only(trace, 'wire').filter(({ from }) => from.startsWith('isp:'));
        for (const { value } of passed)
          expect([value.src, value.dst].every(isPublic), `${showIp(value.src)} > ${showIp(value.dst)}`).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe('active FTP behind port translation', () => {
  const anyMode = fc.constantFrom('active' as const, 'extended-active' as const);
  const anyFtp = fc.record({
    mode: anyMode,
    bytes: fc.integer({ min: 0, max: 20_000 }),
    strictPort: fc.boolean(),
    seed: fc.integer(),
  });

  it.each([
    ['never transfers without a helper', [], 'data-failed'],
    ['always transfers with one', ['ftp' as const], 'transferred'],
  ])('%s', (_, helpers, outcome) => {
    fc.assert(
      fc.property(anyFtp, ({ mode, bytes, strictPort, seed }) => {
        const design = home(
          { nat: { ...MASQUERADE, helpers }, firewall: STATEFUL },
          { services: [{ app: 'ftp', strictPort }] },
        );
        const { steps } = run(design, [{ ftp: { from: 'client', to: 'server', mode, bytes } }], seed);
        expect(steps[0]?.result.outcome).toBe(outcome);
      }),
      { numRuns: 30 },
    );
  });
});

describe('after everything has expired', () => {
  it('the state is as if it had never been', () => {
    const traffic = anyRun(anyDesign({ ipv6: false }), 4);
    fc.assert(
      fc.property(traffic, ({ design, steps }) => {
        const later = run(design, [
          ...steps,
          { wait: '10d' },
          ...Object.keys(design.nodes).map((node) => ({ inspect: node })),
        ]);
        for (const { verb, result } of later.steps) {
          if (verb !== 'inspect') continue;
          expect(result).toMatchObject({ connections: [], expectations: [] });
        }
      }),
      { numRuns: 30 },
    );
  });
});
