/** Nothing of a lab outlives the command: not after success, not after failure, not after Ctrl-C. Skipped without root or tools. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../src/lab/execute.ts';
import type { Design } from '../../src/sim/design/design.ts';
import { MAIN } from '../cli/command/middlebox.ts';

const NETWORK: Design = {
  nodes: {
    pc: { kind: 'host', interfaces: { eth0: '192.168.0.10/24' }, gateway: '192.168.0.1' },
    gw: {
      kind: 'gateway',
      interfaces: { lan: '192.168.0.1/24', wan: '203.0.113.2/24' },
      nat: { rules: [{ match: { outInterface: 'wan' }, action: 'masquerade' }], helpers: ['ftp'] },
    },
    srv: { kind: 'host', interfaces: { eth0: '203.0.113.10/24' }, services: ['ftp', 'tcp/7000'] },
  },
  links: [
    ['pc', 'gw:lan'],
    ['gw:wan', 'srv'],
  ],
};
const connect = { connect: { from: 'pc', to: 'srv', port: 7000 } };
const FILES = {
  'good.json': [{ name: 'good', network: NETWORK, steps: [{ ftp: { from: 'pc', to: 'srv', mode: 'active' } }] }],
  'slow.json': ['a', 'b', 'c'].map((name) => ({ name, network: NETWORK, steps: [connect, { wait: '50s' }] })),
};

const lacks = missing(NETWORK);
const why = lacks.length === 0 ? '' : ` (skipped: this machine lacks ${lacks.join(', ')})`;
let folder = '';

/** Runs the command with a folder of its own for temporary files, which its processes carry in their environment. */
function lab(file: string, { path = '', ...options }: { readonly path?: string; readonly detached?: boolean } = {}) {
  const TMPDIR = mkdtempSync(join(folder, 'tmp-'));
  // file servers run as somebody else
  chmodSync(TMPDIR, 0o755);
  const child = spawn(process.execPath, [MAIN, 'lab', join(folder, file), '--jobs', '3'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR, PATH: `${path}:${process.env.PATH}` },
    ...options,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, said: () => said, TMPDIR };
}

function namespacesOf({ pid }: ChildProcess): string[] {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
    '\n',
  );
  return names.flatMap((line) => (line.startsWith(`mb${pid}-`) ? [line.split(' ')[0] ?? ''] : []));
}

/** Command lines of processes whose environment names a folder for temporary files. */
function processesWith(TMPDIR: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TMPDIR=${TMPDIR}\0`)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

/** What is left of a command that has ended: namespaces, processes, files. */
function leftovers({ child, TMPDIR }: ReturnType<typeof lab>) {
  return {
    namespaces: namespacesOf(child),
    processes: processesWith(TMPDIR),
    files: readdirSync(TMPDIR).filter((name) => name.startsWith('mb-lab-')),
  };
}

const NOTHING = { namespaces: [], processes: [], files: [] };

async function until(condition: () => boolean, { child }: { readonly child: ChildProcess }): Promise<void> {
  while (child.exitCode === null && !condition()) await sleep(10);
}

describe.skipIf(lacks.length > 0)(`what a lab leaves behind${why}`, () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mbclean-'));
    chmodSync(folder, 0o755);
    for (const [name, scenarios] of Object.entries(FILES)) {
      writeFileSync(join(folder, name), JSON.stringify({ scenarios }));
    }
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('nothing when simulator and kernel agree', async () => {
    const run = lab('good.json');
    expect({ code: await run.ended, said: run.said() }).toMatchObject({
      code: 0,
      said: expect.stringContaining('1 scenario: 1 agree, 0 differ, 0 failed'),
    });
    expect(leftovers(run)).toEqual(NOTHING);
  });

  it('nothing when the lab cannot be built', async () => {
    const path = join(folder, 'bin');
    mkdirSync(path);
    writeFileSync(join(path, 'nft'), '#!/bin/sh\necho "no tables today" >&2\nexit 1\n', { mode: 0o755 });
    const run = lab('good.json', { path });
    expect({ code: await run.ended, said: run.said() }).toMatchObject({
      code: 3,
      said: expect.stringContaining('no tables today'),
    });
    expect(leftovers(run)).toEqual(NOTHING);
  });

  it.each<[NodeJS.Signals, number, string, (run: ReturnType<typeof lab>) => boolean]>([
    ['SIGINT', 130, 'while the first namespaces are made', ({ child }) => namespacesOf(child).length > 0],
    ['SIGTERM', 143, 'while the first namespaces are made', ({ child }) => namespacesOf(child).length > 2],
    ['SIGTERM', 143, 'while cables are laid', ({ child }) => namespacesOf(child).length > 9],
    [
      'SIGINT',
      130,
      'while file servers run',
      ({ TMPDIR }) => processesWith(TMPDIR).some((line) => line.includes('vsftpd')),
    ],
    [
      'SIGHUP',
      129,
      'while file servers run',
      ({ TMPDIR }) => processesWith(TMPDIR).some((line) => line.includes('vsftpd')),
    ],
  ])('nothing after %s (%i) %s', async (signal, code, _, condition) => {
    const run = lab('slow.json');
    await until(() => condition(run), run);
    run.child.kill(signal);
    expect({ code: await run.ended, said: run.said() }).toMatchObject({ code });
    expect(leftovers(run)).toEqual(NOTHING);
  });

  it('nothing after Ctrl-C on a terminal, which every process of the command hears of', async () => {
    const run = lab('slow.json', { detached: true });
    await until(() => namespacesOf(run.child).length > 5, run);
    process.kill(-(run.child.pid ?? Number.NaN), 'SIGINT');
    expect(await run.ended).toBe(130);
    expect(leftovers(run)).toEqual(NOTHING);
  });
});
