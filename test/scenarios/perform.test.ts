import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/scenarios/issue.ts';
import { perform, simulate } from '../../src/scenarios/perform.ts';
import { runScenario } from '../../src/scenarios/run.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import type { Design } from '../../src/sim/design/design.ts';

const NETWORK: Design = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: '192.168.0.4/24' }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.5/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    web: { kind: 'host', interfaces: { eth0: '203.0.113.80/24' }, services: ['http'] },
  },
  links: [
    ['laptop', 'gw:lan'],
    ['gw:wan', 'web'],
  ],
};
const CONNECT: Step = { connect: { from: 'laptop', to: 'web', port: 80, sourcePort: 5000 } };

describe('simulate and perform', () => {
  it('say of steps one by one what a scenario of them says', () => {
    const steps: Step[] = [
      CONNECT,
      { wait: '1s' },
      { change: { linkDown: ['gw:wan', 'web'] } },
      { ping: { from: 'laptop', to: 'web' } },
    ];
    const world = simulate(NETWORK, { seed: 4 });
    const report = runScenario({}, { name: 's', network: NETWORK, steps }, { seed: 4 });
    expect(steps.map((step) => perform(world, step))).toEqual(report.steps);
  });

  it('keep the state: the connection of the first step is there in the second', () => {
    const world = simulate(NETWORK);
    perform(world, CONNECT);
    const { result } = perform(world, { inspect: 'gw' });
    expect(result.connections).toMatchObject([
      { protocol: 'tcp', original: { source: '192.168.0.4', sourcePort: 5000 } },
    ]);
  });

  it('hold a step against its expectation', () => {
    const world = simulate(NETWORK);
    const connect = { from: 'laptop', to: 'web', port: 80 };
    expect(perform(world, { connect, expect: 'connected' }).status).toBe('passed');
    expect(perform(world, { connect, expect: 'refused' })).toMatchObject({
      status: 'failed',
      message: 'outcome: expected "refused", got "connected"',
    });
  });

  it.each<[string, unknown, string]>([
    ['a step of the wrong shape', { connekt: {} }, 'did you mean "connect"?'],
    ['a node that is not there', { ping: { from: 'lap', to: 'web' } }, 'there is no node "lap"'],
    ['a change that does not apply', { change: { op: 'remove', path: '/nodes/x' } }, 'change'],
  ])('refuse %s', (_, step, message) => {
    const world = simulate(NETWORK);
    expect(() => perform(world, step as Step)).toThrow(InputError);
    expect(() => perform(world, step as Step)).toThrow(message);
  });

  it('refuse a network that is not valid, with every issue', () => {
    const { laptop, ...others } = NETWORK.nodes;
    expect(() => simulate({ ...NETWORK, nodes: others })).toThrow(/"laptop"/);
  });

  it('give equal traces for equal seeds', () => {
    const run = (seed: number) => {
      const world = simulate(NETWORK, { seed });
      perform(world, { ping: { from: 'laptop', to: 'web' } });
      return world.trace;
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });
});
