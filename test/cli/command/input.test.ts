import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BAD, GOOD } from './home.ts';
import { folderWith, middlebox } from './middlebox.ts';

describe('a file that is wrong', () => {
  const cwd = folderWith({
    'broken.json': `{
  "networks": {
    "home": {
      "nodes": {
        "laptop": { "kind": "hots", "interfaces": { "eth0": "192.168.0.300/24" } },
        "gw": { "kind": "gateway", "nat": { "rules": [{ "match": { "outInterfac": "wan" }, "action": "masquerade" }] } }
      }
    }
  },
  "scenarios": [
    { "name": "a", "network": "hom", "steps": [{ "pin": { "from": "laptop", "to": "gw" } }] }
  ]
}`,
    'syntax.json': '{\n  "networks": {},,\n}',
    'binary.json': '',
  });
  writeFileSync(join(cwd, 'binary.json'), new Uint8Array([0x7b, 0xff, 0xfe]));

  it('is told of in full, each with line and column, and nothing is run', () => {
    const { code, out, err } = middlebox(['run', 'broken.json'], { cwd });
    expect(code).toBe(2);
    expect(out).toBe('');
    const lines = err.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^broken\.json:\d+:\d+: /);
    expect(lines.map((line) => line.replace(/^broken\.json:(\d+:\d+): .*$/, '$1'))).toEqual([
      '5:29',
      '5:61',
      '6:68',
      '11:31',
      expect.stringMatching(/^11:/),
    ]);
    expect(err).toContain('networks.home.nodes.laptop.kind: "hots" is not one of');
    expect(err).toContain('did you mean "host"?');
    expect(err).toContain('did you mean "outInterface"?');
    expect(err).toContain('did you mean "home"?');
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['syntax.json', /^syntax\.json:2:18: /],
    ['binary.json', /^error: binary\.json is not text in UTF-8$/m],
    ['nothing.json', /^error: there is no file nothing\.json$/m],
    ['.', /^error: \. is a folder, not a file$/m],
  ])('%s', (name, message) => {
    const { code, out, err } = middlebox(['run', name], { cwd });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  it('says how to get a first file', () => {
    expect(middlebox(['run'], { cwd }).err).toBe(
      'error: there is no file scenarios.json: name one, or write a first one with "middlebox init"\n',
    );
  });
});

describe('standard input', () => {
  it('is read where the file is -', () => {
    const cwd = folderWith({});
    const { code, out } = middlebox(['run', '-'], { cwd, input: JSON.stringify(GOOD) });
    expect(code).toBe(0);
    expect(out).toContain('2 scenarios: 2 passed, 0 failed; 3 steps');
  });

  it('is called <stdin> in messages', () => {
    const cwd = folderWith({});
    expect(middlebox(['run', '-'], { cwd, input: '{}{' }).err).toMatch(/^<stdin>:1:3: /);
    const failed = middlebox(['run', '-'], { cwd, input: JSON.stringify(BAD) });
    expect(failed.out).toMatch(/\(<stdin>:1:\d+\)/);
  });

  it('may be a text with comments and a byte order mark', () => {
    const input = `\uFEFF// mine\n${JSON.stringify(GOOD)}`;
    expect(middlebox(['run', '-'], { cwd: folderWith({}), input }).code).toBe(0);
  });
});

describe('init', () => {
  const cwd = folderWith({});

  it('writes a file that runs, with nothing more to say', () => {
    expect(middlebox(['init'], { cwd })).toEqual({
      code: 0,
      out: 'Wrote scenarios.jsonc. Try it: middlebox run scenarios.jsonc\n',
      err: '',
    });
    const { code, out } = middlebox(['run'], { cwd });
    expect(code).toBe(0);
    expect(out).toMatch(/\d scenarios: \d passed, 0 failed;/);
  });

  it('writes the commands that its comments name', () => {
    const text = readFileSync(join(cwd, 'scenarios.jsonc'), 'utf8');
    const commands = [...text.matchAll(/^\/\/.*?\bmiddlebox (.*)$/gm)].map(([, argv = '']) => argv.split(' '));
    expect(commands.length).toBeGreaterThan(2);
    for (const argv of commands) expect(middlebox(argv, { cwd }).code, argv.join(' ')).toBe(0);
  });

  it('takes another name', () => {
    expect(middlebox(['init', 'my net.jsonc'], { cwd }).out).toContain("middlebox run 'my net.jsonc'");
    expect(middlebox(['run', 'my net.jsonc'], { cwd }).code).toBe(0);
  });

  it('never writes over a file', () => {
    writeFileSync(join(cwd, 'mine.json'), 'mine');
    expect(middlebox(['init', 'mine.json'], { cwd })).toEqual({
      code: 2,
      out: '',
      err: 'error: mine.json is there already, and is left as it is\n',
    });
    expect(readFileSync(join(cwd, 'mine.json'), 'utf8')).toBe('mine');
  });
});

describe('schema', () => {
  it('is the published one', () => {
    const published = readFileSync(new URL('../../../scenario.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(middlebox(['schema']).out)).toEqual(JSON.parse(published));
  });
});

describe('help', () => {
  it('lists every command there is', () => {
    const { out } = middlebox(['--help']);
    expect([...out.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, name]) => name)).toEqual(
      expect.arrayContaining(['run', 'trace', 'schema', 'init', 'help']),
    );
  });

  it('prints the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(middlebox(['--version']).out).toBe(`${version}\n`);
  });
});
