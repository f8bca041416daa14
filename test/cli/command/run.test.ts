import { stripVTControlCharacters } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { BAD, GOOD } from './home.ts';
import { folderWith, middlebox, type Ran } from './middlebox.ts';
import { REPORT } from './shapes.ts';
import { readXml } from './xml.ts';

const cwd = folderWith({ 'good.json': GOOD, 'bad.json': BAD, 'scenarios.json': GOOD });

/** The line of `bad.json` on which the expectation of the step that fails begins. */
const failingLine =
  JSON.stringify(BAD, null, 2)
    .split('\n')
    .findIndex((line, i, all) => line.includes('"expect"') && all.slice(0, i).some((each) => each.includes('mail <'))) +
  1;

describe('run, for people', () => {
  it('says what passed, what failed and why, and counts', () => {
    const { out, err } = middlebox(['run', 'bad.json'], { cwd });
    expect(out.split('\n')).toEqual([
      '✓ passed  the web is reached  (2 steps)',
      expect.stringMatching(/^ {4}· ran {2}step 2, ping laptop → web: replied {2}\(bad\.json:\d+:\d+\)$/),
      '✗ failed  mail <gets> "out", 100%  (1 step)',
      expect.stringMatching(/^ {4}✗ failed {2}step 1, to the$/),
      expect.stringMatching(/^server {2}\(bad\.json:\d+:\d+\)$/),
      '        outcome: expected "connected", got "refused"',
      expect.stringMatching(/firewall\.forward\.rules\[1\]/),
      '✓ passed  active FTP  (1 step)',
      '',
      '3 scenarios: 2 passed, 1 failed; 4 steps',
      '',
    ]);
    expect(err).toBe(`To see every hop: middlebox trace bad.json --scenario 'mail <gets> "out", 100%' --step 1\n`);
  });

  it('gives a command that works', () => {
    const { err } = middlebox(['run', 'bad.json'], { cwd });
    const [, scenario = ''] = /--scenario '(.*)' --step 1/.exec(err) ?? [];
    const { code, out } = middlebox(['trace', 'bad.json', '--scenario', scenario, '--step', '1'], { cwd });
    expect(code).toBe(0);
    expect(out).toContain('DROPPED at gw, rule: firewall.forward.rules[1] "no mail" says reject');
  });

  it('reads scenarios.json by default', () => {
    expect(middlebox(['run'], { cwd }).out).toBe(
      middlebox(['run', 'good.json'], { cwd }).out.replaceAll('good.', 'scenarios.'),
    );
  });

  it('writes nothing to standard error when all is well and quick', () => {
    expect(middlebox(['run', 'good.json'], { cwd }).err).toBe('');
  });

  it('shows every packet with --trace', () => {
    const { out } = middlebox(['run', 'good.json', '--trace'], { cwd });
    expect(out.match(/^ +#\d+ /gm)?.length).toBeGreaterThan(15);
    expect(out).toMatch(
      /snat +source 192\.168\.0\.4:\d+ → 203\.0\.113\.5:\d+ \(port kept\) {2}\[nat\.rules\[0\] at good\.json:\d+\]/,
    );
    expect(out).toMatch(/step 1, connect laptop → web:80 tcp: connected/);
  });
});

describe('colour', () => {
  const ESCAPE = '\u001b[';
  it.each<[string, Record<string, string>, boolean]>([
    ['is left out where nobody sees it', {}, false],
    ['is forced', { FORCE_COLOR: '1' }, true],
    ['is not forced by 0', { FORCE_COLOR: '0' }, false],
    ['is refused even when forced', { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['is not refused by an empty word', { FORCE_COLOR: '1', NO_COLOR: '' }, true],
  ])('%s', (_, env, coloured) => {
    const { out } = middlebox(['run', 'bad.json'], { cwd, env });
    expect(out.includes(ESCAPE)).toBe(coloured);
    // the words are the same
    expect(stripVTControlCharacters(out)).toBe(middlebox(['run', 'bad.json'], { cwd }).out);
  });
});

describe('which scenarios', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['--only', '*FTP*'], ['active FTP']],
    [['--only', 'the web is reached'], ['the web is reached']],
    [['--only', 'the*'], ['the web is reached']],
    [['--only', 'activ? FTP'], ['active FTP']],
    [
      ['--only', '*'],
      ['the web is reached', 'mail <gets> "out", 100%', 'active FTP'],
    ],
    [['--bail'], ['the web is reached', 'mail <gets> "out", 100%']],
  ])('%j', (options, names) => {
    const { out } = middlebox(['run', 'bad.json', '--reporter', 'json', ...options], { cwd });
    expect((JSON.parse(out) as Report).scenarios.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['FTP', 'no scenario matches "FTP" (did you mean "*FTP*"?)'],
    ['ftp', 'no scenario matches "ftp" (did you mean "active FTP"?)'],
    ['activ FTP', 'no scenario matches "activ FTP" (did you mean "active FTP"?)'],
    ['[a-z]*', 'no scenario matches "[a-z]*"; there is "the web is reached", "active FTP"'],
  ])('suggests a name for %s', (pattern, message) => {
    expect(middlebox(['run', 'good.json', '--only', pattern], { cwd })).toEqual({
      code: 2,
      out: '',
      err: `error: ${message}\n`,
    });
  });
});

describe('seed', () => {
  const report = (...options: string[]) =>
    middlebox(['run', 'good.json', '--reporter', 'json', '--trace', ...options], { cwd }).out;

  it('gives the same bytes, in every reporter', () => {
    for (const reporter of ['pretty', 'json', 'junit', 'github']) {
      const argv = ['run', 'bad.json', '--trace', '--reporter', reporter, '--seed', '7'];
      expect(middlebox(argv, { cwd })).toEqual(middlebox(argv, { cwd, again: true }));
    }
  });

  it('is that of the scenario by default, which is 1', () => {
    expect(report()).toBe(report('--seed', '1'));
  });

  it('changes what is drawn', () => {
    expect(report('--seed', '-5')).not.toBe(report());
  });
});

interface Report {
  readonly version: number;
  readonly summary: unknown;
  readonly scenarios: readonly { readonly name: string; readonly steps: readonly Record<string, unknown>[] }[];
}

describe('run --reporter json', () => {
  const validate = new Ajv2020({ allErrors: true }).compile(REPORT);
  const parse = ({ out }: Ran): Report => {
    const report: unknown = JSON.parse(out);
    validate(report);
    expect(validate.errors).toBeNull();
    return report as Report;
  };

  it('is one document of the documented shape', () => {
    const report = parse(middlebox(['run', 'bad.json', '--reporter', 'json'], { cwd }));
    expect(report.summary).toEqual({ scenarios: 3, passed: 2, failed: 1, steps: 4 });
    expect(report.scenarios[0]?.steps).toMatchObject([
      {
        verb: 'connect',
        status: 'passed',
        expected: { outcome: 'connected' },
        result: { outcome: 'connected', server: 'web' },
      },
      { verb: 'ping', status: 'ran', result: { outcome: 'replied' } },
    ]);
    expect(report.scenarios[0]?.steps[1]).not.toHaveProperty('expected');
    expect(report.scenarios[1]?.steps).toMatchObject([
      {
        name: 'to the\nserver',
        status: 'failed',
        message: 'outcome: expected "connected", got "refused"',
        result: {
          blockedAt: 'gw',
          blockedBy: 'firewall.forward.rules[1]',
          icmp: { type: 3, code: 3, from: '192.168.0.1' },
        },
      },
    ]);
    for (const { steps } of report.scenarios) for (const step of steps) expect(step).not.toHaveProperty('trace');
  });

  it('holds every packet with --trace', () => {
    const report = parse(middlebox(['run', 'bad.json', '--reporter', 'json', '--trace'], { cwd }));
    const packets = report.scenarios.flatMap(({ steps }) =>
      steps.flatMap((step) => step.trace as { fate: { kind: string } }[]),
    );
    expect(packets.length).toBeGreaterThan(15);
    expect(new Set(packets.map(({ fate }) => fate.kind))).toEqual(new Set(['delivered', 'dropped']));
  });

  it('keeps standard output to itself', () => {
    const { out, err } = middlebox(['run', 'bad.json', '--reporter', 'json'], { cwd });
    expect(out.startsWith('{')).toBe(true);
    expect(out.endsWith('}\n')).toBe(true);
    expect(err).toBe('');
  });
});

describe('run --reporter junit', () => {
  const { out } = middlebox(['run', 'bad.json', '--reporter', 'junit'], { cwd });
  const suites = readXml(out);

  it('is well-formed, and counts what expects something', () => {
    expect(suites).toMatchObject({ name: 'testsuites', attributes: { tests: '3', failures: '1', errors: '0' } });
    expect(suites.children.map(({ attributes }) => attributes)).toEqual([
      { name: 'the web is reached', tests: '1', failures: '0', errors: '0' },
      { name: 'mail <gets> "out", 100%', tests: '1', failures: '1', errors: '0' },
      { name: 'active FTP', tests: '1', failures: '0', errors: '0' },
    ]);
  });

  it('says why', () => {
    const [testcase] = suites.children[1]?.children ?? [];
    expect(testcase?.attributes).toEqual({ classname: 'mail <gets> "out", 100%', name: 'step 1: to the\nserver' });
    const [failure] = testcase?.children ?? [];
    expect(failure?.attributes.message).toBe('outcome: expected "connected", got "refused"');
    expect(failure?.text).toMatch(/firewall\.forward\.rules\[1\].*\nbad\.json:\d+:\d+$/s);
  });
});

describe('run --reporter github', () => {
  it('annotates the line of the expectation that failed', () => {
    const { out } = middlebox(['run', 'bad.json', '--reporter', 'github'], { cwd });
    const [annotation, summary, end] = out.split('\n');
    expect(annotation).toMatch(
      new RegExp(
        `^::error file=bad\\.json,line=${failingLine},col=\\d+,title=mail <gets> "out"%2C 100%25%3A to the%0Aserver::outcome: expected "connected", got "refused"%0A`,
      ),
    );
    expect([summary, end]).toEqual(['3 scenarios: 2 passed, 1 failed; 4 steps', '']);
  });

  it('annotates what is wrong with the file', () => {
    const folder = folderWith({ 'x.json': '{\n  "scenarioss": []\n}' });
    const { code, out } = middlebox(['run', 'x.json', '--reporter', 'github'], { cwd: folder });
    expect(code).toBe(2);
    expect(out).toMatch(/^::error file=x\.json,line=2,col=3,title=unrecognized_keys::.*did you mean "scenarios"/);
  });
});
