import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BAD, GOOD, NETWORK } from './home.ts';
import { folderWith, MAIN, middlebox, start } from './middlebox.ts';

const cwd = folderWith({
  'good.json': GOOD,
  'bad.json': BAD,
  'broken.json': { networks: { home: { nodes: {} } }, scenarios: [{ name: 'x', network: 'hme', steps: [] }] },
  'not-json.json': '{ "networks": ',

  'empty.json': { networks: { home: NETWORK } },
  'two.json': { networks: { a: NETWORK, b: NETWORK } },
});

describe('exit codes', () => {
  it.each<[number, string, readonly string[]]>([
    [0, 'everything holds', ['run', 'good.json']],
    [0, 'what fails is left out', ['run', 'bad.json', '--only', '*FTP*']],
    [0, 'a trace is information', ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--port', '25']],
    [0, 'help is asked for', ['--help']],
    [0, 'help for a command is asked for', ['help', 'run']],
    [0, 'help for a command is asked for in the other way', ['trace', '--help']],
    [0, 'the version is asked for', ['--version']],
    [0, 'the schema is asked for', ['schema']],
    [1, 'an expectation fails', ['run', 'bad.json']],
    [1, 'an expectation fails, in JSON', ['run', 'bad.json', '--reporter', 'json']],
    [2, 'there is no command', []],
    [2, 'the command is unknown', ['rnu', 'good.json']],
    [2, 'an option is unknown', ['run', 'good.json', '--onyl', 'x']],
    [2, 'there is an argument too many', ['run', 'good.json', 'bad.json']],
    [2, 'the reporter is unknown', ['run', 'good.json', '--reporter', 'tap']],
    [2, 'the seed is no number', ['run', 'good.json', '--seed', 'x']],
    [2, 'the seed is no integer', ['run', 'good.json', '--seed', '1.5']],
    [2, 'there is no such file', ['run', 'nothing.json']],
    [2, 'the default file is not there', ['run']],
    [2, 'the file is a folder', ['run', '.']],
    [2, 'the file is not JSON', ['run', 'not-json.json']],
    [2, 'the file is wrong', ['run', 'broken.json']],
    [2, 'the file is wrong, for trace', ['trace', 'broken.json', '--from', 'a', '--to', 'b']],
    [2, 'there are no scenarios', ['run', 'empty.json']],
    [2, 'no scenario matches', ['run', 'good.json', '--only', 'nothing']],
    [2, 'trace does not know who sends', ['trace', 'good.json', '--to', 'web']],
    [2, 'trace does not know the sender', ['trace', 'good.json', '--from', 'lapto', '--to', 'web']],
    [
      2,
      'trace does not know the network',
      ['trace', 'good.json', '--network', 'hom', '--from', 'laptop', '--to', 'web'],
    ],
    [2, 'trace cannot choose a network', ['trace', 'two.json', '--from', 'laptop', '--to', 'web']],
    [2, 'trace does not know the scenario', ['trace', 'good.json', '--scenario', 'nothing']],
    [2, 'trace does not know the step', ['trace', 'good.json', '--scenario', 'active FTP', '--step', '2']],
    [2, 'trace steps count from 1', ['trace', 'good.json', '--scenario', 'active FTP', '--step', '0']],
    [2, 'a step belongs to a scenario', ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--step', '1']],
    [2, 'a scenario brings its own steps', ['trace', 'good.json', '--scenario', 'active FTP', '--from', 'laptop']],
    [2, 'tcp needs a port', ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--protocol', 'tcp']],
    [2, 'the port is none', ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--port', '70000']],
    [2, 'the protocol is none', ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--protocol', 'tpc']],
    [
      2,
      'icmp has no ports',
      ['trace', 'good.json', '--from', 'laptop', '--to', 'web', '--protocol', 'icmp', '--port', '1'],
    ],
    [2, 'init would write over a file', ['init', 'good.json']],
    [2, 'init has no folder to write to', ['init', 'nowhere/scenarios.jsonc']],
  ])('is %i when %s', (code, _, argv) => {
    const ran = middlebox(argv, { cwd });
    expect(ran).toMatchObject({ code });
    expect(ran.err).not.toMatch(/\n\s+at /);
    if (code === 2) {
      expect(ran.out).toBe('');
      expect(ran.err).not.toBe('');
    }
  });

  it('is 70 with a request to report it when the program itself fails', () => {
    const broken = "data:text/javascript,process.uptime = () => { throw new Error('the clock stands') }";
    const { code, err } = middlebox(['run', 'good.json'], { cwd, env: { NODE_OPTIONS: `--import "${broken}"` } });
    expect(code).toBe(70);
    expect(err).toContain('the clock stands');
    expect(err).toContain('Please report it');
  });

  it('is 3 for a lab that the user may not build', () => {
    const argv = [process.execPath, MAIN, 'lab', 'good.json'];
    // root without the right to set up networks; whoever is not root has none to lose
    const [program = '', ...rest] =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', ...argv] : argv;
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toMatch(/^error: a lab cannot be built: this machine lacks /m);
  });

  it('is 3 when the output cannot be written', () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, 'run', 'good.json'], {
      cwd,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
      encoding: 'utf8',
    });
    expect(status).toBe(3);
    expect(stderr).toMatch(/^error: the output cannot be written: .*ENOSPC/m);
  });

  it('stays what it is when nobody reads the output, and nothing is said of that', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ ...BAD.scenarios[1], name: `mail ${i}` }));
    const folder = folderWith({ 'scenarios.json': { ...BAD, scenarios: many } });
    const child = start(['run', '--trace', '--quiet'], folder);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(1);
    expect(err).toBe('');
  });

  it('is 130 for the shell after Ctrl-C', async () => {
    const folder = folderWith({ 'scenarios.json': GOOD });
    // it waits for standard input, which stays open
    const child = start(['run', '-'], folder);
    setTimeout(() => child.kill('SIGINT'), 500);
    const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
    expect(signal).toBe('SIGINT');
  });
});
