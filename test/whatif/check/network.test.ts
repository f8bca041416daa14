import { describe, expect, it } from 'vitest';
import { runScenario } from '../../../src/scenarios/run.ts';
import { validate } from '../../../src/scenarios/validate.ts';
import { check } from '../../../src/sim/design/check.ts';
import type { Design } from '../../../src/sim/design/design.ts';
import { always, type Invariant, never, no } from '../../../src/whatif/check/demand.ts';
import { checkNetwork, type Violation } from '../../../src/whatif/check/network.ts';
import { ASYMMETRIC, DENY_FIRST, NO_WAY_BACK, ROUND_TRIP, SHADOWED_DENY, SHARED_POOL } from './planted.ts';

const KEEP_OFF = never({ from: '192.168.7.0/24', to: 'db', port: 5432 }, 'guests keep off');

const namesOf = (violations: readonly Violation[]) => violations.map(({ invariant }) => invariant.name);

interface Planted {
  readonly design: Design;
  readonly invariants: readonly Invariant[];
  /** The invariant that is broken. */
  readonly broken: string;
  readonly nodes: readonly string[];
  readonly says: RegExp;
}

describe('a planted mistake is found, and shrinks to a few nodes', () => {
  it.each<[string, Planted]>([
    [
      'a deny that an earlier rule shadows',
      {
        design: SHADOWED_DENY,
        invariants: [KEEP_OFF],
        broken: 'guests keep off',
        nodes: ['db', 'fw', 'guest'],
        says: /^tcp from guest arrives at db port 5432$/,
      },
    ],
    [
      'no route back',
      {
        design: NO_WAY_BACK,
        invariants: [no('one-way')],
        broken: no('one-way').name,
        nodes: ['fw', 'guest', 'isp'],
        says: /answers guest .* ends at isp: noRoute$/,
      },
    ],
    [
      'no route back, told by what must get through',
      {
        design: NO_WAY_BACK,
        invariants: [always('guest -> web:80/tcp')],
        broken: 'always guest -> web:80/tcp',
        nodes: ['fw', 'guest', 'isp', 'web'],
        says: /isp has no route|no route/,
      },
    ],
    [
      'a firewall that sees one direction only',
      {
        design: ASYMMETRIC,
        invariants: [no('asymmetry')],
        broken: no('asymmetry').name,
        nodes: ['client', 'fw', 'plain', 'server'],
        says: /fw tracks connections, and sees only/,
      },
    ],
    [
      'two gateways with one public address',
      {
        design: SHARED_POOL,
        invariants: [],
        broken: 'no answer goes astray',
        nodes: ['bob', 'gw1', 'gw2', 'isp'],
        says: /bob asked .* the answer came to gw1/,
      },
    ],
    [
      'two routers that point at each other',
      { design: ROUND_TRIP, invariants: [], broken: 'no loops', nodes: ['r1', 'r2'], says: /goes round/ },
    ],
  ])('%s', (_, { design, invariants, broken, nodes, says }) => {
    expect(check(design)).toEqual([]);
    const { violations } = checkNetwork(design, { invariants, runs: 15 });
    expect(namesOf(violations)).toEqual([broken]);
    const [found] = violations;
    expect(found?.says).toMatch(says);
    expect(Object.keys(found?.scenario.network.nodes ?? {}).toSorted()).toEqual(expect.arrayContaining([...nodes]));
    expect(Object.keys(found?.scenario.network.nodes ?? {}).length).toBeLessThanOrEqual(nodes.length + 1);
    expect(found?.scenario.steps.length).toBeLessThanOrEqual(2);
    // the file can be run, and fails until the network does what is demanded
    expect(validate({ scenarios: [found?.scenario] })).toEqual([]);
    expect(found && runScenario({}, found.scenario).status).toBe('failed');
  });

  it('to a file that fails also where the target never answers', () => {
    const mute: Design = {
      nodes: {
        a: { kind: 'host', interfaces: { eth0: '10.0.0.1/24' } },
        b: { kind: 'host', interfaces: { eth0: '10.0.0.2/24' }, firewall: { output: { policy: 'drop' } } },
      },
      links: [['a', 'b']],
    };
    const [found] = checkNetwork(mute, { invariants: [never('a -> b')], runs: 0 }).violations;
    expect(found && runScenario({}, found.scenario).status).toBe('failed');
  });

  it('and what keeps a rule from working stays in the file', () => {
    const { violations } = checkNetwork(SHADOWED_DENY, { invariants: [KEEP_OFF], runs: 10 });
    const rules = violations[0]?.scenario.network.nodes.fw?.firewall?.forward?.rules;
    expect(rules?.map(({ name }) => name)).toEqual(['guests surf', 'guests keep off the database']);
  });
});

describe('a network without the mistake', () => {
  it('holds', () => {
    const invariants = [KEEP_OFF, always('guest -> web:80/tcp'), always('laptop -> db:22/tcp'), no('one-way')];
    expect(checkNetwork(DENY_FIRST, { invariants, runs: 25 }).violations).toEqual([]);
  });

  it('holds no longer when links may fail', () => {
    const { violations } = checkNetwork(DENY_FIRST, {
      invariants: [always('guest -> web:80/tcp')],
      events: 'links',
      runs: 60,
    });
    expect(namesOf(violations)).toEqual(['always guest -> web:80/tcp']);
    expect(violations[0]?.scenario.steps[0]).toMatchObject({ change: { linkDown: expect.anything() } });
  });

  it('holds no longer when it may be edited, and says by which edit', () => {
    const { violations } = checkNetwork(DENY_FIRST, { invariants: [KEEP_OFF], edits: ['fw'], runs: 80 });
    expect(namesOf(violations)).toContain('guests keep off');
    expect(violations[0]?.says).toMatch(/after the edits .*\/nodes\/fw\/firewall\/forward/);
  });
});

describe('checkNetwork', () => {
  it('finds the same with the same seed', () => {
    const options = { invariants: [no('asymmetry')], runs: 10, seed: 9 };
    expect(checkNetwork(ASYMMETRIC, options).violations).toEqual(checkNetwork(ASYMMETRIC, options).violations);
  });

  it('takes laws of the user’s own', () => {
    const quiet: Invariant = {
      name: 'nobody talks to the printer',
      breach: ({ journeys }) => {
        const heard = [...journeys.values()].find(({ fate }) => fate?.kind === 'delivered' && fate.node === 'printer');
        return heard === undefined ? undefined : { says: `packet #${heard.id} reaches the printer` };
      },
    };
    const { violations } = checkNetwork(SHADOWED_DENY, { invariants: [quiet], runs: 10 });
    expect(violations.map(({ invariant }) => invariant)).toEqual([quiet]);
    expect(Object.keys(violations[0]?.scenario.network.nodes ?? {}).length).toBeLessThanOrEqual(3);
  });

  it('refuses names that are not there', () => {
    expect(() => checkNetwork(SHADOWED_DENY, { invariants: [never('gast -> db')] })).toThrow('there is no node "gast"');
  });
});
