import { describe, expect, it } from 'vitest';
import { issuesToGithub } from '../../../src/scenarios/report/github.ts';
import type { REPORTER_NAMES } from '../../../src/scenarios/report/names.ts';
import type { Told } from '../../../src/scenarios/report/told.ts';
import { reporterFor } from '../../../src/scenarios/report.ts';
import type { Paint } from '../../../src/sim/trace/paint.ts';

const result = { outcome: 'timeout', elapsed: '5s', explanation: 'It was dropped.' };
const passed: Told = {
  name: 'fine',
  status: 'passed',
  steps: [{ verb: 'connect', title: 'connect a → b:1 tcp', status: 'passed', result, expected: 'timeout' }],
};
const failed: Told = {
  name: 'not fine',
  status: 'failed',
  steps: [
    { verb: 'wait', title: 'wait 1s', status: 'ran', result: { elapsed: '1s', explanation: '1s passed.' } },
    {
      verb: 'connect',
      title: 'connect a → b:1 tcp',
      status: 'failed',
      result,
      expected: 'connected',
      message: 'outcome: expected "connected", got "timeout"\nserver: expected "b", got nothing',
      spot: { file: 'a,b:c.json', line: 3, column: 7 },
    },
  ],
};
const broken: Told = {
  name: 'broken',
  status: 'error',
  steps: [],
  message: 'steps[0].change: there is no "x" here',
  spot: { file: 'f.json', line: 9, column: 1 },
};
const all = [passed, failed, broken];

function report(name: (typeof REPORTER_NAMES)[number], told: readonly Told[] = all, paint?: Paint): string {
  const reporter = reporterFor(name, paint);
  return told.map((each) => reporter.each(each)).join('') + reporter.end(told);
}

describe('pretty', () => {
  it('shows what failed and why, and a summary last', () => {
    expect(report('pretty')).toBe(`✓ passed  fine  (1 step)
✗ failed  not fine  (2 steps)
    ✗ failed  step 2, connect a → b:1 tcp  (a,b:c.json:3:7)
        outcome: expected "connected", got "timeout"
        server: expected "b", got nothing
        It was dropped.
✗ error  broken  (0 steps)
    steps[0].change: there is no "x" here
    f.json:9:1

3 scenarios: 1 passed, 2 failed; 3 steps
`);
  });

  it('sets words off without changing them', () => {
    const marked: Paint = {
      strong: (t) => `<${t}>`,
      good: (t) => `<${t}>`,
      bad: (t) => `<${t}>`,
      faint: (t) => `<${t}>`,
    };
    const text = report('pretty', all, marked);
    expect(text).toContain('<✓ passed>');
    expect(text.replace(/[<>]/g, '')).toBe(report('pretty'));
  });

  it('shows what was asked without an expectation, and the tables that were looked at', () => {
    const tables = {
      connections: [{ protocol: 'udp' }, { protocol: 'tcp' }],
      leases: [],
      elapsed: '0s',
      explanation: 'x',
    };
    const asked: Told = {
      name: 'asked',
      status: 'passed',
      steps: [
        { verb: 'ping', title: 'ping a → b', status: 'ran', result },
        { verb: 'inspect', title: 'inspect gw', status: 'ran', result: tables },
        { verb: 'inspect', title: 'inspect gw', status: 'passed', result: tables, expected: {} },
        { verb: 'restart', title: 'restart gw', status: 'ran', result: { elapsed: '0s', explanation: 'x' } },
      ],
    };
    expect(report('pretty', [asked])).toBe(`✓ passed  asked  (4 steps)
    · ran  step 1, ping a → b: timeout
    · ran  step 2, inspect gw
        connections {"protocol":"udp"}
        connections {"protocol":"tcp"}

1 scenario: 1 passed, 0 failed; 4 steps
`);
  });

  it('counts one as one', () => {
    expect(report('pretty', [passed])).toContain('1 scenario: 1 passed, 0 failed; 1 step\n');
    expect(report('pretty', [])).toBe('\n0 scenarios: 0 passed, 0 failed; 0 steps\n');
  });
});

describe('json', () => {
  it('holds the words of the contract and no others', () => {
    expect(JSON.parse(report('json'))).toEqual({
      version: 1,
      summary: { scenarios: 3, passed: 1, failed: 2, steps: 3 },
      scenarios: [
        { name: 'fine', status: 'passed', steps: [{ verb: 'connect', status: 'passed', result, expected: 'timeout' }] },
        {
          name: 'not fine',
          status: 'failed',
          steps: [
            { verb: 'wait', status: 'ran', result: { elapsed: '1s', explanation: '1s passed.' } },
            {
              verb: 'connect',
              status: 'failed',
              result,
              expected: 'connected',
              message: 'outcome: expected "connected", got "timeout"\nserver: expected "b", got nothing',
            },
          ],
        },
        { name: 'broken', status: 'error', message: 'steps[0].change: there is no "x" here', steps: [] },
      ],
    });
  });
});

describe('junit', () => {
  it('has a case for each step that expects something, and an error for a scenario that could not go on', () => {
    expect(report('junit')).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="middlebox" tests="3" failures="1" errors="1">
  <testsuite name="fine" tests="1" failures="0" errors="0">
    <testcase classname="fine" name="step 1: connect a → b:1 tcp"/>
  </testsuite>
  <testsuite name="not fine" tests="1" failures="1" errors="0">
    <testcase classname="not fine" name="step 2: connect a → b:1 tcp">
      <failure message="outcome: expected &quot;connected&quot;, got &quot;timeout&quot;">outcome: expected &quot;connected&quot;, got &quot;timeout&quot;&#10;server: expected &quot;b&quot;, got nothing&#10;It was dropped.&#10;a,b:c.json:3:7</failure>
    </testcase>
  </testsuite>
  <testsuite name="broken" tests="1" failures="0" errors="1">
    <testcase classname="broken" name="the scenario goes on to its end">
      <error message="steps[0].change: there is no &quot;x&quot; here"/>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it('writes what XML cannot hold as U+FFFD', () => {
    const text = report('junit', [{ ...passed, name: 'a\u0000b\u001bc\uD800d\uFFFEe🔥<&>"\t' }]);
    expect(text).toContain('<testsuite name="a\uFFFDb\uFFFDc\uFFFDd\uFFFDe🔥&lt;&amp;&gt;&quot;&#9;" ');
  });
});

describe('github', () => {
  it('has an annotation for each failure, with everything escaped that must be', () => {
    expect(report('github')).toBe(
      [
        '::error file=a%2Cb%3Ac.json,line=3,col=7,title=not fine%3A connect a → b%3A1 tcp::outcome: expected "connected", got "timeout"%0Aserver: expected "b", got nothing%0AIt was dropped.',
        '::error file=f.json,line=9,col=1,title=broken::steps[0].change: there is no "x" here',
        '3 scenarios: 1 passed, 2 failed; 3 steps',
        '',
      ].join('\n'),
    );
  });

  it('does without a place where there is none', () => {
    const { spot, ...rest } = broken;
    expect(report('github', [{ ...rest, message: '100%\r\n' }])).toMatch(/^::error title=broken::100%25%0D%0A$/m);
  });

  it('annotates issues of a file', () => {
    const issue = {
      code: 'key',
      path: ['a'],
      message: 'no',
      hint: 'did you mean "b"?',
      file: 'f.json',
      line: 1,
      column: 2,
    };
    expect(issuesToGithub([issue])).toBe('::error file=f.json,line=1,col=2,title=key::a: no (did you mean "b"?)\n');
  });
});
