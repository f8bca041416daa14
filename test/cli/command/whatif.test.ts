/** `matrix` and `diff` as users run them, and `trace` of what a change would do. */
import { describe, expect, it } from 'vitest';
import { GOOD, NETWORK } from './home.ts';
import { folderWith, middlebox } from './middlebox.ts';

const RULES = '/nodes/gw/firewall/forward/rules';
/** Closes the way out. */
const CLOSE = [{ op: 'remove', path: `${RULES}/2` }];
/** Drops what nobody sends. */
const HARMLESS = {
  op: 'add',
  path: `${RULES}/0`,
  value: { match: { protocol: 'udp', destinationPort: 9 }, action: 'drop' },
};
const OTHER = {
  networks: {
    home: { ...NETWORK, nodes: { ...NETWORK.nodes, web: { ...NETWORK.nodes.web, services: ['http', 'https'] } } },
    new: NETWORK,
  },
};

const cwd = folderWith({
  'scenarios.json': GOOD,
  'close.json': CLOSE,
  'harmless.json': HARMLESS,
  'other.json': OTHER,
  'wrong.json':
    '// a comment\n[\n  { "linkDown": "nowhere" },\n  { "op": "remove", "path": "/nodes/gw/nat/rules/7" }\n]\n',
  'shapeless.json': '{ "op": "delete", "path": "/nodes/gw" }',
});

describe('matrix', () => {
  it('shows who reaches whom, and what stands in the way', () => {
    const { code, out, err } = middlebox(['matrix', '--quiet'], { cwd });
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^ +1 {2}laptop, gw$/m);
    expect(out).toMatch(/^web +203\.0\.113\.80:80 http +\+ -$/m);
    expect(out).toMatch(/^laptop +192\.168\.0\.4 ping +\+ a$/m);
    expect(out).toMatch(/^ +a {2}unreachable, by web routes: \d+ flows$/m);
    expect(out).toMatch(/^\d+ of \d+ flows are answered\.$/m);
  });

  it('shows some of the nodes only', () => {
    const { out } = middlebox(['matrix', '--quiet', '--from', 'lap*', '--to', 'web'], { cwd });
    expect(out).toContain('3 of 3 flows are answered.');
  });

  it('is one JSON document with what blocked each flow, and where that stands', () => {
    const { out } = middlebox(['matrix', '--quiet', '--reporter', 'json', '--change', 'close.json'], { cwd });
    const document = JSON.parse(out);
    expect(document).toMatchObject({ version: 1, network: 'home' });
    expect(document.summary.flows).toBe(document.flows.length);
    const flow = document.flows.find(
      (each: { from: string; port?: number }) => each.from === 'laptop' && each.port === 80,
    );
    const where = expect.stringMatching(/^scenarios\.json:\d+$/);
    expect(flow).toMatchObject({
      to: 'web',
      address: '203.0.113.80',
      outcome: 'timeout',
      reached: false,
      blocked: { at: 'gw', by: 'firewall.forward.policy', where },
    });
  });

  it('is a table of comma-separated values', () => {
    const { out } = middlebox(['matrix', '--quiet', '--reporter', 'csv', '--from', 'laptop', '--to', 'web'], { cwd });
    expect(out.split('\r\n').slice(0, 2)).toEqual([
      'from,to,address,protocol,port,app,reached,outcome,server,seenAs,blockedAt,blockedBy,where',
      'laptop,web,203.0.113.80,tcp,80,http,true,connected,web,203.0.113.5,,,',
    ]);
  });

  it('refuses a network that is not there', () => {
    const { code, err } = middlebox(['matrix', '--network', 'hone'], { cwd });
    expect(code).toBe(2);
    expect(err).toBe('error: there is no network "hone" (did you mean "home"?)\n');
  });
});

describe('diff', () => {
  it('tells lost expectations first, then lost flows with their rule and a command to see it', () => {
    const { code, out, err } = middlebox(['diff', '--quiet', '--change', 'close.json'], { cwd });
    expect(err).toBe('');
    expect(code).toBe(1);
    const [first = '', ...rest] = out.split('\n');
    expect(first).toBe('Expectations that no longer hold: 2');
    const text = rest.join('\n');
    expect(text).toMatch(/the web is reached: connect laptop → web:80 tcp {2}scenarios\.json:\d+:\d+/);
    expect(text).toMatch(/before {2}gw firewall\.forward\.rules\[2\]: accept at scenarios\.json:\d+/);
    expect(text).toMatch(/after {3}gw firewall\.forward\.policy: drop at scenarios\.json:\d+/);
    const [, command = ''] = /see: middlebox (.*)/.exec(text) ?? [];
    const traced = middlebox(command.split(' '), { cwd });
    expect(traced.code).toBe(0);
    expect(traced.out).toContain('DROPPED at gw, policy');
  });

  it('succeeds where nothing is lost that is needed', () => {
    const { code, out } = middlebox(['diff', '--quiet', '--change', 'harmless.json'], { cwd });
    expect(out).toMatch(/^0 of \d+ flows differ\.\n$/);
    expect(code).toBe(0);
  });

  it('compares two files, network by network', () => {
    const { code, out } = middlebox(['diff', 'scenarios.json', 'other.json', '--quiet', '--from', 'laptop'], { cwd });
    expect(out).toContain('laptop → web 203.0.113.80:443 tcp (http): refused → connected');
    expect(out).toContain('laptop → web 203.0.113.80:21 tcp (ftp): connected → refused');
    expect(out).toContain('see: middlebox trace other.json --network home --from laptop --to 203.0.113.80 --port 443');
    expect(code).toBe(1);
  });

  it.each([
    ['lost', 'other.json', 'scenarios.json', 1],
    ['any', 'other.json', 'scenarios.json', 1],
    ['expectation', 'other.json', 'scenarios.json', 0],
  ])('fails on %s from %s to %s with %i', (what, before, after, code) => {
    const ran = middlebox(
      ['diff', before, after, '--quiet', '--network', 'home', '--from', 'laptop', '--fail-on', what],
      { cwd },
    );
    expect(ran.err).toBe('');
    expect(ran.code).toBe(code);
  });

  it('annotates for GitHub, beside the line that made the difference', () => {
    const { out } = middlebox(['diff', '--quiet', '--change', 'close.json', '--reporter', 'github'], { cwd });
    expect(out).toMatch(
      /^::error file=scenarios\.json,line=\d+,col=\d+,title=the web is reached%3A connect .*::outcome: expected "connected", got "timeout"/,
    );
    expect(out).toMatch(
      /^::warning file=scenarios\.json,line=\d+,title=home%3A \d+ flows lost::before: gw firewall\.forward\.rules\[2\]: accept at scenarios\.json:\d+%0A/m,
    );
  });

  it('is one JSON document', () => {
    const { out } = middlebox(['diff', '--quiet', '--change', 'close.json', '--reporter', 'json'], { cwd });
    const { version, summary, expectations, networks } = JSON.parse(out);
    expect(version).toBe(1);
    expect(summary.expectations).toEqual({ lost: 2, gained: 0 });
    expect(summary.flows.lost).toBe(networks[0].differences.length);
    expect(expectations[0]).toMatchObject({ kind: 'lost', scenario: 'the web is reached' });
    expect(networks[0].differences[0]).toMatchObject({
      kind: 'lost',
      flow: { from: 'laptop' },
      before: { reached: true },
      after: { reached: false, blocked: { at: 'gw' } },
      causes: [{ side: 'before', node: 'gw', place: 'firewall.forward.rules[2]' }, { side: 'after' }],
    });
  });

  it.each([
    [['diff', '--change', 'wrong.json'], 'wrong.json:4:29: [1].path: there is no item 7 in this list of 1\n'],
    [['diff', '--change', 'shapeless.json'], /^shapeless\.json:1:\d+: op: "delete" is not /],
    [['diff', '--change', 'none.json'], 'error: there is no file none.json\n'],
    [
      ['diff', 'scenarios.json'],
      'error: name a change of the network, with --change FILE, or a second file to compare with\n',
    ],
    [
      ['diff', 'scenarios.json', 'other.json', '--change', 'close.json'],
      'error: --change is made to one file; to compare two files, leave it out\n',
    ],
    [['trace', '--scenario', 'active FTP', '--change', 'close.json'], /--change does not go with it\n$/],
  ])('refuses %j', (argv, message) => {
    const { code, out, err } = middlebox(argv, { cwd });
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });
});

describe('trace --change', () => {
  it('points to the lines of the change', () => {
    const folder = folderWith({
      'scenarios.json': GOOD,
      'c.json': '[\n\n  { "op": "add", "path": "/nodes/gw/firewall/forward/rules/0", "value": { "action": "drop" } }]',
    });
    const argv = ['trace', '--from', 'laptop', '--to', 'web', '--port', '80', '--change', 'c.json', '--brief'];
    expect(middlebox(argv, { cwd: folder }).out).toContain('[firewall.forward.rules[0] at c.json:3]');
  });
});
