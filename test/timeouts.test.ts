/** Timeouts of tracked connections, read from this machine's kernel: the defaults, and what tables show after each transition. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { missing } from '../src/lab/execute.ts';
import { runLab } from '../src/lab/run.ts';
import { runScenario } from '../src/scenarios/run.ts';
import type { Scenario, Step } from '../src/scenarios/schema.ts';
import { parseIp } from '../src/sim/addr/ip.ts';
import { fail } from '../src/sim/base/fail.ts';
import { parseDuration } from '../src/sim/base/time.ts';
import type { Design, TimeoutName } from '../src/sim/design/design.ts';
import { TIMEOUT_KEYS } from '../src/sim/export/sysctl.ts';
import type { AppCommand } from '../src/sim/host/app/app.ts';
import { compileTracking } from '../src/sim/program/tracking.ts';
import { World } from '../src/sim/world/world.ts';
import { script } from './script.ts';

const ip = (text: string) => parseIp(text) ?? fail(text);

const network: Design = {
  nodes: {
    client: { kind: 'host', interfaces: { eth0: '192.168.1.10/24' }, gateway: '192.168.1.1' },
    gateway: {
      kind: 'gateway',
      interfaces: { lan: '192.168.1.1/24', wan: '203.0.113.2/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }], helpers: ['ftp'] },
    },
    server: {
      kind: 'host',
      interfaces: { eth0: '203.0.113.50/24' },
      services: ['tcp/7000', 'udp/7000', 'ftp'],
      firewall: {
        input: {
          policy: 'accept',
          rules: [
            { match: { protocol: 'tcp', destinationPort: 7001 }, action: 'drop' },
            { match: { protocol: 'udp', destinationPort: 7001 }, action: 'drop' },
          ],
        },
        // data connections of active FTP do not come about, so their expectation stays
        output: { policy: 'accept', rules: [{ match: { protocol: 'tcp', sourcePort: 20 }, action: 'drop' }] },
      },
    },
  },
  links: [
    ['client', 'gateway:lan'],
    ['gateway:wan', 'server'],
  ],
};

const lacks = missing(network);
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;

/** The kernel's own figures, in seconds, as a namespace has them that nobody has touched. */
function kernelTimeouts(): ReadonlyMap<string, number> {
  const keys = [...Object.values(TIMEOUT_KEYS), 'icmpv6_timeout'].map((key) => `net.netfilter.nf_conntrack_${key}`);
  // a rule that asks for a state makes the kernel load what tracks connections
  const load = "nft 'add table inet t; add chain inet t c; add rule inet t c ct state new'";
  const out = execFileSync('unshare', ['--net', 'sh', '-c', `${load} && sysctl ${keys.join(' ')}`], {
    encoding: 'utf8',
  });
  const lines = [...out.matchAll(/^net\.netfilter\.nf_conntrack_(\w+) = (\d+)$/gm)];
  return new Map(lines.map(([, key = '', value = '']) => [key, Number(value)]));
}

/** Where there is no kernel to ask, the figures that Linux 6.18 gave. */
const RECORDED: Readonly<Record<keyof typeof TIMEOUT_KEYS, number>> = {
  tcpSynSent: 120,
  tcpSynRecv: 60,
  tcpEstablished: 432_000,
  tcpFinWait: 120,
  tcpCloseWait: 60,
  tcpLastAck: 30,
  tcpTimeWait: 120,
  tcpClose: 10,
  tcpMaxRetrans: 300,
  tcpUnacknowledged: 300,
  udp: 30,
  udpStream: 120,
  icmp: 30,
  generic: 600,
  gre: 30,
  greStream: 180,
};
const kernel = lacks.length === 0 ? kernelTimeouts() : new Map<string, number>();
const secondsOf = (name: keyof typeof TIMEOUT_KEYS): number => kernel.get(TIMEOUT_KEYS[name]) ?? RECORDED[name];

describe('defaults', () => {
  const { timeouts } = compileTracking(undefined);

  it.each(Object.entries(RECORDED))('%s: %i s', (name, seconds) => {
    expect(timeouts[name as TimeoutName]).toBe(seconds * 1000);
  });

  it('expectation: 300 s, for which the kernel has no setting', () => {
    expect(timeouts.expectation).toBe(300_000);
    expect(Object.keys(timeouts).toSorted()).toEqual([...Object.keys(RECORDED), 'expectation'].toSorted());
  });

  it.skipIf(lacks.length > 0)(`are those of a fresh network namespace here${why}`, () => {
    for (const [name, key] of Object.entries(TIMEOUT_KEYS)) {
      expect(timeouts[name as TimeoutName], key).toBe((kernel.get(key) ?? Number.NaN) * 1000);
    }
    expect(timeouts.icmp, 'ICMPv6 is not told apart').toBe((kernel.get('icmpv6_timeout') ?? Number.NaN) * 1000);
  });
});

/** The row of the gateway, at the moment of each change of its TCP state: the state, and its timeout in seconds. */
function transitions(
  client: readonly (readonly [number, AppCommand])[],
  server: readonly (readonly [number, AppCommand])[] = [],
) {
  const world = new World(network);
  world.launch('server', script('server', [0, { kind: 'listen', socket: 'l', port: 7002 }], ...server).app);
  const connect: AppCommand = { kind: 'connect', socket: 'c', to: { ip: ip('203.0.113.50'), port: 7002 } };
  world.launch('client', script('client', [10, connect], ...client).app);
  const seen: [state: string, seconds: number][] = [];
  world.runUntil(10_000, () => {
    const [row] = world.inspect('gateway').connections;
    const state = row?.state ?? 'none';
    const timeout = parseDuration(row?.timeout ?? '0s') ?? fail('no duration');
    const inFlight = state === 'ESTABLISHED' && timeout <= secondsOf('tcpUnacknowledged') * 1000;
    const name = inFlight ? 'ESTABLISHED, unacknowledged' : state;
    if (name !== (seen.at(-1)?.[0] ?? 'none')) seen.push([name, timeout / 1000]);
    return false;
  });
  return seen;
}

const inSeconds = (...rows: readonly (readonly [string, keyof typeof TIMEOUT_KEYS])[]) =>
  rows.map(([state, name]) => [state, secondsOf(name)]);
const OPEN = inSeconds(['SYN_SENT', 'tcpSynSent'], ['SYN_RECV', 'tcpSynRecv'], ['ESTABLISHED', 'tcpEstablished']);

describe('each transition of a TCP connection sets the timeout of the new state', () => {
  it('opened, closed by both ends', () => {
    const seen = transitions([[100, { kind: 'shutdown', socket: 'c' }]], [[200, { kind: 'close', socket: 'l#1' }]]);
    expect(seen).toEqual([
      ...OPEN,
      ...inSeconds(
        ['FIN_WAIT', 'tcpFinWait'],
        ['CLOSE_WAIT', 'tcpCloseWait'],
        ['LAST_ACK', 'tcpLastAck'],
        ['TIME_WAIT', 'tcpTimeWait'],
      ),
    ]);
  });

  it('reset', () => {
    expect(transitions([[100, { kind: 'abort', socket: 'c' }]])).toEqual([
      ...OPEN,
      ...inSeconds(['CLOSE', 'tcpClose']),
    ]);
  });

  it('data in flight, and its acknowledgement', () => {
    const write: AppCommand = { kind: 'write', socket: 'c', payload: new Uint8Array(10) };
    expect(transitions([[100, write]])).toEqual([
      ...OPEN,
      ...inSeconds(['ESTABLISHED, unacknowledged', 'tcpUnacknowledged'], ['ESTABLISHED', 'tcpEstablished']),
    ]);
  });

  it('refused: nothing is left', () => {
    const world = new World(network);
    const to = { ip: ip('203.0.113.50'), port: 7009 };
    world.launch('client', script('client', [0, { kind: 'connect', socket: 'c', to }]).app);
    world.runUntil(1000);
    expect(world.inspect('gateway').connections).toEqual([]);
  });
});

const from = 'client';
const to = 'server';
const udp = { from, to, protocol: 'udp', port: 7000, sourcePort: 5000 } as const;

/** What is done before the gateway is looked at, and the rows that it must have then. */
const STEPS: readonly (readonly [
  string,
  readonly Step[],
  readonly (readonly [protocol: string, name: TimeoutName, state?: string])[],
])[] = [
  [
    'an established connection that has ended',
    [{ connect: { from, to, port: 7000 } }],
    [['tcp', 'tcpTimeWait', 'TIME_WAIT']],
  ],
  [
    'a SYN without answer',
    [{ connect: { from, to, port: 7001, timeout: '500ms' } }],
    [['tcp', 'tcpSynSent', 'SYN_SENT']],
  ],
  ['a SYN that is refused', [{ connect: { from, to, port: 7009 } }], []],
  ['UDP without answer', [{ send: { ...udp, port: 7001 } }], [['udp', 'udp']]],
  ['UDP answered', [{ connect: udp }], [['udp', 'udp']]],
  [
    'UDP that goes on for more than 2 s',
    [{ connect: udp }, { wait: '2100ms' }, { connect: udp }],
    [['udp', 'udpStream']],
  ],
  ['a ping', [{ ping: { from, to, count: 1 } }], [['icmp', 'icmp']]],
  ['GRE', [{ send: { from, to, protocol: 'gre', payload: 'abcdefgh' } }], [['gre', 'gre']]],
  ['another protocol', [{ send: { from, to, protocol: 'esp' } }], [['esp', 'generic']]],
  ['an expectation', [{ ftp: { from, to, mode: 'active' } }], [['ftp', 'expectation']]],
];

/** Answers are waited for, up to 5 s, before the table is looked at. */
const LATE = 6;

function holds(result: Readonly<Record<string, unknown>> | undefined, wanted: (typeof STEPS)[number][2]): void {
  const { connections, expectations } = result as {
    connections: { protocol: string; state?: string; timeout: string; original: { destinationPort?: number } }[];
    expectations: { timeout: string }[];
  };
  const [[kind] = []] = wanted;
  const found =
    kind === 'ftp'
      ? expectations.map(({ timeout }) => ({ protocol: 'ftp', timeout, state: undefined }))
      : connections.map(({ protocol, state, timeout }) => ({ protocol, timeout, state }));
  expect(found.map(({ protocol, state }) => [protocol, state])).toEqual(
    wanted.map(([protocol, , state]) => [protocol, state]),
  );
  for (const [i, [, name]] of wanted.entries()) {
    const seconds = (parseDuration(found[i]?.timeout ?? '') ?? Number.NaN) / 1000;
    const full = name === 'expectation' ? 300 : secondsOf(name);
    expect(seconds).toBeLessThanOrEqual(full);
    expect(seconds).toBeGreaterThan(full - LATE);
  }
}

const scenarioOf = (name: string, steps: readonly Step[]): Scenario => ({
  name,
  network,
  steps: [...steps, { inspect: 'gateway' }],
});

describe('the table after real steps shows the timeout of what they left', () => {
  it.each(STEPS)('%s', (name, steps, wanted) => {
    const scenario = scenarioOf(name, steps);
    holds(runScenario({ scenarios: [scenario] }, scenario).steps.at(-1)?.result, wanted);
  });

  it.skipIf(lacks.length > 0).concurrent.each(STEPS)(
    `the kernel's own table: %s${why}`,
    async (name, steps, wanted) => {
      const scenario = scenarioOf(name, steps);
      const outcome = await runLab({ scenarios: [scenario] }, scenario);
      if (outcome.kind !== 'ran') throw new Error(JSON.stringify(outcome));
      holds(outcome.report.steps.at(-1)?.result, wanted);
    },
  );
});
