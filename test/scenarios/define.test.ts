import { describe, expect, it } from 'vitest';
import { defineNetwork, defineScenario } from '../../src/scenarios/define.ts';
import { InputError } from '../../src/scenarios/issue.ts';

const PAIR = defineNetwork({
  nodes: {
    a: { kind: 'host', interfaces: { e: '10.0.0.1/24' } },
    b: { kind: 'host', interfaces: { e: '10.0.0.2/24' }, services: ['http'] },
  },
  links: [['a', 'b']],
});

describe('defineNetwork', () => {
  it('is the network itself', () => {
    const network = { nodes: {} };
    expect(defineNetwork(network)).toBe(network);
  });

  it('throws everything that is wrong with its shape, or else with its sense', () => {
    expect(() => defineNetwork({ nodes: { a: { kind: 'gatway' as 'gateway' } } })).toThrow(InputError);
    expect(() => defineNetwork({ nodes: { a: { kind: 'gatway' as 'gateway' } } })).toThrow(
      'nodes.a.kind: "gatway" is not',
    );
    expect(() => defineNetwork({ nodes: {}, links: [['a', 'b']] })).toThrow(
      'links[0][0]: there is no node "a"\nlinks[0][1]: there is no node "b"',
    );
  });
});

describe('defineScenario', () => {
  it('is the scenario itself', () => {
    const scenario = {
      name: 'x',
      network: PAIR,
      steps: [{ connect: { from: 'a', to: 'b', port: 80 }, expect: 'connected' as const }],
    };
    expect(defineScenario(scenario)).toBe(scenario);
  });

  it('leaves a network given by name to be looked up', () => {
    expect(defineScenario({ name: 'x', network: 'pair', steps: [{ restart: 'nobody' }] }).network).toBe('pair');
  });

  it.each([
    ['its shape', { name: '', network: PAIR, steps: [] }, 'name: it must not be empty'],
    [
      'its network',
      { name: 'x', network: { ...PAIR, publicInternet: ['a'] }, steps: [] },
      'network.publicInternet[0]: a is a host',
    ],
    ['its steps', { name: 'x', network: PAIR, steps: [{ restart: 'c' }] }, 'steps[0].restart: there is no node "c"'],
  ])('throws what is wrong with %s', (_, scenario, message) => {
    expect(() => defineScenario(scenario)).toThrow(message);
  });
});
