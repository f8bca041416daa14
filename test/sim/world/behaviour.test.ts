import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioReport } from '../../../src/scenarios/run.ts';
import type { Step } from '../../../src/scenarios/schema.ts';
import type { BehaviourSpec } from '../../../src/sim/design/behaviour.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { explain } from '../../../src/sim/trace/explain.ts';

/** Two hosts at home, a carrier's NAT in front of the home's, and two servers outside. */
function network(home: BehaviourSpec, carrier: BehaviourSpec = 'linux'): Design {
  const masquerade = { action: 'masquerade', match: { outInterface: 'wan' } } as const;
  return {
    nodes: {
      a: {
        kind: 'host',
        interfaces: { eth0: '192.168.0.2/24' },
        gateway: '192.168.0.1',
        services: ['udp/5000', 'tcp/5000'],
      },
      b: { kind: 'host', interfaces: { eth0: '192.168.0.3/24' }, gateway: '192.168.0.1', services: ['udp/6000'] },
      home: {
        kind: 'gateway',
        interfaces: { lan: '192.168.0.1/24', wan: '100.64.0.2/24' },
        gateway: '100.64.0.1',
        firewall: { forward: { policy: 'accept', rules: [{ match: { state: 'invalid' }, action: 'drop' }] } },
        nat: { behaviour: home, rules: [masquerade] },
        services: ['tcp/22'],
      },
      carrier: {
        kind: 'gateway',
        interfaces: { lan: '100.64.0.1/24', wan: '203.0.113.2/24' },
        gateway: '203.0.113.1',
        nat: { behaviour: carrier, rules: [masquerade] },
      },
      isp: { kind: 'router', interfaces: { cust: '203.0.113.1/24', s: '198.51.100.1/24' } },
      server: {
        kind: 'host',
        interfaces: { eth0: '198.51.100.9/24' },
        gateway: '198.51.100.1',
        services: ['tcp/80', 'udp/53'],
      },
      other: {
        kind: 'host',
        interfaces: { eth0: '198.51.100.10/24' },
        gateway: '198.51.100.1',
        services: ['tcp/80', 'udp/53'],
      },
    },
    links: [
      ['a', 'b', 'home:lan'],
      ['home:wan', 'carrier:lan'],
      ['carrier:wan', 'isp:cust'],
      ['isp:s', 'server', 'other'],
    ],
  };
}

function run(design: Design, ...steps: readonly Step[]): ScenarioReport {
  return runScenario({}, { name: 'behaviour', network: design, steps });
}

const results = ({ steps }: ScenarioReport) => steps.map(({ result }) => result);
const A_SENDS: Step = { send: { from: 'a', to: 'server', protocol: 'udp', port: 53, sourcePort: 5100 } };
const OTHER_SENDS: Step = { send: { from: 'other', to: '203.0.113.2', protocol: 'udp', port: 5100 } };

describe('a carrier in front of a home', () => {
  it('lets a stranger in where both do', () => {
    const [sent, stranger, inspected] = results(
      run(network('full-cone', 'full-cone'), A_SENDS, OTHER_SENDS, { inspect: 'carrier' }),
    );
    expect(sent).toMatchObject({ outcome: 'replied', seenAs: { address: '203.0.113.2', port: 5100 } });
    expect(stranger).toMatchObject({
      outcome: 'rejected',
      server: 'a',
      icmp: { type: 3, code: 3, from: '203.0.113.2' },
    });
    expect(inspected?.mappings).toMatchObject([
      { protocol: 'udp', inside: '100.64.0.2:5100', outside: '203.0.113.2:5100', kind: 'dynamic', sessions: 2 },
    ]);
  });

  it('keeps a stranger out where one of them does, and says which and what would help', () => {
    const [, atHome] = results(run(network('restricted-cone', 'full-cone'), A_SENDS, OTHER_SENDS));
    expect(atHome).toMatchObject({ outcome: 'dropped', blockedAt: 'home', blockedBy: 'nat.filtering' });
    const [, atCarrier] = results(run(network('full-cone', 'symmetric'), A_SENDS, OTHER_SENDS));
    expect(atCarrier).toMatchObject({ outcome: 'dropped', blockedAt: 'carrier', blockedBy: 'nat.filtering' });
    expect(atCarrier?.explanation).toContain('203.0.113.2');
  });
});

describe('a SYN from outside', () => {
  const KNOCK: Step = { connect: { from: 'server', to: '203.0.113.2', port: 5000, timeout: '20s' } };

  it('that nobody asked for is answered after 6 s', () => {
    const [knocked] = results(run(network('linux', 'restricted-cone'), KNOCK));
    expect(knocked).toMatchObject({ blockedAt: 'carrier', blockedBy: 'nat.filtering', icmp: { type: 3, code: 3 } });
  });

  it('reaches a service of the gateway itself', () => {
    const design = network('restricted-cone');
    const [knocked] = results(run(design, { connect: { from: 'carrier', to: 'home:wan', port: 22 } }));
    expect(knocked).toMatchObject({ outcome: 'connected', server: 'home' });
  });

  it('is held, told of, and lost with the node that holds it', () => {
    const design = network('linux', 'restricted-cone');
    const { steps } = run(
      design,
      { send: { from: 'server', to: '203.0.113.2', protocol: 'tcp', port: 5000 } },
      { change: { nodeDown: 'carrier' } },
      { wait: '10s' },
    );
    const told = explain(steps.flatMap(({ events }) => events));
    expect(told).toContain('held');
    expect(told).toContain('LOST at carrier');
  });

  it('passes as an answer to one from inside', () => {
    const { steps } = run(network('restricted-cone', 'cgn'), { connect: { from: 'a', to: 'server', port: 80 } });
    expect(results({ steps } as ScenarioReport)[0]).toMatchObject({ outcome: 'connected', server: 'server' });
  });
});

it('a trace tells what is mapped, and when that ends', () => {
  const { steps } = run(network('symmetric'), A_SENDS, { wait: '10m' }, A_SENDS, { restart: 'home' });
  const told = explain(steps.flatMap(({ events }) => events));
  expect(told).toMatch(/now maps udp 192\.168\.0\.2:5100 to 100\.64\.0\.2:\d+ for 198\.51\.100\.9:53 on home/);
  expect(told).toMatch(/no longer maps udp 192\.168\.0\.2:5100 .* since 5m/);
});

it('mappings go with the address that they use', () => {
  const edit = { op: 'replace', path: '/nodes/home/interfaces/wan', value: '100.64.0.3/24' } as const;
  const [, , inspected] = results(run(network('full-cone'), A_SENDS, { change: [edit] }, { inspect: 'home' }));
  expect(inspected).toMatchObject({ mappings: [], connections: [] });
});

it('inside hosts reach each other by outside endpoints', () => {
  const b: Step = { send: { from: 'b', to: 'server', protocol: 'udp', port: 53, sourcePort: 6100 } };
  const turned: Step = { send: { from: 'a', to: '100.64.0.2', protocol: 'udp', port: 6100, sourcePort: 5101 } };
  const [, there] = results(run(network('full-cone'), b, turned));
  expect(there).toMatchObject({ outcome: 'rejected', server: 'b', icmp: { type: 3, code: 3, from: '100.64.0.2' } });
});

describe('rules beside a behaviour', () => {
  it('forward ports, translate both ends at once, and map address to address', () => {
    const design = network('port-restricted-cone');
    const { home } = design.nodes;
    if (home === undefined) throw new Error('no home');
    const nat = {
      behaviour: 'port-restricted-cone',
      rules: [
        {
          action: 'dnat',
          match: { inInterface: 'wan', protocol: 'udp', destinationPort: 7000 },
          to: '192.168.0.2:5000',
        },
        { action: 'dnat', match: { inInterface: 'lan', destination: '10.9.9.9' }, to: '198.51.100.9' },
        { action: 'static', inside: '192.168.0.3', outside: '100.64.0.33' },
        { action: 'masquerade', match: { outInterface: 'wan' } },
      ],
    } as const;
    const carrier = {
      ...design.nodes.carrier,
      kind: 'gateway' as const,
      routes: [{ to: '100.64.0.33/32', via: '100.64.0.2' }],
    };
    const edited: Design = { ...design, nodes: { ...design.nodes, carrier, home: { ...home, nat } } };
    const [forwarded, twice, mapped, inspected] = results(
      run(
        edited,
        { send: { from: 'carrier', to: '100.64.0.2', protocol: 'udp', port: 7000 } },
        { send: { from: 'a', to: '10.9.9.9', protocol: 'udp', port: 53, sourcePort: 5100 } },
        { send: { from: 'carrier', to: '100.64.0.33', protocol: 'udp', port: 6000 } },
        { inspect: 'home' },
      ),
    );
    expect(forwarded).toMatchObject({ outcome: 'replied', server: 'a' });
    expect(twice).toMatchObject({ outcome: 'replied', server: 'server' });
    expect(mapped).toMatchObject({ outcome: 'replied', server: 'b' });
    expect(inspected?.mappings).toMatchObject([{ inside: '192.168.0.2:5100', sessions: 1 }]);
  });
});
