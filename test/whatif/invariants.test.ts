import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioReport } from '../../src/scenarios/run.ts';
import type { Scenario } from '../../src/scenarios/schema.ts';
import { withTtl } from '../../src/sim/packet/rewrite.ts';
import { journeysOf } from '../../src/sim/trace/journey.ts';
import type { Trace, TraceEvent } from '../../src/sim/trace/trace.ts';
import { ENGINE_LAWS } from '../../src/whatif/invariants.ts';

const SCENARIO: Scenario = {
  name: 'a datagram and its answer',
  network: {
    nodes: {
      a: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, gateway: '10.0.0.1' },
      gw: {
        kind: 'gateway',
        interfaces: { lan: '10.0.0.1/24', wan: '203.0.113.1/24' },
        nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
      },
      b: {
        kind: 'host',
        interfaces: { eth0: '203.0.113.2/24' },
        services: [{ app: 'echo', protocol: 'udp', port: 7 }],
      },
    },
    links: [
      ['a', 'gw:lan'],
      ['gw:wan', 'b'],
    ],
  },
  steps: [{ connect: { from: 'a', to: 'b', port: 7, protocol: 'udp', sourcePort: 4000 } }],
};

const report = runScenario({}, SCENARIO);

/** The names of the laws that a trace breaks. */
function broken(trace: Trace, again: Trace = trace): string[] {
  if (typeof SCENARIO.network === 'string') throw new TypeError('inline');
  const told: ScenarioReport = { ...report, trace };
  const sight = {
    design: SCENARIO.network,
    steps: SCENARIO.steps,
    report: told,
    journeys: journeysOf(trace),
    again: () => ({ ...told, trace: again }),
  };
  return ENGINE_LAWS.filter(({ breach }) => breach(sight) !== undefined).map(({ name }) => name);
}

const where = (wanted: (event: TraceEvent) => boolean, change: (event: TraceEvent) => TraceEvent): Trace =>
  report.trace.map((event) => (wanted(event) ? change(event) : event));

describe('the laws of the engine', () => {
  it('hold in a sound run', () => {
    expect(broken(report.trace)).toEqual([]);
  });

  it.each<[string, Trace, string]>([
    ['a fate is lost', report.trace.filter(({ kind }) => kind !== 'fate'), 'every packet has exactly one fate'],
    [
      'a packet ends that never began',
      [
        ...report.trace,
        { kind: 'fate', packet: 99, fate: { kind: 'pending', node: 'a' }, sequence: report.trace.length, time: 10_000 },
      ],
      'every packet has exactly one fate',
    ],
    ['events change places', report.trace.toReversed(), 'events are in one total order'],
    [
      'a router forgets the TTL',
      where(
        ({ kind }) => kind === 'wire',
        (event) => (event.kind === 'wire' ? { ...event, value: withTtl(event.value, 9) } : event),
      ),
      'TTL strictly falls from one wire to the next',
    ],
    [
      'a router forgets the checksum',
      where(
        ({ kind }) => kind === 'wire',
        (event) =>
          event.kind === 'wire' && event.value.kind === 'udp'
            ? { ...event, value: { ...event.value, checksum: event.value.checksum ^ 0x0101 } }
            : event,
      ),
      'what is on a wire has right checksums, and can be encoded and decoded again',
    ],
    [
      'a table has an entry twice',
      report.trace.flatMap((event) =>
        event.kind === 'flow' && event.change === 'new'
          ? [event, { ...event, row: { ...event.row, id: event.row.id + 1 } }]
          : [event],
      ),
      'no two live connections share a tuple',
    ],
    [
      'an answer is not translated back',
      report.trace.map((event) => (event.kind === 'hop' && event.node === 'a' ? { ...event, steps: [] } : event)),
      'an answer reaches the one who asked, as from the one who was asked',
    ],
  ])('are broken where %s', (_, trace, law) => {
    expect(broken(trace)).toContain(law);
  });

  it('are broken where a second run differs', () => {
    expect(broken(report.trace, report.trace.slice(1))).toEqual(['one seed gives the same bytes']);
  });
});
