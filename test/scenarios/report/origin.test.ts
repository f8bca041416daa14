import { describe, expect, it } from 'vitest';
import { originsOf } from '../../../src/scenarios/report/origin.ts';
import type { Scenario, ScenarioFile, Step } from '../../../src/scenarios/schema.ts';
import { showPath } from '../../../src/sim/base/path.ts';
import type { Change } from '../../../src/sim/design/change.ts';
import type { Design } from '../../../src/sim/design/design.ts';

const rule = (name: string) => ({ name, action: 'accept' }) as const;
const NETWORK: Design = {
  nodes: {
    gw: {
      kind: 'gateway',
      interfaces: { 'lan.1': '10.0.0.1/24', wan: ['192.0.2.1/24', '2001:db8::1/64'] },
      gateway: ['192.0.2.9', '2001:db8::9'],
      firewall: { forward: { policy: 'drop', rules: [rule('a'), rule('b'), rule('c')] } },
    },
  },
  publicInternet: ['gw'],
};

/** Where a place stands at a step of a scenario, as text. */
function where(
  place: string,
  { change, steps = [] }: { change?: Change; steps?: readonly Step[] },
  at = steps.length - 1,
) {
  const scenario: Scenario = { name: 's', network: 'n', steps, ...(change === undefined ? {} : { change }) };
  const file: ScenarioFile = { networks: { n: NETWORK }, scenarios: [{ ...scenario, name: 'other' }, scenario] };
  const path = originsOf(file, scenario)(at)('gw', place);
  return path === undefined ? undefined : showPath(path);
}

const RULES = '/nodes/gw/firewall/forward/rules';
const home = 'networks.n.nodes.gw';

describe('originsOf', () => {
  it.each([
    ['firewall.forward.rules[1]', `${home}.firewall.forward.rules[1]`],
    ['firewall.forward.policy', `${home}.firewall.forward.policy`],
    ['interfaces["lan.1"]', `${home}.interfaces["lan.1"]`],
    ['gateway', `${home}.gateway`],
    ['publicInternet', 'networks.n.publicInternet'],
    ['firewall.input.policy', undefined],
    ['firewall.forward.rules[3]', undefined],
    ['services', undefined],
    ['no path!', undefined],
  ])('finds %s where nothing was changed', (place, path) => {
    expect(where(place, {})).toBe(path);
  });

  it('finds a network that the scenario holds itself', () => {
    const scenario: Scenario = { name: 's', network: NETWORK, steps: [] };
    const path = originsOf({ scenarios: [scenario] }, scenario)(-1)('gw', 'gateway');
    expect(path).toEqual(['scenarios', 0, 'network', 'nodes', 'gw', 'gateway']);
  });

  it.each<[string, Change, string, string | undefined]>([
    [
      'put before it',
      { op: 'add', path: `${RULES}/0`, value: rule('x') },
      'firewall.forward.rules[1]',
      `${home}.firewall.forward.rules[0]`,
    ],
    [
      'put here',
      { op: 'add', path: `${RULES}/0`, value: rule('x') },
      'firewall.forward.rules[0]',
      'scenarios[1].change.value',
    ],
    [
      'put at the end',
      { op: 'add', path: `${RULES}/-`, value: rule('x') },
      'firewall.forward.rules[3]',
      'scenarios[1].change.value',
    ],
    [
      'put here with the chain',
      { op: 'replace', path: '/nodes/gw/firewall', value: { forward: { rules: [rule('x'), rule('y')] } } },
      'firewall.forward.rules[1]',
      'scenarios[1].change.value.forward.rules[1]',
    ],
    [
      'set with the chain',
      { op: 'replace', path: '/nodes/gw/firewall', value: { forward: { policy: 'drop' } } },
      'firewall.forward.policy',
      'scenarios[1].change.value.forward.policy',
    ],
    [
      'set itself',
      { op: 'replace', path: '/nodes/gw/firewall/forward/policy', value: 'accept' },
      'firewall.forward.policy',
      'scenarios[1].change.value',
    ],
    ['left alone', { op: 'remove', path: `${RULES}/0` }, 'firewall.forward.policy', `${home}.firewall.forward.policy`],
    [
      'moved up by a removal',
      { op: 'remove', path: `${RULES}/0` },
      'firewall.forward.rules[0]',
      `${home}.firewall.forward.rules[1]`,
    ],
    [
      'moved itself',
      { op: 'move', from: `${RULES}/2`, path: `${RULES}/0` },
      'firewall.forward.rules[0]',
      `${home}.firewall.forward.rules[2]`,
    ],
    [
      'edited',
      { op: 'replace', path: `${RULES}/1/action`, value: 'drop' },
      'firewall.forward.rules[1]',
      'scenarios[1].change',
    ],
    [
      'beside a test',
      { op: 'test', path: `${RULES}/1`, value: rule('b') },
      'firewall.forward.rules[1]',
      `${home}.firewall.forward.rules[1]`,
    ],
    [
      'touched by nothing that edits',
      { linkDown: 'uplink' },
      'firewall.forward.rules[1]',
      `${home}.firewall.forward.rules[1]`,
    ],
    [
      'edited in vain',
      { op: 'remove', path: '/nodes/nobody' },
      'firewall.forward.rules[1]',
      `${home}.firewall.forward.rules[1]`,
    ],
    [
      'put by the second of two',
      [
        { op: 'remove', path: `${RULES}/0` },
        { op: 'add', path: `${RULES}/0`, value: rule('x') },
      ],
      'firewall.forward.rules[0]',
      'scenarios[1].change[1].value',
    ],
    [
      'edited and then moved, which nothing says',
      [
        { op: 'replace', path: `${RULES}/0/action`, value: 'drop' },
        { op: 'add', path: `${RULES}/0`, value: rule('x') },
      ],
      'firewall.forward.rules[1]',
      undefined,
    ],
  ])('finds what was %s', (_, change, place, path) => {
    expect(where(place, { change })).toBe(path);
  });

  it('follows the changes step by step', () => {
    const insert = { change: { op: 'add', path: `${RULES}/0`, value: rule('x') } } as const;
    const steps: Step[] = [{ wait: '1s' }, insert, { wait: '1s' }];
    const place = 'firewall.forward.rules[0]';
    expect([-1, 0, 1, 2].map((at) => where(place, { steps }, at))).toEqual([
      `${home}.firewall.forward.rules[0]`,
      `${home}.firewall.forward.rules[0]`,
      'scenarios[1].steps[1].change.value',
      'scenarios[1].steps[1].change.value',
    ]);
  });
});
