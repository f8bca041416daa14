/** Small networks on the real kernel. Without root, or without the tools, these are skipped. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { anyDesign } from '../../src/arbitraries/design.ts';
import { execute, missing } from '../../src/lab/execute.ts';
import { type LabOutcome, runLab, script } from '../../src/lab/run.ts';
import type { Scenario, Step } from '../../src/scenarios/schema.ts';
import type { Design, Node } from '../../src/sim/design/design.ts';
import { planLab } from '../../src/sim/export/lab.ts';
import { giveLeases } from '../../src/sim/export/lease.ts';

/** Every namespace of these tests begins so. */
const PREFIX = `mbtest${process.pid}`;
/** Instead of the folder for temporary files that all labs on this machine share. */
let folder = '';

const server: Node = {
  kind: 'host',
  interfaces: { eth0: ['203.0.113.10/24', '2001:db8::10/64'] },
  services: ['tcp/7000', 'udp/7000', 'http', 'ftp'],
};

function network(gateway: Partial<Node>, hosts: Readonly<Record<string, Partial<Node>>> = {}): Design {
  return {
    nodes: {
      pc: {
        kind: 'host',
        interfaces: { eth0: ['192.168.0.10/24', 'fd00::10/64'] },
        gateway: ['192.168.0.1', 'fd00::1'],
        ...hosts.pc,
      },
      gw: {
        kind: 'gateway',
        interfaces: { lan: ['192.168.0.1/24', 'fd00::1/64'], wan: ['203.0.113.2/24', '2001:db8::2/64'] },
        ...gateway,
      },
      srv: { ...server, gateway: ['203.0.113.2', '2001:db8::2'], ...hosts.srv },
    },
    links: [
      ['pc', 'gw:lan'],
      ['gw:wan', 'srv'],
    ],
  };
}

const lacks = missing(network({}));
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;
let runs = 0;

async function run(design: Design, steps: readonly Step[], change?: Scenario['change']): Promise<LabOutcome> {
  runs += 1;
  const scenario = { name: 'test', network: design, steps, ...(change === undefined ? {} : { change }) };
  return runLab({ scenarios: [scenario] }, scenario, { prefix: `${PREFIX}-${runs}`, longestWaitMs: 2000 });
}

/** The results of the steps, which must all have been done. */
async function results(design: Design, steps: readonly Step[]): Promise<readonly unknown[]> {
  const outcome = await run(design, steps);
  if (outcome.kind !== 'ran') throw new Error(JSON.stringify(outcome));
  return outcome.report.steps.map(({ result, skipped }) => result ?? skipped);
}

function leftovers(): string[] {
  const namespaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  return [
    ...namespaces.split('\n').filter((line) => line.startsWith(PREFIX)),
    ...readdirSync(folder).filter((name) => name.startsWith('mb-lab-')),
  ];
}

const masquerade = { nat: { rules: [{ action: 'masquerade', match: { outInterface: 'wan' } }] } } as const;

describe.skipIf(lacks.length > 0)(`a lab on the real kernel${why}`, () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mbtest-'));
    // file servers run as somebody else
    chmodSync(folder, 0o755);
    vi.stubEnv('TMPDIR', folder);
  });

  afterAll(() => {
    vi.unstubAllEnvs();
    expect(leftovers()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('routes plainly, in both families', async () => {
    const seen = await results(network({}), [
      { connect: { from: 'pc', to: 'srv', port: 7000, sourcePort: 40000, bytes: 5000 } },
      { connect: { from: 'pc', to: '2001:db8::10', port: 7000, protocol: 'udp', sourcePort: 40000 } },
      { ping: { from: 'srv', to: 'pc' } },
      { fetch: { from: 'pc', url: 'http://203.0.113.10/' } },
      { traceroute: { from: 'pc', to: 'srv' } },
    ]);
    expect(seen).toMatchObject([
      { outcome: 'connected', server: 'srv', seenAs: { address: '192.168.0.10', port: 40000 }, echoed: true },
      { outcome: 'connected', server: 'srv', seenAs: { address: 'fd00::10', port: 40000 }, echoed: true },
      { outcome: 'replied', server: 'pc', seenAs: { address: '203.0.113.10' } },
      { outcome: 'fetched', status: 200, body: 'This is srv.\n' },
      {
        outcome: 'reached',
        hops: [
          { ttl: 1, from: '192.168.0.1' },
          { ttl: 2, from: '203.0.113.10' },
        ],
      },
    ]);
  });

  it('masquerades, and shows the row of it', async () => {
    const seen = await results(network(masquerade), [
      { connect: { from: 'pc', to: 'srv', port: 7000, protocol: 'udp', sourcePort: 5000 } },
      { inspect: 'gw' },
      { restart: 'gw' },
      { inspect: 'gw' },
    ]);
    expect(seen).toMatchObject([
      { outcome: 'connected', seenAs: { address: '203.0.113.2', port: 5000 } },
      { connections: [{ protocol: 'udp', reply: { destination: '203.0.113.2' }, status: ['SNAT'] }] },
      {},
      { connections: [], expectations: [] },
    ]);
  });

  it('says which rule rejects, and with what', async () => {
    const rules = [
      { match: { protocol: 'tcp', destinationPort: 1 }, action: 'reject' },
      { match: { protocol: 'udp' }, action: 'reject', with: 'icmp-admin-prohibited' },
      { match: { protocol: 'tcp', destinationPort: 2 }, action: 'reject', with: 'tcp-reset' },
      { match: { protocol: 'gre' }, action: 'drop' },
    ] as const;
    const step = (to: string, port: number, protocol?: 'udp'): Step => ({
      connect: { from: 'pc', to, port, ...(protocol === undefined ? {} : { protocol }) },
    });
    const seen = await results(network({ firewall: { forward: { rules } } }), [
      ...['203.0.113.10', '2001:db8::10'].flatMap((to) => [
        step(to, 1),
        step(to, 7000, 'udp'),
        step(to, 2),
        step(to, 9),
      ]),
      { send: { from: 'pc', to: 'srv', protocol: 'esp' } },
    ]);
    const by = (i: number) => ({ blockedAt: 'gw', blockedBy: `firewall.forward.rules[${i}]` });
    expect(seen).toMatchObject([
      { outcome: 'refused', icmp: { type: 3, code: 3, from: '192.168.0.1' }, ...by(0) },
      { outcome: 'unreachable', icmp: { type: 3, code: 13, from: '192.168.0.1' }, ...by(1) },
      { outcome: 'refused', ...by(2) },
      { outcome: 'refused', server: 'srv' },
      { outcome: 'refused', icmp: { type: 1, code: 4, from: 'fd00::1' }, ...by(0) },
      { outcome: 'unreachable', icmp: { type: 1, code: 1, from: 'fd00::1' }, ...by(1) },
      { outcome: 'refused', ...by(2) },
      { outcome: 'refused', server: 'srv' },
      { outcome: 'rejected', icmp: { type: 3, code: 2, from: '203.0.113.10' }, server: 'srv' },
    ]);
  });

  it('waits for a neighbour that is not there', async () => {
    const [seen] = await results(network({}), [{ ping: { from: 'pc', to: '203.0.113.99' } }]);
    expect(seen).toMatchObject({ outcome: 'unreachable', icmp: { type: 3, code: 1, from: '192.168.0.1' } });
  });

  it('transfers files in active mode only with the helper, and never behind TLS', async () => {
    const active: Step = { ftp: { from: 'pc', to: '203.0.113.10', mode: 'active' } };
    const closed = { srv: { gateway: '203.0.113.254' } };
    const plain = await results(network(masquerade, closed), [active]);
    const helped = await results(network({ nat: { ...masquerade.nat, helpers: ['ftp'] } }, closed), [
      active,
      { ftp: { from: 'pc', to: '203.0.113.10', mode: 'extended-active', encrypted: true } },
    ]);
    expect(plain).toMatchObject([{ outcome: 'data-failed', reason: expect.stringContaining('500') }]);
    expect(helped).toMatchObject([{ outcome: 'transferred', bytes: 1024, server: 'srv' }, { outcome: 'data-failed' }]);
  });

  it('changes while it runs: rules, routes, addresses, services, cables', async () => {
    const ping: Step = { ping: { from: 'pc', to: '203.0.113.10', timeout: '300ms' } };
    const seen = await results(network({}), [
      ping,
      { change: { op: 'add', path: '/nodes/gw/firewall', value: { forward: { policy: 'drop' } } } },
      ping,
      { change: { op: 'remove', path: '/nodes/gw/firewall' } },
      { change: { op: 'add', path: '/nodes/gw/routes', value: [{ to: '203.0.113.10/32', type: 'prohibit' }] } },
      ping,
      { change: { op: 'remove', path: '/nodes/gw/routes' } },
      { change: { linkDown: ['pc', 'gw:lan'] } },
      ping,
      { change: { linkUp: ['pc', 'gw:lan'] } },
      { change: { op: 'replace', path: '/nodes/pc/interfaces/eth0', value: ['192.168.0.11/24'] } },
      { change: { op: 'replace', path: '/nodes/pc/gateway', value: '192.168.0.1' } },
      { change: { op: 'replace', path: '/nodes/srv/services', value: [] } },
      ping,
      { connect: { from: 'pc', to: '203.0.113.10', port: 7000 } },
    ]);
    expect(seen.filter((result) => typeof result === 'object' && result !== null && 'outcome' in result)).toMatchObject(
      [
        { outcome: 'replied', seenAs: { address: '192.168.0.10' } },
        { outcome: 'timeout', blockedAt: 'gw', blockedBy: 'firewall.forward.policy' },
        { outcome: 'unreachable', icmp: { type: 3, code: 13 } },
        { outcome: 'timeout' },
        { outcome: 'replied', seenAs: { address: '192.168.0.11' } },
        { outcome: 'refused' },
      ],
    );
  });

  it('passes over what it cannot do for real, and what follows', async () => {
    const outcome = await run(network({}), [{ wait: '1h' }, { ping: { from: 'pc', to: 'srv' } }]);
    expect(outcome).toMatchObject({
      report: { steps: [{ skipped: 'it would take 1h for real' }, { skipped: expect.any(String) }] },
    });
  });

  it('leaves nothing behind when a change is refused, and when it breaks', async () => {
    const missingNode = { op: 'remove', path: '/nodes/nobody' } as const;
    expect(await run(network({}), [{ change: missingNode }])).toMatchObject({ kind: 'refused', issues: [{}] });
    const rewired = { op: 'add', path: '/links/-', value: ['pc', 'srv'] } as const;
    expect(await run(network({}), [], rewired)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('wiring'),
    });
    const clash = network({}, { srv: { services: ['tcp/7000', { app: 'echo', protocol: 'tcp', port: 7000 }] } });
    expect(await run(clash, [])).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('Address already in use'),
    });
    expect(leftovers()).toEqual([]);
  });

  it('is a script that builds the same', async () => {
    const prefix = `${PREFIX}-script`;
    const design = network(masquerade);
    const built = await execute({ argv: ['sh', '-s'], input: script(design, prefix) });
    const pinged = await execute({ argv: ['ip', 'netns', 'exec', `${prefix}.pc`, 'ping', '-c', '1', '203.0.113.10'] });
    for (const name of [`${prefix}-wires`, ...Object.keys(design.nodes).map((node) => `${prefix}.${node}`)]) {
      await execute({ argv: ['ip', 'netns', 'del', name] });
    }
    expect(built).toMatchObject({ code: 0, err: '' });
    expect(pinged.code).toBe(0);
  });

  it('has rules that nft takes, for any network', async () => {
    await fc.assert(
      fc.asyncProperty(anyDesign({ nodes: 5 }), async (design) => {
        const rulesets = planLab(giveLeases(design), { prefix: 'x' }).nodes.map(({ ruleset }) => ruleset);
        const { err } = await execute({ argv: ['nft', '-c', '-f', '-'], input: rulesets.join('') });
        expect(err).toBe('');
      }),
      { numRuns: 25 },
    );
  });
});

describe('a machine without what a lab needs', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is told so, and nothing is done', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(1000);
    const outcome = await run(network({}), []);
    expect(outcome).toMatchObject({ kind: 'missing', what: expect.arrayContaining(['root']) });
  });

  it('is told of another system', () => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin');
    expect(missing(network({}))).toContain('a Linux kernel');
  });
});
