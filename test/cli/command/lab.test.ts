/** `middlebox lab` as users run it. What needs root is skipped without. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { missing } from '../../../src/lab/execute.ts';
import { NETWORK } from './home.ts';
import { folderWith, MAIN, middlebox } from './middlebox.ts';

const open = { ...NETWORK, nodes: { ...NETWORK.nodes, gw: { ...NETWORK.nodes.gw, firewall: {} } } };
const mail = { connect: { from: 'laptop', to: 'web', port: 25, timeout: '1s' } };
const SCENARIOS = [
  {
    name: 'web',
    network: 'home',
    steps: [
      { name: 'the page', fetch: { from: 'laptop', url: 'http://203.0.113.80/' } },
      { inspect: 'gw' },
      { restart: 'gw' },
      { wait: '5d' },
      { ping: { from: 'laptop', to: 'web' } },
    ],
  },
  { name: 'mail', network: 'home', steps: [mail] },
  { name: 'open', network: 'open', steps: [mail] },
];
const cwd = folderWith({
  'lab.json': { networks: { home: NETWORK, open }, scenarios: SCENARIOS },
  'empty.json': { networks: { home: NETWORK } },
});

describe('what is said before anything is built', () => {
  it.each<[string, readonly string[]]>([
    ['there are no scenarios', ['empty.json']],
    ['no scenario matches', ['lab.json', '--only', 'nothing']],
    ['no lab at all would stand', ['lab.json', '--jobs', '0']],
    ['the longest wait is no duration', ['lab.json', '--longest-wait', 'long']],
    ['the reporter is unknown', ['lab.json', '--reporter', 'tap']],
    ['a script would build two networks', ['lab.json', '--script']],
  ])('2 when %s', (_, argv) => {
    const ran = middlebox(['lab', ...argv], { cwd });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).not.toBe('');
  });

  it('3 without root, and what is missing', () => {
    // in a user namespace root is nobody, who may read what root may, wherever this checkout is
    const nobody = process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=65534'] : [];
    const [command = process.execPath, ...argv] = [...nobody, process.execPath, MAIN, 'lab', join(cwd, 'lab.json')];
    const { status, stdout, stderr } = spawnSync(command, argv, { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toMatchObject({
      status: 3,
      stdout: '',
      stderr: expect.stringMatching(/lacks .*root/),
    });
  });

  it('prints a script, for which nobody need be root', () => {
    const { code, out } = middlebox(['lab', 'lab.json', '--only', 'web', '--script'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/^#!\/bin\/sh\n/);
    expect(out).toContain('ip netns add mb.laptop');
    expect(spawnSync('sh', ['-n'], { input: out }).status).toBe(0);
  });
});

const lacks = missing({ nodes: { web: { kind: 'host', services: ['ftp'] } } });
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;

describe.skipIf(lacks.length > 0)(`simulator and kernel, side by side${why}`, () => {
  const kept: string[] = [];
  afterAll(() => {
    for (const name of kept) execFileSync('ip', ['netns', 'del', name]);
  });

  it('0 where they agree; what takes too long is compared otherwise or not at all', () => {
    const ran = middlebox(['lab', 'lab.json', '--only', 'web', '--quiet'], { cwd });
    expect(ran).toEqual({
      code: 0,
      err: '',
      out: `✓ agrees  web
    ✓ agrees  step 1, the page: fetch http://203.0.113.80/ from laptop
          outcome     simulated fetched         real fetched
          server      simulated web             real web
          seenAs      simulated 203.0.113.5     real 203.0.113.5
          status      simulated 200             real 200
          body        simulated This is web.\\n  real This is web.\\n
    ✓ agrees  step 2, inspect gw
          connections simulated tcp TIME_WAIT 192.168.0.4:* → 203.0.113.80:80, back 203.0.113.80:80 → 203.0.113.5:= [ASSURED SNAT]
                      real      tcp TIME_WAIT 192.168.0.4:* → 203.0.113.80:80, back 203.0.113.80:80 → 203.0.113.5:= [ASSURED SNAT]
          expectations simulated none  real none
    · done  step 3, restart gw
    ✓ agrees: it would take 5d for real; the kernel's settings are compared instead  step 4, wait 5d
          timeouts of gw simulated tcpSynSent 2m, tcpSynRecv 1m, tcpEstablished 5d, tcpFinWait 2m, tcpCloseWait 1m, tcpLastAck 30s, tcpTimeWait 2m, tcpClose 10s, tcpMaxRetrans 5m, tcpUnacknowledged 5m, udp 30s, udpStream 2m, icmp 30s, generic 10m, gre 30s, greStream 3m
                         real      tcpSynSent 2m, tcpSynRecv 1m, tcpEstablished 5d, tcpFinWait 2m, tcpCloseWait 1m, tcpLastAck 30s, tcpTimeWait 2m, tcpClose 10s, tcpMaxRetrans 5m, tcpUnacknowledged 5m, udp 30s, udpStream 2m, icmp 30s, generic 10m, gre 30s, greStream 3m
    · not comparable: it follows a wait of 5d that was not waited for  step 5, ping laptop → web

1 scenario: 1 agree, 0 differ, 0 failed; 3 steps compared, 0 differ; 1 not comparable
`,
    });
  });

  it('1 where they differ', () => {
    const bin = join(cwd, 'bin');
    mkdirSync(bin);
    // a kernel that forgets every rule it is given
    writeFileSync(join(bin, 'nft'), '#!/bin/sh\ncat >/dev/null\n', { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    const ran = middlebox(['lab', 'lab.json', '--only', 'm*', '--reporter', 'json', '--quiet'], { cwd, env });
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 1, err: '' });
    const { version, summary, scenarios } = JSON.parse(ran.out);
    expect({ version, summary }).toEqual({
      version: 1,
      summary: { scenarios: 1, agreeing: 0, differing: 1, failed: 0, compared: 1, differences: 1, incomparable: 0 },
    });
    expect(scenarios).toMatchObject([
      {
        name: 'mail',
        status: 'differs',
        gaps: [],
        notes: [],
        steps: [
          {
            verb: 'connect',
            title: 'connect laptop → web:25 tcp',
            verdict: 'differs',
            facts: {
              outcome: { simulated: 'refused', real: 'timeout' },
              icmp: { simulated: { type: 3, code: 3, from: '192.168.0.1' }, real: null },
            },
            explanation: expect.stringContaining('no mail'),
          },
        ],
      },
    ]);
  });

  it('leaves the namespaces standing when asked to, and says how to enter them', () => {
    const ran = middlebox(['lab', 'lab.json', '--only', 'mail', '--keep', '--quiet'], { cwd });
    const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const standing = [...ran.out.matchAll(/^ {6}(\w+): ip netns exec (\S+) sh$/gm)];
    kept.push(...(/for n in (.*); do ip netns del/.exec(ran.out)?.[1]?.split(' ') ?? []));
    expect(ran.code).toBe(0);
    expect(standing.map(([, node]) => node)).toEqual(['laptop', 'gw', 'web']);
    expect(kept).toHaveLength(4);
    for (const name of kept) expect(names).toMatch(new RegExp(`^${name}\\b`, 'm'));
    const [, , gateway = ''] = standing[1] ?? [];
    expect(execFileSync('ip', ['netns', 'exec', gateway, 'nft', 'list', 'ruleset'], { encoding: 'utf8' })).toContain(
      'masquerade',
    );
  });
});
