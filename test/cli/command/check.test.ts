import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Design } from '../../../src/sim/design/design.ts';
import { DENY_FIRST, SHADOWED_DENY, SHARED_POOL } from '../../whatif/check/planted.ts';
import { folderWith, middlebox } from './middlebox.ts';

const INVARIANTS = [
  { name: 'guests keep off', never: { from: '192.168.7.0/24', to: 'db', port: 5432 } },
  { always: 'guest -> web:80/tcp' },
];
const SMALL: Design = {
  nodes: {
    guest: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' } },
    db: { kind: 'host', interfaces: { eth0: '10.0.0.3/24' }, services: ['tcp/5432'] },
  },
  links: [['guest', 'db']],
};
const cwd = folderWith({
  'small.json': {
    networks: { office: SMALL },
    invariants: [{ name: 'guests keep off', never: 'guest -> db:5432/tcp' }],
  },
  'bad.json': { networks: { office: SHADOWED_DENY }, invariants: INVARIANTS },
  'good.json': { networks: { office: DENY_FIRST }, invariants: INVARIANTS },
  'pool.json': { networks: { homes: SHARED_POOL, office: DENY_FIRST } },
  'wrong.json': { networks: { office: DENY_FIRST }, invariants: [{ never: 'gues -> db:22/tcp' }] },
  'empty.json': { scenarios: [] },
});
const check = (...args: string[]) => middlebox(['check', ...args, '--runs', '10'], { cwd });

describe('check', () => {
  it('says what held', () => {
    const { code, out, err } = check('good.json');
    expect(out).toMatch(
      /^office {2}\d+ invariants, \d+ runs\n {2}✓ held {4}guests keep off\n {2}✓ held {4}always guest -> web:80\/tcp\n/,
    );
    expect(out).toMatch(/\n\n(\d+) invariants: \1 held, 0 broken\n$/);
    expect([code, err]).toEqual([0, '']);
  });

  it('writes a small file that run fails on, and says why', () => {
    const { code, out, err } = check('bad.json', '--out', 'broken.json');
    expect(code).toBe(1);
    expect(out).toContain(
      [
        '  ✗ broken  guests keep off',
        '      tcp from guest arrives at db port 5432',
        '      smallest network: guest, db, fw',
        '      step 1: send guest → 10.0.9.7',
      ].join('\n'),
    );
    expect(err).toBe('To see where: middlebox run broken.json --trace\n');
    const ran = middlebox(['run', 'broken.json'], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('server: expected null, got "db"');
    const [scenario] = JSON.parse(readFileSync(join(cwd, 'broken.json'), 'utf8')).scenarios;
    expect(Object.keys(scenario.network.nodes)).toEqual(['guest', 'db', 'fw']);
    expect(middlebox(['trace', 'broken.json', '--scenario', 'guests keep off'], { cwd }).out).toContain('guests surf');
  });

  it('finds what is wrong without being asked, in every network or in one', () => {
    const { code, out, err } = check('pool.json');
    expect(code).toBe(1);
    expect(out).toContain('no answer goes astray');
    expect(err).toContain('middlebox check pool.json --out broken.json');
    expect(check('pool.json', '--network', 'office').code).toBe(0);
  });

  it('speaks JSON', () => {
    const report = JSON.parse(check('small.json', '--reporter', 'json').out);
    expect(report).toMatchObject({ version: 1, status: 'failed', runs: 10, seed: 1, events: 'none' });
    const broken = report.networks[0].invariants.filter(({ status }: { status: string }) => status === 'broken');
    expect(broken).toMatchObject([{ name: 'guests keep off', scenario: { steps: [{ expect: { server: null } }] } }]);
  });

  it('points at the invariant on GitHub', () => {
    expect(check('small.json', '--reporter', 'github').out).toMatch(
      /^::error file=small\.json,line=\d+,col=\d+,title=office%3A guests keep off::tcp from guest arrives at db port 5432\n$/,
    );
  });

  it.each([
    [
      ['wrong.json'],
      /^wrong\.json:\d+:\d+: invariants\[0\]\.never: there is no node "gues" \(did you mean "guest"\?\)\n$/,
    ],
    [['good.json', '--network', 'ofice'], /there is no network "ofice" \(did you mean "office"\?\)/],
    [['good.json', '--edits', 'fw,gw'], /there is no node "gw" \(did you mean "fw"\?\)/],
    [['empty.json'], /empty\.json has no networks by name to check/],
    [['good.json', '--events', 'some'], /Allowed choices are none, links, all/],
    [['good.json', '--runs', '-1'], /Write a whole number from 0 to 1000000/],
  ])('%j is refused', (args, says) => {
    const { code, out, err } = middlebox(['check', ...args], { cwd });
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });

  it('says when the file cannot be written', () => {
    const { code, err } = check('small.json', '--out', 'nowhere/broken.json');
    expect(code).toBe(3);
    expect(err).toMatch(/^error: nowhere\/broken\.json cannot be written: /);
  });
});
