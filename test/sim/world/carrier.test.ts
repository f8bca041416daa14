import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioReport } from '../../../src/scenarios/run.ts';
import type { Step } from '../../../src/scenarios/schema.ts';
import type { Design } from '../../../src/sim/design/design.ts';

/** Two clients and the server on one segment, and a cable from the server to a far host. */
const NETWORK: Design = {
  nodes: {
    laptop: { kind: 'host', interfaces: { eth0: 'dhcp' } },
    phone: { kind: 'host', interfaces: { eth0: 'dhcp' } },
    server: {
      kind: 'router',
      interfaces: { lan: '192.168.7.1/24', far: '10.0.0.1/30' },
      services: [{ app: 'dhcp', pool: '192.168.7.100-192.168.7.199', router: '192.168.7.1', lease: '10m' }],
    },
    far: { kind: 'host', interfaces: { eth0: '10.0.0.2/30' }, gateway: '10.0.0.1', services: ['http'] },
  },
  links: [
    ['laptop', 'phone', 'server:lan'],
    ['server:far', 'far'],
  ],
};

function run(...steps: readonly Step[]): ScenarioReport {
  return runScenario({}, { name: 'carrier', network: NETWORK, steps });
}

/** The addresses that the last step, an inspection, found leased. */
function leases({ steps }: ScenarioReport): unknown[] {
  const found = steps.at(-1)?.result.leases;
  return Array.isArray(found) ? found.map(({ address }: { address: string }) => address) : [];
}

describe('a node on a shared segment that is switched off', () => {
  it('leaves the others their link, so that they renew what they have', () => {
    expect(leases(run({ change: { nodeDown: 'laptop' } }, { wait: '30m' }, { inspect: 'phone' }))).toEqual([
      '192.168.7.101',
    ]);
  });

  it('loses its own lease in time, and asks for the address again when it comes back', () => {
    const off = [{ change: { nodeDown: 'laptop' } }, { wait: '30m' }] as const;
    expect(leases(run(...off, { inspect: 'laptop' }))).toEqual([]);
    const on = [{ change: { nodeUp: 'laptop' } }, { wait: '1s' }] as const;
    expect(leases(run(...off, ...on, { inspect: 'laptop' }))).toEqual(['192.168.7.100']);
  });

  it('sends nothing', () => {
    const { steps } = run({ change: { nodeDown: 'phone' } }, { ping: { from: 'phone', to: 'server:lan' } });
    expect(steps[1]?.result.outcome).not.toBe('replied');
    expect(steps[1]?.events.filter(({ kind }) => kind === 'wire')).toEqual([]);
  });
});

it('a cable with a dead box at its end is dead at the other end too', () => {
  const { steps } = run({ change: { nodeDown: 'far' } }, { connect: { from: 'laptop', to: 'far', port: 80 } });
  expect(steps[1]?.result).toMatchObject({ outcome: 'unreachable', blockedAt: 'server' });
});

it('a link that comes up again lets its DHCP clients keep what they had', () => {
  const cut = [{ change: { linkDown: ['laptop', 'phone'] } }, { wait: '1m' }] as const;
  const again = run(...cut, { change: { linkUp: ['laptop', 'phone'] } }, { wait: '1s' }, { inspect: 'phone' });
  expect(leases(again)).toEqual(['192.168.7.101']);
});
