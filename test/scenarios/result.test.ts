import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/scenarios/result.ts';
import { runScenario, type ScenarioReport } from '../../src/scenarios/run.ts';
import type { Step } from '../../src/scenarios/schema.ts';
import type { Design } from '../../src/sim/design/design.ts';

const NETWORK: Design = {
  nodes: {
    ann: { kind: 'host', interfaces: { eth0: '10.1.0.10/24' }, routes: [{ to: '10.9.0.0/16', type: 'blackhole' }] },
    ben: { kind: 'host', interfaces: { eth0: '10.1.0.20/24' }, services: ['udp/5000'] },
    gate: {
      kind: 'gateway',
      interfaces: { lan: '10.1.0.1/24', wan: '203.0.113.2/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }] },
    },
    web: { kind: 'host', interfaces: { eth0: '203.0.113.80/24' }, services: ['udp/5000', 'http'] },
  },
  links: [
    ['ann', 'ben', 'gate:lan'],
    ['gate:wan', 'web'],
  ],
};

function ask(step: Step): Result | undefined {
  return runScenario({}, { name: 'result', network: NETWORK, steps: [step] }).steps[0]?.result;
}

describe('where nothing could be sent', () => {
  const stuck = { blockedAt: 'ann', blockedBy: 'routes' };
  const rows: readonly (readonly [string, Step, object])[] = [
    ['connect', { connect: { from: 'ann', to: 'web', port: 80 } }, { outcome: 'unreachable', ...stuck }],
    ['ping', { ping: { from: 'ann', to: 'web' } }, { outcome: 'unreachable', ...stuck }],
    ['traceroute', { traceroute: { from: 'ann', to: 'web' } }, { outcome: 'unreachable', ...stuck }],
    ['send', { send: { from: 'ann', to: 'web', protocol: 'udp', port: 5000 } }, { outcome: 'dropped', ...stuck }],
    ['fetch', { fetch: { from: 'ann', url: 'http://203.0.113.80/' } }, { outcome: 'unreachable', ...stuck }],
    ['ftp', { ftp: { from: 'ann', to: 'web', mode: 'passive' } }, { outcome: 'control-failed', ...stuck }],
    [
      'connect into a black hole',
      { connect: { from: 'ann', to: '10.9.1.1', port: 80 } },
      { outcome: 'unreachable', blockedAt: 'ann', blockedBy: 'routes[0]' },
    ],
  ];
  it.each(rows)('%s names the node without a route', (_, step, expected) => {
    expect(ask(step)).toMatchObject(expected);
    expect(ask(step)?.explanation).toContain('on ann would carry its packets on');
  });
});

describe('a name that does not resolve', () => {
  const name = 'x.example.com';
  const records = { app: 'dns', records: { 'www.example.com': ['10.1.0.20'] } } as const;
  const nodes = {
    ann: { kind: 'host', interfaces: { eth0: '10.1.0.10/24' }, resolver: ['10.1.0.53'] },
    names: { kind: 'host', interfaces: { eth0: '10.1.0.53/24' }, services: [records] },
  } as const;
  const network: Design = { nodes, links: [['ann', 'names']] };
  const rows: readonly (readonly [string, Step, string])[] = [
    ['connect', { connect: { from: 'ann', to: name, port: 80 } }, 'unreachable'],
    ['ping', { ping: { from: 'ann', to: name } }, 'unreachable'],
    ['traceroute', { traceroute: { from: 'ann', to: name } }, 'unreachable'],
    ['send', { send: { from: 'ann', to: name, protocol: 'udp', port: 9 } }, 'dropped'],
    ['fetch', { fetch: { from: 'ann', url: `http://${name}/` } }, 'nxdomain'],
    ['ftp', { ftp: { from: 'ann', to: name, mode: 'passive' } }, 'control-failed'],
  ];
  it.each(rows)('has no server, and nobody saw the client: %s', (_, step, outcome) => {
    const expect = { outcome, server: null, seenAs: null } as const;
    const report = runScenario({}, { name: 'unresolved', network, steps: [{ ...step, expect } as Step] });
    assert(report);
  });

  it('is answered by the name server where it was asked for', () => {
    const step: Step = { resolve: { from: 'ann', name }, expect: { outcome: 'nxdomain', server: 'names' } };
    assert(runScenario({}, { name: 'unresolved', network, steps: [step] }));
  });

  function assert({ status, steps }: ScenarioReport): void {
    expect(steps.map(({ message }) => message)).toEqual([undefined]);
    expect(status).toBe('passed');
  }
});

describe('the server of a datagram that was cut on its way', () => {
  it('is the node that put it together', () => {
    const step: Step = {
      connect: { from: 'ann', to: 'ben', port: 5000, sourcePort: 7000, protocol: 'udp', bytes: 4000 },
    };
    const expected = { outcome: 'connected', server: 'ben', seenAs: { address: '10.1.0.10', port: 7000 } };
    expect(ask(step)).toMatchObject(expected);
  });

  it('is not the gateway that puts it together for translation', () => {
    const change = { op: 'add', path: '/nodes/ann/gateway', value: '10.1.0.1' } as const;
    const step: Step = {
      connect: { from: 'ann', to: 'web', port: 5000, sourcePort: 7000, protocol: 'udp', bytes: 4000 },
    };
    const { steps } = runScenario({}, { name: 'result', network: NETWORK, change, steps: [step] });
    const expected = { outcome: 'connected', server: 'web', seenAs: { address: '203.0.113.2', port: 7000 } };
    expect(steps[0]?.result).toMatchObject(expected);
  });
});

describe('a datagram that was cut and drew no answer', () => {
  const step: Step = {
    send: { from: 'ann', to: 'ben', port: 9, sourcePort: 7000, protocol: 'udp', payload: 'x'.repeat(3000) },
  };
  const withPolicy = (chain: 'input' | 'output') => {
    const change = { op: 'add', path: '/nodes/ben/firewall', value: { [chain]: { policy: 'drop' } } } as const;
    return runScenario({}, { name: 'cut', network: NETWORK, change: [change], steps: [step] }).steps[0]?.result;
  };

  it('was delivered where only the refusal was stopped', () => {
    const expected = { outcome: 'delivered', server: 'ben', seenAs: { address: '10.1.0.10', port: 7000 } };
    expect(withPolicy('output')).toMatchObject(expected);
  });

  it('was dropped where a rule stopped it', () => {
    expect(withPolicy('input')).toMatchObject({
      outcome: 'dropped',
      blockedAt: 'ben',
      blockedBy: 'firewall.input.policy',
    });
  });
});

describe('a refusal that never arrives', () => {
  const mute = { op: 'add', path: '/nodes/web/firewall', value: { output: { policy: 'drop' } } } as const;
  const closed: Step = { connect: { from: 'gate', to: 'web', port: 81 } };

  it.each([
    [
      'is told by the rule that dropped the refusal',
      [mute],
      { outcome: 'timeout', blockedBy: 'firewall.output.policy' },
    ],
    ['and by the closed port when the refusal arrives', [], { outcome: 'refused', blockedBy: 'services' }],
  ])('%s', (_, change, expected) => {
    const report = runScenario({}, { name: 'mute', network: NETWORK, change, steps: [closed] });
    expect(report.steps[0]?.result).toMatchObject({ ...expected, blockedAt: 'web' });
  });

  it('is told by the rule that rejected, were it to arrive or not', () => {
    const firewall = { input: { policy: 'accept', rules: [{ action: 'reject' }] }, output: { policy: 'drop' } };
    const change = { op: 'add', path: '/nodes/web/firewall', value: firewall } as const;
    const { steps } = runScenario({}, { name: 'mute', network: NETWORK, change: [change], steps: [closed] });
    const expected = { outcome: 'timeout', blockedAt: 'web', blockedBy: 'firewall.input.rules[0]' };
    expect(steps[0]?.result).toMatchObject(expected);
  });
});
